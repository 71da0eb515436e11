//! What a process lets others see of it while it runs: its log, and its traces when somebody collects them.

mod fields;
mod level;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tokio_util::task::AbortOnDropHandle;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::settings::{Log, LogFormat, Traces};
use fields::JsonFields;

/// How long one batch of spans may be on its way.
const EXPORT: Duration = Duration::from_secs(3);

/// Why a process cannot let itself be seen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directives of the log are none.
    #[error("the log directives are not understood: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The collector of traces cannot be addressed.
    #[error("traces cannot be sent: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// Another log was set up before.
    #[error("the log of this process was set up before: {0}")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// The telemetry of one process.
#[derive(Debug)]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
    _following: Option<AbortOnDropHandle<()>>,
}

/// Starts the log of this process, on standard error, and, when there is a collector, its traces. What is logged follows
/// the settings file. Must be called inside of a runtime, once in a process.
///
/// # Errors
/// [`Error`]; nothing is set up then.
pub fn start(name: &'static str, log: &Log, traces: Option<&Traces>) -> Result<Telemetry, Error> {
    let provider = traces.map(|traces| provider(name, traces)).transpose()?;
    let spans = provider.as_ref().map(|provider| {
        // Only our own spans, since those of the transport would be traced while they carry traces; and whatever is
        // logged, since who wants a quiet log wants the traces no less.
        let ours =
            filter_fn(|metadata| metadata.target().starts_with("slipway") && *metadata.level() <= tracing::Level::INFO);
        tracing_opentelemetry::layer().with_tracer(provider.tracer(name)).with_filter(ours)
    });
    let (filter, level) = level::of(&log.filter)?;
    tracing_subscriber::registry().with(lines(log.format).with_filter(filter)).with(spans).try_init()?;
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    if let Some(provider) = &provider {
        opentelemetry::global::set_tracer_provider(provider.clone());
    }
    let follow = |file: &PathBuf| AbortOnDropHandle::new(tokio::spawn(level.follow(file.clone())));
    Ok(Telemetry { provider, _following: log.followed.as_ref().map(follow) })
}

impl Telemetry {
    /// Sends the spans that are left, for at most `patience`.
    pub async fn finish(self, patience: Duration) {
        let Some(provider) = self.provider else { return };
        // A thread of its own and not one of the runtime's: the runtime would wait for it however long it takes.
        let (done, sent) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || done.send(provider.shutdown_with_timeout(patience)));
        match tokio::time::timeout(patience, sent).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::warn!(%error, "the last spans were not sent"),
            Ok(Err(error)) => tracing::warn!(%error, "the last spans were not sent"),
            Err(_) => tracing::warn!(?patience, "the last spans were not sent: the collector does not answer"),
        }
    }
}

fn provider(name: &'static str, traces: &Traces) -> Result<SdkTracerProvider, Error> {
    let exporter =
        SpanExporter::builder().with_tonic().with_endpoint(traces.endpoint.to_string()).with_timeout(EXPORT).build()?;
    let begun_here = Sampler::TraceIdRatioBased(traces.ratio);
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(begun_here)))
        .with_resource(Resource::builder().with_service_name(name).build())
        .build())
}

fn lines<S>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let terminal = std::io::stderr().is_terminal();
    match format {
        LogFormat::Auto if !terminal => lines.json().fmt_fields(JsonFields).boxed(),
        LogFormat::Json => lines.json().fmt_fields(JsonFields).boxed(),
        LogFormat::Auto | LogFormat::Text => lines.with_ansi(terminal).boxed(),
    }
}
