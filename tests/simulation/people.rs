//! People: they make versions, launch them with plans of chance, steer launches, set traffic by hand, and ask again under
//! the same id when they got no answer.

use std::sync::Arc;
use std::time::Duration;

use slipway_chassis::env::Env;
use slipway_chassis::intent::{Intent, Mode};
use slipway_chassis::{Caller, RequestId};
use slipway_domain::as_of::AsOf;
use slipway_domain::fault::{Fault, Kind};
use slipway_domain::gate::Policy;
use slipway_domain::launch::{Consequence, HoldReason, Launch, Plan, RampStep, Shadow};
use slipway_domain::model::Version;
use slipway_domain::name::{LaunchName, ModelName};
use slipway_domain::principal::Principal;
use slipway_domain::traffic::{Share, Writer, split};
use slipway_launcher::Launcher;
use slipway_launcher::service::{NewLaunch, Target};
use slipway_registry::Registry;
use slipway_registry::kind::Rules;
use slipway_registry::service as registry;
use uuid::Uuid;

use crate::books::{Books, Quality};
use crate::chance::Chance;
use crate::chronicle::{Chronicle, Fate, Role, What};
use crate::place::{Away, Place};
use crate::reader::{at_once, reader};

/// How long people wait before they ask again.
const AGAIN: Duration = Duration::from_secs(45);
const HOUR: Duration = Duration::from_secs(3600);

/// People, and what they know.
pub struct People {
    /// The clock of the world.
    pub env: Env,
    /// What they do follows from this.
    pub chance: Chance,
    /// Where the registry is.
    pub registry: Arc<Place<Registry>>,
    /// Where the launcher is.
    pub launcher: Arc<Place<Launcher>>,
    /// What is known outside.
    pub books: Arc<Books>,
    /// Where everything is written down.
    pub chronicle: Chronicle,
}

/// What a person does with a launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Hold it.
    Pause,
    /// Let it go on.
    Resume,
    /// Skip the bake.
    Promote,
    /// End it.
    Abort,
}

impl People {
    /// Lives for ever, with some time between two acts.
    pub async fn run(self: Arc<Self>) {
        loop {
            self.env.sleep(self.chance.minutes(300)).await;
            self.act().await;
        }
    }

    async fn act(&self) {
        match self.chance.below(20) {
            0..=7 => self.launch_something().await,
            8..=9 => self.steer_something(Wish::Pause).await,
            10..=13 => self.steer_something(Wish::Resume).await,
            14..=15 => self.steer_something(Wish::Promote).await,
            16 => self.steer_something(Wish::Abort).await,
            17 => self.set_some_traffic().await,
            _ => self.make_a_version().await,
        }
    }

    fn caller(&self) -> Caller {
        Caller::inside(Principal::anonymous(), RequestId::new(&self.env))
    }

    fn at_launcher(&self, id: Uuid) -> Intent {
        let (caller, reason) = (self.caller(), "chance".to_owned());
        Intent { caller, request_id: Some(id), mode: Mode::Commit, reason }
    }

    fn at_registry(&self, id: Uuid) -> Intent {
        let (caller, reason) = (self.caller(), "chance".to_owned());
        Intent { caller, request_id: Some(id), mode: Mode::Commit, reason }
    }

    /// Asks under one id until there is an answer, a few times; the fate of the request is written down.
    async fn insist<T, E: Fault, F: Future<Output = Result<Result<T, E>, Away>>>(
        &self,
        role: Role,
        what: String,
        ask: impl Fn(Uuid) -> F,
    ) -> Option<T> {
        let id = self.chance.id();
        let mut fate = Fate::Refused;
        let mut result = None;
        for _ in 0..3 {
            match ask(id).await {
                Ok(Ok(value)) => {
                    (fate, result) = (Fate::Acknowledged, Some(value));
                    break;
                }
                Ok(Err(error)) if is_final(&error) => {
                    self.chronicle.note(format!("{what} is refused: {error}"));
                    break;
                }
                // A store that refuses has done nothing.
                Ok(Err(error)) if error.reason() == "STORE_UNAVAILABLE" => {}
                Ok(Err(_)) | Err(Away) => fate = Fate::Unknown,
            }
            self.env.sleep(AGAIN).await;
        }
        self.chronicle.note(format!("{what}: {fate:?}"));
        self.chronicle.write(What::Asked(id, role, fate));
        result
    }

