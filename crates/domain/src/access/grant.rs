//! On what a permission holds.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

/// What a request is about, as far as a policy tells subjects apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject<'a> {
    /// The namespace; `-` for a question about all of them.
    pub namespace: &'a str,
    /// Whose it is; none if it is nobody's in particular, or does not exist.
    pub team: Option<&'a str>,
    /// How much it matters; none as for the team.
    pub tier: Option<u8>,
}

/// One part of what a grant covers. A set that is none excludes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// The namespaces.
    pub namespaces: Option<BTreeSet<String>>,
    /// The teams.
    pub teams: Option<BTreeSet<String>>,
    /// The tiers.
    pub tiers: Option<BTreeSet<u8>>,
}

impl Scope {
    /// Whether `subject` lies inside. A subject of no team is in no scope that names teams.
    #[must_use]
    pub fn covers(&self, subject: &Subject<'_>) -> bool {
        self.touches(subject.namespace)
            && self.teams.as_ref().is_none_or(|teams| subject.team.is_some_and(|team| teams.contains(team)))
            && self.tiers.as_ref().is_none_or(|tiers| subject.tier.is_some_and(|tier| tiers.contains(&tier)))
    }

    /// Whether anything in `namespace` can lie inside; `-` asks for any namespace.
    #[must_use]
    pub fn touches(&self, namespace: &str) -> bool {
        self.namespaces.as_ref().is_none_or(|namespaces| namespace == "-" || namespaces.contains(namespace))
    }

    /// Whether it covers everything in the namespaces it touches, whoever owns it.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.teams.is_none() && self.tiers.is_none()
    }
}

/// On what somebody has one permission: the union of its scopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant(
    // It is copied with every call.
    Arc<[Scope]>,
);

impl Grant {
    /// The union of `scopes`.
    #[must_use]
    pub fn new(scopes: Vec<Scope>) -> Self {
        Self(scopes.into())
    }

    /// Everything.
    #[must_use]
    pub fn everything() -> Self {
        static EVERYTHING: LazyLock<Grant> = LazyLock::new(|| Grant::new(vec![Scope::default()]));
        EVERYTHING.clone()
    }

    /// Whether it holds on nothing at all.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it holds on `subject`.
    #[must_use]
    pub fn covers(&self, subject: &Subject<'_>) -> bool {
        self.0.iter().any(|scope| scope.covers(subject))
    }

    /// Whether it may hold on something in `namespace`; `-` asks for any namespace.
    #[must_use]
    pub fn touches(&self, namespace: &str) -> bool {
        self.0.iter().any(|scope| scope.touches(namespace))
    }

    /// Whether it holds on everything in all namespaces.
    #[must_use]
    pub fn covers_everything(&self) -> bool {
        self.0.iter().any(|scope| scope.is_whole() && scope.namespaces.is_none())
    }

    /// Whether it holds on everything in `namespace`, whoever owns it and however much it matters.
    #[must_use]
    pub fn covers_whole(&self, namespace: &str) -> bool {
        self.0.iter().any(|scope| scope.is_whole() && scope.touches(namespace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject<'a>(namespace: &'a str, team: &'a str, tier: u8) -> Subject<'a> {
        Subject { namespace, team: Some(team), tier: Some(tier) }
    }

    fn of_ranking() -> Scope {
        let names = |name: &str| Some(BTreeSet::from([name.to_owned()]));
        Scope { namespaces: names("default"), teams: names("ranking"), tiers: Some(BTreeSet::from([2, 3, 4])) }
    }

    #[test]
    fn a_scope_is_left_by_any_of_namespace_team_and_tier() {
        let grant = Grant::new(vec![of_ranking()]);
        assert!(grant.covers(&subject("default", "ranking", 2)));
        for other in [subject("eu", "ranking", 2), subject("default", "feed", 2), subject("default", "ranking", 1)] {
            assert!(!grant.covers(&other), "{other:?}");
        }
    }

    #[test]
    fn what_does_not_exist_lies_outside_every_scope_that_names_teams_or_tiers() {
        let nothing = Subject { namespace: "default", team: None, tier: None };
        assert!(!Grant::new(vec![of_ranking()]).covers(&nothing));
        assert!(Grant::everything().covers(&nothing));
        assert!(!Grant::new(vec![]).covers(&nothing));
    }

    #[test]
    fn a_question_about_all_namespaces_touches_any() {
        let grant = Grant::new(vec![of_ranking()]);
        assert!(grant.touches("default") && grant.touches("-") && !grant.touches("eu"));
        assert!(!grant.covers_whole("default") && Grant::everything().covers_whole("default"));
        assert!(!Grant::new(vec![]).touches("-"));
    }

    #[test]
    fn everything_is_covered_by_no_part_of_it() {
        let of_a_namespace = Scope { teams: None, tiers: None, ..of_ranking() };
        let of_all_namespaces = Scope { namespaces: None, ..of_ranking() };
        assert!(!Grant::new(vec![of_a_namespace, of_all_namespaces]).covers_everything());
        assert!(Grant::everything().covers_everything());
    }
}
