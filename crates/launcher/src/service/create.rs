//! How a launch begins: what has to be known, what must not stand in the way, and its first step.

use slipway_chassis::Caller;
use slipway_chassis::intent::Intent;
use slipway_domain::access::Subject;
use slipway_domain::launch::{Event, Launch, Plan, Submission};
use slipway_domain::name::{Identifier, LaunchName, NamespaceName, VersionName};
use slipway_domain::traffic::{Share, Traffic, split};
use slipway_store::picture::Kept;

use super::Launcher;
use super::commit::{Step, answered};
use crate::Error;
use crate::error::Obstacle;
use crate::peers::{Candidate, Failure, Judged, Peer};
use crate::record::Record;
use crate::state::State;

/// How much of a model's identifier stands in the identifiers of its launches.
const SHOWN: usize = 40;

/// What a caller wants to launch, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLaunch {
    /// Where the launch is to lie: the candidate's namespace.
    pub parent: NamespaceName,
    /// The version.
    pub candidate: VersionName,
    /// What to do.
    pub plan: Plan,
}

/// What the registry said.
struct Known {
    candidate: Candidate,
    model: Judged,
    traffic: Traffic,
}

impl Launcher {
    /// Launches a version.
    ///
    /// # Errors
    /// `INVALID_FIELDS`; `NOT_FOUND`; `VERSION_QUARANTINED`, `LAUNCH_ACTIVE`, `VERSION_SERVES_ALREADY`,
    /// `TRAFFIC_SPLIT`, of which the first gives the reason and all are told; `REGISTRY_UNAVAILABLE`.
    pub async fn create_launch(&self, intent: &Intent, wanted: NewLaunch) -> Result<Kept<Record>, Error> {
        let print = intent.fingerprint("CreateLaunch", &[&wanted, &intent.reason]);
        // A repeated request gets its answer even if the registry is away by now.
        if let Some(found) = answered(&self.feed.current(), intent, print)? {
            return Ok(found);
        }
        let known = self.ask_registry(&intent.caller, &wanted.candidate).await?;
        self.mutate(intent, print, |state| self.begin(state, intent, (&wanted, &known))).await
    }

    async fn ask_registry(&self, caller: &Caller, candidate: &VersionName) -> Result<Known, Error> {
        let model = self.peers.model(&candidate.model).await;
        // Before anything is said about what exists.
        caller.check(&model_subject(candidate, model.as_ref().ok()), candidate)?;
        let asked =
            tokio::try_join!(self.peers.version(candidate), async { model }, self.peers.traffic(&candidate.model),);
        let (found, model, traffic) = asked.map_err(|failure| unknown(failure, candidate))?;
        Ok(Known { candidate: found, model, traffic })
    }

    fn begin(&self, state: &State, intent: &Intent, (wanted, known): (&NewLaunch, &Known)) -> Result<Step, Error> {
        let NewLaunch { parent, candidate, plan } = wanted;
        let obstacles = obstacles(state, candidate, known);
        if !obstacles.is_empty() {
            return Err(Error::Blocked { candidate: candidate.clone(), obstacles });
        }
        let submission = Submission {
            name: LaunchName { namespace: parent.namespace.clone(), launch: self.new_id(candidate) },
            candidate: candidate.clone(),
            baseline: baseline(&known.traffic).cloned(),
            plan: plan.clone(),
            creator: intent.caller.principal.clone(),
        };
        // A person has asked for it after whoever took the traffic over: so it is taken back.
        let epoch = if known.traffic.epoch > self.epoch.number { known.traffic.epoch + 1 } else { self.epoch.number };
        let launch = Launch::new(submission, epoch, self.env.now());
        let event = Event::Submitted { by: intent.caller.principal.clone(), reason: said(&intent.reason) };
        let Judged { label_window, team, tier } = known.model.clone();
        self.step_from(&Record { launch, label_window, team, tier }, &event)
    }

    /// A new identifier that says which version is launched.
    fn new_id(&self, candidate: &VersionName) -> Identifier {
        let model = candidate.model.model.as_str();
        let shown = model.get(..SHOWN).unwrap_or(model);
        let text = format!("{shown}-v{}-{:08x}", candidate.number, self.env.random_u64() >> 32);
        // It begins as the model's identifier does; 40 letters, 20 digits at most, and 11 others would be too long only
        // for numbers beyond those that are given out.
        Identifier::parse(&text).unwrap_or_else(|_| {
            let plain = format!("launch-{}", self.env.new_id());
            Identifier::parse(&plain).expect("a letter first, then letters, hyphens and hexadecimal digits, 43 in all")
        })
    }
}

/// A reason for the log; one that nobody gave is said to be none.
pub(super) fn said(reason: &str) -> String {
    if reason.is_empty() { "no reason given".to_owned() } else { reason.to_owned() }
}

/// Everything that keeps `candidate` from being launched.
fn obstacles(state: &State, candidate: &VersionName, known: &Known) -> Vec<Obstacle> {
    let quarantined = known.candidate.quarantine.clone().map(|reason| Obstacle::Quarantined { reason });
    if let Some(launch) = state.active.get(&candidate.model) {
        // While a launch goes on, the traffic is its own affair.
        let active = Obstacle::Active { launch: launch.clone() };
        return quarantined.into_iter().chain([active]).collect();
    }
    let serving = baseline(&known.traffic);
    let whole = known.traffic.ranges == split(serving, candidate, Share::NONE);
    let traffic = match serving {
        Some(version) if whole && version == candidate => Some(Obstacle::Serving),
        _ if !whole => Some(Obstacle::Split),
        _ => None,
    };
    quarantined.into_iter().chain(traffic).collect()
}

/// The version of the first range: the baseline, if it has all of the traffic.
fn baseline(traffic: &Traffic) -> Option<&VersionName> {
    traffic.ranges.first().map(|range| &range.version)
}

fn unknown(failure: Failure, candidate: &VersionName) -> Error {
    let peer = Peer::Registry;
    match failure {
        Failure::Unavailable { message } => Error::PeerAway { peer, message },
        Failure::NotFound { .. } => Error::NotFound { name: candidate.to_string() },
        Failure::Refused { reason, message } => Error::PeerRefused { peer, reason, message },
        Failure::Fenced { cause } => {
            Error::PeerRefused { peer, reason: "FENCED".to_owned(), message: format!("a read was fenced: {cause:?}") }
        }
    }
}

/// The model of a version that somebody wants to launch; nobody's while it is not known.
fn model_subject<'a>(candidate: &'a VersionName, model: Option<&'a Judged>) -> Subject<'a> {
    let team = model.map(|model| model.team.as_str()).filter(|team| !team.is_empty());
    Subject { namespace: candidate.model.namespace.as_str(), team, tier: model.map(|model| model.tier) }
}
