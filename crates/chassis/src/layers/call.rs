//! One call from its arrival to its answer.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Request, Response};
use slipway_domain::access::method::Rule;
use slipway_domain::fault::Fault;
use slipway_domain::principal::Principal;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::Service;
use tracing::{Instrument, Span};

use super::end::End;
use super::measure::Measure;
use super::places::Place;
use super::stream::{Cut, Stream};
use super::{REQUEST_ID_HEADER, Shared, answer, panic, span, wait};
use crate::access::{Admitted, Credentials, Entry, Refused};
use crate::aside::{Aside, Trailers};
use crate::caller::{Caller, RequestId};
use crate::env::{Env, Stopwatch};
use crate::methods::{Method, Shape};
use crate::server::{Busy, Peer};
use crate::{refusals, status};

/// What a handler, and a call, comes to.
pub(super) type Answer = Result<Response<Body>, Infallible>;

/// A call under way.
pub(super) struct Call {
    shared: Arc<Shared>,
    shape: Shape,
    rule: Rule,
    request_id: RequestId,
    deadline: Option<Instant>,
    /// How the caller of a stream was let in, where callers are asked who they are.
    entry: Result<Option<Box<Entry>>, Box<Refused>>,
    measure: Measure,
    span: Span,
    /// Keeps its connection from being closed for idleness.
    busy: Option<Busy>,
}

impl Call {
    /// Opens a call that `came` then, or answers it when it is too late for that: before anything is done for it that
    /// takes time, since what refusals cost is taken from the calls that are let in.
    pub(super) fn open(
        shared: Arc<Shared>,
        came: Stopwatch,
        request: &mut Request<Body>,
    ) -> Result<Self, Box<Response<Body>>> {
        let method = shared.methods.at(request.uri().path());
        let Method { shape, rule, .. } = shared.methods.all()[method];
        let measure = shared.measures.begin(came, method);
        let proposed = request.headers().get(&REQUEST_ID_HEADER).and_then(RequestId::proposed);
        let request_id = proposed.unwrap_or_else(|| RequestId::new(&shared.env));
        let deadline = shared.limits.deadlines.of(shape, request.headers(), came);
        if let Some(end) = late(shape, came, deadline) {
            return Err(Box::new(refusal(&end, &request_id, measure)));
        }
        let span = span::of_call(request.uri().path(), request.headers(), &request_id);
        let entered = span.in_scope(|| enter(&shared, method, request).inspect_err(|refused| note(refused, request)));
        let entry = entered.map(|(admitted, entry)| {
            let Admitted { principal, granted, .. } = admitted;
            span.record("principal", principal.as_str());
            let (request_id, aside) = (request_id.clone(), Aside::default());
            request.extensions_mut().insert(Caller { principal, request_id, deadline, granted, aside });
            entry
        });
        let busy = request.extensions().get::<Peer>().and_then(|peer| keep(peer, &entry, &shared.env));
        Ok(Self { shared, shape, rule, request_id, deadline, entry, measure, span, busy })
    }

    /// Whether the caller takes its answers, so that it can be answered more.
    pub(super) fn has_room(&self) -> bool {
        self.busy.as_ref().is_none_or(Busy::has_room)
    }

    /// Waits until it does, or until nobody waits for the answer any more.
    pub(super) async fn room(&self) -> Result<(), End> {
        let Some(busy) = &self.busy else { return Ok(()) };
        let Some(deadline) = self.deadline else {
            busy.room().await;
            return Ok(());
        };
        self.shared.env.until(deadline, busy.room()).await.map_err(|_| End::Deadline)
    }

    /// Hands `request` to `inner` at once, and waits for what becomes of it.
    ///
    /// What is waited with is small, since every call allocates it: the handler has a box of its own, and nothing else
    /// holds the request.
    pub(super) fn run<S>(self, inner: &mut S, request: Request<Body>) -> impl Future<Output = Answer> + use<S>
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    {
        let span = self.span.clone();
        let begun = span.in_scope(|| {
            self.entry.as_ref().map_err(|refused| End::Refused((**refused).clone()))?;
            let place = self.admit()?;
            let request = self.pace(request)?;
            let handler = panic::guarded(|| inner.call(request)).map_err(End::Panicked)?;
            Ok((place, Box::pin(handler)))
        });
        async move {
            let (place, handler) = match begun {
                Ok(begun) => begun,
                Err(end) => return Ok(self.refuse(&end)),
            };
            match self.work(handler).await {
                Ok(response) => Ok(self.answer(response, place)),
                Err(end) => Ok(self.refuse(&end)),
            }
        }
        .instrument(span)
    }

