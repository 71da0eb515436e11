//! A model as it is answered: with what is computed for it, as far as its reader may know of it.

use slipway_chassis::Caller;
use slipway_domain::filter::{Field, Fields};
use slipway_domain::model::{FunnelStage, Model};
use slipway_domain::name::ModelName;
use slipway_domain::tier::{Origin, Said};
use slipway_store::picture::Kept;

use super::model_types::label;
use crate::state::State;

/// A model with what is computed for it.
#[derive(Debug, Clone)]
pub struct ListedModel {
    /// The model.
    pub model: Kept<Model>,
    /// The severest of its own tier, its type's, and those of its dependents.
    pub effective_tier: u8,
    /// Where that comes from.
    pub tier_origin: TierOrigin,
    /// The number of its newest version; 0 while there is none.
    pub latest_version: u64,
}

/// Where an effective tier comes from, as far as a reader may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TierOrigin {
    /// Nobody says one.
    Nobody,
    /// The model itself, which has this name.
    Model(String),
    /// Its type, which has this name.
    ModelType(String),
    /// A model that depends on it.
    Dependent {
        /// That model, if the reader may see it.
        via: Option<String>,
        /// Who says it in the end, if the reader may see both.
        source: Option<String>,
    },
}

impl TierOrigin {
    fn seen(state: &State, caller: &Caller, (name, origin): (&ModelName, &Origin)) -> Self {
        let sees = |model: &ModelName| caller.covers(&state.subject(model));
        match origin {
            Origin::Nobody => Self::Nobody,
            Origin::Model => Self::Model(name.into()),
            Origin::ModelType(kind) => Self::ModelType(kind.to_string()),
            Origin::Dependent { via, source } => {
                let via = Some(via).filter(|via| sees(via));
                let known = |source: &&Said| match source {
                    Said::Model(model) => sees(model),
                    Said::ModelType(_) => true,
                };
                let source = via.and(Some(source)).filter(known).map(ToString::to_string);
                Self::Dependent { via: via.map(String::from), source }
            }
        }
    }

    /// Who says it, as a filter writes it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Nobody => "TIER_ORIGIN_KIND_NOBODY",
            Self::Model(_) => "TIER_ORIGIN_KIND_MODEL",
            Self::ModelType(_) => "TIER_ORIGIN_KIND_MODEL_TYPE",
            Self::Dependent { .. } => "TIER_ORIGIN_KIND_DEPENDENT",
        }
    }

    /// Who says it in the end.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        match self {
            Self::Nobody => None,
            Self::Model(name) | Self::ModelType(name) => Some(name),
            Self::Dependent { source, .. } => source.as_deref(),
        }
    }

    /// The dependent that it comes through.
    #[must_use]
    pub fn via(&self) -> Option<&str> {
        if let Self::Dependent { via, .. } = self { via.as_deref() } else { None }
    }
}

impl ListedModel {
    /// A model as `caller` sees it in `state`.
    #[must_use]
    pub fn seen(state: &State, caller: &Caller, model: Kept<Model>) -> Self {
        let effective = state.effective(&model.value);
        let tier_origin = TierOrigin::seen(state, caller, (&model.value.name, &effective.origin));
        let latest_version = state.latest_version(&model.value.name);
        Self { model, effective_tier: effective.tier, tier_origin, latest_version }
    }
}

impl Fields for ListedModel {
    const PATHS: &'static [&'static str] = &[
        "name",
        "display_name",
        "description",
        "model_type",
        "owner",
        "on_call",
        "runbook_uri",
        "surface",
        "funnel_stage",
        "business_function",
        "predicted_event",
        "label_window",
        "criticality.tier",
        "criticality.review_time",
        "effective_tier",
        "tier_origin.kind",
        "tier_origin.source",
        "depends_on",
        "latest_version",
        "attestation.expire_time",
        "labels.",
        "create_time",
        "update_time",
    ];

    fn field(&self, path: &str) -> Field<'_> {
        let model = &self.model.value;
        match path {
            "name" => Field::Text(model.name.to_string().into()),
            "display_name" => Field::Text(model.display_name.as_str().into()),
            "description" => Field::Text(model.description.as_str().into()),
            "model_type" => {
                model.model_type.as_ref().map_or(Field::Absent, |name| Field::Text(name.to_string().into()))
            }
            "owner" => Field::Text(model.owner.as_str().into()),
            "on_call" => Field::Text(model.on_call.as_str().into()),
            "runbook_uri" => Field::Text(model.runbook_uri.as_str().into()),
            "attestation.expire_time" => {
                model.attestation.as_ref().map_or(Field::Absent, |a| Field::Number(a.expires_at.as_second() as f64))
            }
            "surface" => Field::Text(model.surface.as_str().into()),
            "funnel_stage" => Field::Text(stage(model.funnel_stage).into()),
            "business_function" => Field::Text(model.business_function.as_str().into()),
            "predicted_event" => Field::Text(model.predicted_event.as_str().into()),
            "label_window" => Field::Number(model.label_window.as_secs_f64()),
            "criticality.tier" => model.criticality.as_ref().map_or(Field::Absent, |c| Field::Number(c.tier.into())),
            "criticality.review_time" => {
                let review = model.criticality.as_ref().and_then(|own| own.review_at);
                review.map_or(Field::Absent, |at| Field::Number(at.as_second() as f64))
            }
            "effective_tier" => Field::Number(self.effective_tier.into()),
            "tier_origin.kind" => Field::Text(self.tier_origin.kind().into()),
            "tier_origin.source" => {
                let source = self.tier_origin.source();
                source.map_or(Field::Absent, |source| Field::Text(source.to_owned().into()))
            }
            "depends_on" if model.depends_on.is_empty() => Field::Absent,
            "depends_on" => Field::Text(model.depends_on.iter().map(String::from).collect::<Vec<_>>().join(" ").into()),
            "latest_version" => Field::Number(self.latest_version as f64),
            "create_time" => Field::Number(model.created_at.as_second() as f64),
            "update_time" => Field::Number(model.updated_at.as_second() as f64),
            path => label(&model.labels, path),
        }
    }
}

/// A funnel stage as a filter writes it.
fn stage(stage: FunnelStage) -> &'static str {
    match stage {
        FunnelStage::Unspecified => "FUNNEL_STAGE_UNSPECIFIED",
        FunnelStage::Sourcing => "FUNNEL_STAGE_SOURCING",
        FunnelStage::EarlyRanking => "FUNNEL_STAGE_EARLY_RANKING",
        FunnelStage::LateRanking => "FUNNEL_STAGE_LATE_RANKING",
    }
}
