//! Claim: every observation is counted exactly once. What was acknowledged is counted; of what was never acknowledged,
//! the health monitor's own record of the producer says whether it is, and the sums agree with it.

use std::collections::BTreeMap;

use slipway_chassis::record;
use slipway_health::keys;
use slipway_health::record::Producer;

use crate::books::{Count, Subject};
use crate::chronicle::{Role, What};
use crate::history::History;

/// Holds what the health monitor shows against what was sent to it.
pub fn check(history: &History) -> Result<(), String> {
    let taken = taken(history);
    let mut wanted: BTreeMap<Subject, Count> = BTreeMap::new();
    for sent in &history.pages.sent {
        let last = taken.get(&(sent.producer.clone(), sent.epoch)).copied().unwrap_or(0);
        let counts = sent.sequence <= last;
        if sent.acknowledged && !counts {
            let Count { rows, .. } = sent.counts.values().fold(Count::default(), |mut all, count| {
                all.add(*count);
                all
            });
            let (producer, epoch, number) = (&sent.producer, sent.epoch, sent.sequence);
            return Err(format!("report {number} of {producer}, epoch {epoch}: {rows} rows acknowledged and lost"));
        }
        for (subject, count) in sent.counts.iter().filter(|_| counts) {
            wanted.entry(subject.clone()).or_default().add(*count);
        }
    }
    for (subject, count) in &wanted {
        let shown = history.last.shown.get(subject).copied().unwrap_or_default();
        if shown != *count {
            return Err(format!("{subject:?}: {shown:?} is shown, and {count:?} was sent"));
        }
    }
    Ok(())
}

/// The last report that was taken of each producer's epoch.
fn taken(history: &History) -> BTreeMap<(String, u64), u64> {
    let mut taken = BTreeMap::new();
    for fact in &history.facts {
        let What::Committed(life, _, writes) = &fact.what else { continue };
        for (key, value) in writes.iter().filter(|_| life.role == Role::Health) {
            if let (Some(producer), Some(value)) = (keys::read_producer(key), value) {
                let Producer { epoch, sequence, .. } = record::decode(value).expect("a record of a producer");
                taken.insert((producer.to_string(), epoch), sequence);
            }
        }
    }
    taken
}

#[test]
fn a_fleet_that_takes_the_unknown_for_a_failure_is_seen() {
    assert!(super::red::sees(check, crate::defect::Defect::CountedAgain));
}

#[test]
fn a_lost_row_is_seen() {
    let mut history = super::red::calm();
    assert_eq!(check(&history), Ok(()));
    history.last.shown.values_mut().next().unwrap().rows -= 1;
    assert!(check(&history).is_err());
}
