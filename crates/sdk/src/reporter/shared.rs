//! What the handles of a reporter share with the task that sends.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::{Notify, watch};
use tonic::Code;

use super::ReporterSettings;
use super::pending::{Next, Outgoing, Pending};
use super::piece::Piece;
use crate::error::Error;
use crate::pb;

/// What the handles of a reporter share with the task that sends.
#[derive(Debug)]
pub(super) struct Shared {
    pending: Mutex<Pending>,
    /// Wakes who sends.
    wake: Notify,
    /// Wakes who waits for acknowledgements.
    progress: watch::Sender<()>,
}

impl Shared {
    pub fn new(settings: ReporterSettings) -> Self {
        let (progress, _) = watch::channel(());
        Self { pending: Mutex::new(Pending::new(settings)), wake: Notify::new(), progress }
    }

    pub fn gather(&self, add: impl FnOnce(&mut Pending)) {
        let mut pending = self.lock();
        if pending.has_room(0) {
            pending.stats.taken_rows += 1;
            self.add(&mut pending, add);
        } else {
            pending.drop_rows(1);
        }
    }

    pub fn gather_prediction(&self, add: impl FnOnce(&mut Pending)) {
        let mut pending = self.lock();
        if pending.has_room(0) {
            self.add(&mut pending, add);
        } else {
            pending.stats.dropped.predictions += 1;
        }
    }

    pub fn take(&self, piece: Piece) -> Result<(), Error> {
        let mut pending = self.lock();
        let rows = piece.rows() as u64;
        if pending.has_room(piece.bytes()) {
            pending.stats.taken_rows += rows;
            self.add(&mut pending, |pending| pending.gathered.take(piece));
            return Ok(());
        }
        pending.drop_rows(rows);
        Err(pending.stats.stopped.clone().unwrap_or_else(full))
    }

    pub fn promise(&self, through: Timestamp) {
        let mut pending = self.lock();
        if pending.stats.stopped.is_none() && pending.promise(through) {
            self.wake.notify_one();
        }
    }

    /// Puts everything gathered into reports, and returns the ordinal of the last one.
    pub fn cut(&self) -> u64 {
        let mut pending = self.lock();
        pending.cut();
        self.wake.notify_one();
        pending.cut
    }

    fn add(&self, pending: &mut Pending, add: impl FnOnce(&mut Pending)) {
        add(pending);
        if pending.gathered_more() {
            self.wake.notify_one();
        }
    }

    /// The report that follows number `sent` by ordinal, as soon as there is one.
    pub async fn following(&self, sent: u64) -> Outgoing {
        loop {
            let woken = self.wake.notified();
            let due_at = match self.lock().after(sent) {
                Ok(report) => return report,
                Err(due_at) => due_at,
            };
            match due_at {
                Some(due_at) => {
                    // Either there is something to send then, or a full report comes before.
                    let _ = tokio::time::timeout_at(due_at, woken).await;
                }
                None => woken.await,
            }
        }
    }

    pub fn acked(&self) -> u64 {
        self.lock().acked
    }

    pub fn acknowledged(&self, answer: &pb::ReportResponse) {
        self.lock().acknowledged(answer);
        self.wake.notify_one();
        self.progress.send_replace(());
    }

    pub fn failed(&self, failure: &Error) -> Next {
        let next = self.lock().failed(failure);
        self.progress.send_replace(());
        next
    }

    pub async fn wait_for<T>(&self, done: impl Fn(&Pending) -> Option<T>) -> T {
        let mut progress = self.progress.subscribe();
        loop {
            if let Some(done) = done(&self.lock()) {
                return done;
            }
            // The sender lives in `self`, so the wait ends with progress alone.
            let _ = progress.changed().await;
        }
    }

    pub fn incomplete(&self, target: u64) -> Error {
        let pending = self.lock();
        let left = target.saturating_sub(pending.acked);
        let why = pending.stats.failure.as_ref().map(|failure| format!(": {}", failure.message())).unwrap_or_default();
        Error::local(Code::DeadlineExceeded, "FLUSH_INCOMPLETE", format!("{left} reports are not durable yet{why}"))
            .advising("They are kept and sent again; flush again later.")
    }

    pub fn lock(&self) -> MutexGuard<'_, Pending> {
        // Counters may be off by what a panic left out; holding every row back would be worse.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn full() -> Error {
    Error::local(Code::ResourceExhausted, "REPORTER_FULL", "the rows that are not durable yet fill the reporter")
        .advising("Wait for room, or allow the reporter more memory.")
}
