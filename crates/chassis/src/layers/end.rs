//! The ways in which a call ends that its handler did not choose.

use std::time::Duration;

use slipway_domain::fault::Fault;
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
    /// All reasons that a caller may be told.
    pub(super) const REASONS: [&str; 12] = [
        "CREDENTIALS_MISSING",
        "CREDENTIALS_MALFORMED",
        "CREDENTIALS_INVALID",
        "CREDENTIALS_EXPIRED",
        "KEYS_UNAVAILABLE",
        "PERMISSION_DENIED",
        "ACCESS_CHANGED",
        "RATE_EXCEEDED",
        "OVERLOADED",
        "DEADLINE_EXCEEDED",
        "DRAINING",
        "INTERNAL",
    ];

    /// The reason that the caller is told.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::Refused(refused) => refused.reason(),
            Self::AccessChanged => "ACCESS_CHANGED",
            Self::TooFast(_) => "RATE_EXCEEDED",
            Self::Overloaded => "OVERLOADED",
            Self::Deadline => "DEADLINE_EXCEEDED",
            Self::Draining => "DRAINING",
            Self::Panicked(_) => "INTERNAL",
        }
    }

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

#[cfg(test)]
mod tests {
    use std::backtrace::Backtrace;

    use tonic_types::StatusExt;

    use super::*;
    use crate::env::Env;

    #[test]
    fn what_is_counted_is_what_the_caller_is_told() {
        let request_id = RequestId::new(&Env::system());
        let panic = Panic { message: String::new(), backtrace: Backtrace::disabled() };
        let ends = [
            End::Refused(Refused::Missing),
            End::AccessChanged,
            End::TooFast(WAIT),
            End::Overloaded,
            End::Deadline,
            End::Draining,
            End::Panicked(panic),
        ];
        for end in ends {
            let told = end.status(&request_id).get_details_error_info().unwrap().reason;
            assert_eq!(told, end.reason());
            assert!(End::REASONS.contains(&end.reason()), "{told}");
        }
    }
}
