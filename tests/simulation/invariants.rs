//! What holds in every history, one file an invariant: its claim, its check, and tests that the check sees a breach.

mod abort;
mod active;
mod answers;
mod bake;
mod counted;
mod end;
mod epoch;
mod exposure;
mod freeze;
mod ledger;
mod log;
mod partition;
mod pool;
mod timer;

use crate::history::History;

/// Checks one claim; the error says where it is broken.
type Check = fn(&History) -> Result<(), String>;

/// All that is checked over every history.
pub const ALL: [(&str, Check); 14] = [
    ("the ranges of a model's traffic partition the buckets exactly", partition::check),
    ("a model has at most one active launch", active::check),
    ("exposure rises only on a newer PASS", exposure::check),
    ("a bake is never shorter than its plan", bake::check),
    ("an abort brings exposure to zero in at most two commands", abort::check),
    ("an older epoch is never obeyed", epoch::check),
    ("a pool is never oversubscribed", pool::check),
    ("a hold never blocks a decrease of exposure", freeze::check),
    ("an end absorbs", end::check),
    ("every waiting state has a timer, and everything ends", timer::check),
    ("every observation is counted exactly once", counted::check),
    ("what was acknowledged is kept, and what was refused is not", answers::check),
    ("the ledger tells every change", ledger::check),
    ("every event log is whole", log::check),
];

/// Everything that is broken in `history`.
pub fn broken(history: &History) -> Vec<String> {
    let checked = ALL.iter().filter_map(|(claim, check)| Some(format!("{claim}: {}", check(history).err()?)));
    checked.chain(history.last.broken.iter().cloned()).collect()
}

/// Histories to tamper with, and histories of worlds with a defect.
#[cfg(test)]
pub mod red {
    use crate::chronicle::{Fact, Life, Role};
    use crate::defect::Defect;
    use crate::history::{History, Seen, Step, Write};
    use crate::world::{Setup, Storm, live};

    /// The history of one good launch in a calm world.
    pub fn calm() -> History {
        live(Setup { storm: Storm::Calm, ..Setup::of(1) })
    }

    /// Whether `check` sees `defect` in at least one of several worlds, and says so in these words.
    pub fn sees(check: super::Check, defect: Defect, words: &str) -> bool {
        let seen = |seed| check(&live(Setup { defect, ..Setup::of(seed) })).err();
        (0..40).filter_map(seen).any(|what| what.contains(words))
    }

    /// The steps of `history`, to tamper with.
    pub fn steps(history: &mut History) -> impl Iterator<Item = &mut Step> {
        history.moments.iter_mut().filter_map(|moment| match &mut moment.what {
            Seen::Step(step) => Some(&mut **step),
            Seen::Charge(..) | Seen::Write(_) | Seen::Evaluated(_) => None,
        })
    }

    /// The changes of traffic in `history`, to tamper with.
    pub fn writes(history: &mut History) -> impl Iterator<Item = &mut Write> {
        history.moments.iter_mut().filter_map(|moment| match &mut moment.what {
            Seen::Write(write) => Some(&mut **write),
            Seen::Step(_) | Seen::Charge(..) | Seen::Evaluated(_) => None,
        })
    }

    /// A fact, at the instant of the last one.
    pub fn late(history: &History, what: crate::chronicle::What) -> Fact {
        Fact { at: history.facts.last().unwrap().at, what }
    }

    /// The first life of a service.
    pub fn first(role: Role) -> Life {
        Life { role, number: 1 }
    }
}
