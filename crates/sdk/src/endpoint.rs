//! Where a service listens and on what terms it is called.

use std::time::Duration;

use tonic::transport::{Channel, Uri};

use crate::error::Error;
use crate::retry::RetryPolicy;

/// What one HTTP/2 stream and one connection may have under way: 4 MiB, since the protocol's own 64 KiB would halve
/// the throughput of reports and watches.
const WINDOW: u32 = 4 << 20;

/// How often an open connection is asked whether it still lives.
const KEEPALIVE: Duration = Duration::from_secs(10);

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
}

impl Endpoint {
    /// The endpoint at `address`, as `127.0.0.1:7701` or `http://registry.internal:7701`, with a deadline of
    /// 5 seconds a call, 2 seconds to connect, and the default [`RetryPolicy`].
    ///
    /// # Errors
    /// `BAD_ADDRESS` if the address is not of that form.
    pub fn new(address: &str) -> Result<Self, Error> {
        let text = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
        let uri: Uri = text.parse().map_err(|_| Error::bad_address(address))?;
        if uri.scheme_str() != Some("http") || uri.host().is_none_or(str::is_empty) {
            return Err(Error::bad_address(address));
        }
        let user_agent = concat!("slipway-sdk/", env!("CARGO_PKG_VERSION")).to_owned();
        let (deadline, connect_timeout) = (Duration::from_secs(5), Duration::from_secs(2));
        Ok(Self { uri, deadline, connect_timeout, retry: RetryPolicy::default(), user_agent })
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

    /// A channel that connects at its first call, and again whenever the connection is lost.
    pub(crate) fn channel(&self) -> Channel {
        Channel::builder(self.uri.clone())
            .user_agent(self.user_agent.as_str())
            .expect("a user agent of printable ASCII is a header value")
            .connect_timeout(self.connect_timeout)
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(2 * WINDOW)
            .tcp_nodelay(true)
            .tcp_keepalive(Some(KEEPALIVE))
            .http2_keep_alive_interval(KEEPALIVE)
            .keep_alive_timeout(KEEPALIVE_PATIENCE)
            .keep_alive_while_idle(true)
            .connect_lazy()
    }
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
        for address in ["", "http://", "https://localhost:7701", "ftp://localhost", "local host:1", "/tmp/socket"] {
            assert_eq!(Endpoint::new(address).unwrap_err().reason(), "BAD_ADDRESS", "{address}");
        }
    }

    #[tokio::test]
    async fn a_user_agent_of_any_characters_makes_a_channel() {
        let _ = Endpoint::new("localhost:1").unwrap().with_user_agent("räuber\r\nx: y").channel();
    }
}
