//! A launcher that is killed at every write: same end, same effects, no bake cut short.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use slipway_chassis::caller;
use slipway_chassis::env::{Driver, Env};
use slipway_chassis::intent::{Intent, Mode};
use slipway_chassis::metrics::Metrics;
use slipway_domain::gate::{Comparison, Verdict};
use slipway_domain::launch::{Launch, Plan, RampStep, Shadow, Stage, log};
use slipway_domain::name::LaunchName;
use slipway_domain::traffic::Share;
use slipway_launcher::service::{NewLaunch, Target};
use slipway_launcher::{Launcher, Parts};
use slipway_store::memory::Memory;
use slipway_store::{Error, Got, KeyRange, Listing, Outcome, Revision, Store, Txn, Watch};

use crate::support::{DAY, HOUR, START, reader};
use crate::world::{Effect, World, version};

/// What becomes of the fatal write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It is refused, and the launcher goes on.
    Refused,
    /// It is stored, but the launcher only hears that nobody knows.
    AnswerLost,
    /// It gets lost, and the launcher only hears that nobody knows.
    RequestLost,
    /// It is stored, and the launcher is killed before it hears of it.
    KilledAfter,
    /// The launcher is killed before it is stored.
    KilledBefore,
}

/// A store whose write number so-and-so is fatal.
struct Fatal {
    inner: Arc<dyn Store>,
    left: AtomicI64,
    fate: Fate,
    killed: tokio_util::sync::CancellationToken,
}

#[async_trait]
impl Store for Fatal {
    async fn get(&self, key: &[u8]) -> Result<Got, Error> {
        self.inner.get(key).await
    }

    async fn range(&self, range: &KeyRange, limit: usize) -> Result<Listing, Error> {
        self.inner.range(range, limit).await
    }

    async fn txn(&self, txn: Txn) -> Result<Outcome, Error> {
        if self.left.fetch_sub(1, Ordering::Relaxed) != 0 {
            return self.inner.txn(txn).await;
        }
        let unknown = || Error::Unknown { reason: "nobody knows".to_owned() };
        match self.fate {
            Fate::Refused => Err(Error::Unavailable { reason: "not now".to_owned() }),
            Fate::RequestLost => Err(unknown()),
            Fate::AnswerLost => self.inner.txn(txn).await.and(Err(unknown())),
            Fate::KilledAfter | Fate::KilledBefore => {
                if self.fate == Fate::KilledAfter {
                    self.inner.txn(txn).await?;
                }
                self.killed.cancel();
                std::future::pending().await
            }
        }
    }

    async fn watch(&self, range: KeyRange, after: Revision) -> Result<Watch, Error> {
        self.inner.watch(range, after).await
    }
}

/// A launcher's use cases over `store`, without anything running beside them.
pub async fn open(store: &Arc<dyn Store>, world: &World) -> Arc<Launcher> {
    open_at(store, world, Env::driven(START.parse().unwrap(), 1).0).await
}

async fn open_at(store: &Arc<dyn Store>, world: &World, env: Env) -> Arc<Launcher> {
    let metrics = Metrics::new().unwrap();
    let (store, peers) = (Arc::clone(store), Arc::new(world.clone()));
    Launcher::open(Parts { store, peers, env, metrics, concurrency: 4 }).await.unwrap()
}

fn intent() -> Intent {
    Intent { caller: caller(&tonic::Request::new(())), request_id: None, mode: Mode::Commit, reason: String::new() }
}

struct Scene {
    env: Env,
    clock: Driver,
    world: World,
    inner: Arc<dyn Store>,
}

impl Scene {
    fn new(judge: fn(Comparison, Share) -> Verdict) -> Self {
        let (env, clock) = Env::driven(START.parse().unwrap(), 7);
        let world = World::new(env.clone());
        world.judge(move |question| judge(question.comparison, question.next_share));
        Self { env, clock, world, inner: Arc::new(Memory::new()) }
    }

    /// A launch that was just created.
    async fn create(&self) -> LaunchName {
        let launcher = open_at(&self.inner, &self.world, self.env.clone()).await;
        let running = tokio::spawn(Arc::clone(&launcher).run());
        let wanted = NewLaunch { parent: version(2).model.parent(), candidate: version(2), plan: plan() };
        let name = launcher.create_launch(&intent(), wanted).await.unwrap().value.launch.name.clone();
        running.abort();
        name
    }

    /// Runs launchers until the launch has ended: the first one meets `fate` at its write number `at`. Says whether it
    /// got that far.
    async fn run(&self, name: &LaunchName, at: i64, fate: Fate) -> (Launch, bool) {
        let killed = tokio_util::sync::CancellationToken::new();
        let fatal = Arc::new(Fatal {
            inner: Arc::clone(&self.inner),
            // The first write takes the epoch; a launcher that can't even do that does not start.
            left: AtomicI64::new(at + 1),
            fate,
            killed: killed.clone(),
        });
        let store: Arc<dyn Store> = fatal.clone();
        let mut launcher = open_at(&store, &self.world, self.env.clone()).await;
        let mut running = tokio::spawn(Arc::clone(&launcher).run());
        for _ in 0..60 * 24 {
            self.clock.advance(HOUR).await;
            if killed.is_cancelled() && !running.is_finished() {
                running.abort();
                let _ = running.await;
                launcher = open_at(&self.inner, &self.world, self.env.clone()).await;
                running = tokio::spawn(Arc::clone(&launcher).run());
                killed.cancelled().await;
                return (self.end(&launcher, name, running).await, true);
            }
            let launch = launcher.get_launch(&reader(), name).unwrap().value.launch.clone();
            if launch.stage.is_end() {
                running.abort();
                return (launch, fatal.left.load(Ordering::Relaxed) < 0);
            }
        }
        panic!("no end: {:?}", launcher.get_launch(&reader(), name));
    }

