//! Carries resources into the registry, some hundred at a time, each portion in one revision.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use prost::Message;
use slipway_sdk::pb::PlanAction;
use slipway_sdk::pb::resource::Resource;
use slipway_sdk::{Registry, pb};

use super::report::Report;
use crate::apply::Run;

/// So many resources are carried at once, or as many as one model has.
const PORTION: usize = 500;
/// So many bytes at most, be it in the middle of a model: half of what a registry takes by default.
const BYTES: usize = 2 << 20;
/// How often a portion is thinned out before it is given up.
const ATTEMPTS: usize = 10;
/// Under which name fields are set.
const MANAGER: &str = "mlflow";

/// How it is carried.
#[derive(Debug, Clone)]
pub struct Way {
    pub run: Run,
    pub is_forced: bool,
    pub reason: String,
}

/// What is on its way.
pub struct Carrier {
    registry: Registry,
    parent: String,
    way: Way,
    waiting: Vec<Resource>,
    /// How long what waits is.
    bytes: usize,
}

impl Carrier {
    /// Carries to `parent`.
    pub fn new(registry: Registry, parent: &str, way: Way) -> Self {
        Self { registry, parent: parent.to_owned(), way, waiting: Vec::new(), bytes: 0 }
    }

    /// Takes what belongs together: a model and what lies below it.
    pub async fn take(&mut self, resources: Vec<Resource>, report: &mut Report) -> Result<()> {
        if self.waiting.len() + resources.len() > PORTION {
            self.finish(report).await?;
        }
        for resource in resources {
            let resource = pb::Resource { resource: Some(resource) };
            let length = resource.encoded_len();
            if self.bytes + length > BYTES {
                self.finish(report).await?;
            }
            self.bytes += length;
            self.waiting.extend(resource.resource);
        }
        Ok(())
    }

    /// Carries what is left.
    pub async fn finish(&mut self, report: &mut Report) -> Result<()> {
        let mut portion = std::mem::take(&mut self.waiting);
        self.bytes = 0;
        for _ in 0..ATTEMPTS {
            if portion.is_empty() {
                return Ok(());
            }
            let planned = self.apply(&portion, Run::Dry).await?;
            if thinned(&mut portion, &planned, report) {
                continue;
            }
            let is_done = planned.changes.iter().all(|change| change.action() == PlanAction::Noop);
            let done =
                if self.way.run == Run::Dry || is_done { planned } else { self.apply(&portion, Run::Real).await? };
            done.changes.iter().for_each(|change| report.count(change.action()));
            return Ok(());
        }
        bail!("what is to be carried over is changed here again and again; begin again later")
    }

    async fn apply(&self, portion: &[Resource], run: Run) -> Result<pb::ApplyModelsResponse> {
        let resource = |resource: &Resource| pb::Resource { resource: Some(resource.clone()) };
        let request = pb::ApplyModelsRequest {
            parent: self.parent.clone(),
            resources: portion.iter().map(resource).collect(),
            field_manager: MANAGER.to_owned(),
            force: self.way.is_forced,
            validate_only: run == Run::Dry,
            reason: self.way.reason.clone(),
            ..Default::default()
        };
        Ok(self.registry.apply_models(request).await?)
    }
}

/// Takes out what stands in the way, and what is deleted here; whether there was any.
fn thinned(portion: &mut Vec<Resource>, planned: &pb::ApplyModelsResponse, report: &mut Report) -> bool {
    let mut gone = BTreeSet::new();
    for (index, change) in planned.changes.iter().enumerate() {
        if change.action() == PlanAction::Undelete && index < portion.len() {
            report.note(&change.name, "deleted here, and left so", "undelete it to have it again");
            gone.insert(index);
        }
    }
    for refusal in &planned.refusals {
        let Ok(index) = usize::try_from(refusal.index) else { continue };
        let emptied =
            refusal.reason == "FIELD_CONFLICT" && portion.get_mut(index).is_some_and(|it| empty(it, &refusal.field));
        let why = if emptied { "changed here, and kept" } else { "refused here" };
        let what = if refusal.field.is_empty() { String::new() } else { format!("{} ", refusal.field) };
        report.note(&refusal.name, why, format!("{what}{}", refusal.description));
        if !emptied {
            gone.insert(index);
        }
    }
    let mut index = 0;
    portion.retain(|_| {
        index += 1;
        !gone.contains(&(index - 1))
    });
    !gone.is_empty() || !planned.refusals.is_empty()
}

/// Takes a field out of what is wanted of a resource; false if it can't be without it.
fn empty(resource: &mut Resource, field: &str) -> bool {
    let label = field.strip_prefix("labels.");
    match (resource, label, field) {
        (Resource::Model(model), Some(key), _) => model.labels.remove(key).is_some(),
        (Resource::Version(version), Some(key), _) => version.labels.remove(key).is_some(),
        (Resource::Model(model), _, "owner") => !std::mem::take(&mut model.owner).is_empty(),
        (Resource::Model(model), _, "display_name") => !std::mem::take(&mut model.display_name).is_empty(),
        (Resource::Model(model), _, "description") => !std::mem::take(&mut model.description).is_empty(),
        (Resource::Version(version), _, "description") => !std::mem::take(&mut version.description).is_empty(),
        _ => false,
    }
}
