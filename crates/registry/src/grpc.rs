//! The handlers: who calls, what is asked, what is done, what is answered. Nothing is decided here.

use std::sync::Arc;

use futures_util::TryStreamExt;
use slipway_chassis::handle::{Answer, Messages, handle, messages};
use slipway_proto::registry::v1 as pb;
use slipway_proto::registry::v1::registry_server::{Registry as Service, RegistryServer};
use slipway_proto::r#type::v1::Traffic;
use tonic::Request;
use tonic::service::Routes;

use crate::{Registry, convert};

/// The registry's handlers.
pub struct Handlers(Arc<Registry>);

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

#[tonic::async_trait]
impl Service for Handlers {
    async fn create_model_type(&self, request: Request<pb::CreateModelTypeRequest>) -> Answer<pb::ModelType> {
        handle(request, async |caller, message| {
            let (intent, wanted) = convert::create_model_type(caller, message)?;
            self.0.create_model_type(&intent, wanted).await.map(convert::model_type)
        })
        .await
    }

    async fn get_model_type(&self, request: Request<pb::GetModelTypeRequest>) -> Answer<pb::ModelType> {
        handle(request, async |caller, message| {
            let name = convert::get_model_type(message)?;
            self.0.get_model_type(&caller, &name).map(convert::model_type)
        })
        .await
    }

    async fn list_model_types(
        &self,
        request: Request<pb::ListModelTypesRequest>,
    ) -> Answer<pb::ListModelTypesResponse> {
        handle(request, async |caller, message| {
            let query = convert::list_model_types(message)?;
            self.0.list_model_types(&caller, &query).map(convert::model_types)
        })
        .await
    }

    async fn update_model_type(&self, request: Request<pb::UpdateModelTypeRequest>) -> Answer<pb::ModelType> {
        handle(request, async |caller, message| {
            let (intent, update) = convert::update_model_type(caller, message)?;
            self.0.update_model_type(&intent, update).await.map(convert::model_type)
        })
        .await
    }

    async fn create_model(&self, request: Request<pb::CreateModelRequest>) -> Answer<pb::Model> {
        handle(request, async |caller, message| {
            let (intent, wanted) = convert::create_model(caller, message)?;
            self.0.create_model(&intent, wanted).await.map(|found| convert::model(found, pb::View::Full))
        })
        .await
    }

    async fn get_model(&self, request: Request<pb::GetModelRequest>) -> Answer<pb::Model> {
        handle(request, async |caller, message| {
            let (name, view) = convert::get_model(message)?;
            self.0.get_model(&caller, &name).map(|found| convert::model(found, view))
        })
        .await
    }

    async fn list_models(&self, request: Request<pb::ListModelsRequest>) -> Answer<pb::ListModelsResponse> {
        handle(request, async |caller, message| {
            let (query, view) = convert::list_models(message)?;
            self.0.list_models(&caller, &query).map(|found| convert::models(found, view))
        })
        .await
    }

    async fn update_model(&self, request: Request<pb::UpdateModelRequest>) -> Answer<pb::Model> {
        handle(request, async |caller, message| {
            let (intent, update) = convert::update_model(caller, message)?;
            self.0.update_model(&intent, update).await.map(|found| convert::model(found, pb::View::Full))
        })
        .await
    }

    async fn create_version(&self, request: Request<pb::CreateVersionRequest>) -> Answer<pb::Version> {
        handle(request, async |caller, message| {
            let (intent, wanted) = convert::create_version(caller, message)?;
            self.0.create_version(&intent, wanted).await.map(convert::version)
        })
        .await
    }

    async fn get_version(&self, request: Request<pb::GetVersionRequest>) -> Answer<pb::Version> {
        handle(request, async |caller, message| {
            let name = convert::get_version(message)?;
            self.0.get_version(&caller, &name).map(convert::version)
        })
        .await
    }

    async fn list_versions(&self, request: Request<pb::ListVersionsRequest>) -> Answer<pb::ListVersionsResponse> {
        handle(request, async |caller, message| {
            let query = convert::list_versions(message)?;
            self.0.list_versions(&caller, &query).map(convert::versions)
        })
        .await
    }

    async fn update_version(&self, request: Request<pb::UpdateVersionRequest>) -> Answer<pb::Version> {
        handle(request, async |caller, message| {
            let (intent, update) = convert::update_version(caller, message)?;
            self.0.update_version(&intent, update).await.map(convert::version)
        })
        .await
    }

    async fn quarantine_version(&self, request: Request<pb::QuarantineVersionRequest>) -> Answer<pb::Version> {
        handle(request, async |caller, message| {
            let (intent, name) = convert::quarantine_version(caller, message)?;
            self.0.quarantine_version(&intent, &name).await.map(convert::version)
        })
        .await
    }

    async fn get_traffic(&self, request: Request<pb::GetTrafficRequest>) -> Answer<Traffic> {
        handle(request, async |caller, message| {
            let model = convert::get_traffic(message)?;
            self.0.get_traffic(&caller, &model).map(|found| convert::traffic(&model, found))
        })
        .await
    }

    async fn set_traffic(&self, request: Request<pb::SetTrafficRequest>) -> Answer<Traffic> {
        handle(request, async |caller, message| {
            let (intent, set) = convert::set_traffic(caller, message)?;
            let model = set.model.clone();
            self.0.set_traffic(&intent, set).await.map(|found| convert::traffic(&model, found))
        })
        .await
    }

    type WatchStream = Messages<pb::WatchResponse>;

    async fn watch(&self, request: Request<pb::WatchRequest>) -> Answer<Self::WatchStream> {
        handle(request, async |caller, message| {
            let (scope, registry) = (convert::watch(message)?, Arc::clone(&self.0));
            let shown = move |event| convert::watch_event(&event, registry.history(), &registry.state());
            self.0.watch(&caller, scope).await.map(|events| messages(caller, events.map_ok(shown)))
        })
        .await
    }

    async fn list_changes(&self, request: Request<pb::ListChangesRequest>) -> Answer<pb::ListChangesResponse> {
        handle(request, async |caller, message| {
            let page = self.0.list_changes(&caller, &convert::list_changes(message)?).await;
            page.map(|page| convert::changes(page, &self.0.state()))
        })
        .await
    }
}
