//! The network between the launcher and its peers, without sockets: requests are lost, late, or carried out after nobody
//! waits for them any more; answers are lost. What reaches a peer goes to its use cases as its handlers would pass it.

mod news;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use jiff::SignedDuration;
use slipway_chassis::env::Env;
use slipway_chassis::intent::{Intent, Mode};
use slipway_chassis::{Caller, RequestId};
use slipway_domain::as_of::AsOf;
use slipway_domain::fault::{Fault, Kind};
use slipway_domain::gate::{Evidence, Verdict};
use slipway_domain::launch::Fence;
use slipway_domain::name::{ModelName, VersionName};
use slipway_domain::principal::Principal;
use slipway_domain::traffic::{Traffic, Writer};
use slipway_health::Health;
use slipway_health::service::GateQuery;
use slipway_launcher::peers::{Candidate, Failure, Judged, News, Peer, Peers, Quarantine, Question, SetTraffic};
use slipway_registry::Registry;
use slipway_registry::service as registry;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use crate::chance::Chance;
use crate::chronicle::{Bound, Chronicle, Life, What};
use crate::defect::Defect;
use crate::place::{Away, Place};
use crate::reader::{at_once, reader};

/// How long the launcher waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest that a request is on its way: longer than anybody waits.
const LONGEST: u64 = 40;

/// How often what happens to a call, from 0 to 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    /// The request does not arrive.
    pub lose_request: f64,
    /// It is carried out, and the answer does not arrive.
    pub lose_answer: f64,
    /// The request arrives late.
    pub delay: f64,
}

/// The network, as all lives of the launcher use it.
pub struct Network {
    /// The clock of the world.
    pub env: Env,
    /// What it does follows from this.
    pub chance: Chance,
    /// Where the registry is.
    pub registry: Arc<Place<Registry>>,
    /// Where the health monitor is.
    pub health: Arc<Place<Health>>,
    /// What goes wrong.
    pub weather: Mutex<Weather>,
    /// Where everything is written down.
    pub chronicle: Chronicle,
    /// What is broken on purpose.
    pub defect: Defect,
}

impl Network {
    /// What one life of the launcher sees of it.
    pub fn of(self: &Arc<Self>, life: Life) -> Line {
        Line { network: Arc::clone(self), life }
    }

    /// Changes the weather.
    pub fn set_weather(&self, weather: Weather) {
        *self.weather.lock().unwrap_or_else(PoisonError::into_inner) = weather;
    }

    fn weather(&self) -> Weather {
        *self.weather.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn caller(&self) -> Caller {
        Caller::inside(Principal::service("launcher"), RequestId::new(&self.env))
    }

    fn intent(&self, request_id: Uuid, reason: String) -> Intent {
        let (caller, request_id) = (self.caller(), Some(request_id));
        Intent { caller, request_id, mode: Mode::Commit, reason }
    }

    async fn set_traffic(self: Arc<Self>, change: SetTraffic) -> Result<Traffic, Failure> {
        let SetTraffic { model, ranges, generation, epoch, request_id, reason } = change;
        let intent = self.intent(request_id, reason);
        let writer = if self.defect == Defect::EpochIgnored { Writer::Override } else { Writer::of_epoch(epoch) };
        if self.defect == Defect::RestoreLost && ranges.len() == 1 && self.chance.one_in(2) {
            let now = self.read(|registry| at_once(registry.get_traffic(&reader(), &model, AsOf::Now))).await?;
            return Ok(Traffic { ranges, generation: now.value.generation, ..(*now.value).clone() });
        }
        let set = registry::SetTraffic { model, ranges, generation, writer };
        let set = self.registry.call(|registry| async move { registry.set_traffic(&intent, set).await }).await;
        answered(set).map(|found| (*found.value).clone())
    }

    async fn read<T>(&self, read: impl FnOnce(&Registry) -> Result<T, slipway_registry::Error>) -> Result<T, Failure> {
        answered(self.registry.call(|registry| async move { read(&registry) }).await)
    }

    async fn quarantine(self: Arc<Self>, mark: Quarantine) -> Result<(), Failure> {
        let intent = self.intent(mark.request_id, mark.reason);
        let version = mark.version;
        let marked = self.registry.call(|registry| async move { registry.quarantine_version(&intent, &version).await });
        answered(marked.await).map(drop)
    }

    async fn evaluate(self: Arc<Self>, question: Question) -> Result<Evidence, Failure> {
        let query = GateQuery {
            candidate: question.candidate.to_string(),
            baseline: question.baseline.to_string(),
            comparison: Some(question.comparison),
            since: Some(question.since),
            next_share: question.next_share.fraction(),
            policy: question.policy.clone(),
            label_window: SignedDuration::try_from(question.label_window).ok(),
        };
        let caller = self.caller();
        let evaluated = self.health.call(|health| async move { health.evaluate(&caller, &query) }).await;
        let mut evidence = answered(evaluated)?;
        self.chronicle.write(What::Evaluated(Box::new((question, evidence.clone()))));
        if self.defect == Defect::GatesGrantAll && evidence.verdict != Verdict::Fail {
            evidence.verdict = Verdict::Pass;
        }
        Ok(evidence)
    }
}

/// The network as one life of the launcher sees it.
pub struct Line {
    network: Arc<Network>,
    life: Life,
}

/// A command that is under way, until nobody waits for it.
struct UnderWay<'a>(&'a Line, Peer);

