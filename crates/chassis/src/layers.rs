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
mod wait;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderName, Request, Response};
use hyper::body::Incoming;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tower::Service;

use crate::access::Access;
use crate::env::{Env, Stopwatch};
use crate::methods::Methods;
use crate::server::{self, Peer};
use call::{Answer, Call};
use measure::Measures;
use places::{Place, Places};
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
    /// Calls that have come and wait for a processor; no more are refused for their number.
    waiting: Arc<Places>,
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
            waiting: Places::new(u32::MAX),
            requests,
            streams,
            open_streams,
            stop,
        }))
    }

    /// What `inner` is to a connection from `peer`.
    pub(crate) fn around<S>(&self, inner: S, peer: Peer) -> Layered<S> {
        Layered { inner, peer, shared: self.0.clone() }
    }

    /// Waits until no call waits or is under way.
    pub(crate) async fn finished(&self) {
        self.0.waiting.empty(&self.0.env).await;
        self.0.requests.empty(&self.0.env).await;
        self.0.streams.empty(&self.0.env).await;
        self.0.open_streams.empty(&self.0.env).await;
    }
}

/// The routes of a server as one connection sees them, with the layers around them.
pub(crate) struct Layered<S> {
    inner: S,
    peer: Peer,
    shared: Arc<Shared>,
}

impl<S: Clone> Layered<S> {
    /// A call that comes now. It begins when it is polled first, once a processor is free for it.
    fn come(&self, mut request: Request<Body>) -> Coming<S> {
        request.extensions_mut().insert(self.peer.clone());
        let came = self.shared.env.stopwatch();
        let place = self.shared.waiting.take();
        let waiting = Waiting { inner: self.inner.clone(), shared: self.shared.clone(), came, request, _place: place };
        Coming { waiting: Some(waiting), begun: None }
    }
}

impl<S> hyper::service::Service<Request<Incoming>> for Layered<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + Unpin + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Coming<S>;

    fn call(&self, request: Request<Incoming>) -> Coming<S> {
        self.come(request.map(Body::new))
    }
}

/// A call from its arrival to its answer.
pub(crate) struct Coming<S> {
    /// While nothing was done for it yet, so that to refuse it costs next to nothing.
    waiting: Option<Waiting<S>>,
    /// When it is under way.
    begun: Option<Pin<Box<dyn Future<Output = Answer> + Send>>>,
}

/// What is known of a call before it begins.
pub(crate) struct Waiting<S> {
    inner: S,
    shared: Arc<Shared>,
    came: Stopwatch,
    request: Request<Body>,
    _place: Option<Place>,
}

impl<S> Future for Coming<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Send + Unpin + 'static,
    S::Future: Send,
{
    type Output = Answer;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        let Self { waiting, begun } = self.get_mut();
        if let Some(waiting) = waiting.take() {
            *begun = Some(waiting.begin());
        }
        match begun {
            Some(call) => call.as_mut().poll(context),
            None => Poll::Pending,
        }
    }
}

impl<S> Waiting<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Send + 'static,
    S::Future: Send,
{
    fn begin(self) -> Pin<Box<dyn Future<Output = Answer> + Send>> {
        // Its place among those that wait is given up when it has one among those under way.
        let Self { mut inner, shared, came, mut request, _place } = self;
        let call = match Call::open(shared, came, &mut request) {
            Ok(call) if call.has_room() => return Box::pin(call.run(&mut inner, request)),
            Ok(call) => call,
            Err(refusal) => return Box::pin(std::future::ready(Ok(*refusal))),
        };
        Box::pin(async move {
            match call.room().await {
                Ok(()) => call.run(&mut inner, request).await,
                Err(end) => Ok(call.refuse(&end)),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use tonic::{Code, Status};

    use super::*;
    use crate::metrics::Metrics;
    use crate::readiness::Readiness;

    fn layers() -> Layers {
        let (env, metrics) = (Env::system(), Metrics::new().unwrap());
        let access = Access::open(&env, &metrics);
        let shared = server::Shared { env, access, metrics, readiness: Readiness::new(), certificates: None };
        let deadlines = Deadlines { default: Duration::from_secs(60), max: Duration::from_secs(60) };
        let limits = Limits { requests: 10, streams: 1, deadlines, rates: Rates::default() };
        Layers::new(&shared, Methods::read(&[]).unwrap(), limits, Stop::default())
    }

    /// A call with `timeout` that has come, and whether its handler has begun.
    fn come(layers: &Layers, timeout: &'static str) -> (impl Future<Output = Answer> + use<>, Arc<AtomicBool>) {
        let begun: Arc<AtomicBool> = Arc::default();
        let told = Arc::clone(&begun);
        let handler = tower::service_fn(move |_| {
            told.store(true, Ordering::Relaxed);
            std::future::ready(Ok::<_, Infallible>(Response::new(Body::empty())))
        });
        let peer = Peer::new(([127, 0, 0, 1], 1).into(), None, &Env::system());
        let request = Request::builder().uri("/test.v1.Echo/Say").header("grpc-timeout", timeout);
        (layers.around(handler, peer).come(request.body(Body::empty()).unwrap()), begun)
    }

    /// The code of a call with `timeout` that waits for `wait`, and whether its handler has begun.
    async fn after(wait: Duration, timeout: &'static str) -> (Code, bool) {
        let (call, begun) = come(&layers(), timeout);
        Env::system().pause(wait).await;
        let Ok(answer) = call.await;
        let code = Status::from_header_map(answer.headers()).map_or(Code::Ok, |status| status.code());
        (code, begun.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn what_waited_too_long_is_refused_and_what_is_late_is_not_begun() {
        let wait = Duration::from_millis(600);
        assert_eq!(after(Duration::ZERO, "1H").await, (Code::Ok, true));
        assert_eq!(after(wait, "1H").await, (Code::ResourceExhausted, false));
        assert_eq!(after(wait, "100m").await, (Code::DeadlineExceeded, false));
    }
    #[tokio::test]
    async fn a_server_that_stops_waits_for_calls_that_have_come_too() {
        let layers = layers();
        let (call, _) = come(&layers, "1H");
        let soon = Env::system().patience(Duration::from_millis(100), layers.finished()).await;
        assert!(soon.is_err(), "it has come and was not answered");
        call.await.unwrap();
        let later = Env::system().patience(Duration::from_secs(60), layers.finished()).await;
        assert!(later.is_ok());
    }
}
