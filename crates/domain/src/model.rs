//! Model types, models and versions: what the registry keeps of each, and what makes one valid.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::check::Check;
use crate::deletion::Deletion;
use crate::dependencies;
use crate::name::{ModelName, ModelTypeName, VersionName};
use crate::principal::Principal;

/// The severest tier.
pub const SEVEREST_TIER: u8 = 0;
/// The mildest tier, which holds where nobody says otherwise.
pub const MILDEST_TIER: u8 = 4;
/// How old a cohort must be before it is judged, where nobody says otherwise.
pub const DEFAULT_LABEL_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);
const SHORTEST_LABEL_WINDOW: Duration = Duration::from_secs(60);
const LONGEST_LABEL_WINDOW: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The most characters of a name for people.
const LONGEST_DISPLAY_NAME: usize = 128;
/// The most characters of a description.
const LONGEST_DESCRIPTION: usize = 4096;
/// The most characters of a reason or of the predicted event.
pub const LONGEST_REASON: usize = 1024;

/// How much something matters, and how one knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Criticality {
    /// 0 matters most, 4 least.
    pub tier: u8,
    /// Why this tier.
    pub reason: String,
    /// Where the proof of it stands; empty if nowhere.
    pub evidence_uri: String,
    /// When somebody is to look whether it still holds.
    #[serde(default)]
    pub review_at: Option<Timestamp>,
}

impl Criticality {
    fn check(&self, check: &mut Check, field: &str) {
        let tier = self.tier;
        if tier > MILDEST_TIER {
            let wanted = format!("is {tier}; tiers are 0 (matters most) to {MILDEST_TIER}");
            check.out_of_bounds(&format!("{field}.tier"), wanted);
        }
        check.text(&format!("{field}.reason"), &self.reason, LONGEST_REASON);
        let uri = format!("{field}.evidence_uri");
        check.uri(&uri, &self.evidence_uri);
        let on_the_web = self.evidence_uri.starts_with("https://") || self.evidence_uri.starts_with("http://");
        if !self.evidence_uri.is_empty() && !on_the_web {
            check.add(uri, "NOT_A_WEB_ADDRESS", "must be an http or https address");
        }
    }
}

/// A kind of model with common defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelType {
    /// Its name.
    pub name: ModelTypeName,
    /// What it is called among people.
    pub display_name: String,
    /// What models of this type do.
    pub description: String,
    /// How much models of this type matter at least.
    pub criticality: Option<Criticality>,
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

impl ModelType {
    /// Notes what is wrong, with fields named from `model_type`.
    pub fn check(&self, check: &mut Check) {
        check.text("model_type.display_name", &self.display_name, LONGEST_DISPLAY_NAME);
        check.text("model_type.description", &self.description, LONGEST_DESCRIPTION);
        check.labels("model_type.labels", &self.labels);
        if let Some(criticality) = &self.criticality {
            criticality.check(check, "model_type.criticality");
        }
    }
}

/// Which stage of a ranking funnel a model serves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FunnelStage {
    /// Not said, or not part of a funnel.
    #[default]
    Unspecified,
    /// Finds candidates.
    Sourcing,
    /// Ranks thousands, cheaply.
    EarlyRanking,
    /// Ranks hundreds, well.
    LateRanking,
}

/// The band inside which a model is stable.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HealthPolicy {
    /// The tolerated distance of calibration from 1, as a fraction: t tolerates 1−t to 1+t.
    pub calibration_tolerance: f64,
    /// The tolerated relative loss of normalized entropy, as a fraction.
    pub ne_tolerance: f64,
    /// The error probability of every verdict.
    pub alpha: f64,
}

impl Default for HealthPolicy {
    fn default() -> Self {
        Self { calibration_tolerance: 0.05, ne_tolerance: 0.02, alpha: 0.05 }
    }
}

impl HealthPolicy {
    fn check(&self, check: &mut Check) {
        for (field, value) in
            [("calibration_tolerance", self.calibration_tolerance), ("ne_tolerance", self.ne_tolerance)]
        {
            if !(value > 0.0 && value <= 1.0) {
                let wanted = format!("is {value}; it must be above 0 and at most 1");
                check.out_of_bounds(&format!("model.health_policy.{field}"), wanted);
            }
        }
        if !(0.0001..=0.5).contains(&self.alpha) {
            let wanted = format!("is {}; it must be from 0.0001 to 0.5", self.alpha);
            check.out_of_bounds("model.health_policy.alpha", wanted);
        }
    }
}

/// How long an owner's word holds.
pub const ATTESTATION: Duration = Duration::from_secs(180 * 24 * 60 * 60);

