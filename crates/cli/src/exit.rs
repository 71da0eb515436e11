//! What the exit code tells a script, and what a person reads beside it.

use std::process::ExitCode;

use slipway_sdk::Code;

/// Something went wrong that has no code of its own.
const FAILED: u8 = 1;
/// The arguments are wrong.
const USAGE: u8 = 2;
/// What was asked for is not there.
const NOT_FOUND: u8 = 3;
/// The state of the system forbids it, or somebody was faster.
const REFUSED: u8 = 4;
/// The service can't be reached now.
const UNAVAILABLE: u8 = 5;

/// Says what went wrong, and ends with the code that fits.
#[allow(clippy::print_stderr, reason = "this is where the command speaks to a person")]
pub fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  because: {error}");
        cause = error.source();
    }
    let code = error.downcast_ref::<slipway_sdk::Error>().map_or(FAILED, |error| of(error.code()));
    ExitCode::from(code)
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
