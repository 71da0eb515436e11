//! Connects to a service under TLS. Every connection takes certificates and keys as their files are when it begins.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use slipway_tls::Client;
use slipway_tls::rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::Uri;
use tower_service::Service;

use crate::endpoint::KEEPALIVE;

/// Why there is no connection.
type Broken = Box<dyn std::error::Error + Send + Sync>;

/// Connects under TLS.
#[derive(Debug, Clone)]
pub(crate) struct Connector {
    client: Arc<Client>,
    tcp: HttpConnector,
}

impl Connector {
    pub fn new(client: Arc<Client>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE));
        Self { client, tcp }
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TlsStream<TcpStream>>;
    type Error = Broken;
    type Future = BoxFuture<'static, Result<Self::Response, Broken>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let client = Arc::clone(&self.client);
        let connecting = self.tcp.call(uri.clone());
        Box::pin(async move {
            let config = client.config()?;
            let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
            let name = ServerName::try_from(host.to_owned())?;
            let socket = connecting.await?.into_inner();
            Ok(TokioIo::new(TlsConnector::from(config).connect(name, socket).await?))
        })
    }
}
