//! As of when a client reads.

use slipway_domain::as_of::AsOf;

/// What every question of a client says of the moment that it is about.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Read {
    revision: Option<i64>,
    time: Option<prost_types::Timestamp>,
}

/// A question that can be asked about the past.
pub(crate) trait Question {
    /// Its `read_revision` and `read_time`.
    fn read(&mut self) -> (&mut Option<i64>, &mut Option<prost_types::Timestamp>);
}

/// Says of messages that they can be asked about the past.
macro_rules! questions {
    ($($message:ident),+ $(,)?) => {
        $(impl crate::read::Question for pb::$message {
            fn read(&mut self) -> (&mut Option<i64>, &mut Option<prost_types::Timestamp>) {
                (&mut self.read_revision, &mut self.read_time)
            }
        })+
    };
}
pub(crate) use questions;

impl Read {
    /// About `as_of`.
    pub fn of(as_of: AsOf) -> Self {
        match as_of {
            AsOf::Now => Self::default(),
            AsOf::Revision(revision) => {
                Self { revision: Some(i64::try_from(revision).unwrap_or(i64::MAX)), time: None }
            }
            AsOf::Time(at) => Self { revision: None, time: Some(wire(at)) },
        }
    }

    /// The question, which says as of when if it does not say so itself.
    pub fn asked<Q: Question>(self, mut question: Q) -> Q {
        let (revision, time) = question.read();
        if revision.is_none() && time.is_none() {
            (*revision, *time) = (self.revision, self.time);
        }
        question
    }
}

/// An instant on the wire, which counts nanoseconds forward from the second before; jiff counts them towards zero.
fn wire(at: jiff::Timestamp) -> prost_types::Timestamp {
    let (seconds, nanos) = (at.as_second(), at.subsec_nanosecond());
    if nanos < 0 {
        return prost_types::Timestamp { seconds: seconds - 1, nanos: nanos + 1_000_000_000 };
    }
    prost_types::Timestamp { seconds, nanos }
}