/// That somebody of the owning team said that the model is theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attestation {
    /// Who said so.
    pub principal: Principal,
    /// When.
    pub at: Timestamp,
    /// Until when it counts.
    pub expires_at: Timestamp,
}

impl Attestation {
    /// What `principal` says at `now`.
    #[must_use]
    pub fn given(principal: Principal, now: Timestamp) -> Self {
        let period = jiff::SignedDuration::try_from(ATTESTATION).unwrap_or(jiff::SignedDuration::ZERO);
        Self { principal, at: now, expires_at: now.saturating_add(period).unwrap_or(now) }
    }
}

/// One predicting thing that the company depends on, through all its versions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// Its name.
    pub name: ModelName,
    /// What it is called among people.
    pub display_name: String,
    /// What it does.
    pub description: String,
    /// Its type, of the same namespace.
    pub model_type: Option<ModelTypeName>,
    /// The team that owns it, as an identifier.
    pub owner: String,
    /// The team that is paged when it breaks, as an identifier; empty for its owner.
    pub on_call: String,
    /// What to do when it breaks.
    #[serde(default)]
    pub runbook_uri: String,
    /// Where its predictions are used.
    pub surface: String,
    /// Which stage of the ranking funnel it serves.
    pub funnel_stage: FunnelStage,
    /// What it is for in the terms of the business.
    pub business_function: String,
    /// The event whose probability it predicts.
    pub predicted_event: String,
    /// How long after a prediction its outcome is known, at most.
    pub label_window: Duration,
    /// How much it matters by itself.
    pub criticality: Option<Criticality>,
    /// The models of the same namespace that it depends on.
    #[serde(default)]
    pub depends_on: BTreeSet<ModelName>,
    /// What its health is held against.
    pub health_policy: HealthPolicy,
    /// That its owner still stands by it.
    #[serde(default)]
    pub attestation: Option<Attestation>,
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

impl Model {
    /// A model with nothing set.
    #[must_use]
    pub fn blank(name: &ModelName) -> Self {
        Self {
            name: name.clone(),
            display_name: String::new(),
            description: String::new(),
            model_type: None,
            owner: String::new(),
            on_call: String::new(),
            runbook_uri: String::new(),
            surface: String::new(),
            funnel_stage: FunnelStage::Unspecified,
            business_function: String::new(),
            predicted_event: String::new(),
            label_window: DEFAULT_LABEL_WINDOW,
            criticality: None,
            depends_on: BTreeSet::new(),
            health_policy: HealthPolicy::default(),
            attestation: None,
            labels: BTreeMap::new(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            deletion: None,
        }
    }

    /// Notes what is wrong, with fields named from `model`.
    pub fn check(&self, check: &mut Check) {
        check.required("model.owner", &self.owner);
        check.identifier("model.owner", &self.owner);
        check.uri("model.runbook_uri", &self.runbook_uri);
        for (field, value, most) in [
            ("model.display_name", &self.display_name, LONGEST_DISPLAY_NAME),
            ("model.description", &self.description, LONGEST_DESCRIPTION),
            ("model.surface", &self.surface, 64),
            ("model.business_function", &self.business_function, 256),
            ("model.predicted_event", &self.predicted_event, LONGEST_REASON),
        ] {
            check.text(field, value, most);
        }
        let window = self.label_window;
        if !(SHORTEST_LABEL_WINDOW..=LONGEST_LABEL_WINDOW).contains(&window) {
            let wanted = format!("is {} seconds; it must be from 1 minute to 90 days", window.as_secs_f64());
            check.out_of_bounds("model.label_window", wanted);
        }
        if let Some(criticality) = &self.criticality {
            criticality.check(check, "model.criticality");
        }
        self.check_model_type(check);
        self.check_dependencies(check);
        self.health_policy.check(check);
        check.labels("model.labels", &self.labels);
    }

    fn check_model_type(&self, check: &mut Check) {
        let Some(model_type) = &self.model_type else { return };
        if model_type.namespace != self.name.namespace {
            let wanted = format!("{model_type} lies in another namespace than the model");
            check.add("model.model_type", "OTHER_NAMESPACE", wanted);
        }
    }

    fn check_dependencies(&self, check: &mut Check) {
        let (field, count) = ("model.depends_on", self.depends_on.len());
        if count > dependencies::MOST {
            let wanted = format!("has {count} models; a model depends on at most {} by itself", dependencies::MOST);
            check.add(field, "TOO_MANY", wanted);
        }
        for other in self.depends_on.iter().take(dependencies::MOST) {
            if other.namespace != self.name.namespace {
                check.add(field, "OTHER_NAMESPACE", format!("{other} lies in another namespace than the model"));
            }
            if *other == self.name {
                check.add(field, "ITSELF", "has the model itself; name other models");
            }
        }
    }

    /// What it depends on now: what is deleted depends on nothing.
    #[must_use]
    pub fn dependencies(&self) -> &BTreeSet<ModelName> {
        static NOTHING: BTreeSet<ModelName> = BTreeSet::new();
        if self.deletion.is_none() { &self.depends_on } else { &NOTHING }
    }

    /// Whether something that effective tiers are computed from differs in `other`.
    #[must_use]
    pub fn weighs_other_than(&self, other: &Self) -> bool {
        let tier = |model: &Self| model.criticality.as_ref().map(|criticality| criticality.tier);
        tier(self) != tier(other) || self.model_type != other.model_type || self.dependencies() != other.dependencies()
    }
}

/// Why an artifact must not be launched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    /// What it did.
    pub reason: String,
    /// Since when.
    pub started_at: Timestamp,
}

