//! A stream of reports: each is folded as it comes and stands in line for the committer while the next one is read;
//! answers come in the order of the reports, several at once when several are ready.

use std::sync::Arc;

use futures_util::{Stream, StreamExt, stream};
use slipway_chassis::Caller;
use slipway_domain::fault::{Violation, Violations};
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::Health;
use super::commit::{Acknowledged, Proposal};
use super::folding::fold_report;
use super::report::{Draft, Report};
use crate::error::Error;

/// The outcome of a report that stands in line.
type Promised = oneshot::Receiver<Result<Acknowledged, Error>>;

impl Health {
    /// Counts one report, exactly once, and answers when it is durable.
    ///
    /// # Errors
    /// [`Error::Invalid`], the rules of its producer ([`Error::SequenceGap`], [`Error::ProducerFenced`],
    /// [`Error::ProducerForked`]), or a store that does not take it.
    pub async fn report(&self, caller: &Caller, draft: Draft) -> Result<Acknowledged, Error> {
        let promised = self.propose(caller, draft).await?;
        promised.await.unwrap_or(Err(Error::Stopping))
    }

    /// Counts the reports of a stream, each exactly once, and answers when they are durable. The first error ends the
    /// stream; every report before it was answered.
    ///
    /// All reports of a stream are of one producer.
    pub fn report_all<S: Stream<Item = Result<Draft, Error>> + Send + 'static>(
        self: &Arc<Self>,
        caller: &Caller,
        drafts: S,
    ) -> impl Stream<Item = Result<Acknowledged, Error>> + Send + use<S> {
        let (line, answers) = mpsc::channel(self.limits.in_flight);
        let reading = Reading(tokio::spawn(Arc::clone(self).read(caller.clone(), drafts, line)));
        stream::unfold(Some(Answers { line: answers, front: None, _reading: reading }), |answers| async {
            let mut answers = answers?;
            let answer = answers.next().await?;
            let more = answer.is_ok().then_some(answers);
            Some((answer, more))
        })
    }

    async fn read(
        self: Arc<Self>,
        caller: Caller,
        drafts: impl Stream<Item = Result<Draft, Error>> + Send,
        line: mpsc::Sender<Result<Promised, Error>>,
    ) {
        let mut drafts = std::pin::pin!(drafts);
        let mut producer = None;
        while let Some(draft) = drafts.next().await {
            let promised = match draft.and_then(|draft| same_producer(&mut producer, draft)) {
                Ok(draft) => self.propose(&caller, draft).await,
                Err(error) => Err(error),
            };
            let ends = promised.is_err();
            if line.send(promised).await.is_err() || ends {
                return;
            }
        }
    }

    /// Checks a report, waits for room, folds it and puts it in line.
    async fn propose(&self, caller: &Caller, draft: Draft) -> Result<Promised, Error> {
        let report = Report::parse(draft, &self.limits, self.env.now());
        let report = report.inspect_err(|error| self.meters.refused(error))?.of(&caller.principal);
        self.check_report(caller, &report)?;
        let kib = u32::try_from(report.kib()).unwrap_or(u32::MAX).min(self.limits.pending_kib);
        let room = Arc::clone(&self.room).acquire_many_owned(kib).await.map_err(|_| Error::Stopping)?;
        let (answer, promised) = oneshot::channel();
        let proposal = Proposal { report: fold_report(report), answer, room };
        self.queue.send(proposal).await.map_err(|_| Error::Stopping)?;
        Ok(promised)
    }
}

fn same_producer(producer: &mut Option<String>, draft: Draft) -> Result<Draft, Error> {
    let first = producer.get_or_insert_with(|| draft.producer.clone());
    if *first == draft.producer {
        return Ok(draft);
    }
    let description = format!("is {:.128}; this stream began with reports of {first:.128}", draft.producer);
    Err(Violations::one(Violation::new("producer", "CHANGED", description)).into())
}

/// The task that reads a stream; it ends when nobody waits for answers any more.
struct Reading(JoinHandle<()>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The answers of a stream, in the order of its reports.
struct Answers {
    line: mpsc::Receiver<Result<Promised, Error>>,
    /// The head of the line, where it has been looked at already.
    front: Option<Front>,
    _reading: Reading,
}

/// The head of the line.
enum Front {
    Promised(Promised),
    Settled(Result<Acknowledged, Error>),
}

impl Answers {
    /// The next answer, with all behind it that are ready.
    async fn next(&mut self) -> Option<Result<Acknowledged, Error>> {
        let front = match self.front.take() {
            Some(front) => front,
            None => self.line.recv().await?.map_or_else(|error| Front::Settled(Err(error)), Front::Promised),
        };
        let settled = match front {
            Front::Promised(promised) => promised.await.unwrap_or(Err(Error::Stopping)),
            Front::Settled(settled) => settled,
        };
        let mut answer = match settled {
            Ok(answer) => answer,
            Err(error) => return Some(Err(error)),
        };
        while let Some(later) = self.ready(answer.epoch) {
            answer.extend(later);
        }
        Some(Ok(answer))
    }

    /// The next acknowledgement, if it is there already and of this epoch.
    fn ready(&mut self, epoch: u64) -> Option<Acknowledged> {
        let settled = match self.line.try_recv().ok()? {
            Err(error) => Err(error),
            Ok(mut promised) => match promised.try_recv() {
                Ok(settled) => settled,
                Err(TryRecvError::Closed) => Err(Error::Stopping),
                Err(TryRecvError::Empty) => {
                    self.front = Some(Front::Promised(promised));
                    return None;
                }
            },
        };
        match settled {
            Ok(later) if later.epoch == epoch => Some(later),
            other => {
                self.front = Some(Front::Settled(other));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use jiff::Timestamp;
    use slipway_chassis::RequestId;
    use slipway_chassis::env::Env;
    use slipway_chassis::metrics::Metrics;
    use slipway_domain::principal::Principal;
    use slipway_store::memory::Memory;

    use super::super::report::Columns;
    use super::super::{Defaults, Limits};
    use super::*;

    fn draft(sequence: i64, rows: usize) -> Draft {
        let columns = Columns {
            version: "namespaces/default/models/m/versions/1".to_owned(),
            minute: Some(Timestamp::from_second(1_700_000_000).unwrap()),
            predictions: vec![0.5; rows],
            outcomes: vec![true; rows],
            ..Columns::default()
        };
        Draft { producer: "p".to_owned(), sequence, columns: vec![columns], ..Draft::default() }
    }

    #[tokio::test]
    async fn reports_wait_for_room_however_many_may_stand_in_line() {
        let limits = Limits { pending_kib: 20, ..Limits::default() };
        let (env, _clock) = Env::driven(Timestamp::from_second(1_700_000_000).unwrap(), 1);
        let store = Arc::new(Memory::new());
        let opened = Health::open(limits, store, &env, &Metrics::new().unwrap(), Arc::new(Defaults)).await;
        let Ok((health, committer)) = opened else { panic!("not opened") };
        let caller = Caller::inside(Principal::anonymous(), RequestId::new(&env));
        // Nobody commits yet: 9 of 20 KiB each, and the third is larger than all the room there is.
        let first = health.propose(&caller, draft(1, 256)).now_or_never().unwrap().unwrap();
        let second = health.propose(&caller, draft(2, 256)).now_or_never().unwrap().unwrap();
        let mut third = Box::pin(health.propose(&caller, draft(3, 4096)));
        assert!(third.as_mut().now_or_never().is_none());
        tokio::spawn(committer.run());
        for promised in [first, second, third.await.unwrap()] {
            promised.await.unwrap().unwrap();
        }
    }
}
