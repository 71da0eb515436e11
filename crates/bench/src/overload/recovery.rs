//! When a service is itself again after an overload: as good and as quick at half load as it was before.

use std::time::Duration;

use super::offer::{Ended, quantile};

/// What is looked at in one piece.
const SLOT: Duration = Duration::from_millis(100);

/// So many slots in a row are as before when the service is.
const IN_A_ROW: usize = 5;

/// What may be missing of the answers of a slot, and how much slower they may be: by this factor, or at least up to so
/// many milliseconds, which a machine that others use takes now and then for nothing.
const MISSING: f64 = 0.05;
const SLOWER: f64 = 2.0;
const UNSEEN_MS: f64 = 20.0;

/// How the service is at half load.
#[derive(Debug, Clone, Copy)]
pub struct Usual {
    /// The time that 99 of 100 answers stay below.
    pub p99_ms: f64,
}

impl Usual {
    /// As it was in `all`; none when nothing was answered.
    pub fn of(all: &[Ended]) -> Option<Self> {
        let good = || all.iter().filter(|ended| ended.is_good());
        (good().count() > 0).then(|| Self { p99_ms: quantile(good().map(|ended| ended.took), 0.99) })
    }

    fn is_met(self, slot: &[Ended]) -> bool {
        let good = || slot.iter().filter(|ended| ended.is_good());
        let slow = (self.p99_ms * SLOWER).max(UNSEEN_MS);
        good().count() as f64 >= slot.len() as f64 * (1.0 - MISSING)
            && quantile(good().map(|ended| ended.took), 0.99) <= slow
    }
}

/// How many seconds after the start of `all` the service was as `usual`, and stayed so for half a second.
pub fn seconds(all: &[Ended], usual: Usual) -> Option<f64> {
    let mut slots: Vec<Vec<Ended>> = Vec::new();
    for ended in all {
        let slot = (ended.due.as_nanos() / SLOT.as_nanos()) as usize;
        slots.resize_with(slots.len().max(slot + 1), Vec::new);
        slots[slot].push(*ended);
    }
    let met: Vec<bool> = slots.iter().map(|slot| usual.is_met(slot)).collect();
    let first = met.windows(IN_A_ROW).position(|row| row.iter().all(|met| *met))?;
    Some((SLOT * first as u32).as_secs_f64())
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    /// Ten calls in each slot, of which those before `recovered` are as `ended` says.
    fn calls(recovered: usize, code: Code, took: u64) -> Vec<Ended> {
        let call = |number: usize| {
            let (code, took) = if number / 10 < recovered { (code, took) } else { (Code::Ok, 5) };
            let due = SLOT * number as u32 / 10;
            Ended { due, sent: Duration::ZERO, took: Duration::from_millis(took), code }
        };
        (0..200).map(call).collect()
    }

    #[test]
    fn refusals_and_slow_answers_are_not_as_before() {
        let usual = Usual::of(&calls(0, Code::Ok, 5)).unwrap();
        assert_eq!(seconds(&calls(0, Code::Ok, 5), usual), Some(0.0));
        assert_eq!(seconds(&calls(3, Code::ResourceExhausted, 1), usual), Some(0.3));
        assert_eq!(seconds(&calls(3, Code::Ok, 300), usual), Some(0.3));
        assert_eq!(seconds(&calls(20, Code::Ok, 300), usual), None);
    }
}
