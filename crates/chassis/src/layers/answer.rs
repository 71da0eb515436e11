//! The answer of a unary call on its way out: written at once, handed on in pieces as its caller makes room for them, and
//! counted for as long as it waits.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tonic::Status;

use crate::aside::Trailers;
use crate::server::{Busy, Untaken};

/// What is handed on at once. The transport takes all that it is handed, even where there is room for one byte of it.
const PIECE: usize = 16 << 10;

/// An answer that waits.
struct Answer {
    /// What is handed on next; none when that is up to the rest.
    next: Option<Result<Frame<Bytes>, Status>>,
    rest: tonic::body::Body,
    /// What goes out behind it.
    trailers: Option<Trailers>,
    _untaken: Option<Untaken>,
}

/// The answer, written, so that it is known how much waits on the connection of its call.
pub(super) fn written(
    mut body: tonic::body::Body,
    busy: Option<&Busy>,
    trailers: Option<Trailers>,
) -> tonic::body::Body {
    // One message is written when it is asked for; whoever is not ready is asked again by the transport.
    let next = match Pin::new(&mut body).poll_frame(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Some(next)) => Some(next),
        Poll::Ready(None) | Poll::Pending => None,
    };
    let bytes = next.as_ref().and_then(|next| next.as_ref().ok()?.data_ref()).map_or(0, Bytes::len);
    let untaken = busy.filter(|_| bytes > PIECE).map(|busy| busy.untaken(bytes));
    tonic::body::Body::new(Answer { next, rest: body, trailers, _untaken: untaken })
}

impl Answer {
    /// A frame, with what goes out behind the answer if it is its end.
    fn beside(&mut self, frame: Frame<Bytes>) -> Frame<Bytes> {
        match frame.into_trailers() {
            Ok(mut trailers) => {
                trailers.extend(self.trailers.take().map(|Trailers(own)| own).unwrap_or_default());
                Frame::trailers(trailers)
            }
            Err(data) => data,
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        match this.next.take() {
            None => Pin::new(&mut this.rest).poll_frame(context).map_ok(|frame| this.beside(frame)),
            Some(Ok(frame)) => Poll::Ready(Some(Ok(match frame.into_data() {
                Ok(mut data) if data.len() > PIECE => {
                    let piece = data.split_to(PIECE);
                    this.next = Some(Ok(Frame::data(data)));
                    Frame::data(piece)
                }
                Ok(data) => Frame::data(data),
                Err(trailers) => this.beside(trailers),
            }))),
            Some(Err(status)) => Poll::Ready(Some(Err(status))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.next.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
