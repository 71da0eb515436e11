//! A server under TLS over real sockets: who gets in, what a change of certificates does, and what a slow, silent or foreign
//! peer can do to others, which is nothing.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use slipway_chassis::access::Sources;
use slipway_chassis::env::Env;
use slipway_chassis::server::{Certificates, Config, Connections};
use slipway_chassis::settings::Tls;
use slipway_tls::rustls::pki_types::ServerName;
use slipway_tls::{Client, ClientAuth, ClientFiles, ServerFiles};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::support::authority::{Authority, Holds, dns, uri, write};
use crate::support::fixture::{self, Fixture};
use crate::support::{client, streams};

const PATIENCE: Duration = Duration::from_secs(10);

/// A folder of certificates, and a server that lets nobody do anything but says to whom.
struct Place {
    folder: TempDir,
    authority: Authority,
    server: Fixture,
}

impl Place {
    async fn new(auth: ClientAuth) -> Self {
        Self::with(auth, fixture::config()).await
    }

    async fn with(auth: ClientAuth, config: Config) -> Self {
        Self::at(auth, config, Env::system()).await
    }

    async fn at(auth: ClientAuth, config: Config, env: Env) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        let own = authority.certify(vec![dns("registry.test")], Holds::Now);
        let (certificate, key) = write(folder.path(), "server", &own);
        std::fs::write(folder.path().join("ca.pem"), &authority.pem).unwrap();
        let files = ServerFiles { certificate, key, clients: Some((folder.path().join("ca.pem"), auth)) };
        let certificates = Certificates::open(&Tls { files, ops: true }).unwrap();
        let policy = folder.path().join("policy.toml");
        std::fs::write(&policy, "[[bindings]]\nrole = \"viewer\"\nmembers = [\"cert:spiffe://acme/*\"]\n").unwrap();
        let sources = Sources { policy, tokens: None, jwt: None };
        let server = Fixture::start_under(config, env, Some((certificates, sources))).await;
        Self { folder, authority, server }
    }

    fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A client that trusts this place's authority and shows `own`.
    fn client(&self, own: Option<&(String, String)>) -> Client {
        let identity = own.map(|own| write(self.folder.path(), "client", own));
        Client::new(ClientFiles { ca: Some(self.ca()), identity })
    }

    async fn connect(&self, own: Option<&(String, String)>) -> std::io::Result<TlsStream<TcpStream>> {
        connect(self.server.address, &self.client(own)).await
    }

    /// The code and the message with which a call is refused that comes by a connection with `own`.
    async fn refusal(&self, own: Option<&(String, String)>) -> (Code, String) {
        let stream = self.connect(own).await.unwrap();
        let status = client::say_text(&channel(stream).await, "hello").await.unwrap_err();
        (status.code(), status.message().to_owned())
    }

    /// Whether a connection with `own` can be used for a call.
    async fn is_let_in(&self, own: Option<&(String, String)>) -> bool {
        let Ok(stream) = self.connect(own).await else { return false };
        let status = client::say_text(&channel(stream).await, "hello").await.unwrap_err();
        matches!(status.code(), Code::PermissionDenied | Code::Unauthenticated)
    }
}

async fn connect(address: SocketAddr, client: &Client) -> std::io::Result<TlsStream<TcpStream>> {
    let connector = TlsConnector::from(client.config().unwrap());
    let socket = TcpStream::connect(address).await?;
    connector.connect(ServerName::try_from("registry.test").unwrap(), socket).await
}

async fn channel(stream: TlsStream<TcpStream>) -> Channel {
    let mut stream = Some(stream);
    let once = tower::service_fn(move |_| {
        let stream = stream.take().ok_or_else(|| std::io::Error::other("it is closed"));
        async move { stream.map(TokioIo::new) }
    });
    Endpoint::from_static("http://registry.test").connect_with_connector(once).await.unwrap()
}

#[tokio::test]
async fn the_certificate_names_its_caller_and_no_header_does() {
    let place = Place::new(ClientAuth::Optional).await;
    let ranker = place.authority.certify(vec![dns("ranker.test"), uri("spiffe://acme/ranker")], Holds::Now);
    let (code, message) = place.refusal(Some(&ranker)).await;
    assert_eq!(code, Code::PermissionDenied);
    assert!(message.contains("cert:spiffe://acme/ranker"), "{message}");
    let stream = place.connect(None).await.unwrap();
    let mut request = tonic::Request::new("hello".to_owned());
    for header in ["x-forwarded-client-cert", "x-client-certificate", "x-slipway-principal", "x-user"] {
        request.metadata_mut().insert(header, "cert:spiffe://acme/ranker".parse().unwrap());
    }
    let status = client::say(&channel(stream).await, request).await.unwrap_err();
    assert!(!status.message().contains("ranker"), "{status:?}");
}

