//! Where a service listens and on what terms it is called.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use slipway_tls::{Client, ClientFiles};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Uri};

use crate::authorize::{Authorize, Wire};
use crate::connector::Connector;
use crate::error::Error;
use crate::retry::RetryPolicy;
use crate::token::Token;

/// What one HTTP/2 stream and one connection may have under way: 4 MiB, since the protocol's own 64 KiB would halve
/// the throughput of reports and watches.
const WINDOW: u32 = 4 << 20;

/// How often an open connection is asked whether it still lives.
pub(crate) const KEEPALIVE: Duration = Duration::from_secs(10);

/// How long the answer to that may take.
const KEEPALIVE_PATIENCE: Duration = Duration::from_secs(10);

/// The address of a service and the terms of calling it.
///
/// Cheap to clone. Nothing is connected until the first call, so a client can be built while its service is down.
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    uri: Uri,
    deadline: Duration,
    connect_timeout: Duration,
    retry: RetryPolicy,
    user_agent: String,
    tls: ClientFiles,
    token: Option<Token>,
}

impl Endpoint {
    /// The endpoint at `address`, as `127.0.0.1:7701` or `https://registry.internal:7701`, with a deadline of
    /// 5 seconds a call, 2 seconds to connect, and the default [`RetryPolicy`]. To an `https` address it connects under
    /// TLS.
    ///
    /// # Errors
    /// `BAD_ADDRESS` if the address is not of that form.
    pub fn new(address: &str) -> Result<Self, Error> {
        let text = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
        let uri: Uri = text.parse().map_err(|_| Error::bad_address(address))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none_or(str::is_empty) {
            return Err(Error::bad_address(address));
        }
        let user_agent = concat!("slipway-sdk/", env!("CARGO_PKG_VERSION")).to_owned();
        let (deadline, connect_timeout) = (Duration::from_secs(5), Duration::from_secs(2));
        Ok(Self {
            uri,
            deadline,
            connect_timeout,
            retry: RetryPolicy::default(),
            user_agent,
            tls: ClientFiles::default(),
            token: None,
        })
    }

    /// The same, trusting servers and proving itself under TLS by `files`, which are read at each connection. Of no
    /// account to an `http` address.
    #[must_use]
    pub fn with_tls(self, tls: ClientFiles) -> Self {
        Self { tls, ..self }
    }

    /// The same, saying who calls by `token`: a JSON web token, or a static one.
    ///
    /// # Errors
    /// `BAD_TOKEN` if it can be none; `TOKEN_NEEDS_TLS` if it would be sent in the clear to another machine.
    pub fn with_token(self, token: &str) -> Result<Self, Error> {
        let token = Token::fixed(token)?;
        self.authorized(token)
    }

    /// The same, saying who calls by the token in a file, which is read again as it changes.
    ///
    /// # Errors
    /// `TOKEN_NEEDS_TLS` if it would be sent in the clear to another machine.
    pub fn with_token_file(self, path: &Path) -> Result<Self, Error> {
        self.authorized(Token::file(path))
    }

    fn authorized(self, token: Token) -> Result<Self, Error> {
        if self.uri.scheme_str() == Some("https") || is_here(&self.uri) {
            Ok(Self { token: Some(token), ..self })
        } else {
            Err(Error::token_needs_tls(&self.address()))
        }
    }

    /// The same at another address.
    ///
    /// # Errors
    /// `BAD_ADDRESS`, or `TOKEN_NEEDS_TLS` if a token would be sent there in the clear.
    pub fn with_address(self, address: &str) -> Result<Self, Error> {
        let (uri, token) = (Self::new(address)?.uri, self.token.clone());
        let moved = Self { uri, token: None, ..self };
        token.map_or(Ok(moved.clone()), |token| moved.authorized(token))
    }

    /// The same, where a call may take as long as `deadline`, repetitions included.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// The same, where an attempt to connect may take as long as `connect_timeout`.
    #[must_use]
    pub fn with_connect_timeout(self, connect_timeout: Duration) -> Self {
        Self { connect_timeout, ..self }
    }

    /// The same, with calls repeated as `retry` says.
    #[must_use]
    pub fn with_retry(self, retry: RetryPolicy) -> Self {
        Self { retry, ..self }
    }

    /// The same, calling itself `user_agent`, as `ranker/3.1`; characters that a header can't carry are left out.
    #[must_use]
    pub fn with_user_agent(self, user_agent: &str) -> Self {
        let user_agent = user_agent.chars().filter(|c| (' '..='~').contains(c)).collect();
        Self { user_agent, ..self }
    }

    /// The address as a URI, as `http://127.0.0.1:7701/`.
    #[must_use]
    pub fn address(&self) -> String {
        self.uri.to_string()
    }

    /// How long a call may take, repetitions included.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// How calls are repeated.
    #[must_use]
    pub fn retry(&self) -> RetryPolicy {
        self.retry
    }

    /// How it says who calls.
    pub(crate) fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// Whether it is the certificate of its connections that says who calls.
    pub(crate) fn is_known_by_certificate(&self) -> bool {
        self.tls.identity.is_some() && self.token.is_none()
    }

    /// A channel that connects at its first call, and again whenever the connection is lost, and says who calls.
    pub(crate) fn wire(&self) -> Wire {
        InterceptedService::new(self.channel(), Authorize(self.token.clone()))
    }

    fn channel(&self) -> Channel {
        let channel = Channel::builder(self.uri.clone())
            .user_agent(self.user_agent.as_str())
            .expect("a user agent of printable ASCII is a header value")
            .connect_timeout(self.connect_timeout)
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(2 * WINDOW)
            .tcp_nodelay(true)
            .tcp_keepalive(Some(KEEPALIVE))
            .http2_keep_alive_interval(KEEPALIVE)
            .keep_alive_timeout(KEEPALIVE_PATIENCE)
            .keep_alive_while_idle(true);
        match self.uri.scheme_str() {
            Some("https") => {
                channel.connect_with_connector_lazy(Connector::new(Arc::new(Client::new(self.tls.clone()))))
            }
            _ => channel.connect_lazy(),
        }
    }
}

/// Whether an address is one of this machine.
fn is_here(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_needs_no_scheme() {
        assert_eq!(Endpoint::new("127.0.0.1:7701").unwrap().address(), "http://127.0.0.1:7701/");
        assert_eq!(Endpoint::new("http://[::1]:7701").unwrap().address(), "http://[::1]:7701/");
    }

    #[test]
    fn what_is_no_address_of_a_service_is_refused() {
        for address in ["", "http://", "ftp://localhost", "local host:1", "/tmp/socket"] {
            assert_eq!(Endpoint::new(address).unwrap_err().reason(), "BAD_ADDRESS", "{address}");
        }
    }

    #[test]
    fn a_token_is_sent_in_the_clear_to_this_machine_alone() {
        let endpoint = |address| Endpoint::new(address).unwrap().with_token("abc");
        for address in ["https://registry.acme:7701", "http://127.0.0.1:7701", "http://[::1]:1", "localhost:7701"] {
            assert!(endpoint(address).is_ok(), "{address}");
        }
        assert_eq!(endpoint("http://registry.acme:7701").unwrap_err().reason(), "TOKEN_NEEDS_TLS");
    }

    #[tokio::test]
    async fn a_user_agent_of_any_characters_makes_a_channel() {
        let _ = Endpoint::new("localhost:1").unwrap().with_user_agent("räuber\r\nx: y").channel();
    }
}