impl<'a> UnderWay<'a> {
    fn begin(line: &'a Line, peer: Peer) -> Self {
        line.network.chronicle.write(What::Command(line.life, peer, Bound::Out));
        Self(line, peer)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.network.chronicle.write(What::Command(self.0.life, self.1, Bound::Back));
    }
}

impl Line {
    /// Carries a request to a peer and the answer back.
    async fn carry<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, Failure> {
        let (network, env) = (&self.network, self.network.env.clone());
        let weather = network.weather();
        if network.chance.happens(weather.lose_request) {
            return Err(away("the request got lost"));
        }
        let late = Duration::from_millis(1000 * network.chance.below(LONGEST));
        let delay = network.chance.happens(weather.delay).then_some(late);
        let travel = tokio::spawn(async move {
            if let Some(delay) = delay {
                env.sleep(delay).await;
            }
            work.await
        });
        // A request whose caller is gone is broken off, or carried out all the same.
        let broken_off = network.chance.one_in(2);
        let answer = if broken_off { self.wait(AbortOnDropHandle::new(travel)).await } else { self.wait(travel).await };
        match answer {
            Ok(_) if network.chance.happens(weather.lose_answer) => Err(away("the answer got lost")),
            answer => answer,
        }
    }

    async fn wait<T>(
        &self,
        travel: impl Future<Output = Result<Result<T, Failure>, tokio::task::JoinError>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            biased;
            answer = travel => answer.unwrap_or_else(|broken| panic!("a call broke off: {broken}")),
            () = self.network.env.sleep(PATIENCE) => Err(away("no answer in time")),
        }
    }
}

#[async_trait]
impl Peers for Line {
    async fn version(&self, name: &VersionName) -> Result<Candidate, Failure> {
        let (network, name) = (Arc::clone(&self.network), name.clone());
        let found =
            self.carry(async move {
                network.read(|registry| at_once(registry.get_version(&reader(), &name, AsOf::Now))).await
            })
            .await?;
        Ok(Candidate { quarantine: found.value.quarantine.as_ref().map(|mark| mark.reason.clone()) })
    }

    async fn model(&self, name: &ModelName) -> Result<Judged, Failure> {
        let (network, name) = (Arc::clone(&self.network), name.clone());
        let found = self
            .carry(
                async move { network.read(|registry| at_once(registry.get_model(&reader(), &name, AsOf::Now))).await },
            )
            .await?;
        let model = &found.model.value;
        Ok(Judged { label_window: model.label_window, team: model.owner.clone(), tier: found.effective_tier })
    }

    async fn traffic(&self, model: &ModelName) -> Result<Traffic, Failure> {
        let (network, model) = (Arc::clone(&self.network), model.clone());
        let found =
            self.carry(async move {
                network.read(|registry| at_once(registry.get_traffic(&reader(), &model, AsOf::Now))).await
            })
            .await?;
        Ok((*found.value).clone())
    }

    async fn set_traffic(&self, change: SetTraffic) -> Result<Traffic, Failure> {
        let _under_way = UnderWay::begin(self, Peer::Registry);
        self.carry(Arc::clone(&self.network).set_traffic(change)).await
    }

    async fn quarantine(&self, mark: Quarantine) -> Result<(), Failure> {
        let _under_way = UnderWay::begin(self, Peer::Registry);
        self.carry(Arc::clone(&self.network).quarantine(mark)).await
    }

    async fn evaluate(&self, question: Question) -> Result<Evidence, Failure> {
        let _under_way = UnderWay::begin(self, Peer::Health);
        self.carry(Arc::clone(&self.network).evaluate(question)).await
    }

    fn news(&self) -> BoxStream<'static, News> {
        news::follow(Arc::clone(&self.network.registry), self.network.env.clone())
    }
}

fn away(message: &str) -> Failure {
    Failure::Unavailable { message: message.to_owned() }
}

/// What a client makes of an answer: as the wire and the SDK would bring it.
fn answered<T, E: Fault>(answer: Result<Result<T, E>, Away>) -> Result<T, Failure> {
    answer.map_err(|Away| away("nobody answers"))?.map_err(|error| failure(&error))
}

fn failure(error: &dyn Fault) -> Failure {
    let (reason, message) = (error.reason(), error.to_string());
    match reason {
        "TRAFFIC_GENERATION_CHANGED" => return Failure::Fenced { cause: Fence::Generation },
        "TRAFFIC_EPOCH_FENCED" | "TRAFFIC_HELD_BY_LAUNCHER" => return Failure::Fenced { cause: Fence::Epoch },
        _ => {}
    }
    match error.kind() {
        Kind::NotFound => Failure::NotFound { message },
        Kind::InvalidArgument
        | Kind::AlreadyExists
        | Kind::PermissionDenied
        | Kind::Unauthenticated
        | Kind::FailedPrecondition
        | Kind::OutOfRange => Failure::Refused { reason: reason.to_owned(), message },
        Kind::ResourceExhausted | Kind::Aborted | Kind::Internal | Kind::Unavailable => {
            Failure::Unavailable { message }
        }
    }
}
