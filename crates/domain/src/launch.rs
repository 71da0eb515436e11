//! The life of a launch as one pure function, [`step`]: a launch, an event and an instant give a new launch and what
//! to do next.
//!
//! Whoever runs it stores the new launch, the event (see [`log`]) and the commands in one transaction, runs the
//! commands after it, and brings their answers back as events, in any order and as often as it likes. Start reading
//! at [`Stage`] and [`step`].

pub mod command;
pub mod event;
pub mod explain;
pub mod hold;
pub mod log;
pub mod plan;
pub mod rejected;
pub mod stage;
pub mod timer;

mod answer;
mod begin;
mod describe;
mod gate;
mod person;
mod ramp;
mod rollback;
mod step;
mod traffic;
mod turn;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::gate::Evidence;
use crate::name::{LaunchName, VersionName};
use crate::principal::Principal;
use crate::traffic::Share;

pub use command::{Action, Command};
pub use describe::describe;
pub use event::{Event, Failure, Fence};
pub use explain::{Explanation, explain};
pub use hold::{Hold, HoldReason, Holds};
pub use plan::{Consequence, Plan, RampStep, Shadow};
pub use rejected::Rejected;
pub use stage::{Phase, Return, Stage, Transition};
pub use step::step;
pub use timer::{Bake, Timer, TimerKind};

/// What is pinned when a launch is created.
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    /// The launch's name.
    pub name: LaunchName,
    /// The version to launch.
    pub candidate: VersionName,
    /// The version that serves all units, to which a rollback returns; none when the model serves nothing yet.
    pub baseline: Option<VersionName>,
    /// What to do. The caller has checked it.
    pub plan: Plan,
    /// Who creates it.
    pub creator: Principal,
}

/// A launch of one version of a model: all that is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Launch {
    /// Its name.
    pub name: LaunchName,
    /// The version that is launched.
    pub candidate: VersionName,
    /// The version to which a rollback returns; none for the first launch of a model, which has no gates and goes to
    /// everything at once, because there is nothing to hold it against and nobody else to serve.
    #[serde(default)]
    pub baseline: Option<VersionName>,
    /// What it does.
    pub plan: Plan,
    /// Where it stands.
    pub stage: Stage,
    /// Why it is there, as one sentence for a person.
    #[serde(default)]
    pub reason: String,
    /// What keeps it from going on.
    #[serde(default)]
    pub holds: Holds,
    /// The candidate's share as last confirmed.
    #[serde(default)]
    pub share: Share,
    /// The largest share it is known to have had.
    #[serde(default)]
    pub peak_share: Share,
    /// The last evidence of a gate.
    #[serde(default)]
    pub evidence: Option<Evidence>,
    /// Every entry into a stage, in order.
    #[serde(default)]
    pub transitions: Vec<Transition>,
    /// Who created it.
    pub creator: Principal,
    /// Who has approved it.
    #[serde(default)]
    pub approvers: Vec<Principal>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it ended.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,

    /// The epoch of the launcher in charge; every change of traffic states it.
    pub epoch: u64,
    /// The generation of the traffic as the launch knows it; none before it was first read.
    #[serde(default)]
    pub generation: Option<u64>,
    /// The number of the last command.
    #[serde(default)]
    pub last_command: u64,
    /// The command whose answer is awaited.
    #[serde(default)]
    pub outstanding: Option<Command>,
    /// How often in a row the outstanding command has failed.
    #[serde(default)]
    pub failures: u32,
    /// The bake of the present stage.
    #[serde(default)]
    pub bake: Option<Bake>,
    /// From when on the gate of the present stage looks at predictions: since shadowing began, or since the ramp did.
    #[serde(default)]
    pub evidence_since: Option<Timestamp>,
    /// When the gate is asked next.
    #[serde(default)]
    pub evaluate_at: Option<Timestamp>,
    /// When the outstanding command is sent again, or the changed traffic read again.
    #[serde(default)]
    pub retry_at: Option<Timestamp>,
    /// When the launch gives up waiting to begin.
    #[serde(default)]
    pub expire_at: Option<Timestamp>,
    /// Why it is rolled back.
    #[serde(default)]
    pub rollback_reason: Option<String>,
    /// Where its event log stands.
    #[serde(default)]
    pub log: log::Head,
}

impl Launch {
    /// A draft by a launcher of `epoch`; [`Event::Submitted`] lets it begin.
    #[must_use]
    pub fn new(submission: Submission, epoch: u64, now: Timestamp) -> Self {
        let Submission { name, candidate, baseline, plan, creator } = submission;
        let reason = "Created.".to_owned();
        let first = Transition { stage: Stage::Draft, at: now, reason: reason.clone(), share: Share::NONE };
        Self {
            name,
            candidate,
            baseline,
            plan,
            stage: Stage::Draft,
            reason,
            holds: Holds::default(),
            share: Share::NONE,
            peak_share: Share::NONE,
            evidence: None,
            transitions: vec![first],
            creator,
            approvers: Vec::new(),
            created_at: now,
            updated_at: now,
            ended_at: None,
            epoch,
            generation: None,
            last_command: 0,
            outstanding: None,
            failures: 0,
            bake: None,
            evidence_since: None,
            evaluate_at: None,
            retry_at: None,
            expire_at: None,
            rollback_reason: None,
            log: log::Head::default(),
        }
    }

    /// What keeps it from going on; the hold that a person has to lift comes first. A freeze counts only while there is
    /// exposure left to raise.
    #[must_use]
    pub fn hold(&self) -> Option<&Hold> {
        let Holds { pause, freeze, trouble } = &self.holds;
        pause.as_ref().or(trouble.as_ref()).or(freeze.as_ref().filter(|_| self.raises_later()))
    }

    /// The command to run when a launcher starts: the outstanding one, unless it would raise exposure that is held
    /// back. While a launcher runs, [`step`] says what to run.
    #[must_use]
    pub fn pending(&self) -> Option<&Command> {
        self.outstanding.as_ref().filter(|_| self.may_retry())
    }

    /// Whether exposure may still have to be raised.
    pub(crate) fn raises_later(&self) -> bool {
        match self.stage {
            Stage::Ramping { step, phase } => step + 1 < self.plan.steps.len() || phase == Phase::Applying,
            stage => !stage.may_expose(),
        }
    }

    /// Whether nothing may advance: a person paused it, or its traffic is not its own.
    pub(crate) fn is_blocked(&self) -> bool {
        self.holds.pause.is_some() || self.is_traffic_changed()
    }

    /// Whether somebody else has changed the traffic.
    pub(crate) fn is_traffic_changed(&self) -> bool {
        self.holds.trouble.as_ref().is_some_and(|hold| hold.reason == HoldReason::TrafficChanged)
    }
}
