//! The way of every change of a launch: decide on the picture, store the whole step as one transaction, wait until the
//! picture holds it.

use std::sync::Arc;

use slipway_chassis::etag::{self, Mismatch};
use slipway_chassis::intent::{Intent, Mode};
use slipway_chassis::{answers, record};
use slipway_domain::launch::{Command, Event, log, step};
use slipway_domain::name::LaunchName;
use slipway_store::picture::Kept;
use slipway_store::{Outcome, Revision, Txn};
use uuid::Uuid;

use super::{Launcher, find};
use crate::Error;
use crate::keys::Key;
use crate::record::{Answer, Record};
use crate::state::State;

/// How often a change is decided anew because somebody was faster.
const ATTEMPTS: usize = 256;

/// One step of one launch, decided and not stored yet.
pub(super) struct Step {
    /// The revision of the launch that it was decided on; 0 for a launch that is being created.
    seen: Revision,
    /// The launch after it.
    record: Arc<Record>,
    /// The event, as the log keeps it.
    entry: log::Entry,
    /// What is to be run now.
    commands: Vec<Command>,
    /// The commands in the outbox that need not be run any more.
    settled: Vec<u64>,
    /// How many states it entered.
    entered: usize,
}

impl Launcher {
    /// The step that `event` makes of the launch `name` now.
    pub(super) fn step(&self, state: &State, name: &LaunchName, event: &Event) -> Result<Step, Error> {
        let found = find(state, name)?;
        let mut step = self.step_from(&found.value, event)?;
        step.seen = found.revision;
        let outstanding = step.record.launch.outstanding.as_ref().map(|command| command.id);
        let settled = |command: &u64| Some(*command) == event.command() || Some(*command) != outstanding;
        step.settled = state.commands_of(name).map(|command| command.id).filter(settled).collect();
        Ok(step)
    }

    /// The step that `event` makes of a launch that is stored nowhere yet.
    pub(super) fn step_from(&self, before: &Record, event: &Event) -> Result<Step, Error> {
        let now = self.env.now();
        let stepped = step(&before.launch, event, now);
        let rejected = |rejected| Error::Rejected { name: before.launch.name.clone(), rejected };
        let (mut launch, commands) = stepped.map_err(rejected)?;
        let entry = log::append(&mut launch, event, now);
        let entered = launch.transitions.len().saturating_sub(before.launch.transitions.len());
        let record = Arc::new(Record { launch, ..before.clone() });
        Ok(Step { seen: 0, record, entry, commands, settled: Vec::new(), entered })
    }

    /// Carries out what somebody asked for: `decide` on the newest picture, again whenever somebody was faster.
    pub(super) async fn mutate(
        &self,
        intent: &Intent,
        fingerprint: u64,
        decide: impl Fn(&State) -> Result<Step, Error>,
    ) -> Result<Kept<Record>, Error> {
        let mut subject = None;
        for _ in 0..ATTEMPTS {
            let state = self.feed.current();
            if let Some(answered) = answered(&state, intent, fingerprint)? {
                return Ok(answered);
            }
            self.in_charge(&state)?;
            let step = decide(&state)?;
            if intent.mode == Mode::ValidateOnly {
                return Ok(Kept::new(step.record, step.seen));
            }
            let answer = intent.request_id.map(|id| (id, self.answer(&step, fingerprint)));
            if let Some(found) = self.store_step(&step, answer).await? {
                return Ok(found);
            }
            subject = Some(step.record.launch.name.clone());
        }
        let name = subject.expect("every attempt that got here has named its subject");
        Err(Error::Contended { name })
    }

    fn answer(&self, step: &Step, fingerprint: u64) -> Answer {
        Answer { fingerprint, at: self.env.now(), record: (*step.record).clone() }
    }

    /// Stores a step; none if somebody was faster, and the picture shows it now.
    pub(super) async fn store_step(
        &self,
        step: &Step,
        answer: Option<(Uuid, Answer)>,
    ) -> Result<Option<Kept<Record>>, Error> {
        let mut txn = self.txn(step);
        if let Some((id, answer)) = answer {
            let key = Key::Answer(id).write();
            txn = txn.compare(key.clone(), 0).put(key, record::encode(&answer));
        }
        let name = &step.record.launch.name;
        // Before the picture shows the commands, from when on they are run.
        self.causes.note(name, step.commands.iter().map(|command| command.id));
        match self.store.txn(txn).await? {
            Outcome::Committed(revision) => {
                self.causes.forget(name, step.settled.iter());
                self.meters.stepped(&step.record.launch, step.entered);
                self.feed.reached(revision).await;
                Ok(Some(Kept::new(Arc::clone(&step.record), revision)))
            }
            Outcome::Conflict { mod_revision, .. } => {
                self.causes.forget(name, step.commands.iter().map(|command| &command.id));
                self.feed.reached(mod_revision).await;
                Ok(None)
            }
        }
    }

    /// The whole step: the launch, the event, what is to be run, when it acts next, and what the model is in.
    fn txn(&self, step: &Step) -> Txn {
        let launch = &step.record.launch;
        let (name, model) = (&launch.name, &launch.candidate.model);
        let key = Key::Launch(name.clone()).write();
        let mut txn = Txn::new()
            .compare(Key::Epoch.write(), self.epoch.revision)
            .compare(key.clone(), step.seen)
            .put(key, record::encode(&*step.record))
            .put(Key::Event(name.clone(), step.entry.sequence).write(), record::encode(&step.entry));
        for id in &step.settled {
            txn = txn.delete(Key::Command(name.clone(), *id).write());
        }
        for command in &step.commands {
            txn = txn.put(Key::Command(name.clone(), command.id).write(), record::encode(command));
        }
        let timer = Key::Timer(name.clone()).write();
        txn = match launch.timer() {
            Some(next) => txn.put(timer, record::encode(&next.due)),
            None => txn.delete(timer),
        };
        let active = Key::Active(model.clone()).write();
        if step.seen == 0 {
            txn = txn.compare(active.clone(), 0).put(active.clone(), record::encode(name));
        }
        if launch.stage.is_end() { txn.delete(active) } else { txn }
    }

    /// Fails once a newer launcher is in charge.
    pub(super) fn in_charge(&self, state: &State) -> Result<(), Error> {
        let (own, current) = (self.epoch.number, state.epoch);
        if current > own { Err(Error::Fenced { own, current }) } else { Ok(()) }
    }
}

/// The first answer to a repeated request.
pub(super) fn answered(state: &State, intent: &Intent, fingerprint: u64) -> Result<Option<Kept<Record>>, Error> {
    let kept = |id: &Uuid| {
        let kept = state.answers.get(id)?;
        Some((kept.value.fingerprint, Kept::new(kept.value.record.clone(), kept.revision)))
    };
    Ok(answers::repeated(intent, fingerprint, kept)?)
}

/// Makes sure that the caller changes what it has read; an empty etag states nothing.
pub(super) fn check_etag(found: &Kept<Record>, given: &str) -> Result<(), Error> {
    let name = || found.value.launch.name.clone();
    let changed = |Mismatch { given, current }| Error::EtagMismatch { name: name(), given, current };
    etag::check(found.revision, given).map_err(changed)
}
