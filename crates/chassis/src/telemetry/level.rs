//! Which lines are logged: as the settings file says, without a restart when it changes.

use std::path::{Path, PathBuf};

use tracing_subscriber::{EnvFilter, Registry, reload};

use crate::env::Env;
use crate::follow::follow;
use crate::settings::Log;

/// What is not logged unless it is asked for: how the telemetry itself is doing.
const QUIET: &str = "opentelemetry=warn,opentelemetry_sdk=warn,opentelemetry-otlp=warn";

/// The filter of the log of this process.
pub(super) type Filter = reload::Layer<EnvFilter, Registry>;

/// Changes the filter of the log.
#[derive(Debug)]
pub(super) struct Level {
    handle: reload::Handle<EnvFilter, Registry>,
    /// What holds.
    directives: String,
}

/// The filter for `directives`, and what changes it.
pub(super) fn of(directives: &str) -> Result<(Filter, Level), tracing_subscriber::filter::ParseError> {
    let (filter, handle) = reload::Layer::new(parse(directives)?);
    Ok((filter, Level { handle, directives: directives.to_owned() }))
}

impl Level {
    /// Takes up every change of the level in the settings file at `path`, for ever. What cannot be used changes nothing.
    pub async fn follow(mut self, path: PathBuf) {
        let (seen, file) = (Ok(self.directives.clone()), path.clone());
        let read = move || Log::filter_in(&file).map_err(|fault| fault.to_string());
        let changed = |found: &Result<String, String>| match found {
            Ok(directives) => self.take(directives, &path),
            Err(fault) => tracing::error!(%fault, "the log goes on as before"),
        };
        follow(&Env::system(), seen, read, changed).await;
    }

    fn take(&mut self, directives: &str, path: &Path) {
        if self.directives == directives {
            return;
        }
        let filter = match parse(directives) {
            Ok(filter) => filter,
            Err(error) => return tracing::error!(%error, "the log goes on as before"),
        };
        let before = std::mem::replace(&mut self.directives, directives.to_owned());
        let tell = || {
            let file = path.display();
            tracing::info!(level = directives, before, %file, "the level of the log is changed");
        };
        // Told while it can be seen: before the log grows quieter, or after it has grown louder.
        let heard = tracing::enabled!(tracing::Level::INFO);
        if heard {
            tell();
        }
        match self.handle.reload(filter) {
            Ok(()) if heard => {}
            Ok(()) => tell(),
            Err(error) => tracing::error!(%error, "the log goes on as before"),
        }
    }
}

fn parse(directives: &str) -> Result<EnvFilter, tracing_subscriber::filter::ParseError> {
    EnvFilter::try_new(format!("{QUIET},{directives}"))
}
