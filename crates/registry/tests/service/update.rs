//! Changing: only what is masked, only what was read, and never what is immutable.

use slipway_sdk::pb;

use crate::support::{fields, model_with_versions, name, new_model, new_version, reason, start};

fn update(model: pb::Model, paths: &[&str]) -> pb::UpdateModelRequest {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let update_mask = Some(prost_types::FieldMask { paths });
    pb::UpdateModelRequest { model: Some(model), update_mask, ..Default::default() }
}

fn wanted(id: &str) -> pb::Model {
    pb::Model { name: name(id).to_string(), ..Default::default() }
}

#[tokio::test]
async fn only_masked_fields_change() {
    let registry = start().await;
    registry.client.create_model(new_model("ctr")).await.unwrap();
    let new = pb::Model { surface: "feed".to_owned(), description: "not this".to_owned(), ..wanted("ctr") };
    let updated = registry.client.update_model(update(new, &["surface"])).await.unwrap();
    assert_eq!((updated.surface.as_str(), updated.description.as_str()), ("feed", ""));
    assert_eq!(updated.owner, "ranking");
}

#[tokio::test]
async fn without_a_mask_the_fields_that_are_set_change() {
    let registry = start().await;
    registry.client.create_model(new_model("ctr")).await.unwrap();
    let new = pb::Model { surface: "feed".to_owned(), ..wanted("ctr") };
    let updated = registry.client.update_model(update(new, &[])).await.unwrap();
    assert_eq!((updated.surface.as_str(), updated.owner.as_str()), ("feed", "ranking"));
}

#[tokio::test]
async fn a_star_changes_everything_and_the_result_must_be_valid() {
    let registry = start().await;
    registry.client.create_model(new_model("ctr")).await.unwrap();
    assert_eq!(fields(registry.client.update_model(update(wanted("ctr"), &["*"])).await), ["model.owner"]);
    let new = pb::Model { owner: "ads".to_owned(), ..wanted("ctr") };
    let updated = registry.client.update_model(update(new, &["*"])).await.unwrap();
    assert_eq!(updated.owner, "ads");
}

#[tokio::test]
async fn an_unknown_path_is_refused_with_the_known_ones() {
    let registry = start().await;
    registry.client.create_model(new_model("ctr")).await.unwrap();
    let error = registry.client.update_model(update(wanted("ctr"), &["owner", "colour", "etag"])).await.unwrap_err();
    assert_eq!(error.violations().len(), 2);
    assert!(error.violations()[0].description.contains("business_function"), "{error}");
}

#[tokio::test]
async fn of_two_writers_with_one_etag_the_second_is_told_to_read_again() {
    let registry = start().await;
    let read = registry.client.create_model(new_model("ctr")).await.unwrap();
    let new = |surface: &str| pb::Model { surface: surface.to_owned(), etag: read.etag.clone(), ..wanted("ctr") };
    registry.client.update_model(update(new("feed"), &["surface"])).await.unwrap();
    let second = registry.client.update_model(update(new("search"), &["surface"])).await;
    assert_eq!(reason(second), "ETAG_MISMATCH");
}

#[tokio::test]
async fn what_changes_nothing_keeps_etag_and_revision() {
    let registry = start().await;
    let read = registry.client.create_model(new_model("ctr")).await.unwrap();
    let same = registry.client.update_model(update(read.clone(), &["*"])).await.unwrap();
    assert_eq!(same, read);
}

#[tokio::test]
async fn artifact_and_digest_never_change() {
    let registry = start().await;
    model_with_versions(&registry.client, "ctr", 1).await;
    let version = pb::Version {
        name: name("ctr").version(1).to_string(),
        display_name: "v1".to_owned(),
        artifact_uri: "s3://elsewhere/m".to_owned(),
        ..Default::default()
    };
    let request = pb::UpdateVersionRequest { version: Some(version.clone()), ..Default::default() };
    assert_eq!(fields(registry.client.update_version(request).await), ["version.artifact_uri"]);
    let version = pb::Version { artifact_uri: String::new(), ..version };
    let request = pb::UpdateVersionRequest { version: Some(version), ..Default::default() };
    assert_eq!(registry.client.update_version(request).await.unwrap().display_name, "v1");
}

#[tokio::test]
async fn quarantine_marks_every_version_with_the_digest_and_those_to_come() {
    let registry = start().await;
    model_with_versions(&registry.client, "ctr", 2).await;
    model_with_versions(&registry.client, "cvr", 1).await;
    let request = pb::QuarantineVersionRequest {
        name: name("ctr").version(1).to_string(),
        reason: "calibration 1.4".to_owned(),
        ..Default::default()
    };
    let marked = registry.client.quarantine_version(request.clone()).await.unwrap();
    assert_eq!(marked.quarantine.unwrap().reason, "calibration 1.4");
    let again = registry.client.quarantine_version(request).await.unwrap();
    assert_eq!(again.etag, marked.etag, "a second mark changes nothing");
    let quarantined = |version: pb::Version| version.quarantine.is_some();
    let client = &registry.client;
    assert!(quarantined(client.get_version(&name("cvr").version(1)).await.unwrap()));
    assert!(!quarantined(client.get_version(&name("ctr").version(2)).await.unwrap()));
    assert!(quarantined(client.create_version(new_version("cvr", '1')).await.unwrap()));
    assert!(!quarantined(client.create_version(new_version("cvr", '7')).await.unwrap()));
}

#[tokio::test]
async fn quarantine_needs_a_reason() {
    let registry = start().await;
    model_with_versions(&registry.client, "ctr", 1).await;
    let request = pb::QuarantineVersionRequest { name: name("ctr").version(1).to_string(), ..Default::default() };
    assert_eq!(fields(registry.client.quarantine_version(request).await), ["reason"]);
}

#[tokio::test]
async fn a_model_type_changes_by_the_same_rules() {
    let registry = start().await;
    let create = pb::CreateModelTypeRequest {
        parent: "namespaces/default".to_owned(),
        model_type_id: "click".to_owned(),
        ..Default::default()
    };
    let created = registry.client.create_model_type(create).await.unwrap();
    let wanted = pb::ModelType { description: "clicks".to_owned(), ..created.clone() };
    let request = pb::UpdateModelTypeRequest { model_type: Some(wanted.clone()), ..Default::default() };
    let updated = registry.client.update_model_type(request).await.unwrap();
    assert_eq!(updated.description, "clicks");
    let request = pb::UpdateModelTypeRequest { model_type: Some(wanted), ..Default::default() };
    assert_eq!(reason(registry.client.update_model_type(request).await), "ETAG_MISMATCH");
}
