//! The handlers: who calls, what is asked, what is done, what is answered. Nothing is decided here.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::{Stream, StreamExt};
use slipway_chassis::{Caller, caller};
use slipway_domain::name::{ModelName, ModelTypeName, VersionName};
use slipway_proto::registry::v1 as pb;
use slipway_proto::registry::v1::registry_server::{Registry as Service, RegistryServer};
use slipway_proto::r#type::v1::Traffic;
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use crate::service::Found;
use crate::state::Kept;
use crate::{Error, Registry, convert};

/// The registry's handlers.
pub struct Handlers(Arc<Registry>);

type Answer<T> = Result<Response<T>, Status>;

impl Handlers {
    /// Handlers over `registry`.
    #[must_use]
    pub fn new(registry: Arc<Registry>) -> Self {
        Self(registry)
    }

    /// The routes to them; a longer message than `most` bytes is refused.
    #[must_use]
    pub fn routes(self, most: usize) -> Routes {
        Routes::new(RegistryServer::new(self).max_decoding_message_size(most).max_encoding_message_size(most))
    }
}

/// The way of every call: the answer, or the status that tells the caller what is wrong.
fn answer<T>(caller: &Caller, result: Result<T, Error>) -> Answer<T> {
    result.map(Response::new).map_err(|error| caller.status(&error))
}

#[tonic::async_trait]
impl Service for Handlers {
    async fn create_model_type(&self, request: Request<pb::CreateModelTypeRequest>) -> Answer<pb::ModelType> {
        let caller = caller(&request);
        let result = async {
            let (intent, wanted) = convert::create_model_type(caller.clone(), request.into_inner())?;
            let Found { value, revision } = self.0.create_model_type(&intent, wanted).await?;
            Ok(convert::kept_type(&Kept { value: value.into(), revision }))
        };
        answer(&caller, result.await)
    }

    async fn get_model_type(&self, request: Request<pb::GetModelTypeRequest>) -> Answer<pb::ModelType> {
        let caller = caller(&request);
        let name = convert::name::<ModelTypeName>(&request.into_inner().name);
        let found = name.and_then(|name| self.0.get_model_type(&name));
        answer(&caller, found.map(|kept| convert::kept_type(&kept)))
    }

    async fn list_model_types(
        &self,
        request: Request<pb::ListModelTypesRequest>,
    ) -> Answer<pb::ListModelTypesResponse> {
        let caller = caller(&request);
        let query = convert::list_model_types(request.into_inner());
        let found = query.and_then(|query| self.0.list_model_types(&query));
        let page = found.map(|found| convert::listed(found, convert::kept_type));
        answer(
            &caller,
            page.map(|(model_types, next_page_token, revision, total_size)| pb::ListModelTypesResponse {
                model_types,
                next_page_token,
                revision,
                total_size,
            }),
        )
    }

    async fn update_model_type(&self, request: Request<pb::UpdateModelTypeRequest>) -> Answer<pb::ModelType> {
        let caller = caller(&request);
        let result = async {
            let (intent, update) = convert::update_model_type(caller.clone(), request.into_inner())?;
            let Found { value, revision } = self.0.update_model_type(&intent, update).await?;
            Ok(convert::kept_type(&Kept { value: value.into(), revision }))
        };
        answer(&caller, result.await)
    }

    async fn create_model(&self, request: Request<pb::CreateModelRequest>) -> Answer<pb::Model> {
        let caller = caller(&request);
        let result = async {
            let (intent, wanted) = convert::create_model(caller.clone(), request.into_inner())?;
            let created = self.0.create_model(&intent, wanted).await?;
            Ok(convert::model(&created, pb::View::Full))
        };
        answer(&caller, result.await)
    }

    async fn get_model(&self, request: Request<pb::GetModelRequest>) -> Answer<pb::Model> {
        let caller = caller(&request);
        let pb::GetModelRequest { name, view } = request.into_inner();
        let result = convert::view(view).and_then(|view| {
            let found = self.0.get_model(&convert::name::<ModelName>(&name)?)?;
            Ok(convert::model(&found, view))
        });
        answer(&caller, result)
    }

    async fn list_models(&self, request: Request<pb::ListModelsRequest>) -> Answer<pb::ListModelsResponse> {
        let caller = caller(&request);
        let page = convert::list_models(request.into_inner()).and_then(|(query, view)| {
            let found = self.0.list_models(&query)?;
            Ok(convert::listed(found, |listed| convert::model(listed, view)))
        });
        answer(
            &caller,
            page.map(|(models, next_page_token, revision, total_size)| pb::ListModelsResponse {
                models,
                next_page_token,
                revision,
                total_size,
            }),
        )
    }