    /// A place among the calls under way; none is needed for a probe.
    fn admit(&self) -> Result<Option<Place>, End> {
        let places = match (self.shape, self.rule) {
            (Shape::Unary, _) => &self.shared.requests,
            (Shape::Stream, Rule::Open) => &self.shared.open_streams,
            (Shape::Stream, Rule::Authenticated | Rule::Needs(_) | Rule::Closed) => &self.shared.streams,
            (Shape::Probe, _) => return Ok(None),
        };
        places.take().map(Some).ok_or(End::Overloaded)
    }

    /// The request, if its caller may begin another one now; its body comes no faster than the caller may send.
    fn pace(&self, request: Request<Body>) -> Result<Request<Body>, End> {
        let rate = &self.shared.rate;
        let caller = request.extensions().get::<Caller>().filter(|_| self.shape != Shape::Probe && rate.is_limited());
        let Some(principal) = caller.map(|caller| caller.principal.clone()) else { return Ok(request) };
        rate.take(&principal).map_err(|wait| too_fast(&principal, wait))?;
        Ok(request.map(|body| rate.paced(&self.shared.env, &principal, body)))
    }

    /// Runs the handler until it answers, or until something else ends the call; then it is dropped.
    async fn work(&self, handler: Pin<Box<impl Future<Output = Answer>>>) -> Result<Response<Body>, End> {
        let cut = &self.shared.stop.cut;
        let mut work = pin!(async {
            // Most handlers answer at once: then neither the cut nor the deadline is ever asked.
            tokio::select! {
                biased;
                outcome = panic::caught(handler) => outcome.map_err(End::Panicked),
                () = cut.cancelled() => Err(End::Draining),
            }
        });
        let work = work.as_mut();
        let outcome = match self.deadline {
            Some(deadline) => self.shared.env.until(deadline, work).await.map_err(|_| End::Deadline)?,
            None => work.await,
        };
        let Ok(response) = outcome?;
        Ok(response)
    }

    /// The answer of a call that came to no other end.
    pub(super) fn refuse(self, end: &End) -> Response<Body> {
        refusal(end, &self.request_id, self.measure)
    }

    fn answer(mut self, mut response: Response<Body>, place: Option<Place>) -> Response<Body> {
        if let Some(code) = response.headers().get(Status::GRPC_STATUS).map(|code| Code::from_bytes(code.as_bytes())) {
            return self.answer_status(code, response);
        }
        response.headers_mut().insert(&REQUEST_ID_HEADER, self.request_id.header());
        match self.shape {
            Shape::Unary | Shape::Probe => {
                self.measure.ended(Code::Ok);
                let trailers = response.extensions_mut().remove::<Trailers>();
                response.map(|body| answer::written(body, self.busy.as_ref(), trailers))
            }
            Shape::Stream => response.map(|body| self.stream(body, place)),
        }
    }

    fn answer_status(mut self, code: Code, mut response: Response<Body>) -> Response<Body> {
        let headers = response.headers();
        let bare = code != Code::Ok && !headers.contains_key(Status::GRPC_STATUS_DETAILS);
        if let Some(status) = Status::from_header_map(headers).filter(|_| bare) {
            let status = status::of_transport(&status, &self.request_id);
            self.measure.ended(status.code());
            return answer_of(status, &self.request_id);
        }
        self.measure.ended(code);
        response.headers_mut().insert(&REQUEST_ID_HEADER, self.request_id.header());
        response
    }

    fn stream(self, body: Body, place: Option<Place>) -> Body {
        let cut = self.cut();
        let Self { request_id, measure, span, busy, .. } = self;
        Body::new(Stream { inner: Some(body), cut, request_id, measure, span, _place: place, _busy: busy })
    }

