//! The summer: every departure with its outcome and the scores of four versions.

use std::io::Read;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use slipway_domain::stats::auc::exact_auc;
use slipway_domain::stats::{self, Cell, Columns, metrics};

/// The data, in the program: nothing has to be installed beside it.
const FLIGHTS: &[u8] = include_bytes!("../../data/flights.csv.gz");

/// How many versions scored each flight.
pub const VERSIONS: usize = 4;

/// One departure.
#[derive(Debug, Clone)]
pub struct Flight {
    /// Unique.
    pub id: String,
    /// When the prediction is made.
    pub takeoff: Timestamp,
    /// How long after it the outcome is known.
    pub known_after: Duration,
    /// Whether it landed late.
    pub late: bool,
    /// What v1 to v4 predicted.
    pub scores: [f32; VERSIONS],
}

impl Flight {
    /// When its outcome is known.
    pub fn known_at(&self) -> Timestamp {
        self.takeoff.saturating_add(self.known_after).unwrap_or(Timestamp::MAX)
    }

    /// What the version with this number predicted.
    pub fn score(&self, number: u64) -> f32 {
        let at = usize::try_from(number).unwrap_or(1).clamp(1, VERSIONS) - 1;
        self.scores[at]
    }
}

/// All departures, in order of take-off.
pub struct Flights(Vec<Flight>);

/// The figures of one version over all flights.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct Figures {
    /// Sum of predictions over sum of outcomes.
    pub calibration: f64,
    /// Mean negative log likelihood.
    pub log_loss: f64,
    /// Log loss over the entropy of the base rate.
    pub ne: f64,
    /// Area under the ROC curve.
    pub auc: f64,
}

/// Unpacks the summer.
pub fn load() -> Result<Flights> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(FLIGHTS).read_to_string(&mut text).context("unpacking the flights")?;
    let flights = text.lines().skip(1).map(|line| parse(line).with_context(|| format!("the flight {line:?}")));
    Ok(Flights(flights.collect::<Result<_>>()?))
}

fn parse(line: &str) -> Result<Flight> {
    let mut columns = line.split(',');
    let mut next = || columns.next().context("a column is missing");
    let id = next()?.to_owned();
    // The data writes minutes; the parser wants seconds.
    let takeoff = next()?.replace('Z', ":00Z").parse()?;
    let known_after = Duration::from_secs(60 * next()?.parse::<u64>()?);
    let late = next()? == "1";
    let mut scores = [0.0; VERSIONS];
    for score in &mut scores {
        *score = next()?.parse()?;
    }
    Ok(Flight { id, takeoff, known_after, late, scores })
}

impl Flights {
    /// All of them, in order of take-off.
    pub fn all(&self) -> &[Flight] {
        &self.0
    }

    /// The midnight before the first.
    pub fn start(&self) -> Timestamp {
        "2013-06-01T00:00:00Z".parse().expect("it is an instant")
    }

    /// When the last outcome is known.
    pub fn end(&self) -> Timestamp {
        self.0.iter().map(Flight::known_at).max().unwrap_or_else(|| self.start())
    }

    /// The figures of the version with this number over all flights, whoever served them.
    pub fn figures(&self, number: u64) -> Result<Figures> {
        let predictions: Vec<f32> = self.0.iter().map(|flight| flight.score(number)).collect();
        let outcomes: Vec<bool> = self.0.iter().map(|flight| flight.late).collect();
        let mut cell = Cell::new();
        let columns = Columns { predictions: &predictions, outcomes: &outcomes, weights: &[] };
        stats::fold(&mut cell, &columns).context("the flights' columns")?;
        let totals = cell.totals();
        let missing = "the summer has both outcomes";
        Ok(Figures {
            calibration: metrics::calibration(&totals).context(missing)?,
            log_loss: metrics::log_loss(&totals).context(missing)?,
            ne: metrics::normalized_entropy(&totals).context(missing)?,
            auc: exact_auc(predictions.iter().zip(&outcomes)).context(missing)?,
        })
    }
}
