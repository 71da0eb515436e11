//! Listings.

use slipway_sdk::name::ModelName;
use slipway_sdk::pb::{self, LaunchState};

use crate::support::{DAY, HOUR, Running, fields, new_launch, reason, start};

fn all() -> pb::ListLaunchesRequest {
    pb::ListLaunchesRequest { parent: "namespaces/default".to_owned(), ..Default::default() }
}

/// Five models with a launch each, an hour apart; the names of the launches, oldest first.
async fn five() -> (Running, Vec<String>) {
    let running = start().await;
    let mut names = Vec::new();
    for id in ["e", "d", "c", "b", "a"] {
        let model: ModelName = format!("namespaces/default/models/{id}").parse().unwrap();
        running.world.add_model(&model);
        let request = pb::CreateLaunchRequest { candidate: model.version(2).to_string(), ..new_launch(2) };
        names.push(running.client.create_launch(request).await.unwrap().name);
        running.clock.advance(HOUR).await;
    }
    (running, names)
}

fn names(page: &pb::ListLaunchesResponse) -> Vec<String> {
    page.launches.iter().map(|launch| launch.name.clone()).collect()
}

#[tokio::test]
async fn launches_are_listed_newest_first() {
    let (running, mut made) = five().await;
    made.reverse();
    for parent in ["namespaces/default", "namespaces/-"] {
        let page = running.client.list_launches(pb::ListLaunchesRequest { parent: parent.to_owned(), ..all() }).await;
        assert_eq!(names(&page.unwrap()), made);
    }
    let elsewhere = pb::ListLaunchesRequest { parent: "namespaces/other".to_owned(), ..all() };
    assert_eq!(names(&running.client.list_launches(elsewhere).await.unwrap()), [] as [&str; 0]);
}

#[tokio::test]
async fn all_pages_are_of_one_revision() {
    let (running, mut made) = five().await;
    made.reverse();
    let mut found = Vec::new();
    let mut request = pb::ListLaunchesRequest { page_size: 2, ..all() };
    let mut revisions = Vec::new();
    loop {
        let page = running.client.list_launches(request.clone()).await.unwrap();
        found.extend(names(&page));
        revisions.push(page.revision);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
        // What changes meanwhile is not seen.
        running.clock.advance(DAY).await;
        assert!(page.launches.iter().all(|launch| launch.state() == LaunchState::Shadowing));
    }
    assert_eq!(found, made);
    revisions.dedup();
    assert_eq!(revisions.len(), 1);
}

#[tokio::test]
async fn a_listing_can_be_of_one_model_and_of_some_states() {
    let (running, made) = five().await;
    let one = pb::ListLaunchesRequest { model: "namespaces/default/models/c".to_owned(), ..all() };
    assert_eq!(names(&running.client.list_launches(one).await.unwrap()), [made[2].clone()]);
    running.clock.advance(DAY - 4 * HOUR).await;
    let ramping = pb::ListLaunchesRequest { states: vec![LaunchState::Ramping.into()], ..all() };
    let page = running.client.list_launches(ramping).await.unwrap();
    assert_eq!(names(&page), [made[1].clone(), made[0].clone()]);
    let ended =
        pb::ListLaunchesRequest { states: vec![LaunchState::Succeeded.into(), LaunchState::Aborted.into()], ..all() };
    assert_eq!(running.client.list_launches(ended).await.unwrap().launches, []);
}

#[tokio::test]
async fn a_token_belongs_to_its_question() {
    let (running, _) = five().await;
    let page = running.client.list_launches(pb::ListLaunchesRequest { page_size: 2, ..all() }).await.unwrap();
    let page_token = page.next_page_token;
    let other = pb::ListLaunchesRequest { page_token, states: vec![LaunchState::Ramping.into()], ..all() };
    assert_eq!(fields(running.client.list_launches(other).await), ["page_token"]);
}

#[tokio::test]
async fn wrong_questions_are_refused() {
    let running = start().await;
    let wrong = pb::ListLaunchesRequest {
        parent: "x".to_owned(),
        model: "y".to_owned(),
        states: vec![LaunchState::Ramping.into(), 0, 99],
        ..all()
    };
    let refused = fields(running.client.list_launches(wrong).await);
    assert_eq!(refused, ["parent", "model", "states[1]", "states[2]"]);
    let huge = pb::ListLaunchesRequest { page_size: 1001, ..all() };
    assert_eq!(fields(running.client.list_launches(huge).await), ["page_size"]);
    let none = "namespaces/default/launches/none".parse().unwrap();
    assert_eq!(reason(running.client.get_launch(&none).await), "NOT_FOUND");
}
