//! What is different between two moments: field by field, by resource, below a parent.

use std::time::Duration;

use slipway_sdk::{AsOf, Error, pb};

use crate::support::{Running, fields, model_with_versions, name, new_model, new_version, reason, start};

const HOUR: Duration = Duration::from_secs(60 * 60);

async fn update(registry: &Running, model: pb::Model) {
    let request = pb::UpdateModelRequest { model: Some(model), reason: "for a test".to_owned(), ..Default::default() };
    registry.client.update_model(request).await.unwrap();
}

async fn revision(registry: &Running) -> i64 {
    registry.client.list_changes(pb::ListChangesRequest::default()).await.unwrap().revision
}

fn between(parent: &str, from: i64, to: i64) -> pb::DiffRevisionsRequest {
    pb::DiffRevisionsRequest {
        parent: parent.to_owned(),
        from_revision: Some(from),
        to_revision: Some(to),
        ..Default::default()
    }
}

async fn told(registry: &Running, request: pb::DiffRevisionsRequest) -> Result<Vec<String>, Error> {
    let field = |field: &pb::FieldDiff| format!("{}={}>{}", field.path, field.before, field.after);
    let one = |diff: &pb::ResourceDiff| {
        let fields: Vec<_> = diff.fields.iter().map(field).collect();
        let id = diff.resource.trim_start_matches("namespaces/default/");
        let action = diff.action().as_str_name().trim_start_matches("CHANGE_ACTION_");
        format!("{id} {action} {} {}", diff.changes, fields.join(" "))
    };
    Ok(registry.client.diff_revisions(request).await?.diffs.iter().map(one).collect())
}

#[tokio::test]
async fn what_changed_in_a_model_yesterday_is_one_call() {
    let registry = start().await;
    model_with_versions(&registry.client, "m", 1).await;
    model_with_versions(&registry.client, "m-2", 1).await;
    registry.clock.advance(24 * HOUR).await;
    let labels = [("season".to_owned(), "winter".to_owned())].into();
    let criticality = Some(pb::Criticality { tier: 2, reason: "it pays".to_owned(), ..Default::default() });
    let model = pb::Model { name: name("m").to_string(), surface: "feed".to_owned(), ..Default::default() };
    update(&registry, pb::Model { surface: "lost".to_owned(), ..model.clone() }).await;
    update(&registry, pb::Model { criticality, labels, ..model }).await;
    registry.client.create_version(new_version("m", '2')).await.unwrap();
    update(&registry, pb::Model { name: name("m-2").to_string(), surface: "feed".to_owned(), ..Default::default() })
        .await;
    registry.clock.advance(24 * HOUR).await;
    update(&registry, pb::Model { name: name("m").to_string(), surface: "today".to_owned(), ..Default::default() })
        .await;
    let at = |text: &str| {
        let at: jiff::Timestamp = text.parse().unwrap();
        Some(prost_types::Timestamp { seconds: at.as_second(), nanos: 0 })
    };
    let request = pb::DiffRevisionsRequest {
        parent: name("m").to_string(),
        from_time: at("2026-01-01T23:59:59Z"),
        to_time: at("2026-01-02T23:59:59Z"),
        ..Default::default()
    };
    let digest = "2".repeat(64);
    let wanted = [
        "models/m UPDATE 2 criticality.reason=>it pays criticality.tier=>2 effective_tier=4>2 labels.season=>winter \
         surface=>feed"
            .to_owned(),
        format!("models/m/versions/2 CREATE 1 artifact_digest=>sha256:{digest} artifact_uri=>s3://models/m"),
    ];
    assert_eq!(told(&registry, request.clone()).await.unwrap(), wanted);
    let last = registry.client.diff_revisions(request).await.unwrap().diffs[0].last_change.clone().unwrap();
    assert_eq!((last.principal.as_str(), last.reason.as_str()), ("anonymous", "for a test"));
}

#[tokio::test]
async fn a_type_that_matters_more_is_told_of_its_models() {
    let registry = start().await;
    let model_type = |tier| {
        let criticality = Some(pb::Criticality { tier, ..Default::default() });
        let name = "namespaces/default/modelTypes/ranker".to_owned();
        let model_type = Some(pb::ModelType { name, criticality, ..Default::default() });
        pb::UpdateModelTypeRequest { model_type, allow_missing: true, ..Default::default() }
    };
    registry.client.update_model_type(model_type(3)).await.unwrap();
    let mut typed = new_model("m");
    typed.model.as_mut().unwrap().model_type = "namespaces/default/modelTypes/ranker".to_owned();
    registry.client.create_model(typed).await.unwrap();
    let from = revision(&registry).await;
    registry.client.update_model_type(model_type(0)).await.unwrap();
    let to = revision(&registry).await;
    let wanted = ["modelTypes/ranker UPDATE 1 criticality.tier=3>0", "models/m UPDATE 0 effective_tier=3>0"];
    assert_eq!(
        told(&registry, between("namespaces/default", from, to)).await.unwrap(),
        wanted.map(|one| {
            // Names are in the order of bytes.
            one.to_owned()
        })
    );
    let of_model = told(&registry, between(&name("m").to_string(), from, to)).await.unwrap();
    assert_eq!(of_model, ["models/m UPDATE 0 effective_tier=3>0"]);
}

