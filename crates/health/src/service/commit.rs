//! The committer: the one task that writes. It takes all reports that wait, counts them in one transaction, and only
//! then shows the new state and acknowledges.
//!
//! **Invariant:** what the snapshot shows is in the store. A transaction that the store refused leaves no trace; one
//! whose outcome is unknown is repeated until it is known, and nothing else is written before that.

mod batch;
mod resolve;

use std::collections::VecDeque;
use std::sync::Arc;

use arc_swap::ArcSwap;
use slipway_chassis::env::Env;
use slipway_domain::stats::RefusedRows;
use slipway_store::{Outcome, Revision, Store, Txn};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::folding::{Folded, Rows};
use super::meters::Meters;
use super::standing;
use crate::error::Error;
use crate::record::Head;
use crate::state::Snapshot;
use batch::Batch;

/// How many reports are taken off the queue at once.
const AT_ONCE: usize = 256;

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
    pub refused_rows: RefusedRows,
}

impl Acknowledged {
    fn of(report: &Folded, sequence: u64, rows: Rows) -> Self {
        Self { epoch: report.epoch, sequence, accepted_rows: rows.accepted, refused_rows: rows.refused }
    }

    /// Takes in a later acknowledgement of the same epoch.
    pub(super) fn extend(&mut self, later: Self) {
        self.sequence = later.sequence;
        self.accepted_rows += later.accepted_rows;
        self.refused_rows += later.refused_rows;
    }
}

/// Where the outcome of a report is told.
pub(super) type Answer = oneshot::Sender<Result<Acknowledged, Error>>;

/// A folded report that waits to be counted.
pub(super) struct Proposal {
    pub report: Folded,
    pub answer: Answer,
    /// What the report takes of the room for those that wait, given back once its cells are bytes of a transaction.
    pub room: OwnedSemaphorePermit,
}

/// Counts reports, one transaction after the other.
pub struct Committer {
    store: Arc<dyn Store>,
    env: Env,
    state: Arc<ArcSwap<Snapshot>>,
    queue: mpsc::Receiver<Proposal>,
    meters: Meters,
    /// The head record as it stands in the store, and the revision that wrote it.
    head: (Head, Revision),
    /// Reports that were taken off the queue and not yet looked at.
    waiting: VecDeque<Proposal>,
    writes: Writes,
}

/// The state that the committer shares with readers, and where reports come from.
pub(super) struct Desk {
    pub state: Arc<ArcSwap<Snapshot>>,
    pub queue: mpsc::Receiver<Proposal>,
    pub meters: Meters,
}

/// A transaction that was handed to the store, and what it leads to.
struct Open {
    txn: Txn,
    head: Head,
    next: Snapshot,
    answers: Vec<(Answer, Acknowledged)>,
}

impl Committer {
    /// A committer on `store`, whose head record is `head`; none if nothing was ever written.
    pub(super) fn new(store: Arc<dyn Store>, env: &Env, desk: Desk, head: Option<(Head, Revision)>) -> Self {
        let Desk { state, queue, meters } = desk;
        let (batch, revision) = head.map_or((0, 0), |(head, revision)| (head.batch, revision));
        let head = (Head { writer: env.new_id(), batch }, revision);
        let (env, waiting) = (env.clone(), VecDeque::new());
        Self { store, env, state, queue, meters, head, waiting, writes: Writes::Work }
    }

    /// Counts reports until nobody can send one any more.
    pub async fn run(mut self) {
        while self.listen().await == Queue::Open {
            let batch = self.gather();
            self.commit(batch).await;
        }
    }

    /// Takes the reports that wait off the queue, and waits for one if there is none.
    async fn listen(&mut self) -> Queue {
        let mut taken = Vec::new();
        if self.waiting.is_empty() && self.queue.recv_many(&mut taken, AT_ONCE).await == 0 {
            return Queue::Closed;
        }
        self.waiting.extend(taken);
        while self.waiting.len() < AT_ONCE
            && let Ok(proposal) = self.queue.try_recv()
        {
            self.waiting.push_back(proposal);
        }
        Queue::Open
    }

    /// As many of the waiting reports, in their order, as one transaction holds.
    fn gather(&mut self) -> Batch {
        let mut batch = Batch::after(&self.state.load(), self.env.now());
        while let Some(proposal) = self.waiting.pop_front() {
            if let Some(left) = batch.take(proposal, &self.meters) {
                self.waiting.push_front(left);
                break;
            }
        }
        batch
    }

    async fn commit(&mut self, batch: Batch) {
        if batch.changes_nothing() {
            return;
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
                self.note_trouble(&error);
                refuse(open.answers, || Error::StoreUnavailable);
            }
            Err(error) => {
                self.note_trouble(&error);
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
        if std::mem::replace(&mut self.writes, Writes::Work) == Writes::Fail {
            tracing::info!(revision, "the store takes writes again");
        }
        for (answer, acknowledged) in answers {
            self.meters.acknowledged(&acknowledged);
            // A stream that broke meanwhile sends the report again and learns then.
            drop(answer.send(Ok(acknowledged)));
        }
    }

    /// Logs that the store is in trouble, once until it works again.
    fn note_trouble(&mut self, error: &dyn std::fmt::Display) {
        if std::mem::replace(&mut self.writes, Writes::Fail) == Writes::Work {
            tracing::warn!(%error, "the store does not take writes; nothing is counted or acknowledged until it does");
        }
    }
}

/// Whether the last transaction was taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writes {
    Work,
    Fail,
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
