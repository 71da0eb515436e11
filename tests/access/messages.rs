//! What is asked, about models of one team or another.

use prost::Message;
use slipway_proto::health::v1 as health;
use slipway_proto::launcher::v1 as launcher;
use slipway_proto::registry::v1 as registry;
use slipway_proto::r#type::v1::BucketRange;

/// The services by their full names.
pub const REGISTRY: &str = "slipway.registry.v1.Registry";
pub const HEALTH: &str = "slipway.health.v1.Health";
pub const LAUNCHER: &str = "slipway.launcher.v1.Launcher";
pub const PARENT: &str = "namespaces/default";

pub fn model(id: &str) -> String {
    format!("{PARENT}/models/{id}")
}

pub fn owned(owner: &str, tier: i32) -> registry::Model {
    let criticality = Some(registry::Criticality { tier, reason: "because".to_owned(), ..Default::default() });
    registry::Model { owner: owner.to_owned(), criticality, ..Default::default() }
}

pub fn new_model(id: &str, owner: &str) -> registry::CreateModelRequest {
    let model = Some(owned(owner, 1));
    registry::CreateModelRequest { parent: PARENT.to_owned(), model_id: id.to_owned(), model, ..Default::default() }
}

/// A team of that id.
pub fn new_team(id: &str) -> registry::CreateTeamRequest {
    registry::CreateTeamRequest { parent: PARENT.to_owned(), team_id: id.to_owned(), ..Default::default() }
}

pub fn new_version(id: &str, digit: u8) -> registry::CreateVersionRequest {
    let version = registry::Version {
        artifact_uri: "file:///model".to_owned(),
        artifact_digest: format!("sha256:{digit:064x}"),
        ..Default::default()
    };
    registry::CreateVersionRequest { parent: model(id), version: Some(version), ..Default::default() }
}

/// A manifest of these.
pub fn apply(resources: Vec<registry::resource::Resource>) -> registry::ApplyModelsRequest {
    let resource = |resource| registry::Resource { resource: Some(resource) };
    registry::ApplyModelsRequest {
        parent: PARENT.to_owned(),
        resources: resources.into_iter().map(resource).collect(),
        field_manager: "fleet".to_owned(),
        ..Default::default()
    }
}

pub fn all_traffic(id: &str) -> registry::SetTrafficRequest {
    let all = BucketRange { start: 0, end: 100_000, version: format!("{}/versions/1", model(id)) };
    let name = format!("{}/traffic", model(id));
    registry::SetTrafficRequest { name, ranges: vec![all], override_epoch: true, ..Default::default() }
}

pub fn new_launch(id: &str) -> launcher::CreateLaunchRequest {
    let candidate = format!("{}/versions/2", model(id));
    let plan = launcher::Plan { shadow: Some(launcher::Shadow::default()), ..Default::default() };
    launcher::CreateLaunchRequest { parent: PARENT.to_owned(), candidate, plan: Some(plan), ..Default::default() }
}

pub fn report(id: &str, producer: &str) -> health::ReportRequest {
    let columns = health::Columns {
        version: format!("{}/versions/1", model(id)),
        minute: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 0 }),
        predictions: vec![0.5],
        outcomes: vec![true],
        ..Default::default()
    };
    let producer = producer.to_owned();
    health::ReportRequest { producer, epoch: 1, sequence: 1, columns: vec![columns], ..Default::default() }
}

/// Every method with a message about a model, and about a launch of it.
pub fn about(id: &str, launch: &str) -> Vec<(String, Vec<u8>)> {
    let at = |service: &'static str, calls: Vec<(&str, Vec<u8>)>| {
        calls.into_iter().map(move |(method, message)| (format!("{service}/{method}"), message)).collect::<Vec<_>>()
    };
    [at(REGISTRY, registry_calls(id)), at(HEALTH, health_calls(id)), at(LAUNCHER, launcher_calls(id, launch))].concat()
}

fn registry_calls(id: &str) -> Vec<(&'static str, Vec<u8>)> {
    let (name, version) = (model(id), format!("{}/versions/1", model(id)));
    let get = registry::GetModelRequest { name: name.clone(), ..Default::default() };
    let wanted = registry::Model { name: name.clone(), description: "mine now".to_owned(), ..Default::default() };
    let update = registry::UpdateModelRequest { model: Some(wanted.clone()), ..Default::default() };
    let apply = apply(vec![registry::resource::Resource::Model(wanted)]);
    let list = registry::ListVersionsRequest { parent: name.clone(), ..Default::default() };
    let described = registry::Version { name: version.clone(), description: "x".to_owned(), ..Default::default() };
    let described = registry::UpdateVersionRequest { version: Some(described), ..Default::default() };
    let reason = "why not".to_owned();
    let quarantine = registry::QuarantineVersionRequest { name: version.clone(), reason, ..Default::default() };
    let traffic = registry::GetTrafficRequest { name: format!("{name}/traffic"), ..Default::default() };
    let triage = registry::TriageModelRequest { name: name.clone(), ..Default::default() };
    let below = [about_existence(id), about_aliases(id)].concat();
    let these = vec![
        ("GetModel", get.encode_to_vec()),
        ("UpdateModel", update.encode_to_vec()),
        ("ApplyModels", apply.encode_to_vec()),
        ("CreateVersion", new_version(id, 9).encode_to_vec()),
        ("GetVersion", registry::GetVersionRequest { name: version, ..Default::default() }.encode_to_vec()),
        ("ListVersions", list.encode_to_vec()),
        ("UpdateVersion", described.encode_to_vec()),
        ("QuarantineVersion", quarantine.encode_to_vec()),
        ("GetTraffic", traffic.encode_to_vec()),
        ("SetTraffic", all_traffic(id).encode_to_vec()),
        ("TriageModel", triage.encode_to_vec()),
    ];
    [these, below].concat()
}

