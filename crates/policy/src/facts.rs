//! What a rule can ask of a model.

use std::collections::{BTreeMap, HashMap};

use cel::{Context, Value};
use jiff::Timestamp;
use slipway_domain::model::{FunnelStage, Model};

/// At most so many entries of a map or a list are shown to a rule.
pub(crate) const MOST_ENTRIES: usize = 256;

/// What there is to ask, by its path; `*` stands for any key.
pub(crate) const PATHS: [&str; 35] = [
    "model.name",
    "model.id",
    "model.namespace",
    "model.display_name",
    "model.description",
    "model.model_type",
    "model.owner",
    "model.on_call",
    "model.runbook_uri",
    "model.surface",
    "model.funnel_stage",
    "model.business_function",
    "model.predicted_event",
    "model.label_window",
    "model.has_tier",
    "model.tier",
    "model.tier_reason",
    "model.tier_evidence",
    "model.tier_review",
    "model.depends_on",
    "model.calibration_tolerance",
    "model.ne_tolerance",
    "model.alpha",
    "model.attested_until",
    "model.create_time",
    "model.labels.*",
    "effective_tier",
    "dependents",
    "versions.count",
    "versions.usable",
    "versions.latest",
    "versions.serving",
    "versions.rollback",
    "aliases.*",
    "now",
];

/// How many versions a model has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Versions {
    /// All that are not deleted.
    pub count: u64,
    /// Of those, the ones whose artifact is not quarantined.
    pub usable: u64,
    /// The number of the newest that there ever was; 0 if there was none.
    pub latest: u64,
    /// Those that serve a share of the units.
    pub serving: u64,
    /// Those that are usable and do not serve: what a rollback can return to.
    pub rollback: u64,
}

/// What is known of a model.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// The model.
    pub model: &'a Model,
    /// Its effective tier.
    pub effective_tier: u8,
    /// How many models depend on it.
    pub dependents: u64,
    /// Its versions.
    pub versions: Versions,
    /// The numbers of the versions that its aliases name.
    pub aliases: BTreeMap<&'a str, u64>,
    /// The present.
    pub now: Timestamp,
}

fn text(text: &str) -> Value {
    Value::from(text.to_owned())
}

fn count(count: u64) -> Value {
    Value::from(i64::try_from(count).unwrap_or(i64::MAX))
}

fn time(at: Option<Timestamp>) -> Value {
    Value::from(at.map_or(0, Timestamp::as_second))
}

fn map<'a>(entries: impl Iterator<Item = (&'a str, Value)>) -> Value {
    Value::from(entries.map(|(key, value)| (key.to_owned(), value)).collect::<HashMap<String, Value>>())
}

fn stage(stage: FunnelStage) -> Value {
    text(match stage {
        FunnelStage::Unspecified => "",
        FunnelStage::Sourcing => "SOURCING",
        FunnelStage::EarlyRanking => "EARLY_RANKING",
        FunnelStage::LateRanking => "LATE_RANKING",
    })
}

impl Facts<'_> {
    /// Puts them where rules find them.
    pub(crate) fn show(&self, context: &mut Context<'_, '_>) {
        let Versions { count: all, usable, latest, serving, rollback } = self.versions;
        let versions =
            [("count", all), ("usable", usable), ("latest", latest), ("serving", serving), ("rollback", rollback)];
        let aliases = self.aliases.iter().take(MOST_ENTRIES).map(|(alias, number)| (*alias, count(*number)));
        context.add_variable_from_value("model", self.of_model());
        context.add_variable_from_value("effective_tier", Value::from(i64::from(self.effective_tier)));
        context.add_variable_from_value("dependents", count(self.dependents));
        context.add_variable_from_value("versions", map(versions.into_iter().map(|(key, n)| (key, count(n)))));
        context.add_variable_from_value("aliases", map(aliases));
        context.add_variable_from_value("now", time(Some(self.now)));
    }

    fn of_model(&self) -> Value {
        let model = self.model;
        let own = model.criticality.as_ref();
        let depends_on: Vec<Value> = model.depends_on.iter().map(|name| text(&String::from(name))).collect();
        let labels = model.labels.iter().take(MOST_ENTRIES).map(|(key, value)| (key.as_str(), text(value)));
        let fields = [
            ("name", text(&String::from(&model.name))),
            ("id", text(model.name.model.as_str())),
            ("namespace", text(model.name.namespace.as_str())),
            ("display_name", text(&model.display_name)),
            ("description", text(&model.description)),
            ("model_type", text(model.model_type.as_ref().map_or("", |kind| kind.model_type.as_str()))),
            ("owner", text(&model.owner)),
            ("on_call", text(&model.on_call)),
            ("runbook_uri", text(&model.runbook_uri)),
            ("surface", text(&model.surface)),
            ("funnel_stage", stage(model.funnel_stage)),
            ("business_function", text(&model.business_function)),
            ("predicted_event", text(&model.predicted_event)),
            ("label_window", count(model.label_window.as_secs())),
            ("has_tier", Value::from(own.is_some())),
            ("tier", Value::from(own.map_or(4, |own| i64::from(own.tier)))),
            ("tier_reason", text(own.map_or("", |own| &own.reason))),
            ("tier_evidence", text(own.map_or("", |own| &own.evidence_uri))),
            ("tier_review", time(own.and_then(|own| own.review_at))),
            ("depends_on", Value::from(depends_on)),
            ("calibration_tolerance", Value::from(model.health_policy.calibration_tolerance)),
            ("ne_tolerance", Value::from(model.health_policy.ne_tolerance)),
            ("alpha", Value::from(model.health_policy.alpha)),
            ("attested_until", time(model.attestation.as_ref().map(|word| word.expires_at))),
            ("create_time", time(Some(model.created_at))),
            ("labels", map(labels)),
        ];
        map(fields.into_iter())
    }
}
