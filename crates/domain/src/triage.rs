//! Whether a model can be turned off, by what is known of it.

/// The severest tiers: nothing of them is turned off on what a registry knows.
const SEVERE: u8 = 1;

/// What tells whether a model would be missed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Its effective tier.
    pub tier: u8,
    /// The versions that serve, by their numbers.
    pub serving: Vec<u64>,
    /// The aliases that name its versions.
    pub aliases: Vec<String>,
    /// How many living models depend on it.
    pub dependents: usize,
    /// Whether it is deleted.
    pub is_deleted: bool,
}

/// Whether something can be done without harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Safety {
    /// Nothing that is known would miss it.
    Safe,
    /// Something would miss it.
    Unsafe,
    /// It can't be told.
    Unknown,
}

impl Standing {
    /// Whether it can be turned off, and why, a sentence each.
    #[must_use]
    pub fn turn_off(&self) -> (Safety, Vec<String>) {
        let against = self.against();
        if !against.is_empty() {
            return (Safety::Unsafe, against);
        }
        if self.is_deleted {
            return (Safety::Safe, vec!["it is deleted, and serves nothing".to_owned()]);
        }
        let mut open = Vec::new();
        if !self.aliases.is_empty() {
            open.push(format!("whoever follows {} asks it, and who does is not known here", self.aliases.join(", ")));
        }
        if self.tier <= SEVERE {
            open.push(format!("it is said to matter, with tier {}, though it serves nothing here", self.tier));
        }
        if !open.is_empty() {
            return (Safety::Unknown, open);
        }
        (Safety::Safe, vec!["it serves nothing, no alias names a version of it, and no model depends on it".to_owned()])
    }

    /// What speaks against turning it off.
    fn against(&self) -> Vec<String> {
        let mut against = Vec::new();
        if !self.serving.is_empty() {
            let numbers: Vec<_> = self.serving.iter().map(u64::to_string).collect();
            let plural = if numbers.len() == 1 { "version" } else { "versions" };
            against.push(format!("it serves, with {plural} {}, and has tier {}", numbers.join(" and "), self.tier));
        }
        match self.dependents {
            0 => {}
            1 => against.push("a model depends on it".to_owned()),
            more => against.push(format!("{more} models depend on it")),
        }
        against
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idle() -> Standing {
        Standing { tier: 4, ..Standing::default() }
    }

    #[test]
    fn what_serves_or_is_depended_on_is_not_turned_off() {
        let (safety, why) = Standing { serving: vec![3, 2], dependents: 2, ..idle() }.turn_off();
        assert_eq!(safety, Safety::Unsafe);
        assert_eq!(why, ["it serves, with versions 3 and 2, and has tier 4", "2 models depend on it"]);
        assert_eq!(Standing { dependents: 1, is_deleted: true, ..idle() }.turn_off().0, Safety::Unsafe);
    }

    #[test]
    fn who_follows_an_alias_is_not_known_and_what_matters_is_not_idle_for_sure() {
        let aliases = vec!["champion".to_owned()];
        let (safety, why) = Standing { aliases: aliases.clone(), tier: 0, ..idle() }.turn_off();
        assert_eq!((safety, why.len()), (Safety::Unknown, 2));
        assert!(why[0].contains("champion") && why[1].contains("tier 0"), "{why:?}");
        assert_eq!(Standing { aliases, is_deleted: true, ..idle() }.turn_off().0, Safety::Safe);
        assert_eq!(idle().turn_off().0, Safety::Safe);
    }
}