#[tokio::test]
async fn what_was_changed_back_is_not_different_and_what_is_gone_is() {
    let registry = start().await;
    model_with_versions(&registry.client, "m", 1).await;
    let from = revision(&registry).await;
    for surface in ["a", "b"] {
        update(&registry, pb::Model { name: name("m").to_string(), surface: surface.to_owned(), ..Default::default() })
            .await;
    }
    let model = Some(pb::Model { name: name("m").to_string(), ..Default::default() });
    let update_mask = Some(prost_types::FieldMask { paths: vec!["surface".to_owned()] });
    registry.client.update_model(pb::UpdateModelRequest { model, update_mask, ..Default::default() }).await.unwrap();
    let same = revision(&registry).await;
    assert!(told(&registry, between("", from, same)).await.unwrap().is_empty());
    assert!(told(&registry, between("", from, from)).await.unwrap().is_empty());
    let deletion = pb::DeleteModelRequest { name: name("m").to_string(), ..Default::default() };
    registry.client.delete_model(deletion).await.unwrap();
    let deleted = told(&registry, between("", same, revision(&registry).await)).await.unwrap();
    assert!(deleted[0].starts_with("models/m UPDATE 1 delete_time=>2026-01-01T00:00:00Z purge_time="), "{deleted:?}");
    while registry.client.get_model(&name("m")).await.is_ok() {
        registry.clock.advance(24 * HOUR).await;
    }
    let gone = told(&registry, between(&name("m").to_string(), same, revision(&registry).await)).await.unwrap();
    let actions: Vec<_> = gone.iter().map(|one| one.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(actions, ["models/m DELETE", "models/m/traffic DELETE", "models/m/versions/1 DELETE"]);
    let never = told(&registry, between(&name("m").to_string(), 0, revision(&registry).await)).await.unwrap();
    assert!(never.is_empty(), "what came and went is not different: {never:?}");
}

#[tokio::test]
async fn pages_are_of_one_pair_of_revisions_across_changes_and_a_restart() {
    let registry = start().await;
    let from = revision(&registry).await;
    for id in ["a", "b", "c"] {
        model_with_versions(&registry.client, id, 1).await;
    }
    let now = pb::DiffRevisionsRequest { page_size: 4, ..between("namespaces/default/models/-", from, 0) };
    let now = pb::DiffRevisionsRequest { parent: "namespaces/default".to_owned(), to_revision: None, ..now };
    let first = registry.client.diff_revisions(now.clone()).await.unwrap();
    assert_eq!((first.diffs.len(), first.from_revision), (4, from));
    registry.client.create_model(new_model("aa")).await.unwrap();
    let registry = registry.restart().await;
    let (mut names, mut token) = (first.diffs, first.next_page_token);
    while !token.is_empty() {
        let next = pb::DiffRevisionsRequest { page_token: token, ..now.clone() };
        let page = registry.client.diff_revisions(next).await.unwrap();
        assert_eq!((page.from_revision, page.to_revision), (first.from_revision, first.to_revision));
        names.extend(page.diffs);
        token = page.next_page_token;
    }
    let names: Vec<_> =
        names.iter().map(|diff| diff.resource.trim_start_matches("namespaces/default/models/")).collect();
    let wanted = ["a", "a/traffic", "a/versions/1", "b", "b/traffic", "b/versions/1", "c", "c/traffic", "c/versions/1"];
    assert_eq!(names, wanted);
}

#[tokio::test]
async fn moments_that_make_no_sense_are_refused() {
    let registry = start().await;
    model_with_versions(&registry.client, "m", 1).await;
    let current = revision(&registry).await;
    let asked = async |request: pb::DiffRevisionsRequest| registry.client.diff_revisions(request).await;
    assert_eq!(fields(asked(between("", current, current - 1)).await), ["to_revision"]);
    assert_eq!(reason(asked(between("", 2, current + 1)).await), "REVISION_AHEAD");
    assert_eq!(reason(asked(between("", 1, current)).await), "TOO_OLD");
    assert_eq!(fields(asked(pb::DiffRevisionsRequest::default()).await), ["from_revision"]);
    let instant = Some(prost_types::Timestamp { seconds: 1, nanos: 0 });
    let twice = pb::DiffRevisionsRequest { from_time: instant, to_time: instant, ..between("", 2, current) };
    assert_eq!(fields(asked(twice).await), ["from_time", "to_time"]);
    assert_eq!(fields(asked(between("projects/x", 2, current)).await), ["parent"]);
    // Before the ledger there was nothing.
    let all = pb::DiffRevisionsRequest { from_revision: None, from_time: instant, ..between("", 0, current) };
    let all = asked(all).await.unwrap();
    assert_eq!((all.from_revision, all.diffs.iter().all(|diff| diff.action() == pb::ChangeAction::Create)), (0, true));
    let then = registry.client.as_of(AsOf::Revision(2));
    assert_eq!(then.diff_revisions(between("", 2, current)).await.unwrap().to_revision, current);
}
