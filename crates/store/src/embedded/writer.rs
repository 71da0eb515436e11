//! The one thread that writes: it takes all transactions that wait, decides them in order, makes their
//! records durable with one sync, shows them to readers, and then answers all of them.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::appender::{Appended, Appender};
use super::group::Group;
use super::queue::{Queue, Request};
use super::shared::Shared;
use super::signal::{Room, Signal};
use crate::{Error, Outcome};

/// A group takes no more transactions once it writes this many bytes.
const GROUP_BYTES: usize = 4 * 1024 * 1024;

/// The writing end of an open store.
pub(super) struct Writer {
    pub shared: Arc<Shared>,
    pub queue: Arc<Queue>,
    pub appender: Appender,
    pub room: Arc<Room>,
    /// Tells the applier that there is something to apply.
    pub applying: Arc<Signal>,
    /// Tells the compactor that the journal has grown by a segment.
    pub compacting: Arc<Signal>,
}

/// A decided transaction that waits for its group.
struct Decided {
    outcome: Result<Outcome, Error>,
    answer: oneshot::Sender<Result<Outcome, Error>>,
}

impl Writer {
    /// Serves the queue until it is closed and empty.
    pub(super) fn run(mut self) {
        let mut taken = Vec::new();
        while self.queue.take(&mut taken) {
            let mut requests = taken.drain(..).peekable();
            while requests.peek().is_some() {
                self.serve(&mut requests);
            }
        }
        if let Err(error) = self.appender.finish() {
            tracing::warn!(%error, "the journal keeps its spare room");
        }
    }

    /// Serves one group from the front of `requests`.
    fn serve(&mut self, requests: &mut impl Iterator<Item = Request>) {
        let room = self.room.wait(|| self.shared.view().unapplied_bytes());
        let view = self.shared.view();
        let mut group = Group::new(&view);
        let mut decided = Vec::new();
        let mut bytes = 0;
        while bytes < GROUP_BYTES {
            let Some(Request { txn, answer }) = requests.next() else { break };
            bytes += txn.size();
            let outcome = room.clone().and_then(|()| group.decide(txn));
            decided.push(Decided { outcome, answer });
        }
        if view.state.has_failed() {
            self.applying.wake();
        }
        let commits = std::mem::take(&mut group.commits);
        let failure = if commits.is_empty() { None } else { self.write(&commits).err() };
        answer(decided, failure);
    }

    fn write(&mut self, commits: &[Arc<crate::Commit>]) -> Result<(), Error> {
        let appended = self.appender.append(commits).inspect_err(|error| {
            self.shared.counters.sync_failed();
            tracing::warn!(%error, transactions = commits.len(), "a group of transactions could not be written");
        });
        let Appended { sync, rolled } = appended?;
        self.shared.counters.synced(commits.len(), sync);
        self.shared.publish(commits, self.appender.tip());
        self.applying.wake();
        if rolled {
            self.compacting.wake();
        }
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // The queue is closed and empty, unless this thread panicked: then nobody may wait for ever.
        self.queue.abandon();
    }
}

/// Answers all transactions of a group that became durable, or that failed.
fn answer(decided: Vec<Decided>, failure: Option<Error>) {
    for Decided { outcome, answer } in decided {
        let outcome = match (&failure, outcome) {
            (None, outcome) => outcome,
            (Some(error), Ok(Outcome::Committed(_))) => Err(error.clone()),
            // It may have lost against a transaction of the same group, which is now not there: nothing
            // can be said about it but that it wrote nothing.
            (Some(error), Ok(Outcome::Conflict { .. })) => Err(Error::Unavailable { reason: error.to_string() }),
            (Some(_), Err(error)) => Err(error),
        };
        // Nobody waits any more if the receiver is gone.
        let _ = answer.send(outcome);
    }
}