    async fn update_model(&self, request: Request<pb::UpdateModelRequest>) -> Answer<pb::Model> {
        let caller = caller(&request);
        let result = async {
            let (intent, update) = convert::update_model(caller.clone(), request.into_inner())?;
            let updated = self.0.update_model(&intent, update).await?;
            Ok(convert::model(&updated, pb::View::Full))
        };
        answer(&caller, result.await)
    }

    async fn create_version(&self, request: Request<pb::CreateVersionRequest>) -> Answer<pb::Version> {
        let caller = caller(&request);
        let result = async {
            let (intent, wanted) = convert::create_version(caller.clone(), request.into_inner())?;
            let created = self.0.create_version(&intent, wanted).await?;
            Ok(convert::found_version(&created))
        };
        answer(&caller, result.await)
    }

    async fn get_version(&self, request: Request<pb::GetVersionRequest>) -> Answer<pb::Version> {
        let caller = caller(&request);
        let name = convert::name::<VersionName>(&request.into_inner().name);
        let found = name.and_then(|name| self.0.get_version(&name));
        answer(&caller, found.map(|kept| convert::kept_version(&kept)))
    }

    async fn list_versions(&self, request: Request<pb::ListVersionsRequest>) -> Answer<pb::ListVersionsResponse> {
        let caller = caller(&request);
        let query = convert::list_versions(request.into_inner());
        let found = query.and_then(|query| self.0.list_versions(&query));
        let page = found.map(|found| convert::listed(found, convert::kept_version));
        answer(
            &caller,
            page.map(|(versions, next_page_token, revision, _)| pb::ListVersionsResponse {
                versions,
                next_page_token,
                revision,
            }),
        )
    }

    async fn update_version(&self, request: Request<pb::UpdateVersionRequest>) -> Answer<pb::Version> {
        let caller = caller(&request);
        let result = async {
            let (intent, update) = convert::update_version(caller.clone(), request.into_inner())?;
            let updated = self.0.update_version(&intent, update).await?;
            Ok(convert::found_version(&updated))
        };
        answer(&caller, result.await)
    }

    async fn quarantine_version(&self, request: Request<pb::QuarantineVersionRequest>) -> Answer<pb::Version> {
        let caller = caller(&request);
        let result = async {
            let (intent, name) = convert::quarantine_version(caller.clone(), request.into_inner())?;
            let marked = self.0.quarantine_version(&intent, &name).await?;
            Ok(convert::found_version(&marked))
        };
        answer(&caller, result.await)
    }

    async fn get_traffic(&self, request: Request<pb::GetTrafficRequest>) -> Answer<Traffic> {
        let caller = caller(&request);
        let result = convert::traffic_name(&request.into_inner().name).and_then(|model| {
            let Kept { value, revision } = self.0.get_traffic(&model)?;
            Ok(convert::found_traffic(&model, &Found { value: (*value).clone(), revision }))
        });
        answer(&caller, result)
    }

    async fn set_traffic(&self, request: Request<pb::SetTrafficRequest>) -> Answer<Traffic> {
        let caller = caller(&request);
        let result = async {
            let (intent, set) = convert::set_traffic(caller.clone(), request.into_inner())?;
            let model = set.model.clone();
            let moved = self.0.set_traffic(&intent, set).await?;
            Ok(convert::found_traffic(&model, &moved))
        };
        answer(&caller, result.await)
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<pb::WatchResponse, Status>> + Send>>;

    async fn watch(&self, request: Request<pb::WatchRequest>) -> Answer<Self::WatchStream> {
        let caller = caller(&request);
        let result = async {
            let events = self.0.watch(convert::watch(request.into_inner())?).await?;
            Ok(self.shown(events, caller.clone()))
        };
        answer(&caller, result.await)
    }

    async fn list_changes(&self, request: Request<pb::ListChangesRequest>) -> Answer<pb::ListChangesResponse> {
        let caller = caller(&request);
        let result = async {
            let page = self.0.list_changes(&convert::list_changes(request.into_inner())).await?;
            Ok(convert::changes_page(page, &self.0.state()))
        };
        answer(&caller, result.await)
    }
}

impl Handlers {
    /// A stream of events as the wire shows them.
    fn shown(
        &self,
        events: impl Stream<Item = Result<crate::service::Event, Error>> + Send + 'static,
        caller: Caller,
    ) -> <Self as Service>::WatchStream {
        let registry = Arc::clone(&self.0);
        let shown = events.map(move |event| match event {
            Ok(event) => Ok(convert::watch_event(&event, &registry.state())),
            Err(error) => Err(caller.status(&error)),
        });
        Box::pin(shown)
    }
}
