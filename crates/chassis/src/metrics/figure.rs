//! One figure on `/metrics`: what it is called, by what it is told apart, and what it says. Whoever counts makes an
//! instrument of it; whoever is asked instead gives a closure, which runs only when figures are read.

use std::marker::PhantomData;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{AsyncInstrument, Counter, Histogram};

use super::{Metrics, SECONDS};

/// The labels of a figure: the name of each, and its values in words. There are few values, and nobody who calls can add
/// to them.
pub type Labels = &'static [(&'static str, &'static str)];

/// What a figure says at one moment: a value for each set of labels.
pub type Reading = Vec<(f64, Vec<KeyValue>)>;

/// A figure of one kind. Its name ends in its unit, `_seconds` or `_bytes`, if it has one; that of a [`Total`] is shown
/// with `_total` behind it.
#[derive(Debug, Clone, Copy)]
pub struct Figure<Kind> {
    name: &'static str,
    about: &'static str,
    labels: Labels,
    kind: PhantomData<Kind>,
}

/// A number that only grows while the process lives.
#[derive(Debug, Clone, Copy)]
pub enum Total {}

/// A number as of now.
#[derive(Debug, Clone, Copy)]
pub enum Gauge {}

/// How long things took, in seconds, in the buckets of [`SECONDS`].
#[derive(Debug, Clone, Copy)]
pub enum Durations {}

impl<Kind> Figure<Kind> {
    const fn declared(name: &'static str, about: &'static str, labels: Labels) -> Self {
        Self { name, about, labels, kind: PhantomData }
    }

    /// A defect in what is shown would otherwise be found by whoever needs the figure, at night.
    fn check(&self, reading: &Reading) {
        let declared = |label: &KeyValue| self.labels.iter().any(|(name, _)| *name == label.key.as_str());
        let known = reading.iter().all(|(_, labels)| labels.len() == self.labels.len() && labels.iter().all(declared));
        debug_assert!(known, "{} has other labels than it declares", self.name);
    }

    fn observe(&self, reading: Reading, instrument: &dyn AsyncInstrument<f64>) {
        self.check(&reading);
        reading.into_iter().for_each(|(value, labels)| instrument.observe(value, &labels));
    }
}

impl Figure<Total> {
    /// Declares a number that only grows.
    #[must_use]
    pub const fn total(name: &'static str, about: &'static str, labels: Labels) -> Self {
        Self::declared(name, about, labels)
    }

    /// What counts it.
    #[must_use]
    pub fn counter(&self, metrics: &Metrics) -> Counter<u64> {
        metrics.meter().u64_counter(self.name).with_description(self.about).build()
    }

    /// Shows what `read` says, which somebody else counts.
    pub fn show(self, metrics: &Metrics, read: impl Fn() -> Reading + Send + Sync + 'static) {
        let counter = metrics.meter().f64_observable_counter(self.name).with_description(self.about);
        counter.with_callback(move |instrument| self.observe(read(), instrument)).build();
    }
}

impl Figure<Gauge> {
    /// Declares a number as of now.
    #[must_use]
    pub const fn gauge(name: &'static str, about: &'static str, labels: Labels) -> Self {
        Self::declared(name, about, labels)
    }

    /// Shows what `read` says.
    pub fn show(self, metrics: &Metrics, read: impl Fn() -> Reading + Send + Sync + 'static) {
        let gauge = metrics.meter().f64_observable_gauge(self.name).with_description(self.about);
        gauge.with_callback(move |instrument| self.observe(read(), instrument)).build();
    }
}

impl Figure<Durations> {
    /// Declares how long things took.
    #[must_use]
    pub const fn durations(name: &'static str, about: &'static str, labels: Labels) -> Self {
        Self::declared(name, about, labels)
    }

    /// What takes them.
    #[must_use]
    pub fn histogram(&self, metrics: &Metrics) -> Histogram<f64> {
        let histogram = metrics.meter().f64_histogram(self.name).with_description(self.about);
        histogram.with_boundaries(SECONDS.to_vec()).build()
    }
}

/// A reading of one value without labels; none if nobody knows it now.
pub fn one(value: Option<f64>) -> Reading {
    value.map(|value| (value, Vec::new())).into_iter().collect()
}
