//! The client of the launcher.

use slipway_domain::name::LaunchName;
use slipway_proto::launcher::v1::launcher_client::LauncherClient;
use tonic::Streaming;

use crate::authorize::Wire;
use crate::call::{LARGEST_MESSAGE, Terms, identified, mutations, unary};
use crate::context::Carried;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::follow::{Follow, Place, Subject};
use crate::pb;

/// Calls the launcher.
///
/// Cheap to clone; clones share a connection. Every call has the endpoint's deadline. Mutations without a
/// `request_id` are given one, so that repeating them has no second effect.
///
/// # Errors
/// Every method fails as the service says by [`Error::reason`], with `UNAVAILABLE` if it can't be reached, and with
/// `DEADLINE_EXCEEDED` if it does not answer in time.
#[derive(Debug, Clone)]
pub struct Launcher {
    stub: LauncherClient<Wire>,
    terms: Terms,
}

mutations!(CreateLaunchRequest, PauseLaunchRequest, ResumeLaunchRequest, PromoteLaunchRequest, AbortLaunchRequest);

impl Launcher {
    /// A client of the launcher at `endpoint`, which is connected at the first call.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn new(endpoint: &Endpoint) -> Self {
        let stub = LauncherClient::new(endpoint.wire()).max_decoding_message_size(LARGEST_MESSAGE);
        Self { stub, terms: Terms::of(endpoint) }
    }

    /// The same client with another deadline for each call.
    #[must_use]
    pub fn with_deadline(&self, deadline: std::time::Duration) -> Self {
        Self { stub: self.stub.clone(), terms: Terms { deadline, ..self.terms.clone() } }
    }

    /// Launches a version.
    pub async fn create_launch(&self, request: pb::CreateLaunchRequest) -> Result<pb::Launch, Error> {
        unary!(self.create_launch(identified(request))).await
    }

    /// Returns a launch.
    pub async fn get_launch(&self, name: &LaunchName) -> Result<pb::Launch, Error> {
        unary!(self.get_launch(pb::GetLaunchRequest { name: name.to_string() })).await
    }

    /// Lists one page of launches, newest first.
    pub async fn list_launches(&self, request: pb::ListLaunchesRequest) -> Result<pb::ListLaunchesResponse, Error> {
        unary!(self.list_launches(request)).await
    }

    /// Holds a launch where it is.
    pub async fn pause_launch(&self, request: pb::PauseLaunchRequest) -> Result<pb::Launch, Error> {
        unary!(self.pause_launch(identified(request))).await
    }

    /// Lets a paused launch go on.
    pub async fn resume_launch(&self, request: pb::ResumeLaunchRequest) -> Result<pb::Launch, Error> {
        unary!(self.resume_launch(identified(request))).await
    }

    /// Skips the rest of the current bake.
    pub async fn promote_launch(&self, request: pb::PromoteLaunchRequest) -> Result<pb::Launch, Error> {
        unary!(self.promote_launch(identified(request))).await
    }

    /// Ends a launch.
    pub async fn abort_launch(&self, request: pb::AbortLaunchRequest) -> Result<pb::Launch, Error> {
        unary!(self.abort_launch(identified(request))).await
    }

    /// Says what a launch waits for.
    pub async fn explain_launch(&self, request: pb::ExplainLaunchRequest) -> Result<pb::ExplainLaunchResponse, Error> {
        unary!(self.explain_launch(request)).await
    }

    /// Follows the launches below `request.parent` as they are and then each change, across breaks of the
    /// connection. After a break longer than the launcher's history the launches come again as they are.
    #[must_use]
    pub fn watch(&self, request: pb::WatchLaunchesRequest) -> Follow<pb::WatchLaunchesResponse> {
        let after = request.after_revision.map(Place::on_trust);
        Follow::new(Launches { launcher: self.clone(), parent: request.parent }, after)
    }
}

struct Launches {
    launcher: Launcher,
    parent: String,
}

impl Subject for Launches {
    type Message = pb::WatchLaunchesResponse;

    async fn open(&self, carried: &Carried, after: Option<&Place>) -> Result<Streaming<Self::Message>, Error> {
        let after_revision = after.map(|place| place.revision);
        let request = pb::WatchLaunchesRequest { parent: self.parent.clone(), after_revision };
        let mut stub = self.launcher.stub.clone();
        self.terms().open(carried, stub.watch_launches(carried.request(request, None))).await
    }

    fn place(message: &Self::Message) -> Option<Place> {
        // The state a stream begins with is of one revision: resuming after it in the middle would skip the rest.
        (!message.initial).then_some(Place::on_trust(message.revision))
    }

    fn terms(&self) -> &Terms {
        &self.launcher.terms
    }
}
