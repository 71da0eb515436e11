//! The health service as a process of its own.

use std::process::ExitCode;

use slipway_health::config::{DECLARATION, start};

fn main() -> ExitCode {
    slipway_chassis::process::main(&DECLARATION, start)
}