/// What asks for several, deletes and takes back, or says whose it is; nothing is really deleted.
fn about_existence(id: &str) -> Vec<(&'static str, Vec<u8>)> {
    let (name, version) = (model(id), format!("{}/versions/1", model(id)));
    let delete = registry::DeleteModelRequest { name: name.clone(), validate_only: true, ..Default::default() };
    let attest = registry::AttestModelRequest { name: name.clone(), ..Default::default() };
    let models =
        registry::BatchGetModelsRequest { parent: PARENT.to_owned(), names: vec![name.clone()], ..Default::default() };
    let versions =
        registry::BatchGetVersionsRequest { parent: name, names: vec![version.clone()], ..Default::default() };
    let of_version = registry::DeleteVersionRequest { name: version, validate_only: true, ..Default::default() };
    // A deletion and what takes it back are asked for in the same words, up to a field that is not set here.
    let back = |name: &str| registry::UndeleteModelRequest { name: name.to_owned(), ..Default::default() };
    vec![
        ("DeleteModel", delete.encode_to_vec()),
        ("UndeleteModel", back(&delete.name).encode_to_vec()),
        ("AttestModel", attest.encode_to_vec()),
        ("BatchGetModels", models.encode_to_vec()),
        ("BatchGetVersions", versions.encode_to_vec()),
        ("DeleteVersion", of_version.encode_to_vec()),
        ("UndeleteVersion", back(&of_version.name).encode_to_vec()),
    ]
}

fn about_aliases(id: &str) -> Vec<(&'static str, Vec<u8>)> {
    let (parent, name) = (model(id), format!("{}/aliases/champion", model(id)));
    let version = format!("{parent}/versions/1");
    let one = registry::AliasMove { name: name.clone(), version: version.clone(), ..Default::default() };
    let set = registry::SetAliasesRequest { parent: PARENT.to_owned(), moves: vec![one], ..Default::default() };
    let propose = registry::ProposeAliasRequest { name: name.clone(), version, ..Default::default() };
    let approve = registry::ApproveAliasRequest { name: name.clone(), etag: "7".to_owned(), ..Default::default() };
    vec![
        ("GetAlias", registry::GetAliasRequest { name: name.clone(), ..Default::default() }.encode_to_vec()),
        ("ListAliases", registry::ListAliasesRequest { parent, ..Default::default() }.encode_to_vec()),
        ("SetAliases", set.encode_to_vec()),
        ("ProposeAlias", propose.encode_to_vec()),
        ("ApproveAlias", approve.encode_to_vec()),
    ]
}

fn health_calls(id: &str) -> Vec<(&'static str, Vec<u8>)> {
    let version = format!("{}/versions/1", model(id));
    let evaluate = health::EvaluateRequest {
        candidate: format!("{}/versions/2", model(id)),
        baseline: version.clone(),
        comparison: health::Comparison::Paired.into(),
        since: Some(prost_types::Timestamp { seconds: 1_600_000_000, nanos: 0 }),
        next_share: 1.0,
        ..Default::default()
    };
    vec![
        ("Report", report(id, &format!("intruder-{id}")).encode_to_vec()),
        ("GetHealth", health::GetHealthRequest { name: version, ..Default::default() }.encode_to_vec()),
        ("Evaluate", evaluate.encode_to_vec()),
    ]
}

fn launcher_calls(id: &str, launch: &str) -> Vec<(&'static str, Vec<u8>)> {
    let (name, reason) = (launch.to_owned(), "why not".to_owned());
    // All that people do to a launch is asked in the same words.
    let steer = launcher::AbortLaunchRequest { name: name.clone(), reason, ..Default::default() }.encode_to_vec();
    let watch = launcher::WatchLaunchesRequest { parent: name.clone(), after_revision: None };
    vec![
        ("CreateLaunch", new_launch(id).encode_to_vec()),
        ("GetLaunch", launcher::GetLaunchRequest { name: name.clone() }.encode_to_vec()),
        ("WatchLaunches", watch.encode_to_vec()),
        ("PauseLaunch", steer.clone()),
        ("ResumeLaunch", steer.clone()),
        ("PromoteLaunch", steer.clone()),
        ("AbortLaunch", steer),
        ("ExplainLaunch", launcher::ExplainLaunchRequest { name, ..Default::default() }.encode_to_vec()),
    ]
}
