//! Arguments that several verbs share.

use std::collections::HashMap;
use std::time::SystemTime;

use clap::Args;
use prost_types::FieldMask;
use slipway_chassis::env::Env;
use slipway_sdk::pb;

use crate::exit::Usage;
use crate::value;

/// What every change says beside its subject.
#[derive(Debug, Args)]
pub struct Intent {
    /// Why, for the record.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    pub reason: String,
    #[command(flatten)]
    pub attempt: Attempt,
}

/// How a change is attempted.
#[derive(Debug, Args)]
pub struct Attempt {
    /// Check everything, change nothing, and show what would be.
    #[arg(long)]
    pub validate_only: bool,
    /// A UUID (version 4) by which a repeated change is known and has no second effect.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "UUID")]
    pub request_id: String,
}

/// As of when something is shown.
#[derive(Debug, Args)]
pub struct AsOf {
    /// As it was at this moment (UTC), as 2026-03-03T14:02, 2026-03-03 or 2d ago.
    #[arg(long, value_name = "TIME", conflicts_with = "at_revision")]
    at: Option<value::Instant>,
    /// As it was at this revision.
    #[arg(long, value_name = "N")]
    at_revision: Option<u64>,
}

impl AsOf {
    /// The moment, if so long ago is counted from now.
    pub fn moment(&self) -> slipway_sdk::AsOf {
        match (self.at, self.at_revision) {
            (_, Some(revision)) => slipway_sdk::AsOf::Revision(revision),
            (Some(at), None) => slipway_sdk::AsOf::Time(at.at(Env::system().now())),
            (None, None) => slipway_sdk::AsOf::Now,
        }
    }
}

/// The state that a change rests on.
#[derive(Debug, Args)]
pub struct Etag {
    /// Refuse unless this is its present etag.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub etag: String,
}

/// How something is deleted.
#[derive(Debug, Args)]
pub struct Deletion {
    #[command(flatten)]
    pub etag: Etag,
    /// Succeed if it is not there, or deleted already.
    #[arg(long)]
    pub allow_missing: bool,
    #[command(flatten)]
    pub intent: Intent,
}

/// The request that deletes `name`.
macro_rules! delete {
    ($request:ident, $name:expr, $deletion:expr) => {{
        let crate::args::Deletion { etag, allow_missing, intent } = $deletion;
        pb::$request {
            name: $name.to_string(),
            etag: etag.etag,
            allow_missing,
            request_id: intent.attempt.request_id,
            validate_only: intent.attempt.validate_only,
            reason: intent.reason,
        }
    }};
}

/// The request that takes the deletion of `name` back.
macro_rules! undelete {
    ($request:ident, $name:expr, $etag:expr, $intent:expr) => {{
        let intent = $intent;
        pb::$request {
            name: $name.to_string(),
            etag: $etag.etag,
            request_id: intent.attempt.request_id,
            validate_only: intent.attempt.validate_only,
            reason: intent.reason,
        }
    }};
}

pub(crate) use {delete, undelete};

/// What a gate tolerates.
#[derive(Debug, Args)]
pub struct Tolerance {
    /// The error probability over all looks together, as 5%.
    #[arg(long, value_parser = value::positive_share, value_name = "SHARE")]
    pub alpha: Option<f64>,
    /// The tolerated relative distance of calibrations, as 5%.
    #[arg(long, value_parser = value::positive_share, value_name = "SHARE")]
    pub calibration_tolerance: Option<f64>,
    /// The tolerated relative loss of normalized entropy, as 2%.
    #[arg(long, value_parser = value::positive_share, value_name = "SHARE")]
    pub ne_tolerance: Option<f64>,
    /// The largest product of exposed share and possible loss, as 10%.
    #[arg(long, value_parser = value::positive_share, value_name = "SHARE")]
    pub harm_budget: Option<f64>,
    /// Labelled rows of the candidate before a PASS.
    #[arg(long, value_parser = clap::value_parser!(i64).range(0..), value_name = "N")]
    pub minimum_rows: Option<i64>,
    /// Positive outcomes of the candidate before a PASS.
    #[arg(long, value_parser = clap::value_parser!(i64).range(0..), value_name = "N")]
    pub minimum_positives: Option<i64>,
}