    fn a_model(&self) -> ModelName {
        let pages = self.books.open();
        self.chance.pick(&pages.models).expect("a world has models").clone()
    }

    /// Launches some version of some model.
    pub async fn launch_something(&self) {
        let model = self.a_model();
        let newest = self.registry.living().map_or(2, |registry| registry.service.state().latest_version(&model));
        let number = 1 + self.chance.below(newest.max(1));
        let plan = self.a_plan();
        self.launch(&model, number, plan).await;
    }

    /// Launches a version.
    pub async fn launch(&self, model: &ModelName, number: u64, plan: Plan) -> Option<LaunchName> {
        assert_eq!(plan.check(), [], "a plan of chance is a valid plan");
        let wanted = NewLaunch { parent: model.parent(), candidate: model.version(number), plan };
        let what = format!("launch of {}", wanted.candidate);
        let found = self.insist(Role::Launcher, what, |id| {
            let (intent, wanted) = (self.at_launcher(id), wanted.clone());
            self.launcher.call(|launcher| async move { launcher.create_launch(&intent, wanted).await })
        });
        found.await.map(|found| found.value.launch.name.clone())
    }

    /// The launches that go on, as the launcher shows them.
    pub fn active(&self) -> Vec<Launch> {
        let Some(launcher) = self.launcher.living() else { return Vec::new() };
        let state = launcher.service.state();
        state.active.values().filter_map(|name| Some(state.launches.get(name)?.value.launch.clone())).collect()
    }

    async fn steer_something(&self, wish: Wish) {
        let active = self.active();
        if let Some(launch) = self.chance.pick(&active) {
            self.steer(&launch.name, wish).await;
        }
    }

    /// Does something to a launch.
    pub async fn steer(&self, name: &LaunchName, wish: Wish) {
        let target = Target { name: name.clone(), etag: String::new() };
        let done = self.insist(Role::Launcher, format!("{wish:?} {name}"), |id| {
            let (intent, target) = (self.at_launcher(id), target.clone());
            self.launcher.call(|launcher| async move {
                match wish {
                    Wish::Pause => launcher.pause_launch(&intent, &target).await,
                    Wish::Resume => launcher.resume_launch(&intent, &target).await,
                    Wish::Promote => launcher.promote_launch(&intent, &target).await,
                    Wish::Abort => launcher.abort_launch(&intent, &target).await,
                }
            })
        });
        done.await;
    }

    async fn set_some_traffic(&self) {
        let model = self.a_model();
        let Some(registry) = self.registry.living() else { return };
        let Ok(traffic) = at_once(registry.service.get_traffic(&reader(), &model, AsOf::Now)) else { return };
        let newest = registry.service.state().latest_version(&model);
        let share = match self.chance.below(4) {
            0 => Share::of_buckets(u32::try_from(self.chance.below(100_001)).unwrap_or(0)),
            _ => Share::NONE,
        };
        let (one, other) = (1 + self.chance.below(newest), 1 + self.chance.below(newest));
        let as_it_is = self.chance.one_in(3);
        let ranges = if as_it_is || one == other {
            traffic.value.ranges.clone()
        } else {
            split(Some(&model.version(one)), &model.version(other), share)
        };
        let writer = if self.chance.one_in(3) { Writer::Unstated } else { Writer::Override };
        let set = registry::SetTraffic { model, ranges, generation: traffic.value.generation, writer };
        self.set_traffic(set).await;
    }