/// One immutable build of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Its name, with the number that the registry gave it.
    pub name: VersionName,
    /// What it is called among people.
    pub display_name: String,
    /// What is new in it.
    pub description: String,
    /// Where the artifact is stored.
    pub artifact_uri: String,
    /// The artifact's digest, `sha256:` and 64 hexadecimal digits.
    pub artifact_digest: String,
    /// The owner's own marks.
    pub labels: BTreeMap<String, String>,
    /// Why its artifact must not be launched, if so.
    pub quarantine: Option<Quarantine>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Since when it is deleted, if it is.
    #[serde(default)]
    pub deletion: Option<Deletion>,
}

impl Version {
    /// Notes what is wrong, with fields named from `version`.
    pub fn check(&self, check: &mut Check) {
        check.text("version.display_name", &self.display_name, LONGEST_DISPLAY_NAME);
        check.text("version.description", &self.description, LONGEST_DESCRIPTION);
        check.required("version.artifact_uri", &self.artifact_uri);
        check.uri("version.artifact_uri", &self.artifact_uri);
        check.required("version.artifact_digest", &self.artifact_digest);
        let digits = self.artifact_digest.strip_prefix("sha256:");
        let hex = |digits: &str| digits.len() == 64 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !self.artifact_digest.is_empty() && !digits.is_some_and(hex) {
            let wanted = "is not a digest; write sha256: and 64 hexadecimal digits in lower case";
            check.add("version.artifact_digest", "NOT_A_DIGEST", wanted);
        }
        check.labels("version.labels", &self.labels);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> Model {
        let name = ModelName::parse("namespaces/default/models/m").unwrap();
        Model { owner: "ranking".to_owned(), ..Model::blank(&name) }
    }

    fn wrong_fields(model: &Model) -> Vec<String> {
        let mut check = Check::new();
        model.check(&mut check);
        check.into_violations().into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn a_plain_model_is_valid() {
        assert!(wrong_fields(&model()).is_empty());
    }

    #[test]
    fn all_wrong_fields_of_a_model_are_named() {
        let mut bad = model();
        bad.owner = "Nobody!".to_owned();
        bad.label_window = Duration::ZERO;
        bad.criticality = Some(Criticality { tier: 9, evidence_uri: "ftp://x".to_owned(), ..Criticality::default() });
        bad.depends_on = BTreeSet::from([bad.name.clone(), ModelName::parse("namespaces/other/models/m").unwrap()]);
        bad.health_policy.alpha = f64::NAN;
        bad.model_type = Some(ModelTypeName::parse("namespaces/other/modelTypes/t").unwrap());
        let wanted = [
            "model.owner",
            "model.label_window",
            "model.criticality.tier",
            "model.criticality.evidence_uri",
            "model.model_type",
            "model.depends_on",
            "model.depends_on",
            "model.health_policy.alpha",
        ];
        assert_eq!(wrong_fields(&bad), wanted);
    }

    #[test]
    fn what_is_deleted_depends_on_nothing_and_so_weighs_otherwise() {
        let mut before = model();
        before.depends_on = BTreeSet::from([ModelName::parse("namespaces/default/models/n").unwrap()]);
        let mut after = Model { description: "new".to_owned(), ..before.clone() };
        assert!(!before.weighs_other_than(&after));
        after.deletion = Some(Deletion::begun(Timestamp::UNIX_EPOCH));
        assert!(after.dependencies().is_empty() && before.weighs_other_than(&after));
    }
}
