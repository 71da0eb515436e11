//! The world: three services in one process on one clock, what surrounds them, and what happens to them. All of it
//! follows from a seed. First chaos; then everything heals, and time runs on until every launch has ended.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use slipway_chassis::env::{Driver, Env};
use slipway_store::faults::Rates;
use tokio::task::JoinSet;

use crate::books::Books;
use crate::chance::{Chance, Stream};
use crate::chronicle::{Chronicle, Role};
use crate::defect::Defect;
use crate::fleet::{Process, Surroundings};
use crate::founding::Begins;
use crate::history::{self, History};
use crate::network::{Network, Weather};
use crate::node::Node;
use crate::people::People;
use crate::place::{Cut, Place};
use crate::services::{OpensHealth, OpensLauncher, OpensRegistry};

/// When every world begins.
const START: &str = "2026-01-01T00:00:00Z";
/// How much faster a launcher's clock runs that is too fast.
const TOO_FAST: i64 = 4;
const DAY: Duration = Duration::from_secs(24 * 3600);
/// How long every launch may take to end once everything has healed.
const HEALING: Duration = Duration::from_secs(60 * 24 * 3600);
/// How often somebody looks after the launches then.
const LOOK: Duration = Duration::from_secs(6 * 3600);

/// What happens to the services beside time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storm {
    /// Everything that there is.
    Chaos,
    /// Nothing, but at most one death that was asked for.
    Calm,
}

/// What a world is made from.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// Everything follows from it.
    pub seed: u64,
    /// What happens.
    pub storm: Storm,
    /// What is broken on purpose.
    pub defect: Defect,
    /// How long the chaos lasts.
    pub days: u32,
    /// Which service's first life ends after how many boundaries of operations of its store.
    pub doom: Option<(Role, u64)>,
}

impl Setup {
    /// An ordinary world.
    pub fn of(seed: u64) -> Self {
        Self { seed, storm: Storm::Chaos, defect: Defect::None, days: 3, doom: None }
    }
}

/// The world.
pub struct World {
    pub(crate) setup: Setup,
    pub(crate) env: Env,
    pub(crate) clock: Driver,
    /// The launcher's clock, and the one that it follows.
    skewed: Driver,
    start: Timestamp,
    chance: Chance,
    pub(crate) kills: Chance,
    pub(crate) chronicle: Chronicle,
    pub(crate) books: Arc<Books>,
    pub(crate) people: Arc<People>,
    around: Arc<Surroundings>,
    pub(crate) network: Arc<Network>,
    pub(crate) registry: Node<OpensRegistry>,
    pub(crate) health: Node<OpensHealth>,
    pub(crate) launcher: Node<OpensLauncher>,
    tasks: JoinSet<()>,
    /// When dead services are started again.
    pub(crate) restarts: BTreeMap<Role, Timestamp>,
    /// When something happens next.
    pub(crate) next_deed: Option<Timestamp>,
}

/// Lives through a world and returns its history.
pub fn live(setup: Setup) -> History {
    boundaries(setup).0
}

/// Lives through a world; returns also how many boundaries of operations of its store each service's first life passed.
pub fn boundaries(setup: Setup) -> (History, BTreeMap<Role, u64>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime needs nothing but memory").block_on(async {
        let mut world = World::new(setup);
        world.begin().await;
        match setup.storm {
            Storm::Chaos => world.storm().await,
            Storm::Calm => world.one_launch().await,
        }
        world.heal().await;
        let passed = [
            (Role::Registry, world.registry.boundaries()),
            (Role::Health, world.health.boundaries()),
            (Role::Launcher, world.launcher.boundaries()),
        ];
        (world.end().await, passed.into_iter().collect())
    })
}

