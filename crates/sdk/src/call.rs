//! One call from its first attempt to its answer: deadline, repetition, and how a failure is told.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::{Code, Request, Response, Status};
use tracing::Instrument as _;

use crate::context::Carried;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::retry::{Backoff, RetryPolicy};
use crate::token::Token;

/// The largest answer that is taken: a full page of the largest resources fits in.
pub(crate) const LARGEST_MESSAGE: usize = 64 << 20;

/// The terms that all calls of a client share.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    pub address: Arc<str>,
    pub deadline: Duration,
    pub retry: RetryPolicy,
    pub token: Option<Token>,
    /// Whether the certificate of its connection says who calls.
    pub by_certificate: bool,
}

impl Terms {
    pub fn of(endpoint: &Endpoint) -> Self {
        Self {
            address: endpoint.address().into(),
            deadline: endpoint.deadline(),
            retry: endpoint.retry(),
            token: endpoint.token().cloned(),
            by_certificate: endpoint.is_known_by_certificate(),
        }
    }

    /// Makes the call until it is answered, refused, tried often enough, or out of time.
    ///
    /// Only for calls that may be repeated: reads, and mutations that carry a `request_id`.
    pub async fn call<Q, A, F, R>(&self, method: &'static str, message: Q, send: F) -> Result<A, Error>
    where
        Q: Clone,
        F: Fn(Request<Q>) -> R,
        R: Future<Output = Result<Response<A>, Status>>,
    {
        let span = tracing::debug_span!("call", otel.kind = "client", rpc.method = method);
        self.repeat(message, send).instrument(span).await
    }

    async fn repeat<Q, A, F, R>(&self, message: Q, send: F) -> Result<A, Error>
    where
        Q: Clone,
        F: Fn(Request<Q>) -> R,
        R: Future<Output = Result<Response<A>, Status>>,
    {
        let (carried, until) = (Carried::here(), Instant::now() + self.deadline);
        let mut backoff = Backoff::new(self.retry);
        let mut refused = self.token.as_ref().and_then(|token| token.current().ok());
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let request = carried.request(message.clone(), Some(left));
            let failure = match self.answer(&carried, until, send(request)).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            if failure.code() == Code::Unauthenticated && self.is_renewed(&mut refused) {
                continue;
            }
            let again = failure.code() == Code::Unavailable || self.outlives(&failure);
            let wait = if again { backoff.next(failure.retry_after()) } else { None };
            match wait.map(|wait| Instant::now() + wait) {
                Some(again_at) if again_at < until => tokio::time::sleep_until(again_at).await,
                _ => return Err(failure),
            }
        }
    }

    /// Whether there is another token than the one that was refused, which is tried once.
    fn is_renewed(&self, refused: &mut Option<MetadataValue<Ascii>>) -> bool {
        let (Some(token), Some(refused)) = (&self.token, refused.take()) else { return false };
        token.renewed(&refused).is_some()
    }

    /// Whether it was only the connection whose certificate has ended: the service closes it, and the next one takes
    /// the certificate that the file has by then.
    fn outlives(&self, failure: &Error) -> bool {
        self.by_certificate && failure.reason() == "CREDENTIALS_EXPIRED"
    }

    /// Opens a stream. The deadline bounds how long that takes, not how long the stream lasts.
    pub async fn open<A>(
        &self,
        carried: &Carried,
        answer: impl Future<Output = Result<Response<A>, Status>>,
    ) -> Result<A, Error> {
        self.answer(carried, Instant::now() + self.deadline, answer).await
    }

    /// What becomes of a failure that a stream of this client told of.
    pub fn failure(&self, carried: &Carried, status: &Status) -> Error {
        let failure = Error::from_status(status, &self.address, &carried.request_id);
        let renewed = matches!(self.token, Some(Token::File(_))) || self.outlives(&failure);
        if renewed { failure.renewable() } else { failure }
    }

    async fn answer<A>(
        &self,
        carried: &Carried,
        until: Instant,
        answer: impl Future<Output = Result<Response<A>, Status>>,
    ) -> Result<A, Error> {
        match tokio::time::timeout_at(until, answer).await {
            Ok(Ok(response)) => {
                crate::findings::hear(response.metadata());
                Ok(response.into_inner())
            }
            Ok(Err(status)) => Err(self.failure(carried, &status)),
            Err(_) => Err(Error::deadline_exceeded(&self.address, &carried.request_id)),
        }
    }
}

/// Makes one call of `$client` that may be repeated.
macro_rules! unary {
    ($client:ident.$method:ident($message:expr)) => {
        $client.terms.call(stringify!($method), $message, |request| {
            let mut stub = $client.stub.clone();
            async move { stub.$method(request).await }
        })
    };
}
pub(crate) use unary;

/// A mutation, which carries an id that makes it harmless to repeat.
pub(crate) trait Mutation {
    /// Its `request_id`.
    fn request_id(&mut self) -> &mut String;
}

/// Says of messages that they are mutations.
macro_rules! mutations {
    ($($message:ident),+ $(,)?) => {
        $(impl crate::call::Mutation for pb::$message {
            fn request_id(&mut self) -> &mut String {
                &mut self.request_id
            }
        })+
    };
}
pub(crate) use mutations;

/// The mutation with an id: its own, or a new UUID4.
pub(crate) fn identified<M: Mutation>(mut message: M) -> M {
    let id = message.request_id();
    if id.is_empty() {
        *id = uuid::Uuid::new_v4().to_string();
    }
    message
}
