//! The table of the settings that every service has.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use jiff::Timestamp;

use jsonwebtoken::Algorithm;
use slipway_tls::ClientAuth;

use super::common::LogFormat;
use super::{Row, Setting, parse, tls};
use crate::access::jwt::{USUAL_ALGORITHMS, parse_algorithms};
use crate::access::key_source::{self, KeySource};

const DURATION: &str = "a duration from 1ms to 24h, as 30s";
const COUNT: &str = "a whole number from 1 to 1000000";
const TEXT: &str = "a text without white space";
const ADDRESS: &str = "an IP address and a port, as 127.0.0.1:7701";

pub(super) const CONFIG: Setting<PathBuf> = Setting::new(
    "config",
    "",
    parse::path,
    "the path of a TOML file",
    "Settings file; its keys are named as the flags",
);
pub(super) const LISTEN: Setting<SocketAddr> =
    Setting::new("listen", "", parse::address, ADDRESS, "Where gRPC is served");
pub(super) const OPS_LISTEN: Setting<SocketAddr> =
    Setting::new("ops-listen", "", parse::address, ADDRESS, "Where /metrics, /livez and /readyz are served over HTTP");
pub(super) const DATA_DIR: Setting<PathBuf> =
    Setting::new("data-dir", "", parse::path, "the path of a folder", "Where data is kept; made when it is not there");
pub(super) const REMOTE: Setting<bool> = Setting::switch(
    "allow-unauthenticated-remote",
    "Listen on addresses other than loopback although callers are not authenticated",
);
pub(super) const ACCESS_POLICY: Setting<PathBuf> = Setting::new(
    "access.policy",
    "",
    parse::path,
    "the path of a TOML file",
    "Who may do what; without it everybody may do everything. Read again when it changes",
);
pub(super) const ACCESS_TOKENS: Setting<PathBuf> = Setting::new(
    "access.tokens",
    "",
    parse::path,
    "the path of a TOML file",
    "The hashes of the static tokens that are accepted. Read again when it changes",
);
pub(super) const JWT_KEYS: Setting<KeySource> = Setting::new(
    "jwt.keys",
    "",
    key_source::parse,
    "the path of a JSON web key set, or its address, as https://id.example.org/keys",
    "The public keys of the issuer of JSON web tokens. Read again when the file changes; from the web every five minutes, \
     and when a token names a new key",
);
pub(super) const JWT_CA: Setting<PathBuf> = Setting::new(
    "jwt.ca",
    "",
    parse::path,
    "the path of a PEM file",
    "The roots by which the certificate at the address of jwt.keys is trusted, in place of the machine's",
);
pub(super) const JWT_ISSUER: Setting<String> =
    Setting::new("jwt.issuer", "", parse::text, TEXT, "Who issues JSON web tokens: their claim iss");
pub(super) const JWT_AUDIENCE: Setting<String> =
    Setting::new("jwt.audience", "", parse::text, TEXT, "For whom JSON web tokens must be: their claim aud");
pub(super) const JWT_ALGORITHMS: Setting<Vec<Algorithm>> = Setting::new(
    "jwt.algorithms",
    USUAL_ALGORITHMS,
    parse_algorithms,
    "some of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 and EdDSA, with commas between them",
    "Which signatures of JSON web tokens are accepted",
);
pub(super) const JWT_GROUPS: Setting<String> = Setting::new(
    "jwt.groups-claim",
    "groups",
    parse::text,
    TEXT,
    "The claim of JSON web tokens that names the groups of their subject: claim:NAME in a policy",
);
pub(super) const TLS_CERTIFICATE: Setting<PathBuf> = Setting::new(
    "tls.certificate",
    "",
    parse::path,
    "the path of a PEM file",
    "The certificate of this service, and those between it and the root: everything is served over TLS. Read again when \
     it changes",
);
pub(super) const TLS_KEY: Setting<PathBuf> =
    Setting::new("tls.key", "", parse::path, "the path of a PEM file", "The private key of tls.certificate");
pub(super) const TLS_CLIENT_CA: Setting<PathBuf> = Setting::new(
    "tls.client-ca",
    "",
    parse::path,
    "the path of a PEM file",
    "The roots by which the certificates of callers are trusted, which say who they are. Read again when it changes",
);
pub(super) const TLS_CLIENT_AUTH: Setting<ClientAuth> = Setting::new(
    "tls.client-auth",
    "optional",
    tls::client_auth,
    "optional or required",
    "Whether callers must have a certificate of tls.client-ca",
);
pub(super) const TLS_HANDSHAKE: Setting<Duration> =
    Setting::new("tls.handshake-timeout", "10s", parse::duration, DURATION, "How long a TLS handshake may take");
pub(super) const OPS_PLAIN: Setting<bool> =
    Setting::switch("ops-plain", "Serve /metrics, /livez and /readyz without TLS although there is a tls.certificate");
