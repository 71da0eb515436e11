//! The figures that every service shows of itself: what its process takes, which build it is, whether it is ready, and
//! how much room its data has.

use std::path::PathBuf;

use opentelemetry::KeyValue;

use super::{Figure, Gauge, Metrics, Total, one, proc};
use crate::data_dir;
use crate::readiness::Readiness;

const PROCESSOR: Figure<Total> =
    Figure::total("process_cpu_seconds", "Time that all threads of the process have spent on a core.", &[]);
const RESIDENT: Figure<Gauge> = Figure::gauge("process_resident_memory_bytes", "Memory that the process holds.", &[]);
const OPEN_FILES: Figure<Gauge> =
    Figure::gauge("process_open_fds", "Files and sockets that the process has open.", &[]);
const MOST_OPEN_FILES: Figure<Gauge> =
    Figure::gauge("process_max_fds", "Files and sockets that the process may have open.", &[]);
const BEGAN: Figure<Gauge> = Figure::gauge("process_start_time_seconds", "When the process began, since 1970.", &[]);
const BUILD: Figure<Gauge> = Figure::gauge(
    "service_build_info",
    "1, with what was built.",
    &[("service", "the name of the program"), ("version", "its version")],
);
const READY: Figure<Gauge> =
    Figure::gauge("service_ready", "1 while the service can do its work, as /readyz says; else 0.", &[]);
const FREE: Figure<Gauge> =
    Figure::gauge("service_data_free_bytes", "What the disk of the data folder has left for the process.", &[]);

/// Shows them for the service `name`, whose data is in `data_dir`.
pub(crate) fn show(metrics: &Metrics, name: &'static str, readiness: &Readiness, data_dir: PathBuf) {
    PROCESSOR.show(metrics, || one(proc::processor_seconds()));
    RESIDENT.show(metrics, || one(proc::resident_bytes()));
    OPEN_FILES.show(metrics, || one(proc::open_files()));
    MOST_OPEN_FILES.show(metrics, || one(proc::most_open_files()));
    BEGAN.show(metrics, || one(proc::began()));
    BUILD.show(metrics, move || {
        let labels = vec![KeyValue::new("service", name), KeyValue::new("version", env!("CARGO_PKG_VERSION"))];
        vec![(1.0, labels)]
    });
    let readiness = readiness.clone();
    READY.show(metrics, move || one(Some(if readiness.report().is_ready() { 1.0 } else { 0.0 })));
    FREE.show(metrics, move || one(data_dir::free_bytes(&data_dir).map(|bytes| bytes as f64)));
}
