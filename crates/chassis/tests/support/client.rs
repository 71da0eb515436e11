//! Calls of the tiny service's one unary method.

use tonic::Status;
use tonic::client::Grpc as Client;
use tonic::transport::Channel;
use tonic_prost::ProstCodec;

/// Calls `Say`.
pub async fn say(channel: &Channel, request: tonic::Request<String>) -> Result<tonic::Response<String>, Status> {
    let mut client = Client::new(channel.clone());
    client.ready().await.unwrap();
    let codec = ProstCodec::<String, String>::default();
    client.unary(request, "/test.v1.Echo/Say".parse().unwrap(), codec).await
}

/// Calls `Say` with a message and nothing else.
pub async fn say_text(channel: &Channel, text: &str) -> Result<String, Status> {
    say(channel, tonic::Request::new(text.to_owned())).await.map(tonic::Response::into_inner)
}