/// How much something matters.
#[derive(Debug, Args)]
pub struct Tier {
    /// How much it matters: 0 most, 4 least.
    #[arg(long, value_parser = clap::value_parser!(i32).range(0..=4), value_name = "0-4")]
    pub tier: Option<i32>,
    /// Why this tier.
    #[arg(long, requires = "tier", default_value = "", hide_default_value = true, value_name = "TEXT")]
    tier_reason: String,
    /// Where the proof of the tier stands.
    #[arg(long, requires = "tier", value_parser = value::uri, value_name = "URL")]
    tier_evidence: Option<String>,
    /// When somebody is to look whether the tier still holds, as 2027-01-31.
    #[arg(long, requires = "tier", value_name = "DAY")]
    tier_review: Option<value::Day>,
}

impl Tier {
    /// The tier, if one was given.
    pub fn message(&self) -> Option<pb::Criticality> {
        let criticality = |tier| pb::Criticality {
            tier,
            reason: self.tier_reason.clone(),
            evidence_uri: self.tier_evidence.clone().unwrap_or_default(),
            review_time: self.tier_review.map(|value::Day(at)| prost_types::Timestamp::from(SystemTime::from(at))),
        };
        self.tier.map(criticality)
    }
}

/// The labels of something new.
#[derive(Debug, Args)]
pub struct Labels {
    /// A label; may be repeated.
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = value::label)]
    pub labels: Vec<(String, String)>,
}

impl Labels {
    /// As a map.
    pub fn map(&self) -> HashMap<String, String> {
        self.labels.iter().cloned().collect()
    }
}

/// The mask of an update: the fields that were given, and those to empty.
pub fn mask(given: &[&str], emptied: &[String]) -> Result<FieldMask, Usage> {
    let mut paths: Vec<String> = given.iter().map(|path| (*path).to_owned()).collect();
    paths.extend(
        emptied.iter().map(|field| if field == "tier" { "criticality".to_owned() } else { field.replace('-', "_") }),
    );
    let all = paths.len();
    paths.sort();
    paths.dedup();
    match (all, paths.len()) {
        (0, _) => Err(Usage("nothing to change: give at least one field; --help lists them".to_owned())),
        (all, kept) if kept < all => Err(Usage("a field is both given and cleared: do one of the two".to_owned())),
        _ => Ok(FieldMask { paths }),
    }
}

/// Changes of labels that keep the others.
#[derive(Debug, Args)]
pub struct LabelChanges {
    /// A label to set, beside those that there are; may be repeated.
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = value::label)]
    set: Vec<(String, String)>,
    /// The key of a label to take away; may be repeated.
    #[arg(long = "remove-label", value_name = "KEY", value_parser = value::identifier)]
    removed: Vec<String>,
}

impl LabelChanges {
    /// Whether there are any.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.removed.is_empty()
    }

    /// `labels` after the changes.
    pub fn applied(&self, mut labels: HashMap<String, String>) -> HashMap<String, String> {
        labels.retain(|key, _| !self.removed.contains(key));
        labels.extend(self.set.iter().cloned());
        labels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_labels_leave_the_others_alone() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let changes = LabelChanges { set: vec![pair("a", "2"), pair("d", "4")], removed: vec!["b".to_owned()] };
        let before = HashMap::from([pair("a", "1"), pair("b", "1"), pair("c", "1")]);
        assert_eq!(changes.applied(before), HashMap::from([pair("a", "2"), pair("c", "1"), pair("d", "4")]));
    }

    #[test]
    fn a_mask_names_what_was_given_and_what_is_emptied() {
        let emptied = ["tier".to_owned(), "on-call".to_owned()];
        assert_eq!(mask(&["owner"], &emptied).unwrap().paths, ["criticality", "on_call", "owner"]);
        assert!(mask(&[], &[]).unwrap_err().to_string().contains("at least one field"));
        assert!(mask(&["on_call"], &emptied).is_err());
    }
}