impl World {
    fn new(setup: Setup) -> Self {
        let start: Timestamp = START.parse().expect("the constant is an instant");
        let (env, clock) = Env::driven(start, setup.seed);
        let (skewed_env, skewed) = Env::driven(start, setup.seed ^ 1);
        let chronicle = Chronicle::new(env.clone());
        let books: Arc<Books> = Arc::default();
        let (registry, health, launcher) = (Place::new(), Place::new(), Place::new());
        let chance = |stream| Chance::new(setup.seed, stream);
        let network = Arc::new(Network {
            env: env.clone(),
            chance: chance(Stream::Network),
            registry: Arc::clone(&registry),
            health: Arc::clone(&health),
            weather: Mutex::default(),
            chronicle: chronicle.clone(),
            defect: setup.defect,
        });
        let people = Arc::new(People {
            env: env.clone(),
            chance: chance(Stream::People),
            registry: Arc::clone(&registry),
            launcher: Arc::clone(&launcher),
            books: Arc::clone(&books),
            chronicle: chronicle.clone(),
        });
        let around = Arc::new(Surroundings {
            env: env.clone(),
            chance: chance(Stream::Fleet),
            registry: Arc::clone(&registry),
            health: Arc::clone(&health),
            launcher: Arc::clone(&launcher),
            books: Arc::clone(&books),
            chronicle: chronicle.clone(),
            defect: setup.defect,
        });
        let seeds = chance(Stream::Stores);
        let opens_health = OpensHealth { env: env.clone(), registry: Arc::clone(&registry) };
        let opens_launcher = OpensLauncher { env: skewed_env, network: Arc::clone(&network), defect: setup.defect };
        let opens_registry = OpensRegistry { env: env.clone() };
        Self {
            registry: Node::new(opens_registry, registry, &chronicle, &env, seeds.number()),
            health: Node::new(opens_health, health, &chronicle, &env, seeds.number()),
            launcher: Node::new(opens_launcher, launcher, &chronicle, &env, seeds.number()),
            chance: chance(Stream::World),
            kills: chance(Stream::Kills),
            tasks: JoinSet::new(),
            restarts: BTreeMap::new(),
            next_deed: None,
            setup,
            env,
            clock,
            skewed,
            start,
            chronicle,
            books,
            people,
            around,
            network,
        }
    }

    /// Starts the services and makes models that serve.
    async fn begin(&mut self) {
        match self.setup.doom {
            Some((Role::Registry, boundaries)) => self.registry.doom(boundaries),
            Some((Role::Health, boundaries)) => self.health.doom(boundaries),
            Some((Role::Launcher, boundaries)) => self.launcher.doom(boundaries),
            None => {}
        }
        self.registry.start();
        self.health.start();
        self.launcher.start();
        let count = if self.setup.storm == Storm::Chaos { 1 + self.chance.below(2) } else { 1 };
        for number in 0..count {
            let serves = self.setup.storm == Storm::Calm || !self.chance.one_in(4);
            let begins = if serves { Begins::Serving } else { Begins::Idle };
            let making = crate::founding::found(&self.people, number, begins);
            self.wait_for(making).await;
        }
    }

