//! The ledger: who changed what, when and why.

use slipway_sdk::pb;

use crate::support::{START, TEAMS, model_with_versions, name, new_model, start};

fn of(parent: &str, page_size: i32) -> pb::ListChangesRequest {
    pb::ListChangesRequest { parent: parent.to_owned(), page_size, ..Default::default() }
}

#[tokio::test]
async fn a_change_says_who_when_what_and_why() {
    let registry = start().await;
    registry.client.create_model(new_model("ctr")).await.unwrap();
    let model = pb::Model { name: name("ctr").to_string(), surface: "feed".to_owned(), ..Default::default() };
    let request = pb::UpdateModelRequest { model: Some(model), reason: "moved".to_owned(), ..Default::default() };
    registry.client.update_model(request).await.unwrap();
    let changes = registry.client.list_changes(of(&name("ctr").to_string(), 1)).await.unwrap().changes;
    let change = &changes[0];
    assert_eq!((change.principal.as_str(), change.reason.as_str()), ("anonymous", "moved"));
    assert_eq!(change.action(), pb::ChangeAction::Update);
    assert_eq!(change.changed_fields, ["surface"]);
    assert!(!change.request_id.is_empty());
    let start = START.parse::<jiff::Timestamp>().unwrap();
    assert_eq!(change.time.unwrap().seconds, start.as_second());
    let surface = |resource: &Option<pb::Resource>| match resource.clone().unwrap().resource.unwrap() {
        pb::resource::Resource::Model(model) => model.surface,
        other => panic!("{other:?}"),
    };
    assert_eq!((surface(&change.before), surface(&change.after)), (String::new(), "feed".to_owned()));
}

#[tokio::test]
async fn the_newest_comes_first_and_a_model_takes_in_its_versions_and_traffic() {
    let registry = start().await;
    model_with_versions(&registry.client, "ctr", 2).await;
    model_with_versions(&registry.client, "ctr-2", 1).await;
    let registry = registry.restart().await;
    let names = async |parent: &str| {
        let page = registry.client.list_changes(of(parent, 0)).await.unwrap();
        page.changes.into_iter().map(|change| change.resource).collect::<Vec<_>>()
    };
    let ctr = name("ctr");
    let wanted = [ctr.version(2).to_string(), ctr.version(1).to_string(), ctr.traffic(), ctr.to_string()];
    assert_eq!(names(&ctr.to_string()).await, wanted);
    assert_eq!(names("namespaces/default").await.len(), TEAMS.len() + 7);
    assert_eq!(names("").await.len(), TEAMS.len() + 7);
    assert!(names("namespaces/other").await.is_empty());
}

#[tokio::test]
async fn pages_of_the_ledger_do_not_move_while_it_grows() {
    let registry = start().await;
    model_with_versions(&registry.client, "ctr", 5).await;
    let first = registry.client.list_changes(of("", 3)).await.unwrap();
    registry.client.create_model(new_model("later")).await.unwrap();
    let mut next = of("", 3);
    next.page_token = first.next_page_token.clone();
    let second = registry.client.list_changes(next).await.unwrap();
    let names = |page: &pb::ListChangesResponse| page.changes.iter().map(|c| c.resource.clone()).collect::<Vec<_>>();
    let ctr = name("ctr");
    assert_eq!(names(&first), [5, 4, 3].map(|number| ctr.version(number).to_string()));
    assert_eq!(names(&second)[..2], [2, 1].map(|number| ctr.version(number).to_string()));
    assert_eq!(first.revision, second.revision);
}
