//! The fields of a model that somebody types.

use std::time::Duration;

use clap::{Args, ValueEnum};
use slipway_sdk::pb;

use crate::args::Tier;
use crate::connect::Connect;
use crate::{text, value};

/// The fields of a model but its owner and its labels.
#[derive(Debug, Args)]
pub struct Fields {
    /// What it is called among people.
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    /// What it does.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Its type, as click-through-rate.
    #[arg(long, value_name = "TYPE")]
    model_type: Option<value::ModelType>,
    /// The team that is paged when it breaks [default: its owner].
    #[arg(long, value_name = "TEAM")]
    on_call: Option<String>,
    /// What to do when it breaks.
    #[arg(long, value_parser = value::uri, value_name = "URL")]
    runbook: Option<String>,
    /// Where its predictions are used.
    #[arg(long, value_name = "TEXT")]
    surface: Option<String>,
    /// Which stage of the ranking funnel it serves.
    #[arg(long, value_enum)]
    funnel_stage: Option<Stage>,
    /// What it is for in the terms of the business.
    #[arg(long, value_name = "TEXT")]
    business_function: Option<String>,
    /// The event whose probability it predicts.
    #[arg(long, value_name = "TEXT")]
    predicted_event: Option<String>,
    /// How long after a prediction its outcome is known at most, as 12h.
    #[arg(long, value_parser = value::duration, value_name = "TIME")]
    label_window: Option<Duration>,
    /// The tolerated distance of calibration from 1, as 5%.
    #[arg(long, value_parser = value::positive_share, value_name = "SHARE")]
    calibration_tolerance: Option<f64>,
    /// The tolerated relative loss of normalized entropy, as 2%.
    #[arg(long, value_parser = value::positive_share, value_name = "SHARE")]
    ne_tolerance: Option<f64>,
    /// The error probability of its verdicts, as 5%.
    #[arg(long, value_parser = value::positive_share, value_name = "SHARE")]
    alpha: Option<f64>,
    /// The models that it depends on, separated by commas: all of them.
    #[arg(long, value_delimiter = ',', value_name = "MODEL")]
    depends_on: Vec<value::Model>,
    #[command(flatten)]
    tier: Tier,
}

/// The stages of a ranking funnel.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Stage {
    /// Finds candidates.
    Sourcing,
    /// Ranks thousands, cheaply.
    EarlyRanking,
    /// Ranks hundreds, well.
    LateRanking,
}

/// The fields that can be emptied, as they are typed.
pub const CLEARABLE: [&str; 14] = [
    "display-name",
    "description",
    "model-type",
    "on-call",
    "runbook-uri",
    "surface",
    "funnel-stage",
    "business-function",
    "predicted-event",
    "label-window",
    "tier",
    "depends-on",
    "health-policy",
    "labels",
];

impl Fields {
    /// Writes the fields that were given into `model`, and says the paths of those.
    pub fn write(&self, model: &mut pb::Model, connect: &Connect) -> Vec<&'static str> {
        let mut paths = Vec::new();
        for (path, given, field) in [
            ("display_name", &self.display_name, &mut model.display_name),
            ("description", &self.description, &mut model.description),
            ("on_call", &self.on_call, &mut model.on_call),
            ("runbook_uri", &self.runbook, &mut model.runbook_uri),
            ("surface", &self.surface, &mut model.surface),
            ("business_function", &self.business_function, &mut model.business_function),
            ("predicted_event", &self.predicted_event, &mut model.predicted_event),
        ] {
            if let Some(given) = given {
                field.clone_from(given);
                paths.push(path);
            }
        }
        if let Some(model_type) = &self.model_type {
            model.model_type = connect.model_type(model_type).to_string();
            paths.push("model_type");
        }
        if let Some(stage) = self.funnel_stage {
            model.set_funnel_stage(stage.into());
            paths.push("funnel_stage");
        }
        if let Some(window) = self.label_window {
            model.label_window = text::wire(window);
            paths.push("label_window");
        }
        if !self.depends_on.is_empty() {
            model.depends_on = self.depends_on.iter().map(|other| connect.model(other).to_string()).collect();
            paths.push("depends_on");
        }
        if let Some(criticality) = self.tier.message() {
            model.criticality = Some(criticality);
            paths.push("criticality");
        }
        paths
    }

    /// Whether a part of the health policy was given.
    pub fn has_policy(&self) -> bool {
        self.calibration_tolerance.or(self.ne_tolerance).or(self.alpha).is_some()
    }

    /// `present`, with the parts that were given.
    pub fn policy(&self, present: Option<pb::HealthPolicy>) -> pb::HealthPolicy {
        let present = present.unwrap_or_default();
        pb::HealthPolicy {
            calibration_tolerance: self.calibration_tolerance.unwrap_or(present.calibration_tolerance),
            ne_tolerance: self.ne_tolerance.unwrap_or(present.ne_tolerance),
            alpha: self.alpha.unwrap_or(present.alpha),
        }
    }
}

impl From<Stage> for pb::FunnelStage {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Sourcing => Self::Sourcing,
            Stage::EarlyRanking => Self::EarlyRanking,
            Stage::LateRanking => Self::LateRanking,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        connect: Connect,
        #[command(flatten)]
        fields: Fields,
    }

    fn fields(arguments: &[&str]) -> (Connect, Fields) {
        let Line { connect, fields } = Line::parse_from([&["x"], arguments].concat());
        (connect, fields)
    }

    #[test]
    fn a_field_that_was_given_empty_is_a_field_that_was_given() {
        let (connect, fields) = fields(&["--on-call", "", "--tier", "1", "--label-window", "12h"]);
        let mut model = pb::Model::default();
        assert_eq!(fields.write(&mut model, &connect), ["on_call", "label_window", "criticality"]);
        assert_eq!(model.label_window.unwrap().seconds, 43_200);
    }

    #[test]
    fn a_part_of_the_health_policy_leaves_its_other_parts() {
        let (_, fields) = fields(&["--alpha", "1%"]);
        let present = pb::HealthPolicy { calibration_tolerance: 0.1, ne_tolerance: 0.2, alpha: 0.3 };
        let wanted = pb::HealthPolicy { alpha: 0.01, ..present };
        assert_eq!((fields.has_policy(), fields.policy(Some(present))), (true, wanted));
    }
}
