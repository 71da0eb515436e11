//! When a transaction's outcome is unknown, or another process has written: nothing is counted before the store and the
//! state agree again, and whoever reports meanwhile is told at once.

use std::sync::Arc;
use std::time::Duration;

use slipway_store::Outcome;

use super::{Acknowledged, Answer, Committer, Open, Queue, refuse};
use crate::error::Error;
use crate::record::Head;
use crate::service::load;

/// How long to wait before the store is asked again, at first and at most, in real time.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

impl Committer {
    /// Finds out what became of a transaction. It compares the head, so it can be applied once at most, however often
    /// it is sent; when it finds another head, that one tells whose it is.
    pub(super) async fn resolve(&mut self, mut open: Open) {
        let mut pause = PAUSES.0;
        loop {
            match self.store.txn(open.txn.clone()).await {
                Ok(Outcome::Committed(revision)) => return self.publish(open, revision),
                Ok(Outcome::Conflict { .. }) => match load::read_head(&*self.store).await {
                    Ok(Some((head, revision))) if head == open.head => return self.publish(open, revision),
                    Ok(_) => return self.take_over(open.answers).await,
                    Err(error) => tracing::debug!(%error, "what became of a transaction cannot be read"),
                },
                Err(error) => tracing::debug!(%error, "what became of a transaction is still unknown"),
            }
            refuse(std::mem::take(&mut open.answers), || Error::OutcomeUnknown);
            if self.refuse_for(pause).await == Queue::Closed {
                return;
            }
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Another process wrote to the store: the state is read anew, and the reports are to be sent again.
    pub(super) async fn take_over(&mut self, answers: Vec<(Answer, Acknowledged)>) {
        tracing::error!("another process writes to the store of this service; its state is read anew");
        refuse(answers, || Error::StoreTaken);
        let mut pause = PAUSES.0;
        loop {
            match load::load(&*self.store).await {
                Ok((snapshot, head)) => {
                    let (batch, revision) = head.map_or((0, 0), |(head, revision)| (head.batch, revision));
                    self.head = (Head { writer: self.head.0.writer, batch }, revision);
                    return self.state.store(Arc::new(snapshot));
                }
                Err(error) => self.note_trouble(&error),
            }
            if self.refuse_for(pause).await == Queue::Closed {
                return;
            }
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Refuses all reports that wait, and those that come within `pause`, in real time.
    async fn refuse_for(&mut self, pause: Duration) -> Queue {
        for proposal in self.waiting.drain(..) {
            drop(proposal.answer.send(Err(Error::OutcomeUnknown)));
        }
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
}
