//! Why somebody may do something, or may not: by which line of the policy.

use super::{Binding, Identity, Permission, Policy, Role, Scope, Subject};

/// Whether it is allowed, and the lines that say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Whether it is allowed.
    pub allowed: bool,
    /// What each line about the caller has to do with it, in the order of the file.
    pub lines: Vec<Line>,
}

/// What one line of the policy has to do with a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it stands, from 1.
    pub line: usize,
    /// The role that it gives.
    pub role: Role,
    /// What it comes to.
    pub effect: Effect,
}

/// What a line about the caller comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It allows what was asked.
    Allows,
    /// Its role does not hold the permission.
    RoleLacks,
    /// It is about another namespace.
    OtherNamespace,
    /// It is about other teams.
    OtherTeam,
    /// It is about other tiers.
    OtherTier,
}

impl Effect {
    /// The effect as the rest of a sentence that begins with the line.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Allows => "allows it",
            Self::RoleLacks => "does not help: the role does not hold the permission",
            Self::OtherNamespace => "does not help: it is about other namespaces",
            Self::OtherTeam => "does not help: it is about other teams",
            Self::OtherTier => "does not help: it is about other tiers",
        }
    }
}

impl Policy {
    /// Whether `identity` has `permission` on `subject`, and by which lines.
    #[must_use]
    pub fn explain(&self, identity: &Identity, permission: Permission, subject: &Subject<'_>) -> Explanation {
        let mine = self.bindings_of(identity);
        let lines: Vec<Line> = mine.map(|binding| line(binding, permission, subject)).collect();
        Explanation { allowed: lines.iter().any(|line| line.effect == Effect::Allows), lines }
    }
}

fn line(binding: &Binding, permission: Permission, subject: &Subject<'_>) -> Line {
    let Binding { line, role, scope, .. } = binding;
    let effect = if role.permissions().contains(&permission) { reach(scope, subject) } else { Effect::RoleLacks };
    Line { line: *line, role: *role, effect }
}

fn reach(scope: &Scope, subject: &Subject<'_>) -> Effect {
    let of_teams = Scope { tiers: None, ..scope.clone() };
    if scope.covers(subject) {
        Effect::Allows
    } else if !scope.touches(subject.namespace) {
        Effect::OtherNamespace
    } else if !of_teams.covers(subject) {
        Effect::OtherTeam
    } else {
        Effect::OtherTier
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::Member;
    use super::*;
    use crate::principal::Principal;

    #[test]
    fn each_line_about_the_caller_says_what_it_comes_to() {
        let ada = Identity::of(Principal::jwt("ada").unwrap());
        let names = |name: &str| Some(BTreeSet::from([name.to_owned()]));
        let on = |line, role, scope| {
            let members = vec![Member::One(ada.principal.clone())];
            Binding { line, role, members, scope }
        };
        let policy = Policy {
            bindings: vec![
                on(1, Role::Viewer, Scope::default()),
                on(2, Role::Launcher, Scope { namespaces: names("eu"), ..Scope::default() }),
                on(3, Role::Launcher, Scope { teams: names("ads"), ..Scope::default() }),
                on(4, Role::Launcher, Scope { tiers: Some(BTreeSet::from([4])), ..Scope::default() }),
                Binding { members: vec![Member::Claim("x".to_owned())], ..on(5, Role::Admin, Scope::default()) },
            ],
            ..Policy::default()
        };
        let subject = Subject { namespace: "default", team: Some("feed"), tier: Some(1) };
        let told = policy.explain(&ada, Permission::CreateLaunches, &subject);
        let effects: Vec<_> = told.lines.iter().map(|line| (line.line, line.effect)).collect();
        use Effect as E;
        let expected = [(1, E::RoleLacks), (2, E::OtherNamespace), (3, E::OtherTeam), (4, E::OtherTier)];
        assert!(!told.allowed);
        assert_eq!(effects, expected);
        let minor = Subject { tier: Some(4), ..subject };
        assert!(policy.explain(&ada, Permission::CreateLaunches, &minor).allowed);
    }
}
