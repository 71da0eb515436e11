//! The limit of every read: a service on tonic's own server that reads the request and answers with bytes that it has
//! ready. It has no layers, no state and nothing to convert.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use anyhow::Result;
use bytes::{BufMut, Bytes};
use slipway_chassis::server::Listeners;
use slipway_proto::registry::v1 as pb;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::body::Body;
use tonic::codec::{Codec, EncodeBuf, Encoder};
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tonic_prost::ProstDecoder;

/// An echo that is being served; it ends when this is dropped.
pub struct Echo {
    /// Where, as `http://127.0.0.1:40001`.
    pub address: String,
    _stop: DropGuard,
}

impl Echo {
    /// Serves `answer` to every call, on a free port.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start(answer: Bytes) -> Result<Self> {
        let listener = Listeners::loopback().await?.grpc;
        let address = format!("http://{}", listener.local_addr()?);
        let stop = CancellationToken::new();
        let sockets = TcpIncoming::from(listener).with_nodelay(Some(true));
        let routes = Routes::new(Answering(answer)).prepare();
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(Server::builder().serve_with_incoming_shutdown(routes, sockets, stopped));
        Ok(Self { address, _stop: stop.drop_guard() })
    }
}

/// Answers every call with the same bytes.
#[derive(Clone)]
struct Answering(Bytes);

impl NamedService for Answering {
    const NAME: &'static str = "slipway.registry.v1.Registry";
}

impl tower::Service<http::Request<Body>> for Answering {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let method = self.clone();
        Box::pin(async move { Ok(Grpc::new(Encoded).unary(method, request).await) })
    }
}

impl UnaryService<pb::GetModelRequest> for Answering {
    type Response = Bytes;
    type Future = Ready<Result<Response<Bytes>, Status>>;

    fn call(&mut self, _: Request<pb::GetModelRequest>) -> Self::Future {
        ready(Ok(Response::new(self.0.clone())))
    }
}

/// Answers are encoded already.
struct Encoded;

impl Codec for Encoded {
    type Encode = Bytes;
    type Decode = pb::GetModelRequest;
    type Encoder = Self;
    type Decoder = ProstDecoder<pb::GetModelRequest>;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self::Decoder {
        ProstDecoder::default()
    }
}

impl Encoder for Encoded {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, answer: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(answer);
        Ok(())
    }
}