    async fn end(&self, launcher: &Launcher, name: &LaunchName, running: tokio::task::JoinHandle<()>) -> Launch {
        for _ in 0..60 * 24 {
            let launch = launcher.get_launch(&reader(), name).unwrap().value.launch.clone();
            if launch.stage.is_end() {
                running.abort();
                let entries = launcher.events(name, 1, launch.log.sequence).await.unwrap();
                log::verify(&entries, launch.log).unwrap();
                return launch;
            }
            self.clock.advance(HOUR).await;
        }
        panic!("no end: {:?}", launcher.get_launch(&reader(), name));
    }
}

fn plan() -> Plan {
    Plan {
        shadow: Some(Shadow { bake: DAY }),
        steps: [0.05, 1.0].into_iter().map(|share| RampStep { share, bake: DAY }).collect(),
        watch: DAY,
        evaluate_interval: 6 * HOUR,
        ..Plan::default()
    }
}

/// The effects that matter: what was moved and marked.
fn done(world: &World) -> Vec<Effect> {
    world.effects().into_iter().filter(|effect| !matches!(effect, Effect::Asked(..))).collect()
}

/// Every rise of exposure follows a PASS that allows it.
fn assert_earned(world: &World) {
    let (mut allowed, mut share) = (Share::NONE, Share::NONE);
    for effect in world.effects() {
        match effect {
            Effect::Asked(_, next, Verdict::Pass) => allowed = next,
            Effect::Asked(..) => allowed = Share::NONE,
            Effect::Moved(to) => {
                assert!(to <= share || to <= allowed, "{share} to {to}: {:?}", world.effects());
                (share, allowed) = (to, Share::NONE);
            }
            Effect::Quarantined(_) => {}
        }
    }
}

/// No stage that bakes was left before its day was over, unless it was left for a rollback.
fn assert_baked(launch: &Launch) {
    for pair in launch.transitions.windows(2) {
        let bakes = matches!(pair[0].stage, Stage::Shadowing { .. } | Stage::Ramping { .. } | Stage::Watching { .. });
        let back = matches!(pair[1].stage, Stage::RollingBack { .. });
        let lasted = pair[1].at.duration_since(pair[0].at);
        assert!(!bakes || back || lasted >= DAY.try_into().unwrap(), "{:?}", launch.transitions);
    }
}

async fn walk(judge: fn(Comparison, Share) -> Verdict) {
    let quiet = Scene::new(judge);
    let name = quiet.create().await;
    let (undisturbed, _) = quiet.run(&name, i64::MAX - 1, Fate::Refused).await;
    let wanted = done(&quiet.world);
    for fate in [Fate::Refused, Fate::AnswerLost, Fate::RequestLost, Fate::KilledAfter, Fate::KilledBefore] {
        let mut walked = 0;
        for at in 0.. {
            let scene = Scene::new(judge);
            let name = scene.create().await;
            let (launch, struck) = scene.run(&name, at, fate).await;
            if !struck {
                break;
            }
            walked += 1;
            assert_eq!(launch.stage, undisturbed.stage, "{fate:?} at write {at}");
            assert_eq!(done(&scene.world), wanted, "{fate:?} at write {at}");
            assert_earned(&scene.world);
            assert_baked(&launch);
        }
        assert!(walked > 10, "{fate:?} met only {walked} writes");
    }
}

#[tokio::test]
async fn a_good_launch_survives_a_fault_or_a_kill_at_every_write() {
    walk(|_, _| Verdict::Pass).await;
}

#[tokio::test]
async fn a_rollback_survives_a_fault_or_a_kill_at_every_write() {
    walk(|comparison, _| match comparison {
        Comparison::Paired => Verdict::Pass,
        Comparison::Split => Verdict::Fail,
    })
    .await;
}

#[tokio::test]
async fn what_a_launcher_decides_before_it_hears_of_its_successor_is_not_stored() {
    let scene = Scene::new(|_, _| Verdict::Pass);
    let name = scene.create().await;
    // Its picture stands still until it runs.
    let old = open_at(&scene.inner, &scene.world, scene.env.clone()).await;
    let new = open_at(&scene.inner, &scene.world, scene.env.clone()).await;
    let target = Target { name: name.clone(), etag: String::new() };
    let late = Arc::clone(&old);
    let pausing = tokio::spawn(async move { late.pause_launch(&intent(), &target).await });
    scene.clock.settle().await;
    let running = tokio::spawn(Arc::clone(&new).run());
    scene.clock.settle().await;
    assert!(new.get_launch(&reader(), &name).unwrap().value.launch.holds.pause.is_none());
    let following = tokio::spawn(Arc::clone(&old).run());
    let refused = pausing.await.unwrap().unwrap_err();
    assert!(matches!(refused, slipway_launcher::Error::Fenced { .. }), "{refused}");
    running.abort();
    following.abort();
}