pub(super) const LOG: Setting<String> = Setting::new(
    "log",
    "info",
    log_filter,
    "a level (error, warn, info, debug, trace) or directives, as info,slipway_store=debug",
    "What is logged; a change of it in the file holds at once",
);
pub(super) const LOG_FORMAT: Setting<LogFormat> = Setting::new(
    "log-format",
    "auto",
    LogFormat::parse,
    "auto, text or json",
    "How logs look; auto is text on a terminal and JSON elsewhere",
);
pub(super) const OTLP: Setting<Uri> = Setting::new(
    "otlp-endpoint",
    "",
    parse::endpoint,
    "an address, as http://127.0.0.1:4317",
    "Where traces are sent, by OTLP over gRPC",
);
pub(super) const SAMPLE: Setting<f64> = Setting::new(
    "trace-sample",
    "0.01",
    parse::ratio,
    "a share from 0 to 1",
    "How many of the traces that begin here are sent",
);
pub(super) const GRACE: Setting<Duration> =
    Setting::new("grace", "10s", parse::duration, DURATION, "How long calls get to finish when the service stops");
pub(super) const MAX_MESSAGE: Setting<usize> = Setting::new(
    "max-message-size",
    "4MiB",
    parse::bytes,
    "a size from 1KiB to 1GiB, as 4MiB",
    "The longest message that is accepted",
);
pub(super) const MAX_REQUESTS: Setting<u32> =
    Setting::new("max-requests", "1024", parse::count, COUNT, "How many unary calls may be under way at once");
pub(super) const MAX_STREAMS: Setting<u32> =
    Setting::new("max-streams", "10000", parse::count, COUNT, "How many streams may be open at once");
pub(super) const MAX_CONNECTIONS: Setting<u32> =
    Setting::new("max-connections", "16384", parse::count, COUNT, "How many connections may be open at once");
pub(super) const IDLE: Setting<Duration> = Setting::new(
    "idle-timeout",
    "15m",
    parse::duration,
    DURATION,
    "How long a connection may be without a call before it is closed",
);
pub(super) const RATE_REQUESTS: Setting<u32> = Setting::new(
    "rate.requests",
    "0",
    |text| text.parse().ok(),
    "a whole number up to 4294967295; 0 is any number",
    "How many calls each caller may begin in a second",
);
pub(super) const RATE_BYTES: Setting<u32> = Setting::new(
    "rate.bytes",
    "0",
    parse::byte_rate,
    "a size from 1KiB to 1GiB, as 4MiB; 0 is any size",
    "How many bytes each caller may send in a second",
);
pub(super) const DEADLINE: Setting<Duration> = Setting::new(
    "default-deadline",
    "30s",
    parse::duration,
    DURATION,
    "The deadline of a unary call whose caller names none",
);
pub(super) const MAX_DEADLINE: Setting<Duration> =
    Setting::new("max-deadline", "5m", parse::duration, DURATION, "The longest deadline that a unary call gets");
pub(super) const CLOCK_ORIGIN: Setting<Timestamp> = Setting::new(
    "clock.origin",
    "",
    parse::instant,
    "an instant, as 2023-06-01T00:00:00Z",
    "The real instant at which the clock reads clock.start",
)
.for_developers();
pub(super) const CLOCK_START: Setting<Timestamp> = Setting::new(
    "clock.start",
    "",
    parse::instant,
    "an instant, as 2023-06-01T00:00:00Z",
    "What the clock reads at clock.origin",
)
.for_developers();
pub(super) const CLOCK_SPEED: Setting<f64> = Setting::new(
    "clock.speed",
    "",
    parse::factor,
    "a number above 0",
    "How many seconds of the clock pass in a real one",
)
.for_developers();

/// All of them, in the order in which `--help` shows them.
pub(super) const ROWS: &[Row] = &[
    CONFIG.row,
    LISTEN.row,
    OPS_LISTEN.row,
    DATA_DIR.row,
    REMOTE.row,
    ACCESS_POLICY.row,
    ACCESS_TOKENS.row,
    JWT_KEYS.row,
    JWT_CA.row,
    JWT_ISSUER.row,
    JWT_AUDIENCE.row,
    JWT_ALGORITHMS.row,
    JWT_GROUPS.row,
    TLS_CERTIFICATE.row,
    TLS_KEY.row,
    TLS_CLIENT_CA.row,
    TLS_CLIENT_AUTH.row,
    TLS_HANDSHAKE.row,
    OPS_PLAIN.row,
    LOG.row,
    LOG_FORMAT.row,
    OTLP.row,
    SAMPLE.row,
    GRACE.row,
    MAX_MESSAGE.row,
    MAX_REQUESTS.row,
    MAX_STREAMS.row,
    MAX_CONNECTIONS.row,
    IDLE.row,
    RATE_REQUESTS.row,
    RATE_BYTES.row,
    DEADLINE.row,
    MAX_DEADLINE.row,
    CLOCK_ORIGIN.row,
    CLOCK_START.row,
    CLOCK_SPEED.row,
];

fn log_filter(text: &str) -> Option<String> {
    let well_formed = !text.is_empty() && tracing_subscriber::EnvFilter::try_new(text).is_ok();
    well_formed.then(|| text.to_owned())
}
