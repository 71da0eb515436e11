//! Whether somebody may call a method on a resource, and by which lines of the policy.

use std::collections::BTreeSet;

use slipway_chassis::Caller;
use slipway_domain::access::explain::{Effect, Explanation, Line};
use slipway_domain::access::method::{self, Rule};
use slipway_domain::access::{Identity, Permission, Subject};
use slipway_domain::principal::Principal;

use crate::{Asking, Error, Owner, may_ask};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// About whom; none for the caller.
    pub principal: Option<Principal>,
    /// The groups that their proof would name.
    pub groups: BTreeSet<String>,
    /// The method: its service and its name.
    pub method: (&'static str, &'static str),
    /// On what.
    pub resource: String,
    /// The namespace of that.
    pub namespace: String,
}

/// What is answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Explained {
    /// Whether they may.
    pub allowed: bool,
    /// The same and why, as one sentence.
    pub summary: String,
    /// Whom it is about.
    pub principal: Principal,
    /// The method.
    pub method: (&'static str, &'static str),
    /// What it needs.
    pub permission: Option<Permission>,
    /// Whose the resource is, as far as the caller may know.
    pub owner: Option<Owner>,
    /// The lines of the policy about them.
    pub lines: Vec<Line>,
}

/// Answers `question`, about a resource that is `owner`'s. About others only who may ask so is answered, and whoever may
/// not see the resource is answered as if it were not there.
///
/// # Errors
/// [`Error::Access`].
pub(crate) fn explain(
    caller: &Caller,
    asking: &Asking,
    question: &Question,
    owner: Option<&Owner>,
) -> Result<Explained, Error> {
    let rights = asking.rights();
    let subject = |owner: Option<&Owner>| -> (Option<String>, Option<u8>) {
        (owner.and_then(|owner| owner.team.clone()), owner.map(|owner| owner.tier))
    };
    let (team, tier) = subject(owner);
    let real = Subject { namespace: &question.namespace, team: team.as_deref(), tier };
    let about_others = question.principal.as_ref().is_some_and(|principal| *principal != asking.identity.principal);
    if about_others && !may_ask(&rights, &real) {
        let permission = Permission::ExplainAccess.name();
        let (principal, on) = (caller.principal.clone(), question.resource.clone());
        return Err(slipway_domain::access::Error::Denied { principal, permission, on }.into());
    }
    let sees = may_ask(&rights, &real) || rights.grant(Permission::ReadModels).covers(&real);
    let owner = owner.filter(|_| sees);
    let identity = match &question.principal {
        Some(principal) if about_others => Identity { principal: principal.clone(), claims: question.groups.clone() },
        _ => asking.identity.clone(),
    };
    let (team, tier) = subject(owner);
    let subject = Subject { namespace: &question.namespace, team: team.as_deref(), tier };
    let judged = judge(asking, &identity, question, &subject);
    Ok(Explained {
        allowed: judged.explanation.allowed,
        summary: judged.summary(&identity.principal, question),
        principal: identity.principal,
        method: question.method,
        permission: judged.permission,
        owner: owner.cloned(),
        lines: judged.explanation.lines,
    })
}

/// An answer in the making.
struct Judged {
    explanation: Explanation,
    permission: Option<Permission>,
    /// Why, where no line of the policy says it.
    why: &'static str,
}

fn judge(asking: &Asking, identity: &Identity, question: &Question, subject: &Subject<'_>) -> Judged {
    let plain = |allowed, why| Judged { explanation: Explanation { allowed, lines: vec![] }, permission: None, why };
    let Some(policy) = asking.guard.policy() else {
        return plain(true, "there is no policy, so everybody may do everything");
    };
    match method::rule(question.method.0, question.method.1) {
        Rule::Open => plain(true, "the method is open to everybody"),
        Rule::Authenticated => {
            plain(identity.principal.is_authenticated(), "the method is for everybody who proves who they are")
        }
        Rule::Closed => plain(false, "there is no rule for the method, so it is closed"),
        Rule::Needs(permission) => {
            let mut explanation = policy.explain(identity, permission, subject);
            let whole = !permission.is_on_everything() || policy.rights(identity).grant(permission).covers_everything();
            explanation.allowed &= whole;
            let why = match (whole, explanation.lines.is_empty()) {
                (_, true) => "no line of the policy is about them",
                (false, false) => "it is about everything, and no line gives the permission on everything",
                (true, false) => "no line of the policy allows it",
            };
            Judged { explanation, permission: Some(permission), why }
        }
    }
}

impl Judged {
    fn summary(&self, principal: &Principal, question: &Question) -> String {
        let Explanation { allowed, lines } = &self.explanation;
        let may = if *allowed { "may" } else { "may not" };
        let begin = format!("{principal} {may} call {} on {}", question.method.1, question.resource);
        match lines.iter().find(|line| line.effect == Effect::Allows).filter(|_| *allowed) {
            Some(line) => format!("{begin}: line {} of the policy gives the role {}", line.line, line.role.name()),
            None => format!("{begin}: {}", self.why),
        }
    }
}