    /// Ends a stream when the service drains or when the caller's deadline has passed.
    fn cut(&self) -> Cut {
        let drain = self.shared.stop.drain.clone();
        let env = self.shared.env.clone();
        let deadline = self.deadline;
        let access = self.access_ended();
        Box::pin(async move {
            let ended = async {
                tokio::select! {
                    () = drain.cancelled() => End::Draining,
                    () = access => End::AccessChanged,
                }
            };
            match deadline {
                None => ended.await,
                Some(deadline) => env.until(deadline, ended).await.unwrap_or(End::Deadline),
            }
        })
    }

    /// Waits until the caller would not be let in the same way any more.
    fn access_ended(&self) -> impl Future<Output = ()> + Send + use<> {
        let access = self.shared.access.clone();
        let entry = self.entry.as_ref().ok().and_then(Option::clone);
        async move {
            match entry {
                Some(entry) => access.ended(&entry).await,
                None => std::future::pending().await,
            }
        }
    }
}

/// Why a call that `came` then can't be begun now any more. A probe always can.
fn late(shape: Shape, came: Stopwatch, deadline: Option<Instant>) -> Option<End> {
    if shape == Shape::Probe {
        return None;
    }
    let waited = came.elapsed();
    let patience = deadline.map_or(Duration::MAX, |deadline| came.until(deadline));
    if waited >= patience {
        return Some(End::Deadline);
    }
    (waited > wait::longest(patience)).then_some(End::Overloaded)
}

/// The answer to a call that ends without its handler's word.
fn refusal(end: &End, request_id: &RequestId, mut measure: Measure) -> Response<Body> {
    let status = end.status(request_id);
    measure.broke(end.reason(), status.code());
    answer_of(status, request_id)
}

/// The answer that consists of `status` alone.
fn answer_of(status: Status, request_id: &RequestId) -> Response<Body> {
    let mut response = status.into_http();
    response.headers_mut().insert(&REQUEST_ID_HEADER, request_id.header());
    response
}

/// Logs that a caller begins too many calls, and says so.
fn too_fast(principal: &Principal, wait: Duration) -> End {
    let end = End::TooFast(wait);
    if let Some(passed_over) = refusals::due(end.reason(), principal.as_str()) {
        tracing::info!(target: "slipway::access", reason = end.reason(), %principal, passed_over, "refused: it calls too fast");
    }
    end
}

/// Logs who is not let in, and what the status of it does not tell. A permission that is lacking is logged with the
/// status.
fn note(refused: &Refused, request: &Request<Body>) {
    if matches!(refused, Refused::Denied(_)) {
        return;
    }
    let peer = request.extensions().get::<Peer>();
    let certificate = peer.and_then(|peer| peer.certificate.as_ref()).map(|certificate| &*certificate.name);
    let address = peer.map(|peer| peer.address.ip().to_string()).unwrap_or_default();
    let (reason, cause) = (refused.reason(), refused.cause());
    // Who proves nothing is known by where it comes from alone.
    if let Some(passed_over) = refusals::due(reason, certificate.unwrap_or(&address)) {
        tracing::info!(target: "slipway::access", reason, certificate, address, cause, passed_over, "refused: {refused}");
    }
}

/// Keeps the connection of a call that was let in; parts from one whose certificate has ended.
fn keep<T>(peer: &Peer, entry: &Result<T, Box<Refused>>, env: &Env) -> Option<Busy> {
    match entry {
        Ok(_) => Some(peer.busy(env)),
        Err(refused) => {
            let over = peer.certificate.as_ref().is_some_and(|certificate| certificate.until <= env.now());
            if over && matches!(**refused, Refused::Expired) {
                peer.part(env);
            }
            None
        }
    }
}

/// Lets the caller of a method in, or says why not.
fn enter(
    shared: &Shared,
    method: usize,
    request: &Request<Body>,
) -> Result<(Admitted, Option<Box<Entry>>), Box<Refused>> {
    let Method { rule, shape, .. } = shared.methods.all()[method];
    let guarded = shared.access.is_guarded();
    let certificate = request.extensions().get::<Peer>().and_then(|peer| peer.certificate.as_ref());
    let credentials =
        if guarded { Credentials::of(request.headers(), certificate)? } else { Credentials::new(None, None) };
    let admitted = shared.access.admit(rule, &credentials)?;
    let lasting = shape == Shape::Stream && guarded;
    let entry = lasting.then(|| Box::new(Entry::keep(rule, &credentials, &admitted)));
    Ok((admitted, entry))
}
