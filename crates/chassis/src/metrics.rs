//! The figures a service shows on `/metrics`: an OpenTelemetry meter whose readings Prometheus collects. Each is
//! declared once, as a [`Figure`], and the table in `docs/reference.md` is made from the declarations.

pub(crate) mod basics;
mod figure;
mod proc;

use std::sync::Arc;

use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Registry, TextEncoder};

pub use figure::{Durations, Figure, Gauge, Labels, Reading, Total, one};

/// Upper bounds of the buckets of every duration, in seconds.
pub const SECONDS: [f64; 15] =
    [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The metrics of one service; another service in the same process has its own. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    /// Readings end when the last of it goes.
    _provider: SdkMeterProvider,
    meter: Arc<Meter>,
}

impl Metrics {
    /// Metrics without any instrument yet.
    ///
    /// # Errors
    /// When the exporter does not accept its registry.
    pub fn new() -> Result<Self, OTelSdkError> {
        let registry = Registry::new();
        let exporter = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .without_target_info()
            .scope_info_enabled(false)
            .build()?;
        let provider = SdkMeterProvider::builder().with_reader(exporter).build();
        let meter = Arc::new(provider.meter("slipway"));
        Ok(Self { registry, _provider: provider, meter })
    }

    /// Where the instruments of figures are made.
    fn meter(&self) -> &Meter {
        &self.meter
    }

    /// All readings in the text format of Prometheus.
    ///
    /// # Errors
    /// When two instruments of one name disagree about what they are.
    pub fn text(&self) -> Result<String, prometheus::Error> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}
