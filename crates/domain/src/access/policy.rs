//! The policy: who has which role, on what.

use std::collections::{BTreeMap, BTreeSet};

use super::{Grant, Permission, Role, Scope};
use crate::principal::Principal;

/// Who calls, as proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The caller.
    pub principal: Principal,
    /// The groups that its proof names: those of a JSON web token.
    pub claims: BTreeSet<String>,
}

impl Identity {
    /// An identity without claims.
    #[must_use]
    pub fn of(principal: Principal) -> Self {
        Self { principal, claims: BTreeSet::new() }
    }
}

/// Whom a binding or a group takes in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Member {
    /// Everybody who proved an identity.
    Authenticated,
    /// One principal.
    One(Principal),
    /// All principals whose text begins so: written with a `*` at its end.
    Prefix(String),
    /// The members of a group of the policy, written `group:NAME`.
    Group(String),
    /// Everybody whose proof names this group, written `claim:NAME`.
    Claim(String),
}

impl Member {
    /// Reads a member.
    ///
    /// # Errors
    /// What is wrong with it and what would be right, for a person.
    pub fn parse(text: &str) -> Result<Self, String> {
        let named =
            |name: &str| if name.is_empty() { Err(format!("{text:?} names nothing")) } else { Ok(name.to_owned()) };
        if text == "authenticated" {
            return Ok(Self::Authenticated);
        }
        if let Some(name) = text.strip_prefix("group:") {
            return named(name).map(Self::Group);
        }
        if let Some(name) = text.strip_prefix("claim:") {
            return named(name).map(Self::Claim);
        }
        if let Some(beginning) = text.strip_suffix('*') {
            return prefix(beginning).ok_or_else(|| {
                format!("{text:?} takes in too much: say at least how the identity is proven, as cert:spiffe://example.org/*")
            });
        }
        Principal::parse(text)
            .map(Self::One)
            .map_err(|error| format!("{error}; or group:NAME, claim:NAME, PREFIX* or authenticated"))
    }
}

/// A beginning that says at least how an identity is proven.
fn prefix(beginning: &str) -> Option<Member> {
    let proofs = ["cert:", "jwt:", "token:"];
    proofs.iter().any(|proof| beginning.starts_with(proof)).then(|| Member::Prefix(beginning.to_owned()))
}

/// One line of a policy: these members have this role on this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Where it stands in its file, from 1.
    pub line: usize,
    /// The role.
    pub role: Role,
    /// Who has it.
    pub members: Vec<Member>,
    /// On what.
    pub scope: Scope,
}

/// Who may do what. What no binding allows is denied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// The groups and their members, which are no groups themselves.
    pub groups: BTreeMap<String, Vec<Member>>,
    /// The bindings.
    pub bindings: Vec<Binding>,
}

/// What one identity may do: a grant for each permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights([Grant; Permission::ALL.len()]);

impl Rights {
    /// All rights on everything.
    #[must_use]
    pub fn everything() -> Self {
        let grant = Grant::everything();
        Self(std::array::from_fn(|_| grant.clone()))
    }

    /// On what the identity has `permission`.
    #[must_use]
    pub fn grant(&self, permission: Permission) -> &Grant {
        &self.0[permission as usize]
    }
}

impl Policy {
    /// What `identity` may do.
    #[must_use]
    pub fn rights(&self, identity: &Identity) -> Rights {
        let mine: Vec<&Binding> = self.bindings_of(identity).collect();
        let scopes = |permission: Permission| {
            let granting = mine.iter().filter(|binding| binding.role.permissions().contains(&permission));
            granting.map(|binding| binding.scope.clone()).collect()
        };
        Rights(Permission::ALL.map(|permission| Grant::new(scopes(permission))))
    }

    /// The bindings that are about `identity`, in the order of the file.
    pub fn bindings_of(&self, identity: &Identity) -> impl Iterator<Item = &Binding> {
        self.bindings.iter().filter(move |binding| self.binds(binding, identity))
    }

    fn binds(&self, binding: &Binding, identity: &Identity) -> bool {
        binding.members.iter().any(|member| self.takes_in(member, identity))
    }

