//! A sound plan of chance.

use std::time::Duration;

use slipway_domain::launch::{Consequence, Plan, RampStep, Shadow};

use super::Rng;
use crate::case::{DAY, HOUR};

/// A plan of chance.
pub fn chance_plan(rng: &mut Rng) -> Plan {
    let hours = |rng: &mut Rng, most: u64| {
        let none = rng.one_in(3);
        Duration::from_secs(if none { 0 } else { 3_600 * rng.below(most) })
    };
    let count = 1 + rng.index(4);
    let share = |index: usize| (index + 1) as f64 / count as f64;
    let steps = (0..count).map(|index| RampStep { share: share(index), bake: hours(rng, 30) }).collect();
    Plan {
        shadow: (!rng.one_in(3)).then(|| Shadow { bake: hours(rng, 30) }),
        steps,
        watch: hours(rng, 30),
        hold_deadline: HOUR + rng.below(10) as u32 * DAY,
        hold_consequence: if rng.one_in(3) { Consequence::KeepHolding } else { Consequence::RollBack },
        estimate: rng.one_in(6),
        evaluate_interval: Duration::from_secs(1 + rng.below(20_000)),
        ..Plan::default()
    }
}
