//! What the launcher does by itself: it takes charge of the launches it finds, runs the commands in the outbox, wakes
//! launches whose time has come, and tells them of traffic that others have changed.
//!
//! One task holds all of it. What is to be done is read from the picture alone, so that a launcher that starts anew
//! goes on where the last one was killed; what is under way is known here alone, and is begun again after a start.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, FuturesUnordered};
use futures_util::{FutureExt, StreamExt};
use jiff::Timestamp;
use slipway_domain::launch::{Command, Event, Stage};
use slipway_domain::name::LaunchName;
use tracing::Instrument;

use super::deliver::wait;
use super::{Launcher, command};
use crate::peers::{News, Peer};
use crate::state::State;

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
    /// Read its model's traffic, of which changes may have been missed.
    Look(LaunchName),
    /// Tell it of a generation of its model's traffic.
    Tell(LaunchName, u64),
}

/// What is under way.
struct Worker {
    launcher: Arc<Launcher>,
    news: BoxStream<'static, News>,
    /// Launches that an earlier launcher has left, which nothing is done for before they are adopted.
    left: BTreeSet<LaunchName>,
    /// Launches whose traffic is to be read.
    unseen: BTreeSet<LaunchName>,
    busy: BTreeSet<Job>,
    /// How many jobs are under way in each lane.
    running: BTreeMap<Lane, usize>,
    jobs: FuturesUnordered<BoxFuture<'static, Done>>,
}

/// Where jobs wait for each other, so that one peer that is away, or the looks at it, don't hold up the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lane {
    /// Commands at a peer.
    At(Peer),
    /// Looks at the registry's traffic.
    Looks,
}

/// A job that has ended, and its lane.
type Done = (Job, Option<Lane>);

impl Launcher {
    /// Works until a newer launcher is in charge; then waits for ever.
    pub(super) async fn work(self: Arc<Self>) {
        let worker = Worker {
            launcher: Arc::clone(&self),
            news: self.peers.news(),
            left: self.feed.look().active.values().cloned().collect(),
            unseen: BTreeSet::new(),
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

    async fn wake(&self, name: &LaunchName) {
        self.deliver(name, &Event::TimerFired).await;
        let next = self.feed.look().timers.get(name).copied();
        if next.is_some_and(|due| due <= self.env.now()) {
            self.env.sleep(BREATH).await;
        }
    }

    async fn run_and_deliver(&self, state: &State, name: &LaunchName, command: &Command) {
        let Some(kept) = state.launches.get(name) else { return };
        let work = async {
            let event = self.run_command(&kept.value, command).await;
            self.deliver(name, &event).await;
        };
        work.instrument(self.command_span(name, command)).await;
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
                Some(done) = self.jobs.next() => self.ended(done),
                Some(news) = self.news.next() => self.hear(&state, news),
                () = launcher.feed.reached(state.revision + 1) => {}
                () = wait(&launcher.env, due) => {}
            }
        }
    }

    /// Puts away a job that has ended, and whatever else has ended by now: looking for new work costs more than that.
    fn ended(&mut self, done: Done) {
        let mut next = Some(done);
        while let Some((job, lane)) = next {
            if let Job::Adopt(name) = &job {
                self.left.remove(name);
            }
            if let Some(running) = lane.and_then(|lane| self.running.get_mut(&lane)) {
                *running -= 1;
            }
            self.busy.remove(&job);
            next = self.jobs.next().now_or_never().flatten();
        }
    }

    fn hear(&mut self, state: &State, news: News) {
        match news {
            News::Missed => self.unseen.extend(state.active.values().cloned()),
            News::Changed(model, traffic) => {
                let Some(name) = state.active.get(&model).cloned() else { return };
                let job = Job::Tell(name.clone(), traffic.generation);
                self.start(job, None, |launcher| async move {
                    launcher.deliver(&name, &Event::TrafficSeen { traffic }).await;
                });
            }
        }
    }

    /// Begins whatever is to be done and is not under way.
    fn begin(&mut self, state: &Arc<State>) {
        for name in self.left.clone() {
            self.start(Job::Adopt(name.clone()), None, |launcher| async move {
                launcher.deliver(&name, &Event::Adopted { epoch: launcher.epoch.number }).await;
            });
        }
        let now = self.launcher.env.now();
        for (_, name) in state.due.iter().take_while(|(due, _)| *due <= now) {
            if !self.left.contains(name) {
                let woken = name.clone();
                self.start(Job::Wake(name.clone()), None, |launcher| async move { launcher.wake(&woken).await });
            }
        }
        let waiting = state.outbox.iter().filter(|((name, _), _)| !self.left.contains(name));
        let mut waiting: Vec<_> = waiting.filter_map(|((name, _), command)| runnable(state, name, command)).collect();
        waiting.sort_by_key(|(rank, _, command)| (*rank, command.asked_at));
        for (_, name, command) in waiting {
            self.start_command(state, name, command);
        }
        self.start_looks();
    }

    fn start_command(&mut self, state: &Arc<State>, name: &LaunchName, command: &Arc<Command>) {
        let job = Job::Run(name.clone(), command.id);
        let lane = command::peer(&command.action).map(Lane::At);
        if self.busy.contains(&job) || lane.is_some_and(|lane| !self.has_room(lane)) {
            return;
        }
        let (state, name, command) = (Arc::clone(state), name.clone(), Arc::clone(command));
        self.start(job, lane, |launcher| async move { launcher.run_and_deliver(&state, &name, &command).await });
    }

    fn start_looks(&mut self) {
        while self.has_room(Lane::Looks) {
            let Some(name) = self.unseen.pop_first() else { return };
            self.start(Job::Look(name.clone()), Some(Lane::Looks), |launcher| async move {
                launcher.look(&name).await;
            });
        }
    }

    fn has_room(&self, lane: Lane) -> bool {
        self.running.get(&lane).copied().unwrap_or(0) < self.launcher.concurrency
    }

    fn start<F: Future<Output = ()> + Send + 'static>(
        &mut self,
        job: Job,
        lane: Option<Lane>,
        work: impl FnOnce(Arc<Launcher>) -> F,
    ) {
        if self.busy.insert(job.clone()) {
            lane.into_iter().for_each(|lane| *self.running.entry(lane).or_default() += 1);
            let work = work(Arc::clone(&self.launcher));
            self.jobs.push(Box::pin(work.map(move |()| (job, lane))));
        }
    }

    /// When the next launch is due that is not being woken already.
    fn next_due(&self, state: &State) -> Option<Timestamp> {
        let idle = |name: &LaunchName| !self.left.contains(name) && !self.busy.contains(&Job::Wake(name.clone()));
        state.due.iter().find(|(_, name)| idle(name)).map(|(due, _)| *due)
    }
}

/// A command with its rank among those that may run now: those that take exposure away come first. One that would raise
/// exposure stays where it is while a person holds the launch.
fn runnable<'a>(
    state: &State,
    name: &'a LaunchName,
    command: &'a Arc<Command>,
) -> Option<(u8, &'a LaunchName, &'a Arc<Command>)> {
    let launch = &state.launches.get(name)?.value.launch;
    let rank = u8::from(!matches!(launch.stage, Stage::RollingBack { .. }));
    launch.pending().filter(|pending| pending.id == command.id).map(|_| (rank, name, command))
}
