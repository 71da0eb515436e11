//! The handlers: who calls, what is asked, what is done, what is answered. Nothing is decided here.

use std::sync::Arc;

use futures_util::TryStreamExt;
use slipway_chassis::handle::{Answer, Messages, messages};
use slipway_chassis::{Caller, handle};
use slipway_proto::launcher::v1 as pb;
use slipway_proto::launcher::v1::launcher_server::{Launcher as Service, LauncherServer};
use tonic::Request;
use tonic::service::Routes;

use crate::{Error, Launcher, convert};

/// The launcher's handlers.
pub struct Handlers(Arc<Launcher>);

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

/// The way of every call, under the caller's own request id for whoever is asked on the way.
async fn handle<M, T, F>(request: Request<M>, work: impl FnOnce(Caller, M) -> F) -> Answer<T>
where
    F: Future<Output = Result<T, Error>>,
{
    let on_behalf = async |caller: Caller, message| {
        let id = caller.request_id.clone();
        slipway_sdk::with_request_id(id.as_str(), work(caller, message)).await
    };
    handle::handle(request, on_behalf).await
}

#[tonic::async_trait]
impl Service for Handlers {
    async fn create_launch(&self, request: Request<pb::CreateLaunchRequest>) -> Answer<pb::Launch> {
        handle(request, async |caller, message| {
            let (intent, wanted) = convert::create_launch(caller, message)?;
            self.0.create_launch(&intent, wanted).await.map(convert::launch)
        })
        .await
    }

    async fn get_launch(&self, request: Request<pb::GetLaunchRequest>) -> Answer<pb::Launch> {
        handle(request, async |caller, message| {
            let name = convert::get_launch(message)?;
            self.0.get_launch(&caller, &name).map(convert::launch)
        })
        .await
    }

    async fn list_launches(&self, request: Request<pb::ListLaunchesRequest>) -> Answer<pb::ListLaunchesResponse> {
        handle(request, async |caller, message| {
            let query = convert::list_launches(message)?;
            self.0.list_launches(&caller, &query).map(convert::listed)
        })
        .await
    }

    type WatchLaunchesStream = Messages<pb::WatchLaunchesResponse>;

    async fn watch_launches(&self, request: Request<pb::WatchLaunchesRequest>) -> Answer<Self::WatchLaunchesStream> {
        handle(request, async |caller, message| {
            let (scope, after) = convert::watch_launches(message)?;
            let events = self.0.watch_launches(&caller, scope, after).await?;
            Ok(messages(caller, events.map_ok(convert::watch_event)))
        })
        .await
    }

    async fn pause_launch(&self, request: Request<pb::PauseLaunchRequest>) -> Answer<pb::Launch> {
        handle(request, async |caller, message| {
            let (intent, target) = convert::pause_launch(caller, message)?;
            self.0.pause_launch(&intent, &target).await.map(convert::launch)
        })
        .await
    }

    async fn resume_launch(&self, request: Request<pb::ResumeLaunchRequest>) -> Answer<pb::Launch> {
        handle(request, async |caller, message| {
            let (intent, target) = convert::resume_launch(caller, message)?;
            self.0.resume_launch(&intent, &target).await.map(convert::launch)
        })
        .await
    }

    async fn promote_launch(&self, request: Request<pb::PromoteLaunchRequest>) -> Answer<pb::Launch> {
        handle(request, async |caller, message| {
            let (intent, target) = convert::promote_launch(caller, message)?;
            self.0.promote_launch(&intent, &target).await.map(convert::launch)
        })
        .await
    }

    async fn abort_launch(&self, request: Request<pb::AbortLaunchRequest>) -> Answer<pb::Launch> {
        handle(request, async |caller, message| {
            let (intent, target) = convert::abort_launch(caller, message)?;
            self.0.abort_launch(&intent, &target).await.map(convert::launch)
        })
        .await
    }

    async fn explain_launch(&self, request: Request<pb::ExplainLaunchRequest>) -> Answer<pb::ExplainLaunchResponse> {
        handle(request, async |caller, message| {
            let (name, events) = convert::explain_launch(message)?;
            self.0.explain_launch(&caller, &name, events).await.map(convert::explained)
        })
        .await
    }
}
