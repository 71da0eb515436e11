//! What is tolerated of a model, and how long its labels take: known from the registry, assumed where it is not.

use jiff::SignedDuration;
use slipway_domain::model::{DEFAULT_LABEL_WINDOW, HealthPolicy};
use slipway_domain::name::ModelName;

/// What the registry says about judging a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelPolicy {
    /// How long after a prediction its outcome is known, at most.
    pub label_window: SignedDuration,
    /// What its health is held against.
    pub health: HealthPolicy,
}

impl Default for ModelPolicy {
    fn default() -> Self {
        let label_window = SignedDuration::try_from(DEFAULT_LABEL_WINDOW).expect("a day is a signed duration");
        Self { label_window, health: HealthPolicy::default() }
    }
}

/// Whose a model is, and how much it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ownership {
    /// Nothing is known of any model yet.
    Unheard,
    /// There is no such model.
    NoModel,
    /// It is known.
    Known {
        /// The team; empty if nobody's.
        team: String,
        /// The effective tier.
        tier: u8,
    },
}

/// Who knows the policies of models, at once and without asking anybody.
pub trait Policies: Send + Sync + 'static {
    /// Whose `model` is. Who knows of no model at all, as this default, can't tell.
    fn ownership(&self, _model: &ModelName) -> Ownership {
        Ownership::Unheard
    }

    /// The policy of `model`; none if the model is not known, or nothing is known yet.
    fn policy(&self, model: &ModelName) -> Option<ModelPolicy>;
}

/// Knows no policy: every model is judged by the defaults.
#[derive(Debug, Clone, Copy, Default)]
pub struct Defaults;

impl Policies for Defaults {
    fn ownership(&self, _: &ModelName) -> Ownership {
        Ownership::NoModel
    }

    fn policy(&self, _: &ModelName) -> Option<ModelPolicy> {
        None
    }
}
