//! What the launcher does by itself: it takes charge of the launches it finds, runs the commands in the outbox, and
//! wakes launches whose time has come.
//!
//! One task holds all of it. What is to be done is read from the picture alone, so that a launcher that starts anew
//! goes on where the last one was killed; what is under way is known here alone, and is begun again after a start.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use slipway_domain::launch::{Command, Event};
use slipway_domain::name::LaunchName;

use super::{Launcher, command, is_urgent};
use crate::Error;
use crate::peers::Peer;
use crate::state::State;

/// How long to wait before an event is stored again after the store failed: the first wait, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(10));

/// How long a launch is left alone that is due again at the instant it has just been woken.
const BREATH: Duration = Duration::from_secs(1);

/// One thing to do for one launch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Job {
    /// Take charge of it, in this launcher's epoch.
    Adopt(LaunchName),
    /// Wake it.
    Wake(LaunchName),
    /// Run a command of it.
    Run(LaunchName, u64),
}

/// What is under way.
struct Worker {
    launcher: Arc<Launcher>,
    /// Launches that an earlier launcher has left, which nothing is done for before they are adopted.
    left: BTreeSet<LaunchName>,
    busy: BTreeSet<Job>,
    /// How many commands are under way at each peer.
    running: BTreeMap<Option<Peer>, usize>,
    jobs: FuturesUnordered<BoxFuture<'static, (Job, Option<Peer>)>>,
}

impl Launcher {
    /// Works until a newer launcher is in charge; then waits for ever.
    pub(super) async fn work(self: Arc<Self>) {
        let left = self.feed.look().active.values().cloned().collect();
        let worker = Worker {
            launcher: Arc::clone(&self),
            left,
            busy: BTreeSet::new(),
            running: BTreeMap::new(),
            jobs: FuturesUnordered::new(),
        };
        tokio::select! {
            biased;
            epoch = self.fenced() => tracing::error!(epoch, "a newer launcher is in charge: this one stands still"),
            () = worker.run() => {}
        }
        std::future::pending::<()>().await;
    }

    /// Lets `event` happen to the launch `name`, however often the store fails on the way. An event that the launch
    /// rejects is out of date, which is the ordinary fate of repeated answers and early timers.
    async fn deliver(&self, name: &LaunchName, event: &Event) {
        let (mut pause, longest) = PAUSES;
        loop {
            match self.take(name, event).await {
                Ok(()) => return,
                Err(Error::Rejected { rejected, .. }) => {
                    tracing::debug!(launch = %name, event = event.kind(), %rejected, "an event changes nothing");
                    return;
                }
                // Whether it was stored is seen in the picture, on which the event is then decided anew.
                Err(Error::Refused(error) | Error::OutcomeUnknown(error)) => {
                    tracing::warn!(launch = %name, event = event.kind(), %error, "an event is not stored yet");
                }
                Err(error) => {
                    tracing::error!(launch = %name, event = event.kind(), %error, "an event can't be taken");
                }
            }
            self.env.sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }

    async fn take(&self, name: &LaunchName, event: &Event) -> Result<(), Error> {
        loop {
            let state = self.feed.current();
            self.in_charge(&state)?;
            let step = self.step(&state, name, event)?;
            if self.store_step(&step, None).await?.is_some() {
                return Ok(());
            }
        }
    }

    async fn wake(&self, name: &LaunchName) {
        self.deliver(name, &Event::TimerFired).await;
        let next = self.feed.look().timers.get(name).copied();
        if next.is_some_and(|due| due <= self.env.now()) {
            self.env.sleep(BREATH).await;
        }
    }

    async fn run_and_deliver(&self, state: &State, name: &LaunchName, command: &Command) {
        let Some(kept) = state.launches.get(name) else { return };
        let event = self.run_command(&kept.value, command).await;
        self.deliver(name, &event).await;
    }
}

impl Worker {
    async fn run(mut self) {
        let launcher = Arc::clone(&self.launcher);
        loop {
            let state = launcher.feed.current();
            self.begin(&state);
            let due = self.next_due(&state);
            tokio::select! {
                biased;
                Some((job, peer)) = self.jobs.next() => self.ended(job, peer),
                () = launcher.feed.reached(state.revision + 1) => {}
                () = sleep_until(&launcher, due) => {}
            }
        }
    }

    fn ended(&mut self, job: Job, peer: Option<Peer>) {
        if let Job::Adopt(name) = &job {
            self.left.remove(name);
        }
        if let (Job::Run(..), Some(running)) = (&job, self.running.get_mut(&peer)) {
            *running -= 1;
        }
        self.busy.remove(&job);
    }

    /// Begins whatever is to be done and is not under way.
    fn begin(&mut self, state: &Arc<State>) {
        for name in self.left.clone() {
            self.start(Job::Adopt(name.clone()), None, |launcher| async move {
                launcher.deliver(&name, &Event::Adopted { epoch: launcher.epoch.number }).await;
            });
        }
        let now = self.launcher.env.now();
        let due: Vec<_> = state.due.iter().take_while(|(due, _)| *due <= now).map(|(_, name)| name.clone()).collect();
        for name in due.into_iter().filter(|name| !self.left.contains(name)).collect::<Vec<_>>() {
            self.start(Job::Wake(name.clone()), None, |launcher| async move { launcher.wake(&name).await });
        }
        let urgent =
            |name: &LaunchName| state.launches.get(name).is_some_and(|kept| is_urgent(kept.value.launch.stage));
        let mut waiting: Vec<_> = state.outbox.iter().filter(|((name, _), _)| !self.left.contains(name)).collect();
        waiting.sort_by_key(|((name, _), command)| (!urgent(name), command.asked_at));
        for ((name, _), command) in waiting {
            self.start_command(state, name, command);
        }
    }

    fn start_command(&mut self, state: &Arc<State>, name: &LaunchName, command: &Arc<Command>) {
        let job = Job::Run(name.clone(), command.id);
        let peer = command::peer(&command.action);
        let running = self.running.entry(peer).or_default();
        if *running >= self.launcher.concurrency || self.busy.contains(&job) {
            return;
        }
        *running += 1;
        let (state, name, command) = (Arc::clone(state), name.clone(), Arc::clone(command));
        self.start(job, peer, |launcher| async move { launcher.run_and_deliver(&state, &name, &command).await });
    }

    fn start<F: Future<Output = ()> + Send + 'static>(
        &mut self,
        job: Job,
        peer: Option<Peer>,
        work: impl FnOnce(Arc<Launcher>) -> F,
    ) {
        if self.busy.insert(job.clone()) {
            let work = work(Arc::clone(&self.launcher));
            self.jobs.push(Box::pin(async move {
                work.await;
                (job, peer)
            }));
        }
    }

    /// When the next launch is due that is not being woken already.
    fn next_due(&self, state: &State) -> Option<Timestamp> {
        let idle = |name: &LaunchName| !self.left.contains(name) && !self.busy.contains(&Job::Wake(name.clone()));
        state.due.iter().find(|(_, name)| idle(name)).map(|(due, _)| *due)
    }
}

/// Waits for an instant, or for ever.
async fn sleep_until(launcher: &Launcher, due: Option<Timestamp>) {
    match due {
        Some(due) => launcher.env.sleep_until(due).await,
        None => std::future::pending().await,
    }
}
