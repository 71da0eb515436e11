//! What happens to every call before and after its handler: it gets a request id, a caller, a deadline and a span, is
//! counted and timed, refused when too many are under way, and answered even when its handler panics.

mod answer;
mod call;
mod deadline;
mod end;
mod measure;
pub(crate) mod panic;
mod places;
mod queue;
mod rate;
mod span;
mod stream;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderName, Request, Response};
use slipway_domain::access::method::Rule;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tower::{Layer, Service};

use crate::access::Access;
use crate::env::Env;
use crate::methods::{Methods, Shape};
use crate::server;
use call::Call;
use end::End;
use measure::Measures;
use places::Places;
use queue::{Queue, Waiting};
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
    queue: Arc<Queue>,
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
        let queue = Queue::new(limits.requests, env, metrics);
        Self(Arc::new(Shared {
            env: env.clone(),
            access: access.clone(),
            methods,
            measures,
            limits,
            rate: Rate::new(limits.rates),
            queue,
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

impl Shared {
    /// The places for calls of one shape, by what is asked of their callers; a probe needs none.
    fn places(&self, shape: Shape, rule: Rule) -> Option<&Arc<Places>> {
        match (shape, rule) {
            (Shape::Unary, _) => Some(&self.requests),
            (Shape::Stream, Rule::Open) => Some(&self.open_streams),
            (Shape::Stream, Rule::Authenticated | Rule::Needs(_) | Rule::Closed) => Some(&self.streams),
            (Shape::Probe, _) => None,
        }
    }

    /// Lets a call of one shape come in, if there is room for it. Only unary calls queue: a stream waits once in its life,
    /// and a probe is always answered.
    fn join(&self, shape: Shape, rule: Rule) -> Result<Option<Waiting>, End> {
        if self.places(shape, rule).is_some_and(|places| places.are_taken()) {
            return Err(End::Overloaded);
        }
        match shape {
            Shape::Unary => self.queue.join().map(Some).ok_or(End::Overloaded),
            Shape::Stream | Shape::Probe => Ok(None),
        }
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
        match Call::open(self.shared.clone(), &mut request) {
            Ok(call) if call.has_room() => Box::pin(call.run(&mut inner, request)),
            Ok(mut call) => Box::pin(async move {
                match call.room().await {
                    Ok(()) => call.run(&mut inner, request).await,
                    Err(end) => Ok(call.refuse(&end)),
                }
            }),
            Err(refusal) => Box::pin(std::future::ready(Ok(refusal))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use tonic::Status;

    use super::*;
    use crate::metrics::Metrics;
    use crate::readiness::Readiness;

    /// Layers that let `requests` calls in, around a handler that counts how often it has begun.
    fn layered(
        requests: u32,
        begun: &Arc<AtomicU32>,
    ) -> impl Service<Request<Body>, Response = Response<Body>> + use<> {
        let (env, metrics) = (Env::system(), Metrics::new().unwrap());
        let access = Access::open(&env, &metrics);
        let shared = server::Shared { env, access, metrics, readiness: Readiness::new(), certificates: None };
        let deadlines = Deadlines { default: Duration::from_secs(60), max: Duration::from_secs(60) };
        let limits = Limits { requests, streams: 1, deadlines, rates: Rates::default() };
        let begun = Arc::clone(begun);
        let handler = move |_| {
            let begun = Arc::clone(&begun);
            async move {
                begun.fetch_add(1, Ordering::Relaxed);
                Ok::<_, Infallible>(Response::new(Body::empty()))
            }
        };
        Layers::new(&shared, Methods::read(&[]).unwrap(), limits, Stop::default()).layer(tower::service_fn(handler))
    }

    fn request(timeout: &str) -> Request<Body> {
        Request::builder().uri("/test.v1.Echo/Say").header("grpc-timeout", timeout).body(Body::empty()).unwrap()
    }

    fn code<E>(answer: Result<Response<Body>, E>) -> tonic::Code {
        let answer = answer.unwrap_or_else(|_| unreachable!("the layers never fail"));
        Status::from_header_map(answer.headers()).map_or(tonic::Code::Ok, |status| status.code())
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_not_begun() {
        let begun = Arc::default();
        let mut layers = layered(10, &begun);
        let (late, early) = (layers.call(request("1m")), layers.call(request("1H")));
        Env::system().pause(Duration::from_millis(20)).await;
        assert_eq!(code(late.await), tonic::Code::DeadlineExceeded);
        assert_eq!(begun.load(Ordering::Relaxed), 0);
        assert_eq!(code(early.await), tonic::Code::Ok);
        assert_eq!(begun.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn fewer_calls_may_wait_after_long_waits_and_all_again_after_short_ones() {
        let begun = Arc::default();
        let mut layers = layered(1000, &begun);
        let mut refused_of_all = async |wait: u64| {
            let one = layers.call(request("1H"));
            Env::system().pause(Duration::from_millis(wait)).await;
            assert_eq!(code(one.await), tonic::Code::Ok);
            let all: Vec<_> = (0..1000).map(|_| layers.call(request("1H"))).collect();
            let mut refused = 0;
            for call in all {
                refused += u32::from(code(call.await) == tonic::Code::ResourceExhausted);
            }
            refused
        };
        let found = tokio::time::timeout(Duration::from_secs(60), async {
            assert_eq!(refused_of_all(0).await, 0);
            while refused_of_all(300).await < 800 {}
            while refused_of_all(10).await > 0 {}
        });
        found.await.expect("the queue follows the waits");
    }
}
