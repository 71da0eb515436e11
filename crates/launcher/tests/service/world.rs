//! Registry and health monitor as the launcher sees them, in memory: one model, what happens to it, and what goes wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt};
use slipway_chassis::env::Env;
use slipway_domain::gate::{Comparison, Evidence, Verdict};
use slipway_domain::launch::Fence;
use slipway_domain::model::LONGEST_REASON;
use slipway_domain::name::{ModelName, VersionName};
use slipway_domain::traffic::{BUCKETS, Share, Traffic, Writer, split};
use slipway_launcher::Peers;
use slipway_launcher::peers::{Candidate, Failure, Judged, News, Peer, Quarantine, Question, SetTraffic};
use tokio::sync::{Notify, mpsc};
use uuid::Uuid;

/// The label window of every model.
pub const LABEL_WINDOW: Duration = Duration::from_secs(3 * 3600);

/// What was done to the world, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// A gate was asked, and answered so.
    Asked(Comparison, Share, Verdict),
    /// The candidate's share was set.
    Moved(Share),
    /// A version was marked.
    Quarantined(VersionName),
}

/// What a gate answers.
type Judge = dyn Fn(&Question) -> Verdict + Send + Sync;

/// The world. Clones are the same one.
#[derive(Clone)]
pub struct World {
    env: Env,
    state: Arc<Mutex<State>>,
    judge: Arc<Mutex<Arc<Judge>>>,
    /// While somebody waits here, changes of traffic are not answered.
    gate: Arc<Notify>,
}

#[derive(Default)]
struct State {
    traffic: BTreeMap<ModelName, Traffic>,
    versions: BTreeSet<VersionName>,
    quarantines: BTreeMap<VersionName, String>,
    answers: BTreeMap<Uuid, Result<Traffic, Fence>>,
    effects: Vec<Effect>,
    questions: Vec<Question>,
    away: BTreeSet<Peer>,
    slow: Option<ModelName>,
    mute: bool,
    request_ids: Vec<Uuid>,
    listeners: Vec<mpsc::UnboundedSender<News>>,
}

/// The model of most tests.
pub fn model() -> ModelName {
    "namespaces/default/models/flight-delay".parse().unwrap()
}

/// A version of it.
pub fn version(number: u64) -> VersionName {
    model().version(number)
}

impl World {
    /// A model with nine versions, of which the first serves everything, and a gate that passes all.
    pub fn new(env: Env) -> Self {
        let mut traffic = Traffic::new("salt".to_owned());
        traffic.ranges = split(Some(&version(1)), &version(2), Share::NONE);
        traffic.generation = 1;
        let state = State {
            traffic: BTreeMap::from([(model(), traffic)]),
            versions: (1..=9).map(version).collect(),
            ..State::default()
        };
        let judge: Arc<Judge> = Arc::new(|_: &Question| Verdict::Pass);
        let judge = Arc::new(Mutex::new(judge));
        Self { env, state: Arc::new(Mutex::new(state)), judge, gate: Arc::new(Notify::new()) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// From now on gates answer as `judge` says.
    pub fn judge(&self, judge: impl Fn(&Question) -> Verdict + Send + Sync + 'static) {
        *self.judge.lock().unwrap() = Arc::new(judge);
    }

    /// From now on `peer` does not answer.
    pub fn lose(&self, peer: Peer) {
        self.state().away.insert(peer);
    }

    /// From now on `peer` answers again.
    pub fn find(&self, peer: Peer) {
        self.state().away.remove(&peer);
    }

    /// From now on changes of a model's traffic are made at once, and answered only when [`World::answer`] is called.
    pub fn hold_answers(&self, model: ModelName) {
        self.state().slow = Some(model);
    }

    /// Answers what is held, and everything from now on.
    pub fn answer(&self) {
        self.state().slow = None;
        self.gate.notify_waiters();
    }

    /// The next change of traffic is made, but its answer gets lost.
    pub fn lose_answer(&self) {
        self.state().mute = true;
    }

    /// The ids under which changes of traffic were asked for, in order.
    pub fn request_ids(&self) -> Vec<Uuid> {
        self.state().request_ids.clone()
    }

    /// What was done so far.
    pub fn effects(&self) -> Vec<Effect> {
        self.state().effects.clone()
    }

    /// The shares that were set so far, in percent.
    pub fn moves(&self) -> Vec<u32> {
        let percent = |effect: &Effect| match effect {
            Effect::Moved(share) => Some(share.buckets() / 1000),
            _ => None,
        };
        self.state().effects.iter().filter_map(percent).collect()
    }

    /// What the gates were asked so far.
    pub fn questions(&self) -> Vec<Question> {
        self.state().questions.clone()
    }

    /// The traffic of the model.
    pub fn traffic_now(&self) -> Traffic {
        self.state().traffic[&model()].clone()
    }

    /// What a person does who takes the traffic over.
    pub fn take_over(&self, serving: u64) {
        let mut state = self.state();
        let before = state.traffic[&model()].clone();
        let ranges = split(Some(&version(serving)), &version(9), Share::NONE);
        let after = before.set(Writer::Override, before.generation, ranges, self.env.now()).unwrap();
        state.put(model(), after);
    }

    /// The registry is restored from a backup, in which the traffic is as it was then, and forgets what it has answered.
    pub fn go_back(&self, then: Traffic) {
        let mut state = self.state();
        state.answers.clear();
        state.put(model(), then);
    }

    /// A version of the model that is marked from the beginning.
    pub fn mark(&self, number: u64) {
        self.state().quarantines.insert(version(number), "it was bad".to_owned());
    }

    /// The model serves nothing.
    pub fn clear_traffic(&self) {
        self.state().traffic.insert(model(), Traffic::new("salt".to_owned()));
    }

    /// Two versions share the traffic.
    pub fn split_traffic(&self) {
        let halves = split(Some(&version(1)), &version(3), Share::of_buckets(50_000));
        self.state().traffic.get_mut(&model()).unwrap().ranges = halves;
    }

    /// Another model, whose first version serves.
    pub fn add_model(&self, name: &ModelName) {
        let mut state = self.state();
        state.versions.extend((1..=2).map(|number| name.version(number)));
        let mut traffic = Traffic::new("other".to_owned());
        traffic.ranges = split(Some(&name.version(1)), &name.version(2), Share::NONE);
        state.traffic.insert(name.clone(), traffic);
    }

    fn reached(&self) -> Result<MutexGuard<'_, State>, Failure> {
        let state = self.state();
        if state.away.contains(&Peer::Registry) { Err(away()) } else { Ok(state) }
    }

    fn set(&self, change: SetTraffic) -> Result<Traffic, Failure> {
        let mut state = self.reached()?;
        fits(&change.reason)?;
        state.request_ids.push(change.request_id);
        if let Some(answer) = state.answers.get(&change.request_id) {
            return answer.clone().map_err(|cause| Failure::Fenced { cause });
        }
        let before = state.traffic.get(&change.model).cloned().ok_or_else(missing)?;
        let writer = Writer::of_epoch(change.epoch);
        let set = before.set(writer, change.generation, change.ranges, self.env.now());
        let after = match set {
            Ok(after) => after,
            Err(refused) => return Err(Failure::Fenced { cause: Fence::from(&refused) }),
        };
        state.answers.insert(change.request_id, Ok(after.clone()));
        state.effects.push(Effect::Moved(share(&after)));
        state.put(change.model, after.clone());
        Ok(after)
    }
}

impl State {
    /// Sets the traffic of a model, and tells whoever listens.
    fn put(&mut self, model: ModelName, traffic: Traffic) {
        self.traffic.insert(model.clone(), traffic.clone());
        self.listeners.retain(|listener| listener.send(News::Changed(model.clone(), traffic.clone())).is_ok());
    }
}

/// The bound that the registry sets to reasons.
fn fits(reason: &str) -> Result<(), Failure> {
    let fits = reason.chars().count() <= LONGEST_REASON;
    let refused = || Failure::Refused { reason: "INVALID_FIELDS".to_owned(), message: "reason: too long".to_owned() };
    fits.then_some(()).ok_or_else(refused)
}

/// The share that the first version does not have.
fn share(traffic: &Traffic) -> Share {
    let first = traffic.ranges.iter().filter(|range| range.version.number == 1);
    Share::of_buckets(BUCKETS - first.map(|range| range.end - range.start).sum::<u32>())
}

fn away() -> Failure {
    Failure::Unavailable { message: "it is away".to_owned() }
}

fn missing() -> Failure {
    Failure::NotFound { message: "there is no such thing".to_owned() }
}

#[async_trait]
impl Peers for World {
    async fn version(&self, name: &VersionName) -> Result<Candidate, Failure> {
        let state = self.reached()?;
        if !state.versions.contains(name) {
            return Err(missing());
        }
        Ok(Candidate { quarantine: state.quarantines.get(name).cloned() })
    }

