//! The life of a service: its settings, its telemetry, its sockets, its start, its calls, its end, and the exit code
//! that says how it went.

mod life;
mod open_files;
mod signals;

use std::error::Error as StdError;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::server::{Listeners, Served};
use crate::settings::{Declaration, Request, Settings};
use crate::telemetry;

pub use life::{Error, Plan, Start, serve};
pub use open_files::make_room;
pub use signals::stop_on_signal;

/// The exit code of a process whose settings are wrong (`EX_USAGE`).
pub const WRONG_SETTINGS: u8 = 64;

/// The exit code of a process that could not start, or could not go on (`EX_SOFTWARE`).
pub const FAILED: u8 = 70;

/// How long the last spans may take when the process ends.
const LAST_SPANS: Duration = Duration::from_secs(2);

/// How long work that blocks a thread may go on after the service has ended.
const LAST_WORK: Duration = Duration::from_secs(1);

/// The whole `main` of a service: reads the settings from file, environment and command line, and runs the service that
/// `start` makes of them until it is told to stop.
pub fn main<C, F, E>(declaration: &Declaration<C>, start: F) -> ExitCode
where
    F: AsyncFnOnce(C, Start) -> Result<Served, E>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    let arguments = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    let environment = std::env::vars_os()
        .filter_map(|(name, text)| Some((name.into_string().ok()?, text.to_string_lossy().into_owned())));
    let settings = match declaration.parse(arguments, environment) {
        Ok(Request::Run(settings)) => *settings,
        Ok(Request::Print(text)) => return text.print().map_or(FAILED.into(), |()| ExitCode::SUCCESS),
        Err(faults) => return complain(declaration.name, &faults, WRONG_SETTINGS),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(declaration.name, &error, FAILED),
    };
    let result = runtime.block_on(run(declaration.name, settings, start));
    runtime.shutdown_timeout(LAST_WORK);
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(declaration.name, &error, FAILED),
    }
}

async fn run<C, F, E>(name: &'static str, settings: Settings<C>, start: F) -> Result<(), Error>
where
    F: AsyncFnOnce(C, Start) -> Result<Served, E>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    let Settings { mut common, own } = settings;
    let telemetry = telemetry::start(name, &common.log, common.traces.as_ref())?;
    make_room([&mut common.server.connections]);
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;
    let listeners = Listeners::bind(common.listen, common.ops_listen).await?;
    let env = common.env();
    let result = serve(Plan { name, common, listeners, env, stop }, own, start).await;
    telemetry.finish(LAST_SPANS).await;
    result
}

/// Says on standard error what is wrong, with its causes, for whoever started the process.
fn complain(name: &str, error: &dyn StdError, code: u8) -> ExitCode {
    let mut text = format!("{name}: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    // When standard error is gone there is nobody left to tell.
    let _ = writeln!(std::io::stderr(), "{}", text.trim_end());
    code.into()
}
