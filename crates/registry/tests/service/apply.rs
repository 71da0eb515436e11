//! Manifests: a fleet in one revision or not at all, whose fields are whose, and everything that stands in the way at once.

mod conflicts;
mod edges;
mod fleets;
mod judged;
mod repeated;

use slipway_sdk::pb::resource::Resource as Kind;
use slipway_sdk::{Error, pb};

use crate::support::Running;

/// A resource of the usual namespace.
fn team(id: &str) -> pb::Resource {
    of(Kind::Team(pb::Team { name: format!("namespaces/default/teams/{id}"), ..Default::default() }))
}

fn model(id: &str, owner: &str) -> pb::Resource {
    described(id, owner, "")
}

fn described(id: &str, owner: &str, description: &str) -> pb::Resource {
    of(Kind::Model(pb::Model {
        name: format!("namespaces/default/models/{id}"),
        owner: owner.to_owned(),
        description: description.to_owned(),
        ..Default::default()
    }))
}

fn labelled(id: &str, owner: &str, labels: &[(&str, &str)]) -> pb::Resource {
    let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let name = format!("namespaces/default/models/{id}");
    of(Kind::Model(pb::Model { name, owner: owner.to_owned(), labels, ..Default::default() }))
}

fn version(model: &str, number: u64) -> pb::Resource {
    of(Kind::Version(pb::Version {
        name: format!("namespaces/default/models/{model}/versions/{number}"),
        artifact_uri: format!("s3://models/{model}/{number}"),
        artifact_digest: format!("sha256:{number:064x}"),
        ..Default::default()
    }))
}

fn alias(model: &str, alias: &str, number: u64) -> pb::Resource {
    let model = format!("namespaces/default/models/{model}");
    let version = format!("{model}/versions/{number}");
    of(Kind::Alias(pb::Alias { name: format!("{model}/aliases/{alias}"), version, ..Default::default() }))
}

fn of(kind: Kind) -> pb::Resource {
    pb::Resource { resource: Some(kind) }
}

/// A request of the manager `git`.
fn request(resources: Vec<pb::Resource>) -> pb::ApplyModelsRequest {
    let (parent, field_manager) = ("namespaces/default".to_owned(), "git".to_owned());
    pb::ApplyModelsRequest { parent, resources, field_manager, ..Default::default() }
}

async fn apply(registry: &Running, resources: Vec<pb::Resource>) -> Result<pb::ApplyModelsResponse, Error> {
    registry.client.apply_models(request(resources)).await
}

/// A plan in short, as `CREATE models/m`, with the fields that change behind it.
fn told(applied: &pb::ApplyModelsResponse) -> Vec<String> {
    let one = |change: &pb::PlannedChange| {
        let action = change.action().as_str_name().trim_start_matches("PLAN_ACTION_");
        let name = change.name.trim_start_matches("namespaces/default/");
        let field = |field: &pb::FieldChange| format!(" {}:{}>{}", field.path, field.before, field.after);
        format!("{action} {name}{}", change.fields.iter().map(field).collect::<String>())
    };
    applied.changes.iter().map(one).collect()
}

/// How many entries the ledger has.
async fn entries(registry: &Running) -> i64 {
    registry.client.get_checkpoint(pb::GetCheckpointRequest::default()).await.unwrap().size
}

async fn the_model(registry: &Running, id: &str) -> pb::Model {
    registry.client.get_model(&crate::support::name(id)).await.unwrap()
}
