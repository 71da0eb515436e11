//! The launcher as a process of its own.

use std::process::ExitCode;

use slipway_launcher::config::{DECLARATION, start};

fn main() -> ExitCode {
    slipway_chassis::process::main(&DECLARATION, start)
}