    /// Lets time pass until `work` is done.
    async fn wait_for<T: Send + 'static>(&mut self, work: impl Future<Output = T> + Send + 'static) -> T {
        let task = tokio::spawn(work);
        while !task.is_finished() {
            let soon = self.later(Duration::from_secs(60));
            self.pass_until(soon).await;
        }
        task.await.unwrap_or_else(|broken| panic!("{broken}"))
    }

    fn begin_fleet(&mut self, processes: u64, dies: u64) {
        for number in 0..processes {
            let process = Process::new(Arc::clone(&self.around), &format!("process-{number}"), dies);
            self.tasks.spawn(process.run());
        }
    }

    async fn storm(&mut self) {
        self.begin_fleet(2, 100);
        for _ in 0..2 {
            self.tasks.spawn(Arc::clone(&self.people).run());
        }
        self.next_deed = Some(self.clock.now());
        let end = self.later(DAY * self.setup.days);
        self.pass_until(end).await;
    }

    /// One launch in a calm world: what is compared when something is killed.
    async fn one_launch(&mut self) {
        self.begin_fleet(1, 0);
        let people = Arc::clone(&self.people);
        self.wait_for(async move { crate::founding::launch(&people).await }).await;
    }

    /// From now on nothing bad happens any more, and nobody interferes.
    async fn heal(&mut self) {
        self.next_deed = None;
        self.chronicle.note("everything heals");
        self.set_rates(Rates::default());
        self.network.set_weather(Weather::default());
        self.set_cut(Cut::On);
        if self.setup.storm == Storm::Chaos {
            self.registry.spare();
            self.health.spare();
            self.tasks.shutdown().await;
            self.begin_fleet_anew();
            // Whoever took traffic over by hand is followed by a launcher of a newer epoch.
            self.launcher.kill();
        }
        let limit = self.later(HEALING);
        loop {
            let look = self.later(LOOK);
            self.pass_until(look).await;
            let people = Arc::clone(&self.people);
            self.wait_for(async move { people.look_after().await }).await;
            let open = self.launcher.place.living().is_none_or(|launcher| !launcher.service.state().active.is_empty());
            if !open || self.clock.now() > limit {
                return;
            }
        }
    }

    /// The processes of the fleet that chaos had ended have successors of newer epochs.
    fn begin_fleet_anew(&mut self) {
        for number in 0..2 {
            let process = Process::new(Arc::clone(&self.around), &format!("process-{number}"), 0);
            self.tasks.spawn(process.succeed());
        }
    }

    async fn end(mut self) -> History {
        // What was sent last is brought home, and what is shown then is what is kept.
        let quiet = self.later(LOOK);
        self.pass_until(quiet).await;
        self.registry.kill();
        self.health.kill();
        let open = self.later(LOOK);
        self.pass_until(open).await;
        let mut last = crate::closing::look(&self).await;
        self.tasks.shutdown().await;
        last.broken.extend(self.registry.bury().await);
        last.broken.extend(self.health.bury().await);
        last.broken.extend(self.launcher.bury().await);
        let facts = self.chronicle.take();
        let pages = self.books.open().clone();
        History { moments: history::read(&facts), facts, pages, last }
    }

    pub(crate) fn later(&self, duration: Duration) -> Timestamp {
        self.clock.now().saturating_add(duration).unwrap_or(Timestamp::MAX)
    }

    /// Lets the clock run up to `until`, with all that happens on the way.
    pub(crate) async fn pass_until(&mut self, until: Timestamp) {
        loop {
            self.breathe().await;
            self.raise();
            if self.clock.now() >= until {
                return;
            }
            let due = [self.clock.next_due(), self.skewed.next_due().map(|due| self.unskewed(due)), self.next_deed];
            let restart = self.restarts.values().min().copied();
            let next = due.into_iter().flatten().chain(restart).fold(until, Ord::min);
            self.clock.jump_to(next);
            self.skewed.jump_to(self.skewed_at(next));
            if self.next_deed.is_some_and(|due| due <= self.clock.now()) {
                self.deed();
                self.next_deed = Some(self.later(self.kills.minutes(200)));
            }
        }
    }

    /// What the launcher's clock reads at `instant`.
    fn skewed_at(&self, instant: Timestamp) -> Timestamp {
        let speed = if self.setup.defect == Defect::FastClock { TOO_FAST } else { 1 };
        let passed = SignedDuration::from_nanos_i128(instant.duration_since(self.start).as_nanos() * i128::from(speed));
        self.start.saturating_add(passed).unwrap_or(Timestamp::MAX)
    }

    /// When the launcher's clock will read `instant`.
    fn unskewed(&self, instant: Timestamp) -> Timestamp {
        let speed = if self.setup.defect == Defect::FastClock { TOO_FAST } else { 1 };
        let whole = instant.duration_since(self.start).as_nanos();
        let passed = SignedDuration::from_nanos_i128((whole + i128::from(speed) - 1) / i128::from(speed));
        self.start.saturating_add(passed).unwrap_or(Timestamp::MAX)
    }

    /// Lets everything run that can, for a moment in which delays of stores pass, too.
    async fn breathe(&self) {
        let moments = [1, 1, 1, 5, 40, 1500];
        let moment = self.chance.pick(&moments).expect("there are moments");
        tokio::time::sleep(Duration::from_millis(*moment)).await;
    }
}
