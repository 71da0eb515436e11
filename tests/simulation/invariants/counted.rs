//! Claim: every observation is counted exactly once. What was acknowledged is counted; of what was never acknowledged,
//! the health monitor's own record of the producer says whether it is, and the sums agree with it.

use std::collections::BTreeMap;

use slipway_chassis::record;
use slipway_health::keys;
use slipway_health::record::Producer;

use crate::books::{Count, Sent, Subject};
use crate::chronicle::{Role, What};
use crate::history::History;

/// The sums of every subject.
type Sums = BTreeMap<Subject, Count>;

/// Holds what the health monitor shows against what was sent to it.
pub fn check(history: &History) -> Result<(), String> {
    let taken = taken(history);
    let mut certain = Sums::new();
    let mut open = Vec::new();
    for sent in &history.pages.sent {
        let last = taken.get(&(sent.producer.clone(), sent.epoch)).copied().unwrap_or(0);
        let newer = (sent.producer.clone(), sent.epoch + 1)..=(sent.producer.clone(), u64::MAX);
        if sent.sequence <= last {
            add(&mut certain, sent);
        } else if sent.acknowledged {
            let (producer, epoch, number) = (&sent.producer, sent.epoch, sent.sequence);
            return Err(format!("report {number} of {producer}, epoch {epoch}, was acknowledged and is lost"));
        } else if sent.sequence == last + 1 && taken.range(newer).next().is_some() {
            // Counted together with the first of a newer epoch, or never: the record tells the newer one alone.
            open.push(sent);
        }
    }
    agrees(&certain, &open, &history.last.shown)
}

fn add(sums: &mut Sums, sent: &Sent) {
    for (subject, count) in &sent.counts {
        sums.entry(subject.clone()).or_default().add(*count);
    }
}

/// Whether `shown` is the sum of all that is certain and some of what is open.
fn agrees(certain: &Sums, open: &[&Sent], shown: &Sums) -> Result<(), String> {
    let Some((first, rest)) = open.split_first() else {
        let differs = certain.iter().find(|(subject, count)| shown.get(*subject) != Some(count));
        let differs = differs.map(|(subject, count)| format!("{subject:?}: {count:?} was sent"));
        let more = shown.keys().find(|subject| !certain.contains_key(*subject)).map(|subject| format!("{subject:?}"));
        let wrong = differs.or(more);
        return wrong.map_or(Ok(()), |wrong| Err(format!("{wrong}, and this is shown: {shown:?}")));
    };
    agrees(certain, rest, shown).or_else(|_| {
        let mut counted = certain.clone();
        add(&mut counted, first);
        agrees(&counted, rest, shown)
    })
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
    assert!(super::red::sees(check, crate::defect::Defect::CountedAgain, "was sent"));
}

#[test]
fn a_lost_row_is_seen() {
    let mut history = super::red::calm();
    assert_eq!(check(&history), Ok(()));
    history.last.shown.values_mut().next().unwrap().rows -= 1;
    assert!(check(&history).is_err());
}
