//! Values of fields as texts by which they are compared and told to people. Two values have one text if they are equal.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::model::{Criticality, FunnelStage, HealthPolicy};
use crate::name::{Identifier, ModelName, ModelTypeName};
use crate::policy::Enforcement;

/// A value that has a text.
pub trait Shown {
    /// The text; empty where there is nothing.
    fn shown(&self) -> String;
}

impl Shown for String {
    fn shown(&self) -> String {
        self.clone()
    }
}

impl<T: Shown> Shown for Option<T> {
    fn shown(&self) -> String {
        self.as_ref().map(Shown::shown).unwrap_or_default()
    }
}

impl Shown for Identifier {
    fn shown(&self) -> String {
        self.as_str().to_owned()
    }
}

impl Shown for ModelTypeName {
    fn shown(&self) -> String {
        self.to_string()
    }
}

impl Shown for Duration {
    /// As the wire writes it in JSON.
    fn shown(&self) -> String {
        format!("{}s", self.as_secs_f64())
    }
}

impl Shown for FunnelStage {
    fn shown(&self) -> String {
        match self {
            Self::Unspecified => String::new(),
            Self::Sourcing => "FUNNEL_STAGE_SOURCING".to_owned(),
            Self::EarlyRanking => "FUNNEL_STAGE_EARLY_RANKING".to_owned(),
            Self::LateRanking => "FUNNEL_STAGE_LATE_RANKING".to_owned(),
        }
    }
}

impl Shown for Enforcement {
    fn shown(&self) -> String {
        match self {
            Self::DryRun => "ENFORCEMENT_DRY_RUN".to_owned(),
            Self::Warn => "ENFORCEMENT_WARN".to_owned(),
            Self::Deny => "ENFORCEMENT_DENY".to_owned(),
        }
    }
}

impl Shown for Criticality {
    fn shown(&self) -> String {
        let Self { tier, reason, evidence_uri, review_at } = self;
        let review = review_at.map(|at| at.to_string()).unwrap_or_default();
        let part = |name: &str, text: &str| if text.is_empty() { String::new() } else { format!(", {name} {text:?}") };
        format!("tier {tier}{}{}{}", part("reason", reason), part("evidence", evidence_uri), part("review", &review))
    }
}

impl Shown for HealthPolicy {
    fn shown(&self) -> String {
        let Self { calibration_tolerance, ne_tolerance, alpha } = self;
        format!("calibration tolerance {calibration_tolerance}, NE tolerance {ne_tolerance}, alpha {alpha}")
    }
}

impl Shown for BTreeSet<ModelName> {
    fn shown(&self) -> String {
        self.iter().map(String::from).collect::<Vec<_>>().join(", ")
    }
}

impl Shown for BTreeMap<String, String> {
    fn shown(&self) -> String {
        let pairs: Vec<String> = self.iter().map(|(key, value)| format!("{key}={value:?}")).collect();
        pairs.join(", ")
    }
}
