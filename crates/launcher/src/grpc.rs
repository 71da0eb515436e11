//! The handlers: who calls, what is asked, what is done, what is answered. Nothing is decided here.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::{Stream, StreamExt};
use slipway_chassis::{Caller, caller};
use slipway_proto::launcher::v1 as pb;
use slipway_proto::launcher::v1::launcher_server::{Launcher as Service, LauncherServer};
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use crate::{Error, Launcher, convert};

/// The launcher's handlers.
pub struct Handlers(Arc<Launcher>);

type Answer<T> = Result<Response<T>, Status>;

impl Handlers {
    /// Handlers over `launcher`.
    #[must_use]
    pub fn new(launcher: Arc<Launcher>) -> Self {
        Self(launcher)
    }

    /// The routes to them; a longer message than `most` bytes is refused.
    #[must_use]
    pub fn routes(self, most: usize) -> Routes {
        Routes::new(LauncherServer::new(self).max_decoding_message_size(most).max_encoding_message_size(most))
    }
}

/// The way of every call: the answer, or the status that tells the caller what is wrong.
fn answer<T>(caller: &Caller, result: Result<T, Error>) -> Answer<T> {
    result.map(Response::new).map_err(|error| caller.status(&error))
}

/// The use case, under the caller's own request id for whoever is asked on the way.
async fn on_behalf<T>(caller: &Caller, work: impl Future<Output = Result<T, Error>>) -> Answer<T> {
    answer(caller, slipway_sdk::with_request_id(caller.request_id.as_str(), work).await)
}

#[tonic::async_trait]
impl Service for Handlers {
    async fn create_launch(&self, request: Request<pb::CreateLaunchRequest>) -> Answer<pb::Launch> {
        let caller = caller(&request);
        let work = async {
            let (intent, wanted) = convert::create_launch(caller.clone(), request.into_inner())?;
            Ok(convert::launch(&self.0.create_launch(&intent, wanted).await?))
        };
        on_behalf(&caller, work).await
    }

    async fn get_launch(&self, request: Request<pb::GetLaunchRequest>) -> Answer<pb::Launch> {
        let caller = caller(&request);
        let found = convert::name(&request.into_inner().name).and_then(|name| self.0.get_launch(&name));
        answer(&caller, found.map(|found| convert::launch(&found)))
    }

    async fn list_launches(&self, request: Request<pb::ListLaunchesRequest>) -> Answer<pb::ListLaunchesResponse> {
        let caller = caller(&request);
        let query = convert::list_launches(request.into_inner());
        let listed = query.and_then(|query| self.0.list_launches(&query));
        answer(&caller, listed.map(convert::listed))
    }

    type WatchLaunchesStream = Pin<Box<dyn Stream<Item = Result<pb::WatchLaunchesResponse, Status>> + Send>>;

    async fn watch_launches(&self, request: Request<pb::WatchLaunchesRequest>) -> Answer<Self::WatchLaunchesStream> {
        let caller = caller(&request);
        let result = async {
            let (scope, after) = convert::watch_launches(request.into_inner())?;
            let events = self.0.watch_launches(scope, after).await?;
            let listener = caller.clone();
            let shown = events.map(move |event| match event {
                Ok(event) => Ok(convert::watch_event(event)),
                Err(error) => Err(listener.status(&error)),
            });
            Ok(Box::pin(shown) as Self::WatchLaunchesStream)
        };
        answer(&caller, result.await)
    }

    async fn pause_launch(&self, request: Request<pb::PauseLaunchRequest>) -> Answer<pb::Launch> {
        let caller = caller(&request);
        let work = async {
            let (intent, target) = convert::pause_launch(caller.clone(), request.into_inner())?;
            Ok(convert::launch(&self.0.pause_launch(&intent, &target).await?))
        };
        on_behalf(&caller, work).await
    }

    async fn resume_launch(&self, request: Request<pb::ResumeLaunchRequest>) -> Answer<pb::Launch> {
        let caller = caller(&request);
        let work = async {
            let (intent, target) = convert::resume_launch(caller.clone(), request.into_inner())?;
            Ok(convert::launch(&self.0.resume_launch(&intent, &target).await?))
        };
        on_behalf(&caller, work).await
    }

    async fn promote_launch(&self, request: Request<pb::PromoteLaunchRequest>) -> Answer<pb::Launch> {
        let caller = caller(&request);
        let work = async {
            let (intent, target) = convert::promote_launch(caller.clone(), request.into_inner())?;
            Ok(convert::launch(&self.0.promote_launch(&intent, &target).await?))
        };
        on_behalf(&caller, work).await
    }

    async fn abort_launch(&self, request: Request<pb::AbortLaunchRequest>) -> Answer<pb::Launch> {
        let caller = caller(&request);
        let work = async {
            let (intent, target) = convert::abort_launch(caller.clone(), request.into_inner())?;
            Ok(convert::launch(&self.0.abort_launch(&intent, &target).await?))
        };
        on_behalf(&caller, work).await
    }

    async fn explain_launch(&self, request: Request<pb::ExplainLaunchRequest>) -> Answer<pb::ExplainLaunchResponse> {
        let caller = caller(&request);
        let result = async {
            let (name, events) = convert::explain_launch(request.into_inner())?;
            Ok(convert::explained(self.0.explain_launch(&name, events).await?))
        };
        answer(&caller, result.await)
    }
}
