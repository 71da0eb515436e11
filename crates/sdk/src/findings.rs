//! What a service tells beside its answer: that a change left a model that breaks a policy.

use std::sync::{OnceLock, PoisonError, RwLock};

use prost::Message;
use tonic::metadata::MetadataMap;

use crate::pb;

/// Under which name findings come beside an answer.
const NAME: &str = "slipway-policy-findings-bin";

type Hearer = Box<dyn Fn(&pb::PolicyFinding) + Send + Sync>;

fn hearer() -> &'static RwLock<Option<Hearer>> {
    static HEARER: OnceLock<RwLock<Option<Hearer>>> = OnceLock::new();
    HEARER.get_or_init(RwLock::default)
}

/// Calls `hear` with each policy that a change of this process was told to break. Without it they go to the log.
pub fn on_findings(hear: impl Fn(&pb::PolicyFinding) + Send + Sync + 'static) {
    *hearer().write().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(hear));
}

/// Tells what stands beside an answer.
pub(crate) fn hear(beside: &MetadataMap) {
    let Some(bytes) = beside.get_bin(NAME).and_then(|value| value.to_bytes().ok()) else { return };
    // What a newer service says otherwise is no reason to lose the answer.
    let Ok(pb::PolicyFindings { findings }) = pb::PolicyFindings::decode(bytes) else { return };
    let hearer = hearer().read().unwrap_or_else(PoisonError::into_inner);
    for finding in &findings {
        match &*hearer {
            Some(hear) => hear(finding),
            None => {
                tracing::warn!(
                    policy = finding.policy,
                    model = finding.model,
                    remedy = finding.remedy,
                    "a model breaks a policy"
                );
            }
        }
    }
}
