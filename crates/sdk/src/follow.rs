//! A stream of changes that outlives its connections: it resumes after the last revision it brought.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::stream::{self, BoxStream, Stream, StreamExt as _};
use tokio::time::Instant;
use tonic::{Code, Streaming};

use crate::call::Terms;
use crate::context::Carried;
use crate::error::Error;
use crate::retry::Backoff;

/// A stream that lasted this long was a success: the next interruption is waited for from the beginning.
const LASTED: Duration = Duration::from_secs(5);

/// Where a stream is resumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// After this revision.
    pub revision: i64,
    /// Of this history; empty if that is not known.
    pub history: String,
}

impl Place {
    /// After a revision, of whatever history the service has.
    pub fn on_trust(revision: i64) -> Self {
        Self { revision, history: String::new() }
    }
}

/// What is streamed, and how a stream of it is opened.
pub(crate) trait Subject: Send + Sync + 'static {
    /// One message of the stream.
    type Message: Send + 'static;

    /// Opens a stream of what comes after the place `after`; of the state and what comes after it if there is none.
    fn open(
        &self,
        carried: &Carried,
        after: Option<&Place>,
    ) -> impl Future<Output = Result<Streaming<Self::Message>, Error>> + Send;

    /// The place to resume after once `message` has been handled; none within the state a stream begins with.
    fn place(message: &Self::Message) -> Option<Place>;

    /// Whether `message` only says that the stream ends in peace: nobody is told, and the next one is opened.
    fn is_farewell(_: &Self::Message) -> bool {
        false
    }

    /// The terms of the calls.
    fn terms(&self) -> &Terms;
}

/// Messages of a stream that is taken up again whenever it breaks.
///
/// An item `Err` with [`Error::is_retryable`] says that the stream is interrupted and is being taken up again; any
/// other `Err` is the last item. When the service no longer keeps the revisions after the last one seen, or goes on with
/// another history since it was restored from a backup, the stream begins anew with the state.
pub struct Follow<T>(BoxStream<'static, Result<T, Error>>);

impl<T: Send + 'static> Follow<T> {
    pub(crate) fn new<S: Subject<Message = T>>(subject: S, after: Option<Place>) -> Self {
        let backoff = Backoff::new(subject.terms().retry);
        let pursuit = Pursuit { subject, after, stream: None, backoff, pause: Duration::ZERO, ended: false };
        Self(stream::unfold(pursuit, Pursuit::next).boxed())
    }
}

impl<T> Stream for Follow<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(cx)
    }
}

impl<T> std::fmt::Debug for Follow<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follow").finish_non_exhaustive()
    }
}

struct Open<T> {
    messages: Streaming<T>,
    carried: Carried,
    since: Instant,
    /// How many messages it has brought.
    brought: u64,
}

struct Pursuit<S: Subject> {
    subject: S,
    after: Option<Place>,
    stream: Option<Open<S::Message>>,
    backoff: Backoff,
    pause: Duration,
    ended: bool,
}

impl<S: Subject> Pursuit<S> {
    async fn next(mut self) -> Option<(Result<S::Message, Error>, Self)> {
        while !self.ended {
            let step = match self.stream.take() {
                Some(open) => self.read(open).await,
                None => self.reopen().await,
            };
            match step {
                Ok(Some(message)) => return Some((Ok(message), self)),
                Ok(None) => {}
                Err(failure) if self.begins_anew(&failure) => {}
                Err(failure) => return Some((Err(failure), self)),
            }
        }
        None
    }

    async fn read(&mut self, mut open: Open<S::Message>) -> Result<Option<S::Message>, Error> {
        match open.messages.message().await {
            Ok(Some(message)) => {
                self.after = S::place(&message).or(self.after.take());
                if S::is_farewell(&message) {
                    self.take_leave(&open);
                    return Ok(None);
                }
                open.brought += 1;
                self.stream = Some(open);
                Ok(Some(message))
            }
            ended => {
                // A service ends streams of a great age in peace; the next one is opened without a word.
                let Err(status) = ended else {
                    self.take_leave(&open);
                    return Ok(None);
                };
                if open.since.elapsed() >= LASTED {
                    self.backoff.reset();
                }
                Err(self.subject.terms().failure(&open.carried, &status))
            }
        }
    }

    /// The stream was ended in peace: the next one follows at once, unless this one was short and of no use.
    fn take_leave(&mut self, open: &Open<S::Message>) {
        if open.since.elapsed() >= LASTED || open.brought > 0 {
            self.backoff.reset();
        } else {
            self.pause = self.backoff.wait(None);
        }
    }

    async fn reopen(&mut self) -> Result<Option<S::Message>, Error> {
        tokio::time::sleep(std::mem::take(&mut self.pause)).await;
        let carried = Carried::here();
        let messages = self.subject.open(&carried, self.after.as_ref()).await?;
        self.stream = Some(Open { messages, carried, since: Instant::now(), brought: 0 });
        Ok(None)
    }

    /// Decides how it goes on after a failure; true if nobody needs to be told, since the state comes again.
    fn begins_anew(&mut self, failure: &Error) -> bool {
        self.pause = self.backoff.wait(failure.retry_after());
        let forgotten = failure.code() == Code::OutOfRange && self.after.take().is_some();
        self.ended = !forgotten && !failure.is_retryable();
        forgotten
    }
}
