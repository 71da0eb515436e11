//! What happens to every call before and after its handler: it gets a request id, a caller, a deadline and a span, is
//! counted and timed, refused when too many are under way, and answered even when its handler panics.

mod answer;
mod call;
mod deadline;
mod end;
mod measure;
pub(crate) mod panic;
mod places;
mod rate;
mod span;
mod stream;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderName, Request, Response};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tower::{Layer, Service};

use crate::access::Access;
use crate::env::Env;
use crate::methods::Methods;
use crate::server;
use call::Call;
use measure::Measures;
use places::Places;
use rate::Rate;

pub use deadline::Deadlines;

/// The header that carries a request id, both ways.
pub const REQUEST_ID: &str = "x-request-id";

/// The same, parsed.
static REQUEST_ID_HEADER: HeaderName = HeaderName::from_static(REQUEST_ID);

/// Streams that ask nothing of their callers (reflection, and watching whether a service is well) have places of their
/// own, this part of all: whoever reaches the address could take those of watchers and reporters otherwise.
const OPEN_STREAMS: u32 = 10;

/// How many calls may be under way at once, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Unary calls at the same moment.
    pub requests: u32,
    /// Streams at the same moment.
    pub streams: u32,
    /// Deadlines of calls.
    pub deadlines: Deadlines,
    /// What each caller may do in a second.
    pub rates: Rates,
}

/// What each caller may do in a second; 0 is any number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rates {
    /// Calls that it begins.
    pub requests: u32,
    /// Bytes that it sends, at least 1024.
    pub bytes: u32,
}

/// The two steps in which calls are brought to an end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop {
    /// Streams end; unary calls go on.
    pub drain: CancellationToken,
    /// Everything ends.
    pub cut: CancellationToken,
}

/// Wraps a server's routes with all that this module does.
#[derive(Clone)]
pub(crate) struct Layers(Arc<Shared>);

struct Shared {
    env: Env,
    access: Access,
    methods: Methods,
    measures: Arc<Measures>,
    limits: Limits,
    rate: Rate,
    requests: Arc<Places>,
    streams: Arc<Places>,
    open_streams: Arc<Places>,
    stop: Stop,
}

impl Layers {
    pub(crate) fn new(shared: &server::Shared, methods: Methods, limits: Limits, stop: Stop) -> Self {
        panic::install_hook();
        let server::Shared { env, access, metrics, .. } = shared;
        let measures = Measures::new(metrics, &methods);
        let requests = Places::new(limits.requests);
        let streams = Places::new(limits.streams);
        let open_streams = Places::new(limits.streams.div_ceil(OPEN_STREAMS));
        Self(Arc::new(Shared {
            env: env.clone(),
            access: access.clone(),
            methods,
            measures,
            limits,
            rate: Rate::new(limits.rates),
            requests,
            streams,
            open_streams,
            stop,
        }))
    }

    /// Waits until no call is under way.
    pub(crate) async fn finished(&self) {
        self.0.requests.empty(&self.0.env).await;
        self.0.streams.empty(&self.0.env).await;
        self.0.open_streams.empty(&self.0.env).await;
    }
}

impl<S> Layer<S> for Layers {
    type Service = Layered<S>;

    fn layer(&self, inner: S) -> Layered<S> {
        Layered { inner, shared: self.0.clone() }
    }
}

/// Routes with the layers around them.
#[derive(Clone)]
pub(crate) struct Layered<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> Service<Request<Body>> for Layered<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        // The clone stays behind, because only this one was asked whether it is ready.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let call = Call::open(self.shared.clone(), &mut request);
        if call.has_room() {
            return Box::pin(call.run(&mut inner, request));
        }
        Box::pin(async move {
            match call.room().await {
                Ok(()) => call.run(&mut inner, request).await,
                Err(end) => Ok(call.refuse(&end)),
            }
        })
    }
}
