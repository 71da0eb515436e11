//! The committer: the one task that writes. It takes all reports that wait, counts them in one transaction, and only
//! then shows the new state and acknowledges.
//!
//! **Invariant:** what the snapshot shows is in the store. A transaction that the store refused leaves no trace; one
//! whose outcome is unknown is repeated until it is known, and nothing else is written before that.

mod batch;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use slipway_chassis::env::Env;
use slipway_chassis::record as stored;
use slipway_store::{Outcome, Revision, Store, Txn};
use tokio::sync::{mpsc, oneshot};

use super::folding::{Folded, Rows};
use super::meters::Meters;
use super::{load, standing};
use crate::error::Error;
use crate::keys;
use crate::record::Head;
use crate::state::Snapshot;
use batch::Batch;

/// How many reports are taken off the queue at once.
const AT_ONCE: usize = 256;

/// How long to wait before a transaction whose outcome is unknown is tried again.
const PAUSE: Duration = Duration::from_millis(50);

/// Acknowledges reports of one producer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Acknowledged {
    /// The epoch of the reports.
    pub epoch: u64,
    /// Every report of the epoch up to this number is durable.
    pub sequence: u64,
    /// Rows that were counted.
    pub accepted_rows: u64,
    /// Rows that were refused, by reason.
    pub refused_rows: super::folding::RefusedRows,
}

impl Acknowledged {
    fn of(report: &Folded, sequence: u64, rows: Rows) -> Self {
        Self { epoch: report.epoch, sequence, accepted_rows: rows.accepted, refused_rows: rows.refused }
    }

    /// Takes in a later acknowledgement of the same epoch.
    pub(super) fn extend(&mut self, later: Self) {
        self.sequence = later.sequence;
        self.accepted_rows += later.accepted_rows;
        for (reason, rows) in later.refused_rows {
            *self.refused_rows.entry(reason).or_default() += rows;
        }
    }
}

/// Where the outcome of a report is told.
pub(super) type Answer = oneshot::Sender<Result<Acknowledged, Error>>;

/// A folded report that waits to be counted.
pub(super) struct Proposal {
    pub report: Folded,
    pub answer: Answer,
}

/// Counts reports, one transaction after the other.
pub struct Committer {
    pub(super) store: Arc<dyn Store>,
    pub(super) env: Env,
    pub(super) state: Arc<ArcSwap<Snapshot>>,
    pub(super) queue: mpsc::Receiver<Proposal>,
    pub(super) meters: Meters,
    /// The head record as it stands in the store, and the revision that wrote it.
    pub(super) head: (Head, Revision),
}

/// A transaction that was handed to the store, and what it leads to.
struct Open {
    txn: Txn,
    head: Head,
    next: Snapshot,
    answers: Vec<(Answer, Acknowledged)>,
}

impl Committer {
    /// Counts reports until nobody can send one any more.
    pub async fn run(mut self) {
        let mut waiting = VecDeque::new();
        loop {
            let mut taken = Vec::new();
            if waiting.is_empty() && self.queue.recv_many(&mut taken, AT_ONCE).await == 0 {
                return;
            }
            waiting.extend(taken);
            while waiting.len() < AT_ONCE
                && let Ok(proposal) = self.queue.try_recv()
            {
                waiting.push_back(proposal);
            }
            let batch = self.gather(&mut waiting);
            self.commit(batch).await;
        }
    }

    /// As many of the waiting reports, in their order, as one transaction holds.
    fn gather(&self, waiting: &mut VecDeque<Proposal>) -> Batch {
        let mut batch = Batch::after(&self.state.load(), self.env.now());
        while let Some(proposal) = waiting.pop_front() {
            if let Err(proposal) = batch.take(proposal, &self.meters) {
                waiting.push_front(proposal);
                break;
            }
        }
        batch
    }

    async fn commit(&mut self, batch: Batch) {
        if batch.changes_nothing() {
            return batch.acknowledge();
        }
        let watch = self.env.stopwatch();
        let lone = batch.lone_report();
        let open = match self.seal(batch) {
            Ok(open) => open,
            Err((answers, error)) => {
                tracing::error!(%error, "a report cannot be added to what is kept");
                return refuse(answers, || Error::StoreUnavailable);
            }
        };
        match self.store.txn(open.txn.clone()).await {
            Ok(Outcome::Committed(revision)) => self.publish(open, revision),
            Ok(Outcome::Conflict { .. }) => self.take_over(open.answers).await,
            Err(slipway_store::Error::TooLarge { .. }) if lone.is_some() => {
                refuse(open.answers, || lone.as_ref().map_or(Error::StoreUnavailable, batch::Lone::too_large));
            }
            Err(error) if error.is_definite() => {
                tracing::warn!(%error, "the store refused a transaction; nothing was counted");
                refuse(open.answers, || Error::StoreUnavailable);
            }
            Err(error) => {
                tracing::warn!(%error, "it is unknown whether a transaction was applied; nothing is counted until it is known");
                self.resolve(open).await;
            }
        }
        self.meters.commit(watch.elapsed());
    }

