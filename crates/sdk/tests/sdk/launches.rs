//! Following launches across breaks.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use futures_util::{Stream, StreamExt as _, stream};
use slipway_proto::launcher::v1::launcher_server::{Launcher as Service, LauncherServer};
use slipway_sdk::{Code, Launcher, pb};
use tokio::time::timeout;
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use crate::serving::{PATIENCE, Serving};

type Messages = Vec<Result<pb::WatchLaunchesResponse, Status>>;

/// Plays one script a stream.
#[derive(Clone, Default)]
struct Scripted {
    scripts: Arc<Mutex<Vec<Messages>>>,
    asked: Arc<Mutex<Vec<Option<i64>>>>,
}

macro_rules! launcher {
    ($($method:ident($request:ident) -> $answer:ident;)*) => {
        #[tonic::async_trait]
        impl Service for Scripted {
            $(async fn $method(&self, _: Request<pb::$request>) -> Result<Response<pb::$answer>, Status> {
                Ok(Response::new(pb::$answer::default()))
            })*

            type WatchLaunchesStream =
                Pin<Box<dyn Stream<Item = Result<pb::WatchLaunchesResponse, Status>> + Send>>;

            async fn watch_launches(
                &self,
                request: Request<pb::WatchLaunchesRequest>,
            ) -> Result<Response<Self::WatchLaunchesStream>, Status> {
                self.asked.lock().unwrap().push(request.into_inner().after_revision);
                let script = self.scripts.lock().unwrap().remove(0);
                Ok(Response::new(Box::pin(stream::iter(script))))
            }
        }
    };
}

launcher! {
    create_launch(CreateLaunchRequest) -> Launch;
    get_launch(GetLaunchRequest) -> Launch;
    list_launches(ListLaunchesRequest) -> ListLaunchesResponse;
    pause_launch(PauseLaunchRequest) -> Launch;
    resume_launch(ResumeLaunchRequest) -> Launch;
    promote_launch(PromoteLaunchRequest) -> Launch;
    abort_launch(AbortLaunchRequest) -> Launch;
    explain_launch(ExplainLaunchRequest) -> ExplainLaunchResponse;
}

fn at(revision: i64) -> Result<pb::WatchLaunchesResponse, Status> {
    Ok(pb::WatchLaunchesResponse { launch: None, revision, initial: false })
}

fn first(revision: i64) -> Result<pb::WatchLaunchesResponse, Status> {
    Ok(pb::WatchLaunchesResponse { launch: None, revision, initial: true })
}

/// What a follower sees of the scripts until its end: revisions, and the codes of interruptions. And what the
/// launcher was asked to resume after.
async fn follow(scripts: Vec<Messages>) -> (Vec<Result<i64, Code>>, Vec<Option<i64>>) {
    let scripted = Scripted::default();
    *scripted.scripts.lock().unwrap() = scripts;
    let serving = Serving::start(Routes::new(LauncherServer::new(scripted.clone())));
    let launches = Launcher::new(&serving.endpoint()).watch(pb::WatchLaunchesRequest::default());
    let seen = launches.map(|item| item.map(|message| message.revision).map_err(|error| error.code()));
    let seen = timeout(PATIENCE, seen.collect()).await.expect("the last script ends the stream");
    let asked = scripted.asked.lock().unwrap().clone();
    (seen, asked)
}

fn end() -> Messages {
    vec![Err(Status::not_found("no such launch"))]
}

#[tokio::test]
async fn a_break_is_told_and_resumed_after_the_last_revision() {
    let broken = vec![first(3), at(4), at(6), Err(Status::unavailable("stopping"))];
    let (seen, asked) = follow(vec![broken, vec![at(7)], end()]).await;
    assert_eq!(seen, [Ok(3), Ok(4), Ok(6), Err(Code::Unavailable), Ok(7), Err(Code::NotFound)]);
    assert_eq!(asked, [None, Some(6), Some(7)]);
}

#[tokio::test]
async fn a_break_within_the_first_state_asks_for_all_of_it_again() {
    let (seen, asked) = follow(vec![vec![first(3), Err(Status::unavailable("stopping"))], end()]).await;
    assert_eq!(seen, [Ok(3), Err(Code::Unavailable), Err(Code::NotFound)]);
    assert_eq!(asked, [None, None]);
}

#[tokio::test]
async fn a_gap_in_history_begins_anew_without_a_word() {
    let forgotten = vec![Err(Status::out_of_range("forgotten"))];
    let (seen, asked) = follow(vec![vec![at(4)], forgotten, vec![first(9)], end()]).await;
    assert_eq!(seen, [Ok(4), Ok(9), Err(Code::NotFound)]);
    assert_eq!(asked, [None, Some(4), None, None]);
}
