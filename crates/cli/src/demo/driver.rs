//! Flies the summer: each flight is routed and predicted at take-off, and its outcome reported when it is known.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use slipway_chassis::env::{Driver, Env};
use slipway_sdk::{ModelRouter, Observation, PairedObservation, pb};

use super::flights::{Flight, Flights};
use super::stage::Stage;

/// How far the clock moves at a time.
const TICK: Duration = Duration::from_secs(15 * 60);
/// How long a report may take to become durable.
const PATIENCE: Duration = Duration::from_secs(30);

/// A flight in the air, known by its place in the summer.
struct Airborne {
    flight: usize,
    /// The version that served it.
    served: u64,
    /// The version that scored it too, without being seen.
    shadow: Option<u64>,
}

/// What was flown.
#[derive(Debug, Clone, Copy, Default)]
pub struct Flown {
    /// Flights that took off.
    pub flights: u64,
    /// Flights that no version served.
    pub unserved: u64,
}

struct Sky<'a> {
    flights: &'a [Flight],
    stage: &'a Stage,
    router: ModelRouter,
    /// The next flight to take off.
    next: usize,
    /// Flights by the instant at which their outcome is known.
    known: BinaryHeap<Reverse<(Timestamp, usize)>>,
    /// By place in the summer.
    airborne: std::collections::HashMap<usize, Airborne>,
    flown: Flown,
}

/// Flies all flights while the clock runs through the summer in about `pace`. The clock waits for the reports: nothing is
/// left behind on a slow machine.
pub async fn fly(flights: &Flights, stage: &Stage, clock: &Driver, pace: Duration) -> Result<Flown> {
    let mut sky = Sky {
        flights: flights.all(),
        stage,
        router: stage.cache.router().model(&stage.model),
        next: 0,
        known: BinaryHeap::new(),
        airborne: std::collections::HashMap::new(),
        flown: Flown::default(),
    };
    let (start, end) = (flights.start(), flights.end());
    let summer = end.duration_since(start).as_secs_f64();
    let real = Env::system();
    let begun = real.stopwatch();
    let mut now = start;
    while now < end {
        now = now.saturating_add(TICK)?;
        clock.jump_to(now);
        sky.until(now);
        stage.reporter.complete_through(now);
        stage.reporter.flush(PATIENCE).await.context("reporting flights")?;
        // With nothing left to see, the rest of the summer passes as fast as it can.
        if !stage.is_over() {
            let due = pace.mul_f64((now.duration_since(start).as_secs_f64() / summer).min(1.0));
            real.sleep(due.saturating_sub(begun.elapsed())).await;
        }
    }
    Ok(sky.flown)
}

impl Sky<'_> {
    /// Everything that happens up to `now`, in its order.
    fn until(&mut self, now: Timestamp) {
        // One look for the tick: launches change state at its edges.
        let active = self.stage.active();
        loop {
            let takeoff = self.flights.get(self.next).map(|flight| flight.takeoff).filter(|at| *at <= now);
            let landing = self.known.peek().map(|Reverse((at, _))| *at).filter(|at| *at <= now);
            match (takeoff, landing) {
                (Some(takeoff), Some(landing)) if landing < takeoff => self.land(),
                (Some(_), _) => self.take_off(active.as_ref()),
                (None, Some(_)) => self.land(),
                (None, None) => return,
            }
        }
    }

    fn take_off(&mut self, active: Option<&pb::Launch>) {
        let place = self.next;
        let flight = &self.flights[place];
        self.next += 1;
        self.flown.flights += 1;
        let Some(served) = self.router.route(&flight.id).map(|routed| routed.number()) else {
            self.flown.unserved += 1;
            return;
        };
        let candidate = active.and_then(|launch| launch.candidate.rsplit('/').next()?.parse::<u64>().ok());
        if candidate == Some(served) {
            self.stage.expose(served);
        }
        let shadowing = active.is_some_and(|launch| launch.state() == pb::LaunchState::Shadowing);
        let shadow = candidate.filter(|candidate| shadowing && *candidate != served);
        self.stage.reporter.predicted(&self.stage.version(served), flight.takeoff);
        if let Some(shadow) = shadow {
            let (candidate, baseline) = (self.stage.version(shadow), self.stage.version(served));
            self.stage.reporter.paired_predicted(&candidate, &baseline, flight.takeoff);
        }
        self.known.push(Reverse((flight.known_at(), place)));
        self.airborne.insert(place, Airborne { flight: place, served, shadow });
    }

    fn land(&mut self) {
        let Some(Reverse((_, place))) = self.known.pop() else { return };
        let Some(Airborne { flight, served, shadow }) = self.airborne.remove(&place) else { return };
        let flight = &self.flights[flight];
        let prediction = flight.score(served);
        let row = Observation { prediction, outcome: flight.late, weight: 1.0 };
        self.stage.reporter.observed(&self.stage.version(served), flight.takeoff, row);
        let Some(shadow) = shadow else { return };
        let row = PairedObservation {
            candidate: shadow_score(flight, shadow),
            baseline: prediction,
            outcome: flight.late,
            weight: 1.0,
        };
        let (candidate, baseline) = (self.stage.version(shadow), self.stage.version(served));
        self.stage.reporter.paired_observed(&candidate, &baseline, flight.takeoff, row);
    }
}

/// What a version predicts where nobody sees it. v4 is v2 until it serves: only the serving path has lost its feature.
fn shadow_score(flight: &Flight, number: u64) -> f32 {
    flight.score(if number == 4 { 2 } else { number })
}