#[tokio::test]
async fn who_is_not_certified_by_the_right_authority_just_now_does_not_get_in() {
    let place = Place::new(ClientAuth::Required).await;
    let named = || vec![uri("spiffe://acme/ranker")];
    assert!(place.is_let_in(Some(&place.authority.certify(named(), Holds::Now))).await);
    assert!(!place.is_let_in(None).await, "no certificate");
    assert!(!place.is_let_in(Some(&place.authority.certify(named(), Holds::NoMore))).await, "expired");
    assert!(!place.is_let_in(Some(&place.authority.certify(named(), Holds::NotYet))).await, "not yet valid");
    assert!(!place.is_let_in(Some(&Authority::new().certify(named(), Holds::Now))).await, "a foreign authority");
}

#[tokio::test]
async fn a_certificate_of_nobody_proves_nothing() {
    let place = Place::new(ClientAuth::Optional).await;
    let nobody = place.authority.certify(vec![], Holds::Now);
    assert_eq!(place.refusal(Some(&nobody)).await.0, Code::Unauthenticated);
}

#[tokio::test]
async fn a_client_trusts_no_server_of_another_name_or_authority() {
    let place = Place::new(ClientAuth::Optional).await;
    let foreign = place.folder.path().join("foreign.pem");
    std::fs::write(&foreign, Authority::new().pem).unwrap();
    let client = Client::new(ClientFiles { ca: Some(foreign), identity: None });
    assert!(connect(place.server.address, &client).await.is_err());
    let connector = TlsConnector::from(place.client(None).config().unwrap());
    let socket = TcpStream::connect(place.server.address).await.unwrap();
    assert!(connector.connect(ServerName::try_from("other.test").unwrap(), socket).await.is_err());
}

