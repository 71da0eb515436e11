//! What the exit code tells a script.

use slipway_chassis::process;
use slipway_sdk::Code;

/// Something went wrong that has no code of its own.
const FAILED: u8 = 1;
/// The arguments are wrong.
pub const USAGE: u8 = 2;
/// What was asked for is not there.
const NOT_FOUND: u8 = 3;
/// The state of the system forbids it, or somebody was faster.
pub const REFUSED: u8 = 4;
/// The service can't be reached now.
const UNAVAILABLE: u8 = 5;

/// What they mean, for `--help`.
pub const MEANINGS: &str = "\
Exit codes:
  0  done
  1  failed; or the answer was no (a launch that did not succeed, a version that is unstable, a gate that does not pass)
  2  wrong usage: nothing was asked, or a field of the request is wrong
  3  not found
  4  refused: fix the state, read again, or ask for the right
  5  unavailable: try again
  64 wrong settings of `slipway up`
  70 `slipway up` could not run";

/// The arguments are each well-formed, but not together.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// The services could not run.
#[derive(Debug, thiserror::Error)]
#[error("slipway up: {0}")]
pub struct NotRunning(pub String);

/// The exit code that fits.
pub fn code(error: &anyhow::Error) -> u8 {
    if error.is::<Usage>() {
        return USAGE;
    }
    if error.is::<NotRunning>() {
        return process::FAILED;
    }
    error.downcast_ref::<slipway_sdk::Error>().map_or(FAILED, |error| of(error.code()))
}

/// The exit code for an answer of a service.
fn of(code: Code) -> u8 {
    match code {
        Code::InvalidArgument | Code::OutOfRange => USAGE,
        Code::NotFound => NOT_FOUND,
        Code::AlreadyExists | Code::FailedPrecondition | Code::Aborted | Code::PermissionDenied => REFUSED,
        Code::Unauthenticated => REFUSED,
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted => UNAVAILABLE,
        Code::Ok | Code::Cancelled | Code::Unknown | Code::Unimplemented | Code::Internal | Code::DataLoss => FAILED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_exit_code_is_documented() {
        let documented: Vec<u8> =
            MEANINGS.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect();
        let used = [0, FAILED, USAGE, NOT_FOUND, REFUSED, UNAVAILABLE, process::WRONG_SETTINGS, process::FAILED];
        assert_eq!(documented, used);
    }
}
