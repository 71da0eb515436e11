//! Calls of the tiny service's streaming methods.

use futures_util::Stream;
use http::uri::PathAndQuery;
use tonic::client::Grpc as Client;
use tonic::transport::Channel;
use tonic::{Status, Streaming};
use tonic_prost::ProstCodec;

/// Calls `Tick`.
pub async fn tick(channel: &Channel, request: tonic::Request<String>) -> Result<Streaming<String>, Status> {
    listen(channel, "/test.v1.Echo/Tick", request).await
}

/// Calls `Watch`, which is the same for those who may read models.
pub async fn watch(channel: &Channel) -> Result<Streaming<String>, Status> {
    listen(channel, "/slipway.registry.v1.Registry/Watch", tonic::Request::new(String::new())).await
}

async fn listen(
    channel: &Channel,
    path: &'static str,
    request: tonic::Request<String>,
) -> Result<Streaming<String>, Status> {
    let mut client = Client::new(channel.clone());
    client.ready().await.unwrap();
    let codec = ProstCodec::<String, String>::default();
    client.server_streaming(request, PathAndQuery::from_static(path), codec).await.map(tonic::Response::into_inner)
}

/// Calls `Chat` with messages from `outgoing`.
pub async fn chat(
    channel: &Channel,
    outgoing: impl Stream<Item = String> + Send + 'static,
) -> Result<Streaming<String>, Status> {
    let mut client = Client::new(channel.clone());
    client.ready().await.unwrap();
    let codec = ProstCodec::<String, String>::default();
    let path = "/test.v1.Echo/Chat".parse().unwrap();
    client.streaming(tonic::Request::new(outgoing), path, codec).await.map(tonic::Response::into_inner)
}
