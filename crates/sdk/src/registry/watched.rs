//! A watch of the registry: how it is begun, and how far it has come.

use tonic::Streaming;

use super::Registry;
use crate::call::Terms;
use crate::context::Carried;
use crate::error::Error;
use crate::follow::{Place, Subject};
use crate::pb;

/// What is watched, from wherever.
pub(super) struct Watched {
    pub registry: Registry,
    pub request: pb::WatchRequest,
}

impl Subject for Watched {
    type Message = pb::WatchResponse;

    async fn open(&self, carried: &Carried, after: Option<&Place>) -> Result<Streaming<pb::WatchResponse>, Error> {
        let request = pb::WatchRequest {
            after_revision: after.map(|place| place.revision),
            history: after.map(|place| place.history.clone()).unwrap_or_default(),
            ..self.request.clone()
        };
        let mut stub = self.registry.stub.clone();
        self.terms().open(carried, stub.watch(carried.request(request, None))).await
    }

    fn place(message: &pb::WatchResponse) -> Option<Place> {
        let revision = match message.event.as_ref()? {
            pb::watch_response::Event::InitialState(part) => part.complete.then_some(part.revision)?,
            pb::watch_response::Event::Changes(changes) => (!changes.partial).then_some(changes.revision)?,
            pb::watch_response::Event::Progress(progress) => progress.revision,
            pb::watch_response::Event::Ending(ending) => ending.revision,
        };
        Some(Place { revision, history: message.history.clone() })
    }

    fn is_farewell(message: &pb::WatchResponse) -> bool {
        matches!(message.event, Some(pb::watch_response::Event::Ending(_)))
    }

    fn terms(&self) -> &Terms {
        &self.registry.terms
    }
}
