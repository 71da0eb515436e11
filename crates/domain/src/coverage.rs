//! How well models are looked after: whether somebody answers for each, and whether it can be taken back.

use std::ops::AddAssign;

use jiff::Timestamp;

use crate::model::{Criticality, Model, ModelType, Version};
use crate::team::Team;
use crate::traffic::Traffic;

/// What one model is known to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Care {
    /// Until when its owner stands by it; none if nobody does, or the team is gone.
    pub attested_until: Option<Timestamp>,
    /// Whether somebody is paged when it breaks.
    pub on_call: bool,
    /// Whether its tier has evidence.
    pub evidence: bool,
    /// Whether it can be taken back; none if it serves nothing.
    pub rollback: Option<bool>,
}

/// What is there beside a model.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beside<'a> {
    /// Its type.
    pub model_type: Option<&'a ModelType>,
    /// The team that owns it.
    pub owner: Option<&'a Team>,
    /// The team that is paged for it.
    pub paged: Option<&'a Team>,
    /// Its traffic.
    pub traffic: Option<&'a Traffic>,
}

impl Care {
    /// What `model` has; `versions` are those older than the newest that serves.
    pub fn of<'a>(model: &Model, beside: Beside<'_>, versions: impl IntoIterator<Item = &'a Version>) -> Self {
        let is_there = |team: &&Team| team.deletion.is_none();
        let owner = beside.owner.filter(is_there);
        let serves = beside.traffic.is_some_and(|traffic| !traffic.ranges.is_empty());
        let mut versions = versions.into_iter();
        Self {
            attested_until: owner.and(model.attestation.as_ref()).map(|attestation| attestation.expires_at),
            on_call: beside.paged.filter(is_there).is_some_and(|team| !team.pager_uri.is_empty()),
            evidence: deciding(model, beside.model_type).is_some_and(|tier| !tier.evidence_uri.is_empty()),
            rollback: serves.then(|| versions.any(is_usable)),
        }
    }
}

/// The criticality that makes a model's tier: the more severe of its own and its type's.
fn deciding<'a>(model: &'a Model, model_type: Option<&'a ModelType>) -> Option<&'a Criticality> {
    let of_type = model_type.and_then(|model_type| model_type.criticality.as_ref());
    // Of two that say the same, the one with evidence.
    model.criticality.iter().chain(of_type).min_by_key(|tier| (tier.tier, tier.evidence_uri.is_empty()))
}

/// Whether a version can serve again.
#[must_use]
pub fn is_usable(version: &Version) -> bool {
    version.deletion.is_none() && version.quarantine.is_none()
}

/// How many models there are, and how many have what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The models.
    pub models: u64,
    /// Those with an owner who stands by them.
    pub live_owner: u64,
    /// Those that somebody is paged for.
    pub on_call: u64,
    /// Those whose tier has evidence.
    pub evidence: u64,
    /// Those that serve.
    pub serving: u64,
    /// Those that serve and can be taken back.
    pub rollback_target: u64,
}

impl Coverage {
    /// Counts one model, as of `now`.
    pub fn count(&mut self, care: &Care, now: Timestamp) {
        self.models += 1;
        self.live_owner += u64::from(care.attested_until.is_some_and(|until| until > now));
        self.on_call += u64::from(care.on_call);
        self.evidence += u64::from(care.evidence);
        self.serving += u64::from(care.rollback.is_some());
        self.rollback_target += u64::from(care.rollback == Some(true));
    }

    /// The share of what is asked that is fulfilled; all of it where nothing is asked.
    #[must_use]
    pub fn score(&self) -> f64 {
        let asked = 3 * self.models + self.serving;
        let fulfilled = self.live_owner + self.on_call + self.evidence + self.rollback_target;
        if asked == 0 { 1.0 } else { fulfilled as f64 / asked as f64 }
    }
}

impl AddAssign for Coverage {
    fn add_assign(&mut self, other: Self) {
        let Self { models, live_owner, on_call, evidence, serving, rollback_target } = other;
        self.models += models;
        self.live_owner += live_owner;
        self.on_call += on_call;
        self.evidence += evidence;
        self.serving += serving;
        self.rollback_target += rollback_target;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn care(attested_until: Option<i64>, rollback: Option<bool>) -> Care {
        let attested_until = attested_until.map(|second| Timestamp::from_second(second).unwrap());
        Care { attested_until, on_call: true, evidence: false, rollback }
    }

    #[test]
    fn the_score_is_the_share_of_what_is_asked_and_only_what_serves_is_asked_for_a_way_back() {
        let now = Timestamp::from_second(100).unwrap();
        let mut coverage = Coverage::default();
        assert_eq!(coverage.score(), 1.0);
        coverage.count(&care(Some(101), None), now);
        assert_eq!(coverage.score(), 2.0 / 3.0);
        coverage.count(&care(Some(100), Some(false)), now);
        coverage.count(&care(None, Some(true)), now);
        let wanted = Coverage { models: 3, live_owner: 1, on_call: 3, evidence: 0, serving: 2, rollback_target: 1 };
        assert_eq!((coverage, coverage.score()), (wanted, 5.0 / 11.0));
    }
}