    fn takes_in(&self, member: &Member, identity: &Identity) -> bool {
        match member {
            Member::Group(name) => {
                self.groups.get(name).is_some_and(|members| members.iter().any(|member| is(member, identity)))
            }
            Member::Authenticated | Member::One(_) | Member::Prefix(_) | Member::Claim(_) => is(member, identity),
        }
    }
}

/// Whether a member that is no group of the policy is `identity`.
fn is(member: &Member, identity: &Identity) -> bool {
    match member {
        Member::Authenticated => identity.principal.is_authenticated(),
        Member::One(principal) => *principal == identity.principal,
        Member::Prefix(beginning) => identity.principal.as_str().starts_with(beginning),
        Member::Claim(name) => identity.claims.contains(name),
        Member::Group(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Subject;
    use super::*;

    fn identity(text: &str) -> Identity {
        Identity::of(Principal::parse(text).unwrap())
    }

    fn binding(role: Role, members: &[&str]) -> Binding {
        let members = members.iter().map(|text| Member::parse(text).unwrap()).collect();
        Binding { line: 1, role, members, scope: Scope::default() }
    }

    fn policy(bindings: Vec<Binding>) -> Policy {
        let oncall = vec![Member::parse("jwt:ada").unwrap(), Member::parse("claim:night-shift").unwrap()];
        Policy { groups: BTreeMap::from([("oncall".to_owned(), oncall)]), bindings }
    }

    fn may(policy: &Policy, identity: &Identity, permission: Permission) -> bool {
        !policy.rights(identity).grant(permission).is_nothing()
    }

    #[test]
    fn an_empty_policy_allows_nobody_anything() {
        let rights = policy(vec![]).rights(&identity("jwt:ada"));
        assert!(Permission::ALL.into_iter().all(|permission| rights.grant(permission).is_nothing()));
    }

    #[test]
    fn a_role_reaches_members_groups_claims_and_prefixes_and_nobody_else() {
        let policy = policy(vec![binding(Role::Operator, &["group:oncall", "cert:spiffe://acme/ops/*"])]);
        let mut claimed = identity("jwt:bob");
        assert!(!may(&policy, &claimed, Permission::WriteTraffic));
        claimed.claims.insert("night-shift".to_owned());
        assert!(may(&policy, &claimed, Permission::WriteTraffic));
        for (text, expected) in [
            ("jwt:ada", true),
            ("token:ada", false),
            ("cert:spiffe://acme/ops/eve", true),
            ("cert:spiffe://acme/opsy", false),
            ("jwt:cert:spiffe://acme/ops/eve", false),
            ("anonymous", false),
        ] {
            assert_eq!(may(&policy, &identity(text), Permission::WriteTraffic), expected, "{text}");
        }
    }

    #[test]
    fn everybody_authenticated_is_not_everybody() {
        let policy = policy(vec![binding(Role::Viewer, &["authenticated"])]);
        assert!(may(&policy, &identity("jwt:x"), Permission::ReadModels));
        assert!(!may(&policy, &identity("anonymous"), Permission::ReadModels));
    }

    #[test]
    fn scopes_of_several_bindings_add_up() {
        let teams = |name: &str| Some(BTreeSet::from([name.to_owned()]));
        let on = |team| Binding {
            scope: Scope { teams: teams(team), ..Scope::default() },
            ..binding(Role::Registrar, &["jwt:ada"])
        };
        let rights = policy(vec![on("feed"), on("ads")]).rights(&identity("jwt:ada"));
        let grant = rights.grant(Permission::WriteModels);
        let subject = |team| Subject { namespace: "default", team: Some(team), tier: Some(0) };
        assert!(grant.covers(&subject("feed")) && grant.covers(&subject("ads")) && !grant.covers(&subject("search")));
    }

    #[test]
    fn a_prefix_that_does_not_say_the_proof_is_refused() {
        for text in ["*", "c*", "spiffe://acme/*", "service:*", "group:", "claim:", "ada"] {
            assert!(Member::parse(text).is_err(), "{text}");
        }
        assert_eq!(Member::parse("jwt:*").unwrap(), Member::Prefix("jwt:".to_owned()));
    }
}
