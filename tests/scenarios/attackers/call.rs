//! One call by hand, with any headers and any bytes, and all that is answered.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Request};
use slipway_sdk::pb;
use slipway_tls::Client;
use slipway_tls::rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::place::{PATIENCE, SECRET};

pub const GET_MODEL: &str = "/slipway.registry.v1.Registry/GetModel";
pub const LIST_MODELS: &str = "/slipway.registry.v1.Registry/ListModels";
pub const CREATE_MODEL: &str = "/slipway.registry.v1.Registry/CreateModel";

/// Codes of gRPC, as they are answered.
pub const OK: Option<i32> = Some(0);
pub const PERMISSION_DENIED: Option<i32> = Some(7);
pub const OUT_OF_RANGE: Option<i32> = Some(11);
pub const UNIMPLEMENTED: Option<i32> = Some(12);
pub const INTERNAL: Option<i32> = Some(13);
pub const UNAUTHENTICATED: Option<i32> = Some(16);

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    /// The status of HTTP.
    pub http: u16,
    /// The code of gRPC.
    pub code: Option<i32>,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    /// All that can be read in it.
    pub fn text(&self) -> String {
        format!("{:?} {}", self.headers, String::from_utf8_lossy(&self.body))
    }

    /// The message of gRPC, without the request that it answers.
    pub fn message(&self) -> String {
        self.headers.get("grpc-message").map(|message| message.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    fn take(&mut self, headers: HeaderMap) {
        let code = headers.get("grpc-status").and_then(|code| code.to_str().ok()?.parse().ok());
        self.code = self.code.or(code);
        self.headers.extend(headers);
    }
}

/// Connects under TLS.
pub async fn connect(address: SocketAddr, client: &Client) -> io::Result<TlsStream<TcpStream>> {
    let socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    let name = ServerName::IpAddress(address.ip().into());
    TlsConnector::from(client.config().unwrap()).connect(name, socket).await
}

/// A question about all models that there are.
pub fn all_models() -> Vec<u8> {
    message(&pb::ListModelsRequest { parent: "namespaces/default".to_owned(), page_size: 1000, ..Default::default() })
}

/// One message as gRPC frames it.
pub fn message(message: &impl prost::Message) -> Vec<u8> {
    let bytes = message.encode_to_vec();
    framed(0, u32::try_from(bytes.len()).unwrap(), &bytes)
}

/// Bytes that are said to be a message of `length` bytes, compressed or not.
pub fn framed(compressed: u8, length: u32, bytes: &[u8]) -> Vec<u8> {
    [&[compressed][..], &length.to_be_bytes(), bytes].concat()
}

/// Calls `method` on a connection of its own with more `headers`, and makes sure that nothing secret is answered.
///
/// # Errors
/// When there is no connection, or it ends before the answer.
pub async fn call(
    (address, client): (SocketAddr, &Client),
    method: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> io::Result<Answer> {
    let answer = tokio::time::timeout(PATIENCE, ask((address, client), method, headers, body.into()));
    let answer = answer.await.expect("an answer, whatever it is")?;
    assert!(!answer.text().contains(SECRET), "{}", answer.text());
    Ok(answer)
}

/// The same with a `body` that names the secret itself, so that the answer may name it, too.
///
/// # Errors
/// As [`call`].
pub async fn ask_about_secret(
    (address, client): (SocketAddr, &Client),
    method: &str,
    body: Vec<u8>,
) -> io::Result<Answer> {
    tokio::time::timeout(PATIENCE, ask((address, client), method, &[], body.into())).await.expect("an answer")
}

async fn ask(
    (address, client): (SocketAddr, &Client),
    method: &str,
    headers: &[(&str, &str)],
    body: Bytes,
) -> io::Result<Answer> {
    let stream = connect(address, client).await?;
    let (sender, connection) = h2::client::handshake(stream).await.map_err(io::Error::other)?;
    let running = tokio::spawn(connection);
    let mut sender = sender.ready().await.map_err(io::Error::other)?;
    let mut request = Request::post(format!("https://{address}{method}"));
    for (name, value) in [("content-type", "application/grpc"), ("te", "trailers")].iter().chain(headers) {
        request = request.header(*name, *value);
    }
    let (answer, mut body_sender) = sender.send_request(request.body(()).unwrap(), false).map_err(io::Error::other)?;
    // It is sent as there is room for it. When the other side has heard enough, nobody takes the rest.
    let _ = body_sender.send_data(body, true);
    let (head, mut body) = answer.await.map_err(io::Error::other)?.into_parts();
    let mut answer = Answer { http: head.status.as_u16(), code: None, headers: HeaderMap::new(), body: Vec::new() };
    answer.take(head.headers);
    while let Some(data) = body.data().await {
        let data = data.map_err(io::Error::other)?;
        let _ = body.flow_control().release_capacity(data.len());
        answer.body.extend_from_slice(&data);
    }
    if let Some(trailers) = body.trailers().await.map_err(io::Error::other)? {
        answer.take(trailers);
    }
    running.abort();
    Ok(answer)
}
