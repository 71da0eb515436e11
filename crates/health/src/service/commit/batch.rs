//! The reports that are counted by one transaction.

use std::collections::BTreeSet;

use jiff::Timestamp;
use slipway_store::{Revision, Txn};
use tokio::sync::OwnedSemaphorePermit;

use super::standing::{self, Standing};
use super::{Acknowledged, Answer, Proposal};
use crate::error::Error;
use crate::keys;
use crate::record::{self, Head, ProducerId};
use crate::service::folding::Folded;
use crate::service::meters::Meters;
use crate::state::{Delta, Series, Snapshot, Sums};
use crate::window::Minute;

/// About as many bytes are written by one transaction: far less than the store allows, since the weight of a cell is an
/// estimate, and whoever waits behind it waits for all of it.
const ROOM: usize = slipway_store::txn::TXN_LIMIT / 8;
/// About the bytes of a key.
const KEY_BYTES: usize = 160;

/// Reports that are counted together, and the state that they lead to.
pub(super) struct Batch {
    next: Snapshot,
    now: Timestamp,
    txn: Txn,
    delta: Delta,
    producers: BTreeSet<ProducerId>,
    reports: usize,
    weight: usize,
    answers: Vec<(Answer, Acknowledged)>,
    rooms: Vec<OwnedSemaphorePermit>,
}

/// The one report of a batch that has no other.
pub(super) struct Lone {
    producer: ProducerId,
    sequence: u64,
}

impl Lone {
    /// The report is more than a transaction can hold.
    pub fn too_large(&self) -> Error {
        Error::ReportTooLarge { producer: self.producer.clone(), sequence: self.sequence }
    }
}

impl Batch {
    /// A batch of nothing after the state `current`, at the instant `now`.
    pub fn after(current: &Snapshot, now: Timestamp) -> Self {
        Self {
            next: current.clone(),
            now,
            txn: Txn::new(),
            delta: Delta::default(),
            producers: BTreeSet::new(),
            reports: 0,
            weight: 0,
            answers: Vec::new(),
            rooms: Vec::new(),
        }
    }

    /// Takes the report in, or refuses it, by the rules of its producer; gives it back when there is no room.
    pub fn take(&mut self, proposal: Proposal, meters: &Meters) -> Option<Proposal> {
        let known = self.next.producer(&proposal.report.producer);
        match standing::judge(known, &proposal.report) {
            Err(error) => {
                meters.refused(&error);
                drop(proposal.answer.send(Err(error)));
            }
            Ok(Standing::Repeated) => {
                meters.repeated();
                let sequence = known.map_or(proposal.report.sequence, |known| known.sequence);
                let acknowledged = Acknowledged::of(&proposal.report, sequence, Default::default());
                if self.producers.contains(&proposal.report.producer) {
                    self.answers.push((proposal.answer, acknowledged));
                } else {
                    // What was kept before this batch is durable, whatever becomes of the batch.
                    drop(proposal.answer.send(Ok(acknowledged)));
                }
            }
            Ok(Standing::Next) => {
                let weight = self.weight_of(&proposal.report.delta);
                if self.reports > 0 && self.weight + weight > ROOM {
                    return Some(proposal);
                }
                self.weight += weight;
                self.count(proposal);
            }
        }
        None
    }

    fn count(&mut self, Proposal { report, answer, room }: Proposal) {
        let standing = standing::advance(self.next.producer(&report.producer), &report, self.now);
        self.next.put_producer(report.producer.clone(), standing);
        for (model, added) in report.delta.models() {
            if let Some(newest) = added.newest() {
                let txn = std::mem::take(&mut self.txn);
                self.txn = self.next.note_member(model, &report.producer, newest, txn);
            }
        }
        self.answers.push((answer, Acknowledged::of(&report, report.sequence, report.rows.clone())));
        let Folded { producer, delta, .. } = report;
        self.delta.merge(delta);
        self.producers.insert(producer);
        self.rooms.push(room);
        self.reports += 1;
    }

