//! A gate: a candidate against a baseline over all mature cohorts since an instant.

mod evidence;

use jiff::{SignedDuration, Timestamp};
use slipway_chassis::Caller;
use slipway_domain::check::Check;
use slipway_domain::gate::{Comparison, Evidence, Policy, Verdict};
use slipway_domain::name::VersionName;
use slipway_domain::stats::overdispersion::overdispersion;
use slipway_domain::stats::{Cell, Judgement, PairedCell, metrics, shadow, split};

use super::Health;
use super::report::{check_pair, check_version};
use crate::error::Error;
use crate::state::{Series, Snapshot};
use crate::window::{Hour, Minute, Window};
use evidence::Lacking;

/// The longest label window.
const LONGEST_LABEL_WINDOW: SignedDuration = SignedDuration::from_hours(90 * 24);

/// How far before the evidence the baseline's own calibration is looked for, by which a candidate that serves alone is
/// judged.
const REFERENCE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Asks a gate.
#[derive(Debug, Clone, PartialEq)]
pub struct GateQuery {
    /// The name of the version under test.
    pub candidate: String,
    /// The name of the version it is held against.
    pub baseline: String,
    /// How the two were observed.
    pub comparison: Option<Comparison>,
    /// Only predictions from this instant on count.
    pub since: Option<Timestamp>,
    /// The share that would be exposed after a pass, above 0, at most 1.
    pub next_share: f64,
    /// What the gate tolerates.
    pub policy: Policy,
    /// How old a cohort must be before it counts; none: the model's label window.
    pub label_window: Option<SignedDuration>,
}

/// A query whose every part is valid.
struct Gate {
    candidate: VersionName,
    baseline: VersionName,
    comparison: Comparison,
    since: Timestamp,
    policy: Policy,
    next_share: f64,
}

impl Health {
    /// Judges a candidate against a baseline. The same cells give the same answer.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every wrong field.
    pub fn evaluate(&self, caller: &Caller, query: &GateQuery) -> Result<Evidence, Error> {
        let gate = parse(query)?;
        self.check_access(caller, &gate.candidate.model)?;
        let snapshot = self.snapshot();
        let label_window = query
            .label_window
            .unwrap_or_else(|| self.policies.policy(&gate.candidate.model).unwrap_or_default().label_window);
        let mature_through = self.mature_through(&snapshot, &gate.candidate, label_window);
        let from = Minute::at_or_after(gate.since);
        let until = mature_through.map_or(Minute::FIRST, Minute::of).max(from);
        let found = gate.judge(&snapshot, Window { from, until })?;
        let young = || gate.judge(&snapshot, Window { from, until: Minute::of(Timestamp::MAX) });
        // Only a gate without data looks at young cohorts, to tell whether time alone will help.
        let no_data = |found: &Found| found.judgement.verdict == Verdict::NoData;
        let lacking = if no_data(&found) && !no_data(&young()?) { Lacking::Time } else { Lacking::Reports };
        Ok(gate.evidence(found, mature_through, lacking, self.env.now()))
    }
}

fn parse(query: &GateQuery) -> Result<Gate, Error> {
    let mut check = Check::new();
    let candidate = check_version(&mut check, "candidate", &query.candidate);
    let baseline = check_version(&mut check, "baseline", &query.baseline);
    if let (Some(candidate), Some(baseline)) = (&candidate, &baseline) {
        check_pair(&mut check, "baseline", candidate, baseline);
    }
    if query.comparison.is_none() {
        check.add("comparison", "REQUIRED", "must be COMPARISON_PAIRED or COMPARISON_SPLIT");
    }
    if query.since.is_none() {
        check.required("since", "");
    }
    // Written so that NaN, which compares with nothing, is refused.
    if !(query.next_share > 0.0 && query.next_share <= 1.0) {
        check.out_of_bounds("next_share", format!("is {}; it must be above 0 and at most 1", query.next_share));
    }
    if query.label_window.is_some_and(|window| window.is_negative() || window > LONGEST_LABEL_WINDOW) {
        check.out_of_bounds("label_window", "must be from 0 to 90 days");
    }
    check.extend(query.policy.check("policy"));
    check.finish()?;
    Ok(Gate {
        candidate: candidate.expect("a query without a candidate is not clean"),
        baseline: baseline.expect("a query without a baseline is not clean"),
        comparison: query.comparison.expect("a query without a comparison is not clean"),
        since: query.since.expect("a query without an instant is not clean"),
        policy: query.policy.clone(),
        next_share: query.next_share,
    })
}

