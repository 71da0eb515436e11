//! Streams of predictions with their outcomes, drawn hour by hour: as many rows as it takes, in a time that does not
//! depend on how many.
//!
//! Given the weather of an hour, the rows of an arm with the same prediction and the same outcome are Poisson many. So a
//! cell is the sum of a few one-row cells, each as often as was drawn, and that by doubling.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use slipway_domain::stats::{Cell, Columns, fold};

/// True probabilities of the outcome, and the share of the rows that has each.
const LEVELS: [(f64, f64); 7] =
    [(0.01, 0.25), (0.03, 0.25), (0.07, 0.2), (0.15, 0.14), (0.3, 0.09), (0.5, 0.05), (0.75, 0.02)];
/// No arm has more than 2²⁰ rows of one kind in a draw.
const DOUBLINGS: usize = 20;

/// What a version predicts of rows whose true probability is known.
#[derive(Clone, Copy)]
pub struct Model {
    /// Its calibration.
    pub calibration: f64,
    /// How far its predictions are drawn to the base rate: 0 not at all, 1 altogether.
    pub blunt: f64,
}

impl Model {
    /// What cannot be bettered.
    pub const SOUND: Self = Self { calibration: 1.0, blunt: 0.0 };

    /// Calibrated, and so blunt that its NE is worse by `worse`, relative.
    pub fn worse(worse: f64) -> Self {
        let blunt = |blunt| Self { calibration: 1.0, blunt };
        let goal = Self::SOUND.loss() * (1.0 + worse);
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..50 {
            let middle = (low + high) / 2.0;
            if blunt(middle).loss() < goal { low = middle } else { high = middle }
        }
        blunt(low)
    }

    fn prediction(&self, truth: f64) -> f64 {
        let base: f64 = LEVELS.iter().map(|(truth, share)| truth * share).sum();
        (self.calibration * (truth + self.blunt * (base - truth))).min(0.999)
    }

    fn loss(&self) -> f64 {
        let of = |(truth, share): &(f64, f64)| {
            let p = self.prediction(*truth);
            -share * (truth * p.ln() + (1.0 - truth) * (1.0 - p).ln())
        };
        LEVELS.iter().map(of).sum()
    }
}

/// How outcomes hang together. All are standard deviations of logarithms, of normal draws.
#[derive(Clone, Copy)]
pub struct Weather {
    /// Of a day's odds of the outcome, for both arms.
    pub day: f64,
    /// Of an hour's odds of the outcome, for both arms.
    pub hour: f64,
    /// Of what a day does to the candidate's predictions alone.
    pub own_day: f64,
    /// Of what an hour does to the candidate's predictions alone; each is much as the hour before.
    pub own_hour: f64,
}

/// How much of an hour's own weather is that of the hour before.
const PERSISTENCE: f64 = 0.78;

/// Rows of one kind, 1, 2, 4, … of them.
type Doubled = Vec<Cell>;

/// The one row of `columns`, so many times.
fn doubled(columns: &Columns<'_>) -> Doubled {
    let mut cell = Cell::new();
    fold(&mut cell, columns).unwrap();
    let twice = |cell: &Cell| Some(Cell::merged([cell, cell]));
    std::iter::successors(Some(cell), twice).take(DOUBLINGS + 1).collect()
}

/// A model's predictions under one weather of its own, as cells to add up.
struct Arm {
    kinds: Vec<[Doubled; 2]>,
}

impl Arm {
    fn new(model: Model) -> Self {
        let kinds = LEVELS.iter().map(|(truth, _)| {
            let predictions = &[model.prediction(*truth) as f32];
            [[false], [true]].map(|outcomes| doubled(&Columns { predictions, outcomes: &outcomes, weights: &[] }))
        });
        Self { kinds: kinds.collect() }
    }
}

/// The candidate's predictions are scaled by exp(k·this), k whole.
const SCALE_STEP: f64 = 0.01;
const SCALES: i32 = 40;

/// The two arms of a launch.
pub struct Versions {
    candidate: Vec<Arm>,
    baseline: Arm,
}

impl Versions {
    pub fn new(candidate: Model) -> Self {
        let scaled = |k: i32| {
            let calibration = candidate.calibration * (f64::from(k) * SCALE_STEP).exp();
            Arm::new(Model { calibration, ..candidate })
        };
        Self { candidate: (-SCALES..=SCALES).map(scaled).collect(), baseline: Arm::new(Model::SOUND) }
    }
}

/// One stream: what comes of it depends on its seed alone.
pub struct Stream<'a> {
    versions: &'a Versions,
    weather: Weather,
    random: ChaCha8Rng,
    day: f64,
    own_day: f64,
    hour: f64,
    own_hour: f64,
}

/// Rows of both arms.
pub struct Drawn {
    pub candidate: Cell,
    pub baseline: Cell,
}

impl<'a> Stream<'a> {
    pub fn new(versions: &'a Versions, weather: Weather, seed: u64) -> Self {
        let random = ChaCha8Rng::seed_from_u64(seed);
        Self { versions, weather, random, day: 0.0, own_day: 0.0, hour: 0.0, own_hour: 0.0 }
    }

    /// Changes the weather to that of the hour that begins at `minute`.
    pub fn turn_hour(&mut self, minute: i64) {
        if minute % (24 * 60) == 0 {
            self.day = self.weather.day * self.normal();
            self.own_day = self.weather.own_day * self.normal();
        }
        self.hour = self.weather.hour * self.normal();
        let fresh = (1.0 - PERSISTENCE * PERSISTENCE).sqrt() * self.weather.own_hour * self.normal();
        self.own_hour = PERSISTENCE * self.own_hour + fresh;
    }

    /// About `rows` rows of this hour, of which `share` come to the candidate.
    pub fn draw(&mut self, rows: f64, share: f64) -> Drawn {
        let versions = self.versions;
        let scale = ((self.own_day + self.own_hour) / SCALE_STEP).round() as i32;
        let candidate = &versions.candidate[(scale.clamp(-SCALES, SCALES) + SCALES) as usize];
        Drawn {
            candidate: self.cell(candidate, rows * share),
            baseline: self.cell(&versions.baseline, rows * (1.0 - share)),
        }
    }

    fn cell(&mut self, arm: &Arm, rows: f64) -> Cell {
        let mut cell = Cell::new();
        for ((truth, share), kinds) in LEVELS.iter().zip(&arm.kinds) {
            let odds = truth / (1.0 - truth) * (self.day + self.hour).exp();
            let positive = odds / (1.0 + odds);
            for (kind, probability) in kinds.iter().zip([1.0 - positive, positive]) {
                let count = self.poisson(rows * share * probability);
                kind.iter().enumerate().filter(|(bit, _)| count >> bit & 1 == 1).for_each(|(_, rows)| cell.merge(rows));
            }
        }
        cell
    }

    fn normal(&mut self) -> f64 {
        let (u, v): (f64, f64) = (self.random.random::<f64>().max(1e-300), self.random.random());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }

    /// A Poisson number; from a mean of 60 on the nearest normal one.
    fn poisson(&mut self, mean: f64) -> u64 {
        if mean > 60.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0) as u64;
        }
        let (mut count, mut left) = (0u32, self.random.random::<f64>());
        let mut term = (-mean).exp();
        while left > term && count < 1000 {
            left -= term;
            count += 1;
            term *= mean / f64::from(count);
        }
        u64::from(count)
    }
}
