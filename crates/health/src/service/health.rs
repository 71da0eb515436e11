//! The health of one version over a window: its metrics, the verdict, and why.

use jiff::{SignedDuration, Timestamp};
use slipway_chassis::Caller;
use slipway_domain::check::Check;
use slipway_domain::name::VersionName;
use slipway_domain::stats::overdispersion::overdispersion;
use slipway_domain::stats::{Cell, Judged, Metrics, RefusedRows, Stability, Tolerance, judge_calibration};
use slipway_store::Revision;

use super::policy::ModelPolicy;
use super::report::check_version;
use super::{Health, words};
use crate::error::Error;
use crate::state::{Series, Snapshot};
use crate::window::{Minute, Window};

/// Asks for the health of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthQuery {
    /// The version's name.
    pub name: String,
    /// From this instant, by the time of the prediction; none: from the first observation.
    pub start: Option<Timestamp>,
    /// Up to this instant, exclusive; none: up to the last observation.
    pub end: Option<Timestamp>,
    /// Which cohorts count.
    pub cohorts: Cohorts,
}

/// Which cohorts count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cohorts {
    /// Those old enough to have all their outcomes.
    Mature,
    /// All of them.
    All,
}

/// The health of a version over a window.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionHealth {
    /// The version.
    pub version: VersionName,
    /// The calibration with its interval, and the verdict.
    pub judged: Judged,
    /// Why, as one sentence.
    pub explanation: String,
    /// All figures of the window.
    pub metrics: Metrics,
    /// Rows that were refused, by reason.
    pub refused_rows: RefusedRows,
    /// About how many more outcomes the verdict needs; 0 when it can be told.
    pub missing_outcomes: u64,
    /// The window that was read.
    pub window: Window,
    /// Cohorts predicted before this instant have all their outcomes.
    pub mature_through: Option<Timestamp>,
    /// The revision that was read.
    pub revision: Revision,
    /// What the verdict is held against.
    pub policy: ModelPolicy,
    /// Whether the registry was not asked, or does not know the model.
    pub assumed_policy: bool,
}

impl Health {
    /// The metrics of a version over a window, the verdict, and why.
    ///
    /// # Errors
    /// [`Error::Invalid`], and [`Error::VersionNeverReported`] if nothing was ever reported of it as served.
    pub fn get_health(&self, caller: &Caller, query: &HealthQuery) -> Result<VersionHealth, Error> {
        let version = parse(query)?;
        self.check_access(caller, &version.model)?;
        let known = self.policies.policy(&version.model);
        let assumed_policy = known.is_none();
        let policy = known.unwrap_or_default();
        let snapshot = self.snapshot();
        let series = series(&snapshot, &version)?;
        let mature_through = self.mature_through(&snapshot, &version, policy.label_window);
        let window = window(series, query, mature_through);
        let strata = series.strata(window)?;
        let cell = Cell::merged(strata.iter().map(|(_, cell)| cell));
        let hours: Vec<_> = strata.iter().map(|(_, cell)| cell.totals()).collect();
        let tolerance = Tolerance { calibration: policy.health.calibration_tolerance, alpha: policy.health.alpha };
        let judged = judge_calibration(&cell.totals(), overdispersion(&hours).unwrap_or(1.0), &tolerance);
        Ok(VersionHealth {
            explanation: explanation(&judged, &cell, mature_through),
            missing_outcomes: missing_outcomes(&judged),
            metrics: Metrics::of(&cell),
            refused_rows: *cell.refused(),
            revision: snapshot.revision,
            version,
            judged,
            window,
            mature_through,
            policy,
            assumed_policy,
        })
    }

    /// The instant before which the cohorts of the version's model have all their outcomes.
    pub(super) fn mature_through(
        &self,
        snapshot: &Snapshot,
        version: &VersionName,
        label_window: SignedDuration,
    ) -> Option<Timestamp> {
        let idle = SignedDuration::try_from(self.limits.producer_idle).unwrap_or(SignedDuration::MAX);
        let watermark = snapshot.watermark(&version.model, self.env.now(), idle)?;
        Some(watermark.saturating_sub(label_window).unwrap_or(Timestamp::MIN))
    }
}

fn parse(query: &HealthQuery) -> Result<VersionName, Error> {
    let mut check = Check::new();
    let version = check_version(&mut check, "name", &query.name);
    if query.start.zip(query.end).is_some_and(|(start, end)| end <= start) {
        check.add("end_time", "NOT_AFTER_START", "must lie after start_time");
    }
    check.finish()?;
    Ok(version.expect("a query without a valid name is not clean"))
}

fn series<'a>(snapshot: &'a Snapshot, version: &VersionName) -> Result<&'a Series<Cell>, Error> {
    /// So many of the versions that were reported are named at most.
    const NAMED: usize = 20;
    let model = snapshot.model(&version.model);
    model.and_then(|model| model.served(version.number)).ok_or_else(|| {
        let reported = model.map_or_else(Vec::new, |model| model.versions().take(NAMED).collect());
        Error::VersionNeverReported { version: version.clone(), reported }
    })
}

/// The part of the series that was asked for and counts.
fn window(series: &Series<Cell>, query: &HealthQuery, mature_through: Option<Timestamp>) -> Window {
    let span = series.span().unwrap_or(Window { from: Minute::FIRST, until: Minute::FIRST });
    let from = query.start.map_or(span.from, Minute::at_or_after);
    let asked = query.end.map_or(span.until, Minute::of);
    let until = match query.cohorts {
        Cohorts::All => asked,
        Cohorts::Mature => asked.min(mature_through.map_or(Minute::FIRST, Minute::of)),
    };
    Window { from, until: until.max(from) }
}

fn missing_outcomes(judged: &Judged) -> u64 {
    match judged.stability {
        Stability::Stable | Stability::Unstable => 0,
        // Without a positive the label rate is unknown, and each positive takes one outcome at least.
        Stability::Unknown => judged.missing_outcomes.or(judged.missing_positives).unwrap_or(0).max(1),
    }
}

fn explanation(judged: &Judged, cell: &Cell, mature_through: Option<Timestamp>) -> String {
    if cell.labelled() == 0 {
        let reach = mature_through.map_or_else(String::new, |through| format!("; cohorts are mature up to {through}"));
        return format!("No outcome lies in this window{reach}.");
    }
    let Some(calibration) = judged.calibration else {
        return format!(
            "None of the {} outcomes was positive, so nothing can be said of calibration.",
            cell.labelled()
        );
    };
    let (interval, band) = (words::interval(&judged.interval), words::interval(&judged.tolerated));
    match judged.stability {
        Stability::Stable => format!("Calibration is {calibration:.3}, {interval}: inside the tolerated band, {band}."),
        Stability::Unstable => {
            format!("Calibration is {calibration:.3}, {interval}: outside the tolerated band, {band}.")
        }
        Stability::Unknown => format!(
            "Calibration is {calibration:.3}, {interval}: this does not tell whether it is inside the tolerated band, {band}; about {} more outcomes would.",
            missing_outcomes(judged)
        ),
    }
}
