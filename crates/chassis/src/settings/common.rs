//! What every service is told, read from its settings.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use http::Uri;

use super::fault::{Fault, Origin};
use super::table::{
    CLOCK_ORIGIN, CLOCK_SPEED, CLOCK_START, CONFIG, DATA_DIR, DEADLINE, GRACE, IDLE, LISTEN, LOG, LOG_FORMAT,
    MAX_CONNECTIONS, MAX_DEADLINE, MAX_MESSAGE, MAX_REQUESTS, MAX_STREAMS, OPS_LISTEN, OTLP, RATE_BYTES, RATE_REQUESTS,
    REMOTE, SAMPLE, TLS_HANDSHAKE,
};
use super::{Reader, Setting, Tls, access, sources, tls};
use crate::access::Sources;
use crate::env::{Env, Scale};
use crate::layers::{Deadlines, Limits, Rates};
use crate::server::{self, Connections};

/// What every service is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Common {
    /// Where gRPC is served.
    pub listen: SocketAddr,
    /// Where operators are served.
    pub ops_listen: SocketAddr,
    /// Where data is kept.
    pub data_dir: PathBuf,
    /// Where the policy, tokens and keys are; none where everybody may do everything.
    pub access: Option<Sources>,
    /// How it proves who it is; none where nothing is encrypted.
    pub tls: Option<Tls>,
    /// What is logged, and how.
    pub log: Log,
    /// Where traces go; none when they are not collected.
    pub traces: Option<Traces>,
    /// How much may go on at once, for how long, and how it stops.
    pub server: server::Config,
    /// The longest message that is accepted, in bytes: for the services that decode them.
    pub max_message: usize,
    /// Which clock holds.
    pub clock: Clock,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Levels and directives.
    pub filter: String,
    /// How a line looks.
    pub format: LogFormat,
    /// The settings file whose level holds, and its every change; none where a flag or a variable says the level, or
    /// there is no file.
    pub followed: Option<PathBuf>,
}

impl Log {
    /// These levels and directives for ever, in lines of this form.
    #[must_use]
    pub fn fixed(filter: &str, format: LogFormat) -> Self {
        Self { filter: filter.to_owned(), format, followed: None }
    }

    /// The levels and directives that the settings file at `path` says, or the default.
    ///
    /// # Errors
    /// When it can't be read, is no TOML, or says none that are understood.
    pub fn filter_in(path: &Path) -> Result<String, Fault> {
        let Some(given) = sources::in_file(&LOG.row, path)? else { return Ok(LOG.row.default.to_owned()) };
        let fault = |text: String| {
            let origin = Origin::File(path.to_owned());
            Fault::Value { name: LOG.row.name, origin, given: text, allowed: LOG.row.allowed.to_owned() }
        };
        (LOG.parse)(&given).ok_or_else(|| fault(given))
    }
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Where traces go.
#[derive(Debug, Clone, PartialEq)]
pub struct Traces {
    /// The collector.
    pub endpoint: Uri,
    /// The share of the traces beginning here that are sent, from 0 to 1.
    pub ratio: f64,
}

/// Which clock holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Clock {
    /// The machine's.
    System,
    /// One that runs faster or slower, for tests of whole processes.
    Scaled(Scale),
}

impl LogFormat {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "auto" => Some(Self::Auto),
            "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

impl Common {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let access = access::read(reader);
        let (listen, ops_listen) = listeners(reader, access.as_ref());
        Self {
            listen,
            ops_listen,
            data_dir: reader.value(&DATA_DIR),
            access,
            tls: tls::read(reader),
            log: log(reader),
            traces: traces(reader),
            server: server(reader),
            max_message: reader.value(&MAX_MESSAGE),
            clock: clock(reader),
        }
    }

    /// The environment that these settings ask for.
    #[must_use]
    pub fn env(&self) -> Env {
        match self.clock {
            Clock::System => Env::system(),
            Clock::Scaled(Scale { origin, start, speed }) => Env::scaled(origin, start, speed),
        }
    }
}

fn listeners(reader: &mut Reader, access: Option<&Sources>) -> (SocketAddr, SocketAddr) {
    let remote = reader.value(&REMOTE) || access.is_some();
    let mut listener = |setting: &Setting<SocketAddr>| {
        let address = reader.value(setting);
        if !address.ip().is_loopback() && !remote {
            let allowed = "a loopback address, since nobody is asked who they are: give access.policy; or let everybody \
                           who reaches the address do everything, by --allow-unauthenticated-remote";
            reader.refuse_value(setting, allowed);
        }
        address
    };
    (listener(&LISTEN), listener(&OPS_LISTEN))
}

fn log(reader: &mut Reader) -> Log {
    let followed = reader.optional(&CONFIG).filter(|_| !reader.is_given_outside(&LOG));
    Log { filter: reader.value(&LOG), format: reader.value(&LOG_FORMAT), followed }
}

fn traces(reader: &mut Reader) -> Option<Traces> {
    let ratio = reader.value(&SAMPLE);
    reader.optional(&OTLP).map(|endpoint| Traces { endpoint, ratio })
}

fn server(reader: &mut Reader) -> server::Config {
    let deadlines = Deadlines { default: reader.value(&DEADLINE), max: reader.value(&MAX_DEADLINE) };
    if deadlines.default > deadlines.max {
        reader.refuse_value(&DEADLINE, "at most max-deadline");
    }
    let rates = Rates { requests: reader.value(&RATE_REQUESTS), bytes: reader.value(&RATE_BYTES) };
    let (requests, streams) = (reader.value(&MAX_REQUESTS), reader.value(&MAX_STREAMS));
    let limits = Limits { requests, streams, deadlines, rates };
    let connections = Connections {
        most: reader.value(&MAX_CONNECTIONS),
        handshake: reader.value(&TLS_HANDSHAKE),
        idle: reader.value(&IDLE),
    };
    server::Config { limits, connections, grace: reader.value(&GRACE) }
}

fn clock(reader: &mut Reader) -> Clock {
    let origin = reader.optional(&CLOCK_ORIGIN);
    let start = reader.optional(&CLOCK_START);
    let speed = reader.optional(&CLOCK_SPEED);
    match (origin, start, speed) {
        (Some(origin), Some(start), Some(speed)) => Clock::Scaled(Scale { origin, start, speed }),
        (None, None, None) => Clock::System,
        _ => {
            reader.refuse_value(&CLOCK_SPEED, "given together with clock.origin and clock.start, or not at all");
            Clock::System
        }
    }
}
