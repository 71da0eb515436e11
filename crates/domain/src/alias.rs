//! Aliases: names for versions of a model that callers follow, as `champion`; and how a protected one moves.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fault::{Fault, Kind};
use crate::name::{AliasName, VersionName};
use crate::principal::Principal;

/// How long a proposal waits for somebody to approve it.
pub const PATIENCE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A name for one version of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// Its name.
    pub name: AliasName,
    /// The number of the version that it names, of the same model.
    pub number: u64,
    /// Whether it changes only by who may approve such changes.
    #[serde(default)]
    pub protected: bool,
    /// What somebody wants it to become, if it waits for an approval.
    #[serde(default)]
    pub proposal: Option<Proposal>,
    /// When it first named one.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What somebody wants a protected alias to become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The number of the version that it is to name; none to take it away.
    pub number: Option<u64>,
    /// Whether it is to be protected then.
    pub protected: bool,
    /// Who wants it.
    pub author: Principal,
    /// Why.
    pub reason: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when it can be approved.
    pub expires_at: Timestamp,
}

/// Why a proposal is not approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is none.
    #[error("nothing is proposed for it; `slipway alias propose` does that")]
    NoProposal,
    /// Who proposed it would approve it.
    #[error("who proposed a change does not approve it; ask somebody else")]
    OwnProposal,
    /// It has waited too long.
    #[error("its proposal has expired; propose it again")]
    ProposalExpired,
}

impl Fault for Refused {
    fn kind(&self) -> Kind {
        Kind::FailedPrecondition
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NoProposal => "NO_PROPOSAL",
            Self::OwnProposal => "OWN_PROPOSAL",
            Self::ProposalExpired => "PROPOSAL_EXPIRED",
        }
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

impl Proposal {
    /// A proposal made at `now`.
    #[must_use]
    pub fn made((number, protected): (Option<u64>, bool), author: Principal, reason: String, now: Timestamp) -> Self {
        let patience = jiff::SignedDuration::try_from(PATIENCE).unwrap_or(jiff::SignedDuration::ZERO);
        let expires_at = now.saturating_add(patience).unwrap_or(now);
        Self { number, protected, author, reason, created_at: now, expires_at }
    }
}

impl Alias {
    /// The version that it names.
    #[must_use]
    pub fn version(&self) -> VersionName {
        self.name.model.version(self.number)
    }

    /// Whether it means the same to who follows it as `other`, whatever is proposed.
    #[must_use]
    pub fn stands_as(&self, other: &Self) -> bool {
        (self.number, self.protected) == (other.number, other.protected)
    }

    /// What it becomes when `approver` approves what is proposed; none if it is taken away.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn approved(&self, approver: &Principal, now: Timestamp) -> Result<Option<Self>, Refused> {
        let proposal = self.proposal.as_ref().ok_or(Refused::NoProposal)?;
        if proposal.author == *approver {
            return Err(Refused::OwnProposal);
        }
        if proposal.expires_at <= now {
            return Err(Refused::ProposalExpired);
        }
        let after =
            |number| Self { number, protected: proposal.protected, proposal: None, updated_at: now, ..self.clone() };
        Ok(proposal.number.map(after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_than_its_author_approves_a_proposal_in_time() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let (ada, bob) = (Principal::jwt("ada").unwrap(), Principal::jwt("bob").unwrap());
        let name = AliasName::parse("namespaces/default/models/m/aliases/champion").unwrap();
        let mut alias = Alias { name, number: 1, protected: true, proposal: None, created_at: now, updated_at: now };
        assert_eq!(alias.approved(&bob, now), Err(Refused::NoProposal));
        alias.proposal = Some(Proposal::made((Some(2), true), ada.clone(), String::new(), now));
        assert_eq!(alias.approved(&ada, now), Err(Refused::OwnProposal));
        let late = now + jiff::SignedDuration::from_hours(7 * 24);
        assert_eq!(alias.approved(&bob, late), Err(Refused::ProposalExpired));
        let after = alias.approved(&bob, now).unwrap().unwrap();
        assert_eq!((after.number, after.protected, &after.proposal), (2, true, &None));
        alias.proposal = Some(Proposal::made((None, false), ada, String::new(), now));
        assert_eq!(alias.approved(&bob, now), Ok(None));
    }
}