    /// About the bytes that `delta` adds to a transaction.
    fn weight_of(&self, delta: &Delta) -> usize {
        let mut weight = 0;
        for (name, added) in delta.models() {
            let model = self.next.model(name);
            for (subject, minutes) in &added.served {
                weight += weight_of_minutes(model.and_then(|model| model.served(subject.version)), minutes);
            }
            for (pair, minutes) in &added.paired {
                let series = model.and_then(|model| model.paired(pair.candidate, pair.baseline));
                weight += weight_of_minutes(series, minutes);
            }
        }
        weight
    }

    /// Whether no report of the batch counts.
    pub fn changes_nothing(&self) -> bool {
        self.reports == 0
    }

    /// The batch's report if there is only one.
    pub fn lone_report(&self) -> Option<Lone> {
        let producer = self.producers.first().filter(|_| self.reports == 1)?.clone();
        let sequence = self.next.producer(&producer)?.sequence;
        Some(Lone { producer, sequence })
    }

    /// The state after the batch, the transaction with all records that change, and whom to answer. The transaction
    /// holds only as long as the head record is of the revision `after`, and makes it `head`.
    ///
    /// # Errors
    /// [`Error::Damaged`], with whom to answer.
    pub fn seal(self, head: &Head, after: Revision) -> Result<Sealed, (Vec<(Answer, Acknowledged)>, Error)> {
        let Self { mut next, txn, delta, producers, answers, .. } = self;
        let mut txn = txn.compare(keys::HEAD, after).put(keys::HEAD, record::encode(head));
        for producer in &producers {
            if let Some(standing) = next.producer(producer) {
                txn = txn.put(keys::producer(producer), record::encode(standing));
            }
        }
        match next.add(&delta, txn) {
            Ok(txn) => Ok((next, txn, answers)),
            Err(error) => Err((answers, error)),
        }
    }
}

/// The state after a batch, its transaction, and whom to answer once that is committed.
pub(super) type Sealed = (Snapshot, Txn, Vec<(Answer, Acknowledged)>);

fn weight_of_minutes<C: Sums>(series: Option<&Series<C>>, minutes: &std::collections::BTreeMap<Minute, C>) -> usize {
    let weigh =
        |(minute, cell): (&Minute, &C)| KEY_BYTES + series.map_or(0, |series| series.bytes(*minute)) + cell.weight();
    minutes.iter().map(weigh).sum()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arc_swap::ArcSwap;
    use slipway_chassis::metrics::Metrics;
    use tokio::sync::{Semaphore, oneshot};

    use super::*;

    type Promised = oneshot::Receiver<Result<Acknowledged, Error>>;

    /// Report 1 of `producer`, and where it is answered.
    fn proposal(producer: &str) -> (Proposal, Promised) {
        let producer = ProducerId::parse(producer).unwrap();
        let (complete_through, delta, rows) = (None, Delta::default(), Default::default());
        let report = Folded { producer, epoch: 1, sequence: 1, complete_through, delta, rows, fingerprint: 7 };
        let (answer, promised) = oneshot::channel();
        let room = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        (Proposal { report, answer, room }, promised)
    }

    /// A batch after `current` with report 1 of each of `producers`, and where they are answered.
    fn batch(current: &Snapshot, producers: &[&str]) -> (Batch, Vec<Promised>) {
        let meters = Meters::new(&Metrics::new().unwrap(), &Arc::new(ArcSwap::from_pointee(Snapshot::default())));
        let mut batch = Batch::after(current, Timestamp::UNIX_EPOCH);
        let take = |name: &&str| {
            let (proposal, promised) = proposal(name);
            assert!(batch.take(proposal, &meters).is_none());
            promised
        };
        let promised = producers.iter().map(take).collect();
        (batch, promised)
    }

    #[test]
    fn a_repeat_is_acknowledged_at_once_if_it_was_counted_before_the_batch_and_with_the_batch_otherwise() {
        let head = Head { writer: uuid::Uuid::nil(), batch: 1 };
        let Ok((before, ..)) = batch(&Snapshot::default(), &["p"]).0.seal(&head, 0) else { panic!("not sealed") };
        let (batch, mut promised) = batch(&before, &["q", "p", "q"]);
        let answered: Vec<bool> = promised.iter_mut().map(|promised| promised.try_recv().is_ok()).collect();
        assert_eq!(answered, [false, true, false]);
        assert_eq!(batch.lone_report().map(|lone| lone.producer), ProducerId::parse("q"));
    }
}