    /// Makes the batch one transaction, which holds only as long as nobody else has written.
    fn seal(&self, batch: Batch) -> Result<Open, (Vec<(Answer, Acknowledged)>, Error)> {
        let head = Head { writer: self.head.0.writer, batch: self.head.0.batch + 1 };
        let (next, txn, answers) = batch.seal(&head, self.head.1)?;
        Ok(Open { txn, head, next, answers })
    }

    /// Shows the state after a committed transaction, then acknowledges its reports.
    fn publish(&mut self, open: Open, revision: Revision) {
        let Open { head, mut next, answers, .. } = open;
        next.revision = revision;
        self.head = (head, revision);
        self.state.store(Arc::new(next));
        for (answer, acknowledged) in answers {
            self.meters.acknowledged(&acknowledged);
            // A stream that broke meanwhile sends the report again and learns then.
            drop(answer.send(Ok(acknowledged)));
        }
    }

    /// Finds out what became of a transaction. It compares the head, so it can be applied once at most, however often
    /// it is sent; when it finds another head, that one tells whose it is.
    async fn resolve(&mut self, mut open: Open) {
        loop {
            match self.store.txn(open.txn.clone()).await {
                Ok(Outcome::Committed(revision)) => return self.publish(open, revision),
                Ok(Outcome::Conflict { .. }) => match self.read_head().await {
                    Ok(Some((head, revision))) if head == open.head => return self.publish(open, revision),
                    Ok(_) => return self.take_over(open.answers).await,
                    Err(error) => {
                        tracing::warn!(%error, "the store cannot be read to learn what became of a transaction")
                    }
                },
                Err(error) => tracing::warn!(%error, "a transaction of unknown outcome is still open"),
            }
            refuse(std::mem::take(&mut open.answers), || Error::OutcomeUnknown);
            if self.refuse_for(PAUSE).await == Queue::Closed {
                return;
            }
        }
    }

    /// Refuses all reports that come within `pause`, in real time.
    async fn refuse_for(&mut self, pause: Duration) -> Queue {
        let queue = &mut self.queue;
        let refusing = async {
            while let Some(proposal) = queue.recv().await {
                drop(proposal.answer.send(Err(Error::OutcomeUnknown)));
            }
        };
        match self.env.patience(pause, refusing).await {
            Ok(()) => Queue::Closed,
            Err(_) => Queue::Open,
        }
    }

    async fn read_head(&self) -> Result<Option<(Head, Revision)>, Error> {
        let got = self.store.get(keys::HEAD.as_bytes()).await.map_err(Error::Unreadable)?;
        let read = |entry: slipway_store::Entry| {
            let head = stored::decode(&entry.value).map_err(|error| Error::damaged(&entry.key, error))?;
            Ok((head, entry.mod_revision))
        };
        got.entry.map(read).transpose()
    }

    /// Another process wrote to the store: the state is read anew, and the reports are to be sent again.
    async fn take_over(&mut self, answers: Vec<(Answer, Acknowledged)>) {
        tracing::error!("another process writes to the store of this service; its state is read anew");
        refuse(answers, || Error::StoreTaken);
        loop {
            match load::load(&*self.store).await {
                Ok((snapshot, head)) => {
                    let (writer, batch) = (self.head.0.writer, head.as_ref().map_or(0, |(head, _)| head.batch));
                    self.head = (Head { writer, batch }, head.map_or(0, |(_, revision)| revision));
                    self.state.store(Arc::new(snapshot));
                    return;
                }
                Err(error) => tracing::warn!(%error, "the state cannot be read anew"),
            }
            if self.refuse_for(PAUSE).await == Queue::Closed {
                return;
            }
        }
    }
}

/// Whether anybody can still send reports.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Queue {
    Open,
    Closed,
}

/// Tells everybody that nothing was acknowledged, and why.
fn refuse(answers: Vec<(Answer, Acknowledged)>, why: impl Fn() -> Error) {
    for (answer, _) in answers {
        drop(answer.send(Err(why())));
    }
}
