//! How calls find the handlers.

use std::sync::Arc;

use slipway_proto::registry::v1::registry_server::RegistryServer;
use tonic::service::Routes;

use super::Handlers;
use crate::Registry;

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