#[tokio::test]
async fn operators_are_served_under_tls_and_not_asked_for_certificates() {
    let place = Place::new(ClientAuth::Required).await;
    let mut config = (*place.client(None).config().unwrap()).clone();
    config.alpn_protocols = vec![];
    let connector = TlsConnector::from(Arc::new(config));
    let socket = TcpStream::connect(place.server.ops).await.unwrap();
    let mut stream = connector.connect(ServerName::try_from("registry.test").unwrap(), socket).await.unwrap();
    stream.write_all(b"GET /livez HTTP/1.1\r\nhost: ops\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    // That the connection ends without a farewell is no failure of the answer.
    let _ = stream.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_changed_certificate_is_shown_to_new_connections_and_breaks_no_old_one() {
    let place = Place::new(ClientAuth::Optional).await;
    let old = place.connect(None).await.unwrap();
    let shown = |stream: &TlsStream<TcpStream>| stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
    let before = shown(&old);
    let old = channel(old).await;
    assert_eq!(client::say_text(&old, "hello").await.unwrap_err().code(), Code::PermissionDenied);
    // A certificate without its key is not taken.
    let next = place.authority.certify(vec![dns("registry.test")], Holds::Now);
    std::fs::write(place.folder.path().join("server.crt"), &next.0).unwrap();
    Env::system().pause(Duration::from_millis(1500)).await;
    assert_eq!(shown(&place.connect(None).await.unwrap()), before);
    write(place.folder.path(), "server", &next);
    tokio::time::timeout(PATIENCE, async {
        while shown(&place.connect(None).await.unwrap()) == before {
            Env::system().pause(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
    assert_eq!(client::say_text(&old, "hello").await.unwrap_err().code(), Code::PermissionDenied, "it lives on");
}

/// The reason of a refusal, for programs.
fn reason(status: &Status) -> String {
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}

#[tokio::test]
async fn a_certificate_counts_on_an_open_connection_until_it_ends_and_no_longer() {
    let end: Timestamp = "2100-01-01T00:00:00Z".parse().unwrap();
    let (env, driver) = Env::driven(end - Duration::from_secs(60), 1);
    let place = Place::at(ClientAuth::Required, fixture::config(), env).await;
    let own = place.authority.certify(vec![uri("spiffe://acme/ranker")], Holds::Now);
    let (old, idle) =
        (channel(place.connect(Some(&own)).await.unwrap()).await, place.connect(Some(&own)).await.unwrap());
    let mut stream = streams::watch(&old).await.unwrap();
    assert_eq!(stream.message().await.unwrap().as_deref(), Some("tick"));
    driver.jump_to(end - Duration::from_millis(1));
    assert!(streams::watch(&old).await.is_ok());
    driver.jump_to(end);
    let ended = fixture::soon(stream.message()).await.unwrap_err();
    assert_eq!((ended.code(), reason(&ended).as_str()), (Code::Unavailable, "ACCESS_CHANGED"));
    let refused = streams::watch(&old).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::Unauthenticated, "CREDENTIALS_EXPIRED"));
    // Who has been told begins another connection, with the next certificate.
    fixture::soon(async {
        while streams::watch(&old).await.unwrap_err().code() == Code::Unauthenticated {
            Env::system().pause(Duration::from_millis(20)).await;
        }
    })
    .await;
    // And who was silent is told, too.
    let refused = client::say_text(&channel(idle).await, "hello").await.unwrap_err();
    assert_eq!(reason(&refused), "CREDENTIALS_EXPIRED");
}

#[tokio::test]
async fn figures_say_when_certificates_end_and_follow_their_files() {
    let place = Place::new(ClientAuth::Optional).await;
    let end = |text: &str, which: &str| {
        let line = format!("certificate_expiry_timestamp_seconds{{which=\"{which}\"}} ");
        text.lines().find_map(|shown| shown.strip_prefix(&line)?.parse::<i64>().ok())
    };
    let year = |year: &str| Some(format!("{year}-01-01T00:00:00Z").parse::<Timestamp>().unwrap().as_second());
    let figures = || place.server.metrics.text().unwrap();
    assert_eq!((end(&figures(), "server"), end(&figures(), "client_ca")), (year("2100"), year("4096")));
    let next = place.authority.certify(vec![dns("registry.test")], Holds::NoMore);
    write(place.folder.path(), "server", &next);
    fixture::soon(async {
        while end(&figures(), "server") != year("2001") {
            Env::system().pause(Duration::from_millis(20)).await;
        }
    })
    .await;
}

/// Reads until the other side closes.
async fn closed(socket: &mut TcpStream) {
    let mut rest = Vec::new();
    // It may be reset as well as closed.
    let _ = tokio::time::timeout(PATIENCE, socket.read_to_end(&mut rest)).await.unwrap();
}

fn config(connections: Connections) -> Config {
    Config { connections, ..fixture::config() }
}

#[tokio::test]
async fn silent_slow_and_plain_peers_are_cut_off_and_hold_up_nobody() {
    let connections = Connections { handshake: Duration::from_millis(300), ..fixture::config().connections };
    let place = Place::with(ClientAuth::Optional, config(connections)).await;
    let mut silent = Vec::new();
    for _ in 0..500 {
        silent.push(TcpStream::connect(place.server.address).await.unwrap());
    }
    let mut slow = TcpStream::connect(place.server.address).await.unwrap();
    slow.write_all(&[22, 3, 1]).await.unwrap();
    let mut plain = TcpStream::connect(place.server.address).await.unwrap();
    plain.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    assert!(place.is_let_in(None).await);
    for socket in silent.iter_mut().chain([&mut slow, &mut plain]) {
        closed(socket).await;
    }
    assert!(place.is_let_in(None).await);
}

#[tokio::test]
async fn who_says_nothing_after_the_handshake_is_cut_off_long_before_the_idle_are() {
    let connections = Connections { handshake: Duration::from_millis(500), ..fixture::config().connections };
    let place = Place::with(ClientAuth::Optional, config(connections)).await;
    let mut begun = place.connect(None).await.unwrap();
    begun.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r").await.unwrap();
    let mut silent = place.connect(None).await.unwrap();
    let idle = channel(place.connect(None).await.unwrap()).await;
    for stream in [&mut begun, &mut silent] {
        let mut rest = Vec::new();
        // It may be reset as well as closed.
        let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await.unwrap();
    }
    assert_eq!(client::say_text(&idle, "hello").await.unwrap_err().code(), Code::PermissionDenied, "it lives on");
}

#[tokio::test]
async fn there_are_no_more_connections_than_allowed_and_a_closed_one_makes_room() {
    let connections = Connections { most: 3, ..fixture::config().connections };
    let server = Fixture::start(config(connections)).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(TcpStream::connect(server.address).await.unwrap());
    }
    closed(&mut TcpStream::connect(server.address).await.unwrap()).await;
    held.pop();
    tokio::time::timeout(PATIENCE, async {
        while client::say_text(&server.channel, "hello").await.is_err() {
            Env::system().pause(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_connection_without_a_call_is_closed_and_one_with_a_stream_is_not() {
    let connections = Connections { idle: Duration::from_millis(300), ..fixture::config().connections };
    let server = Fixture::start(config(connections)).await;
    let mut stream = streams::tick(&server.channel, tonic::Request::new(String::new())).await.unwrap();
    assert_eq!(stream.message().await.unwrap().as_deref(), Some("tick"));
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    closed(&mut idle).await;
    Env::system().pause(Duration::from_millis(600)).await;
    let next = tokio::time::timeout(Duration::from_millis(50), stream.message()).await;
    assert!(next.is_err(), "the stream goes on: {next:?}");
}
