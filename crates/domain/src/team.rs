//! Teams: who owns models, is paged for them, and is asked when nobody answers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::check::Check;
use crate::deletion::Deletion;
use crate::name::{Identifier, TeamName};

/// The most characters of a name for people.
const LONGEST_DISPLAY_NAME: usize = 128;
/// The most characters of a description.
const LONGEST_DESCRIPTION: usize = 4096;
/// The most characters of an address that people are reached at.
const LONGEST_CONTACT: usize = 256;

/// A group of people who own models together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// Its name.
    pub name: TeamName,
    /// What it is called among people.
    pub display_name: String,
    /// What it does.
    pub description: String,
    /// Where it is written to.
    pub contact: String,
    /// How whoever is on call for it is paged.
    pub pager_uri: String,
    /// The team of the same namespace that is asked when this one does not answer.
    pub escalation: Option<Identifier>,
    /// The owner's own marks.
    pub labels: BTreeMap<String, String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Since when it is deleted, if it is.
    #[serde(default)]
    pub deletion: Option<Deletion>,
}

impl Team {
    /// A team with nothing set.
    #[must_use]
    pub fn blank(name: &TeamName) -> Self {
        Self {
            name: name.clone(),
            display_name: String::new(),
            description: String::new(),
            contact: String::new(),
            pager_uri: String::new(),
            escalation: None,
            labels: BTreeMap::new(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            deletion: None,
        }
    }

    /// Notes what is wrong, with fields named from `team`.
    pub fn check(&self, check: &mut Check) {
        check.text("team.display_name", &self.display_name, LONGEST_DISPLAY_NAME);
        check.text("team.description", &self.description, LONGEST_DESCRIPTION);
        check.text("team.contact", &self.contact, LONGEST_CONTACT);
        check.uri("team.pager_uri", &self.pager_uri);
        if self.escalation.as_ref() == Some(&self.name.team) {
            check.add("team.escalation", "ITSELF", "is the team itself; name another one, or none");
        }
        check.labels("team.labels", &self.labels);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_team_does_not_escalate_to_itself() {
        let name = TeamName::parse("namespaces/default/teams/ranking").unwrap();
        let mut team = Team { escalation: Some(name.team.clone()), ..Team::blank(&name) };
        let wrong = |team: &Team| {
            let mut check = Check::new();
            team.check(&mut check);
            check.into_violations().into_iter().map(|violation| violation.field).collect::<Vec<_>>()
        };
        assert_eq!(wrong(&team), ["team.escalation"]);
        team.escalation = Some(Identifier::parse("platform").unwrap());
        team.pager_uri = "call us".to_owned();
        assert_eq!(wrong(&team), ["team.pager_uri"]);
    }
}
