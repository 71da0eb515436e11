//! The fields of a model that it is filtered and ordered by.

use slipway_domain::filter::{Field, Fields};
use slipway_domain::model::FunnelStage;
use slipway_domain::tier::Origin;

use super::model_types::label;
use crate::state::{ListedModel, TierOrigin};

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
            "tier_origin.kind" => Field::Text(origin_kind(&self.tier_origin).into()),
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

/// Who says an effective tier, as a filter writes it.
fn origin_kind(origin: &TierOrigin) -> &'static str {
    match origin.whose() {
        Origin::Nobody => "TIER_ORIGIN_KIND_NOBODY",
        Origin::Model => "TIER_ORIGIN_KIND_MODEL",
        Origin::ModelType(_) => "TIER_ORIGIN_KIND_MODEL_TYPE",
        Origin::Dependent { .. } => "TIER_ORIGIN_KIND_DEPENDENT",
    }
}