/// What the statistics say, and how much outcomes hang together.
struct Found {
    judgement: Judgement,
    overdispersion: f64,
}

impl Gate {
    fn judge(&self, snapshot: &Snapshot, window: Window) -> Result<Found, Error> {
        match self.comparison {
            Comparison::Paired => self.judge_paired(snapshot, window),
            Comparison::Split => self.judge_split(snapshot, window),
        }
    }

    fn judge_paired(&self, snapshot: &Snapshot, window: Window) -> Result<Found, Error> {
        let model = snapshot.model(&self.candidate.model);
        let series = model.and_then(|model| model.paired(self.candidate.number, self.baseline.number));
        let hours: Vec<(Hour, PairedCell)> = series.map_or(Ok(Vec::new()), |series| series.strata(window))?;
        let strata: Vec<_> = hours.iter().map(|(hour, cell)| shadow::Stratum { start: hour.start(), cell }).collect();
        let baseline = hours.iter().map(|(_, cell)| cell.baseline());
        Ok(Found {
            judgement: shadow::judge(&strata, &self.policy, self.next_share),
            overdispersion: dispersion(baseline),
        })
    }

    fn judge_split(&self, snapshot: &Snapshot, window: Window) -> Result<Found, Error> {
        let candidate = served(snapshot, &self.candidate, window)?;
        let baseline = served(snapshot, &self.baseline, window)?;
        let none = Cell::new();
        let hours = both(&candidate, &baseline);
        let strata: Vec<_> = hours
            .map(|(hour, candidate, baseline)| split::Stratum {
                start: hour.start(),
                candidate: candidate.unwrap_or(&none),
                baseline: baseline.unwrap_or(&none),
            })
            .collect();
        let alone = strata.iter().any(|stratum| stratum.baseline.labelled() == 0);
        let reference = if alone { self.reference(snapshot, &baseline, window)? } else { None };
        let overdispersion = dispersion(baseline.iter().map(|(_, cell)| cell));
        Ok(Found { judgement: split::judge(&strata, reference, &self.policy, self.next_share), overdispersion })
    }

    /// The calibration of the baseline over `seen`, which are its hours of `window`, and over some time before.
    fn reference(&self, snapshot: &Snapshot, seen: &[(Hour, Cell)], window: Window) -> Result<Option<f64>, Error> {
        let from = Minute::at_or_after(self.since.saturating_sub(REFERENCE).unwrap_or(Timestamp::MIN));
        let before = served(snapshot, &self.baseline, Window { from, until: window.from })?;
        let all = Cell::merged(before.iter().chain(seen).map(|(_, cell)| cell));
        Ok(metrics::calibration(&all.totals()))
    }
}

fn served(snapshot: &Snapshot, version: &VersionName, window: Window) -> Result<Vec<(Hour, Cell)>, Error> {
    let series: Option<&Series<Cell>> = snapshot.model(&version.model).and_then(|model| model.served(version.number));
    series.map_or(Ok(Vec::new()), |series| series.strata(window))
}

/// The hours of either side, in order, each with what the sides have of it.
fn both<'a>(
    left: &'a [(Hour, Cell)],
    right: &'a [(Hour, Cell)],
) -> impl Iterator<Item = (Hour, Option<&'a Cell>, Option<&'a Cell>)> {
    let mut hours: std::collections::BTreeMap<Hour, (Option<&Cell>, Option<&Cell>)> = Default::default();
    left.iter().for_each(|(hour, cell)| hours.entry(*hour).or_default().0 = Some(cell));
    right.iter().for_each(|(hour, cell)| hours.entry(*hour).or_default().1 = Some(cell));
    hours.into_iter().map(|(hour, (left, right))| (hour, left, right))
}

fn dispersion<'a>(hours: impl Iterator<Item = &'a Cell>) -> f64 {
    let hours: Vec<_> = hours.map(Cell::totals).collect();
    overdispersion(&hours).unwrap_or(1.0)
}
