//! The ways in which a call ends that its handler did not choose.

use std::time::Duration;

use tonic::Status;

use super::panic::Panic;
use crate::access::Refused;
use crate::caller::RequestId;
use crate::status;

/// When a refused call is worth another try.
const WAIT: Duration = Duration::from_secs(1);

/// Why a call ended without its handler's word.
#[derive(Debug)]
pub(super) enum End {
    /// Its caller is not let in.
    Refused(Refused),
    /// Its caller would not be let in the same way any more.
    AccessChanged,
    /// Its caller has begun as many calls as it may, and can begin the next one after this time.
    TooFast(Duration),
    /// As many calls as are allowed are under way.
    Overloaded,
    /// Its deadline passed.
    Deadline,
    /// The service stops.
    Draining,
    /// Its handler panicked.
    Panicked(Panic),
}

impl End {
    /// What the caller is told. A panic is logged here.
    pub(super) fn status(&self, request_id: &RequestId) -> Status {
        match self {
            Self::Refused(refused) => status::from_fault(refused, request_id),
            Self::AccessChanged => status::access_changed(request_id),
            Self::TooFast(wait) => status::too_fast(request_id, *wait),
            Self::Overloaded => status::overloaded(request_id, WAIT),
            Self::Deadline => status::deadline_exceeded(request_id),
            Self::Draining => status::draining(request_id, WAIT),
            Self::Panicked(panic) => {
                tracing::error!(%request_id, backtrace = %panic.backtrace, "a handler broke off: {}", panic.message);
                status::panicked(request_id)
            }
        }
    }
}
