//! Every message that the registry takes apart, from bytes that may be any.

use prost::Message;
use slipway_chassis::Caller;
use slipway_domain::name::{ModelName, ModelTypeName, NamespaceName, TeamName, VersionName};
use slipway_proto::registry::v1 as pb;
use slipway_proto::r#type::v1::BucketRange;
use slipway_registry::convert;

use crate::driver::run;

const MODEL: &str = "namespaces/default/models/ranker";

fn caller() -> Caller {
    slipway_chassis::caller(&tonic::Request::new(()))
}

/// Decodes `input` as the request and hands it over.
fn read<M: Message + Default>(input: &[u8], take: impl Fn(M)) {
    if let Ok(message) = M::decode(input) {
        take(message);
    }
}

fn new_model() -> pb::CreateModelRequest {
    let model = pb::Model {
        name: MODEL.to_owned(),
        owner: "ranking".to_owned(),
        model_type: "namespaces/default/modelTypes/t".to_owned(),
        runbook_uri: "https://example.org/x".to_owned(),
        label_window: Some(prost_types::Duration { seconds: 3600, nanos: 1 }),
        criticality: Some(pb::Criticality { tier: 1, reason: "x".to_owned(), ..Default::default() }),
        health_policy: Some(pb::HealthPolicy { alpha: 0.05, ..Default::default() }),
        labels: [("team".to_owned(), "feed".to_owned())].into(),
        ..Default::default()
    };
    pb::CreateModelRequest {
        parent: "namespaces/default".to_owned(),
        model_id: "ranker".to_owned(),
        model: Some(model),
        request_id: "67e55044-10b1-426f-9247-bb680e5fe0c8".to_owned(),
        reason: "why".to_owned(),
        ..Default::default()
    }
}

fn good() -> Vec<Vec<u8>> {
    let version = pb::Version {
        artifact_uri: "s3://m".to_owned(),
        artifact_digest: format!("sha256:{}", "1".repeat(64)),
        ..Default::default()
    };
    let new_version =
        pb::CreateVersionRequest { parent: MODEL.to_owned(), version: Some(version), ..Default::default() };
    let range = BucketRange { start: 0, end: 100_000, version: format!("{MODEL}/versions/1") };
    let traffic = pb::SetTrafficRequest {
        name: format!("{MODEL}/traffic"),
        ranges: vec![range],
        generation: 3,
        epoch: 1,
        ..Default::default()
    };
    let moved = pb::AliasMove {
        name: format!("{MODEL}/aliases/champion"),
        version: format!("{MODEL}/versions/1"),
        expected_version: Some(String::new()),
        ..Default::default()
    };
    let aliases = pb::SetAliasesRequest { parent: "namespaces/-".to_owned(), moves: vec![moved], ..Default::default() };
    let list = pb::ListModelsRequest {
        parent: "namespaces/-".to_owned(),
        page_size: 10,
        filter: "owner = ranking".to_owned(),
        ..Default::default()
    };
    let watch =
        pb::WatchRequest { after_revision: Some(7), kinds: vec![2], parent: MODEL.to_owned(), ..Default::default() };
    let running = pb::Running { model: "ranker".to_owned(), version: 2, rate: 7.5, ..Default::default() };
    let report = pb::ReportSightingsRequest { parent: "namespaces/default".to_owned(), running: vec![running] };
    let batch = pb::BatchGetModelsRequest {
        parent: "namespaces/-".to_owned(),
        names: vec![MODEL.to_owned()],
        ..Default::default()
    };
    let delete = pb::DeleteModelRequest { name: MODEL.to_owned(), etag: "\"7\"".to_owned(), ..Default::default() };
    vec![
        new_model().encode_to_vec(),
        new_version.encode_to_vec(),
        traffic.encode_to_vec(),
        aliases.encode_to_vec(),
        list.encode_to_vec(),
        watch.encode_to_vec(),
        report.encode_to_vec(),
        batch.encode_to_vec(),
        delete.encode_to_vec(),
    ]
}

const WORDS: [&str; 6] = ["namespaces/", MODEL, "/versions/", "\u{ff}\u{ff}\u{ff}\u{ff}\u{f}", "sha256:", "-"];

#[test]
fn mutations() {
    run("mutations", (&good(), &WORDS), |input| {
        read(input, |message| drop(convert::create_model_type(caller(), message)));
        read(input, |message| drop(convert::update_model_type(caller(), message)));
        read(input, |message| drop(convert::create_model(caller(), message)));
        read(input, |message| drop(convert::update_model(caller(), message)));
        read(input, |message| drop(convert::create_version(caller(), message)));
        read(input, |message| drop(convert::update_version(caller(), message)));
        read(input, |message| drop(convert::quarantine_version(caller(), message)));
        read(input, |message| drop(convert::set_traffic(caller(), message)));
        read(input, |message| drop(convert::create_team(caller(), message)));
        read(input, |message| drop(convert::update_team(caller(), message)));
        read(input, |message| drop(convert::set_aliases(caller(), message)));
        read(input, |message| drop(convert::attest_model(caller(), message)));
        read(input, |message| drop(convert::create_namespace(caller(), message)));
        read(input, |message| drop(convert::update_namespace(caller(), message)));
        read(input, |message| drop(convert::report_sightings(&caller(), message)));
    });
}

#[test]
fn deletions() {
    run("deletions", (&good(), &WORDS), |input| {
        read(input, |message: pb::DeleteModelRequest| drop(convert::deletion::<ModelName>(caller(), message)));
        read(input, |message: pb::UndeleteModelTypeRequest| {
            drop(convert::deletion::<ModelTypeName>(caller(), message))
        });
        read(input, |message: pb::DeleteVersionRequest| drop(convert::deletion::<VersionName>(caller(), message)));
        read(input, |message: pb::DeleteTeamRequest| drop(convert::deletion::<TeamName>(caller(), message)));
        read(input, |message: pb::DeleteNamespaceRequest| drop(convert::deletion::<NamespaceName>(caller(), message)));
    });
}

#[test]
fn questions() {
    run("questions", (&good(), &WORDS), |input| {
        read(input, |message| drop(convert::get_model(message)));
        read(input, |message| drop(convert::get_version(message)));
        read(input, |message| drop(convert::get_alias(message)));
        read(input, |message| drop(convert::get_traffic(message)));
        read(input, |message| drop(convert::batch_get_models(message)));
        read(input, |message| drop(convert::batch_get_versions(message)));
        read(input, |message| drop(convert::list_models(message)));
        read(input, |message| drop(convert::list_versions(message)));
        read(input, |message| drop(convert::list_aliases(message)));
        read(input, |message| drop(convert::list_namespaces(message)));
        read(input, |message| drop(convert::list_sightings(message)));
        read(input, |message| drop(convert::list_changes(message)));
        read(input, |message| drop(convert::watch(message)));
        read(input, |message| drop(convert::get_checkpoint(message)));
        read(input, |message| drop(convert::prove_inclusion(message)));
        read(input, |message| drop(convert::prove_consistency(message)));
        read(input, |message| drop(convert::export_ledger(message)));
    });
}