    async fn model(&self, name: &ModelName) -> Result<Judged, Failure> {
        let state = self.reached()?;
        if !state.traffic.contains_key(name) {
            return Err(missing());
        }
        Ok(Judged { label_window: LABEL_WINDOW, team: "ranking".to_owned(), tier: 2 })
    }

    async fn traffic(&self, model: &ModelName) -> Result<Traffic, Failure> {
        self.reached()?.traffic.get(model).cloned().ok_or_else(missing)
    }

    async fn set_traffic(&self, change: SetTraffic) -> Result<Traffic, Failure> {
        let model = change.model.clone();
        let answer = self.set(change);
        if std::mem::take(&mut self.state().mute) {
            return Err(away());
        }
        let held = self.gate.notified();
        if self.state().slow == Some(model) {
            held.await;
        }
        answer
    }

    async fn quarantine(&self, mark: Quarantine) -> Result<(), Failure> {
        let mut state = self.reached()?;
        fits(&mark.reason)?;
        if state.quarantines.insert(mark.version.clone(), mark.reason).is_none() {
            state.effects.push(Effect::Quarantined(mark.version));
        }
        Ok(())
    }

    async fn evaluate(&self, question: Question) -> Result<Evidence, Failure> {
        let judge = Arc::clone(&self.judge.lock().unwrap());
        let verdict = judge(&question);
        let mut state = self.state();
        if state.away.contains(&Peer::Health) {
            return Err(away());
        }
        state.effects.push(Effect::Asked(question.comparison, question.next_share, verdict));
        let since = question.since;
        state.questions.push(question);
        Ok(evidence(verdict, since, self.env.now()))
    }

    fn news(&self) -> BoxStream<'static, News> {
        let (listener, news) = mpsc::unbounded_channel();
        self.state().listeners.push(listener);
        let changes = stream::unfold(news, |mut news| async { Some((news.recv().await?, news)) });
        stream::once(async { News::Missed }).chain(changes).boxed()
    }
}

fn evidence(verdict: Verdict, since: jiff::Timestamp, now: jiff::Timestamp) -> Evidence {
    Evidence {
        verdict,
        explanation: format!("It is {verdict:?}."),
        deciding: if verdict == Verdict::Pass { String::new() } else { "calibration".to_owned() },
        calibration_ratio: None,
        relative_loss: None,
        calibration_e_value: None,
        candidate: None,
        baseline: None,
        overdispersion: 1.0,
        mature_through: None,
        since: Some(since),
        missing_rows: 0,
        missing_positives: 0,
        allowed_share: 1.0,
        evaluated_at: now,
    }
}