    /// Sets traffic by hand.
    pub async fn set_traffic(&self, set: registry::SetTraffic) -> Option<()> {
        let what = format!("traffic of {} by hand, {:?}", set.model, set.writer);
        let done = self.insist(Role::Registry, what, |id| {
            let (intent, set) = (self.at_registry(id), set.clone());
            self.registry.call(|registry| async move { registry.set_traffic(&intent, set).await })
        });
        done.await.map(drop)
    }

    async fn make_a_version(&self) {
        let qualities = [Quality::Good, Quality::Good, Quality::Miscalibrated, Quality::Worse, Quality::WorseServed];
        let quality = *self.chance.pick(&qualities).expect("there are qualities");
        let model = self.a_model();
        self.make_version(&model, quality).await;
    }

    /// Makes a version of `model`.
    /// Says whether it was made.
    pub async fn make_version(&self, model: &ModelName, quality: Quality) -> bool {
        let digest = format!("sha256:{:064x}", if self.chance.one_in(6) { 7 } else { self.chance.number() });
        let wanted = Version {
            artifact_uri: "s3://models/one".to_owned(),
            artifact_digest: digest,
            created_at: self.env.now(),
            updated_at: self.env.now(),
            ..Version::blank(&model.version(0))
        };
        let made = self.insist(Role::Registry, format!("a {quality:?} version of {model}"), |id| {
            let (intent, wanted) = (self.at_registry(id), wanted.clone());
            self.registry.call(|registry| async move { registry.create_version(&intent, wanted).await })
        });
        let Some(made) = made.await else { return false };
        self.books.open().versions.insert(made.value.name.clone(), quality);
        true
    }

    /// A small plan of chance.
    fn a_plan(&self) -> Plan {
        let chance = &self.chance;
        let bake = || if chance.one_in(4) { Duration::ZERO } else { chance.minutes(600) };
        let count = 1 + chance.index(3);
        let steps = (1..=count).map(|step| RampStep { share: step as f64 / count as f64, bake: bake() }).collect();
        Plan {
            shadow: chance.one_in(2).then(|| Shadow { bake: bake() }),
            steps,
            gate: Policy {
                calibration_tolerance: 0.25,
                ne_tolerance: 0.1,
                harm_budget: 0.35,
                minimum_rows: Some(40),
                minimum_positives: Some(8),
                ..Policy::default()
            },
            watch: bake(),
            hold_deadline: HOUR * 12 + chance.minutes(6 * 24 * 60),
            hold_consequence: if chance.one_in(3) { Consequence::KeepHolding } else { Consequence::RollBack },
            wait_deadline: HOUR + chance.minutes(2 * 24 * 60),
            evaluate_interval: HOUR + chance.minutes(300),
            approvals: u32::from(chance.one_in(12)),
            estimate: chance.one_in(12),
        }
    }

    /// Somebody looks after the launches when all is well again: what a person holds goes on, and what will wait for a
    /// person for ever, because its plan says so, is given up.
    pub async fn look_after(&self) {
        for launch in self.active() {
            let Some(hold) = launch.hold() else { continue };
            match (hold.reason, launch.plan.hold_consequence) {
                (HoldReason::Paused, _) => self.steer(&launch.name, Wish::Resume).await,
                (HoldReason::TrafficChanged | HoldReason::EstimateFailed, Consequence::KeepHolding) => {
                    self.steer(&launch.name, Wish::Abort).await;
                }
                _ => {}
            }
        }
    }
}

/// Whether an answer says that the request, as it is, will not be done.
fn is_final(error: &dyn Fault) -> bool {
    match error.kind() {
        Kind::InvalidArgument
        | Kind::Unauthenticated
        | Kind::PermissionDenied
        | Kind::NotFound
        | Kind::AlreadyExists
        | Kind::FailedPrecondition
        | Kind::Aborted
        | Kind::OutOfRange => true,
        Kind::ResourceExhausted | Kind::Unavailable | Kind::Internal => false,
    }
}
