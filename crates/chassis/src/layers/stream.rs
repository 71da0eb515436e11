//! The answer of a streaming call: it ends at the caller's deadline, when the service stops, and when its handler
//! panics, each time with a status that says so.

use std::pin::Pin;
use std::task::{Context, Poll};

use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use tonic::{Code, Status};
use tracing::Span;

use super::end::End;
use super::measure::Measure;
use super::panic::guarded;
use super::places::Place;
use crate::caller::RequestId;
use crate::server::Busy;

/// Resolves when a stream has to end from outside.
pub(super) type Cut = Pin<Box<dyn Future<Output = End> + Send>>;

/// The messages of a stream on their way out.
pub(super) struct Stream {
    /// None after the stream has ended.
    pub(super) inner: Option<tonic::body::Body>,
    pub(super) cut: Cut,
    pub(super) request_id: RequestId,
    pub(super) measure: Measure,
    pub(super) span: Span,
    /// Keeps the place of this stream among those that are allowed.
    pub(super) _place: Option<Place>,
    /// Keeps its connection from being closed for idleness.
    pub(super) _busy: Option<Busy>,
}

type Next = Poll<Option<Result<Frame<<tonic::body::Body as Body>::Data>, Status>>>;

impl Stream {
    fn end(&mut self, end: &End) -> Next {
        self.inner = None;
        let status = end.status(&self.request_id);
        self.measure.broke(end.reason(), status.code());
        let mut trailers = HeaderMap::new();
        Poll::Ready(Some(status.add_header(&mut trailers).map(|()| Frame::trailers(trailers))))
    }

    fn note(&mut self, next: &Option<Result<Frame<bytes::Bytes>, Status>>) {
        match next {
            Some(Ok(frame)) => {
                if let Some(status) = frame.trailers_ref().and_then(|trailers| trailers.get(Status::GRPC_STATUS)) {
                    self.measure.ended(Code::from_bytes(status.as_bytes()));
                }
            }
            Some(Err(status)) => self.measure.ended(status.code()),
            None => self.inner = None,
        }
    }
}

impl Body for Stream {
    type Data = bytes::Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Next {
        let this = &mut *self;
        let span = this.span.clone();
        let _inside = span.enter();
        let Some(inner) = this.inner.as_mut() else { return Poll::Ready(None) };
        if let Poll::Ready(end) = this.cut.as_mut().poll(context) {
            return this.end(&end);
        }
        match guarded(|| Pin::new(inner).poll_frame(context)) {
            Ok(Poll::Ready(next)) => {
                this.note(&next);
                Poll::Ready(next)
            }
            Ok(Poll::Pending) => Poll::Pending,
            Err(panic) => this.end(&End::Panicked(panic)),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
