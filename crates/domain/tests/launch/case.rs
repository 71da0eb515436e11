//! A launch under test: a model whose version 1 serves, a launch of version 2, and a clock in the hand.

use std::time::Duration;

use jiff::Timestamp;
use slipway_domain::gate::{Evidence, Verdict};
use slipway_domain::launch::{
    Action, Command, Event, Failure, Launch, Plan, RampStep, Rejected, Shadow, Stage, Submission, step,
};
use slipway_domain::name::{LaunchName, ModelName, VersionName};
use slipway_domain::principal::Principal;
use slipway_domain::traffic::{Refused, Share, Traffic, Writer, split};

pub const HOUR: Duration = Duration::from_secs(3_600);
pub const DAY: Duration = Duration::from_secs(86_400);

/// Version `number` of the model of all these tests.
pub fn version(number: u64) -> VersionName {
    ModelName::parse("namespaces/default/models/flight-delay").unwrap().version(number)
}

/// A person.
pub fn somebody() -> Principal {
    Principal::service("somebody")
}

/// When every case begins.
pub fn start() -> Timestamp {
    "2026-05-01T00:00:00Z".parse().unwrap()
}

/// A shadow of a day; 5 %, 50 % and 100 % for a day each; watched for two days; the gate asked hourly.
pub fn plan() -> Plan {
    let steps = [0.05, 0.5, 1.0].into_iter().map(|share| RampStep { share, bake: DAY }).collect();
    Plan { shadow: Some(Shadow { bake: DAY }), steps, watch: 2 * DAY, hold_deadline: 3 * DAY, ..Plan::default() }
}

/// The same without a shadow stage.
pub fn unshadowed() -> Plan {
    Plan { shadow: None, ..plan() }
}

/// A draft of version 2, by a launcher of epoch 7.
pub fn draft(plan: Plan, baseline: Option<VersionName>) -> Launch {
    let name = LaunchName::parse("namespaces/default/launches/l1").unwrap();
    let submission = Submission { name, candidate: version(2), baseline, plan, creator: Principal::anonymous() };
    Launch::new(submission, 7, start())
}

/// What a gate answers when it answers `verdict`.
pub fn evidence(verdict: Verdict, at: Timestamp) -> Evidence {
    Evidence {
        verdict,
        explanation: "so it is".to_owned(),
        deciding: if verdict == Verdict::Fail { "calibration".to_owned() } else { String::new() },
        calibration_ratio: None,
        relative_loss: None,
        calibration_e_value: None,
        candidate: None,
        baseline: None,
        overdispersion: 1.0,
        mature_through: None,
        since: None,
        missing_rows: 0,
        missing_positives: 0,
        allowed_share: 1.0,
        evaluated_at: at,
    }
}

/// A launch, the model's traffic, and the clock.
#[derive(Clone)]
pub struct Case {
    pub launch: Launch,
    pub table: Traffic,
    pub now: Timestamp,
    /// What the last event asked for.
    pub commands: Vec<Command>,
}

impl Case {
    /// A draft.
    pub fn draft(plan: Plan) -> Self {
        let ranges = split(Some(&version(1)), &version(2), Share::NONE);
        let table = Traffic { ranges, generation: 3, epoch: 6, ..Traffic::new("salt".to_owned()) };
        Self { launch: draft(plan, Some(version(1))), table, now: start(), commands: Vec::new() }
    }

    /// Submitted, and reading the traffic.
    pub fn submitted(plan: Plan) -> Self {
        let mut case = Self::draft(plan);
        case.take(Event::Submitted { by: somebody(), reason: "it is better".to_owned() });
        case
    }

    /// In the shadow stage, its bake just begun.
    pub fn shadowing() -> Self {
        let mut case = Self::submitted(plan());
        case.answer();
        case
    }

    /// Baking in a step of the ramp.
    pub fn baking(step: usize) -> Self {
        let mut case = Self::submitted(unshadowed());
        case.answer().answer().answer();
        for _ in 0..step {
            case.pass(DAY).gate(Verdict::Pass).answer().answer();
        }
        case
    }

    /// Fully exposed and watched.
    pub fn watching() -> Self {
        let mut case = Self::baking(2);
        case.pass(DAY).answer();
        assert!(matches!(case.launch.stage, Stage::Watching { .. }));
        case
    }

    /// Takes an event that must be taken.
    pub fn take(&mut self, event: Event) -> &mut Self {
        let (launch, commands) = step(&self.launch, &event, self.now).unwrap();
        (self.launch, self.commands) = (launch, commands);
        self
    }

    /// Offers an event that must be rejected.
    pub fn rejects(&self, event: Event) -> Rejected {
        step(&self.launch, &event, self.now).unwrap_err()
    }

    /// Moves the clock on.
    pub fn wait(&mut self, time: Duration) -> &mut Self {
        self.now += time;
        self
    }

    /// Moves the clock on, and lets the launch act.
    pub fn pass(&mut self, time: Duration) -> &mut Self {
        self.wait(time).take(Event::TimerFired)
    }

    /// The number of the outstanding command.
    pub fn id(&self) -> u64 {
        self.launch.outstanding.as_ref().expect("a command is outstanding").id
    }

    /// The actions that the last event asked for.
    pub fn actions(&self) -> Vec<&'static str> {
        self.commands.iter().map(|command| command.action.name()).collect()
    }

    /// The single action that the last event asked for.
    pub fn action(&self) -> &Action {
        let [command] = &self.commands[..] else { panic!("{:?}", self.commands) };
        &command.action
    }

    /// Does what is outstanding, and brings the answer.
    pub fn answer(&mut self) -> &mut Self {
        let command = self.launch.outstanding.clone().expect("a command is outstanding");
        let answer = self.respond(&command);
        self.take(answer)
    }

    /// Does `command`, and returns its answer.
    pub fn respond(&mut self, command: &Command) -> Event {
        let id = command.id;
        match &command.action {
            Action::ReadTraffic => Event::TrafficRead { command: id, traffic: self.table.clone() },
            Action::SetTraffic { generation, epoch, ranges, .. } => {
                match self.table.set(Writer::of_epoch(*epoch), *generation, ranges.clone(), self.now) {
                    Ok(table) => {
                        self.table = table.clone();
                        Event::TrafficSet { command: id, traffic: table }
                    }
                    Err(refused) => refusal(id, &refused, &self.table),
                }
            }
            Action::Quarantine { .. } => Event::Quarantined { command: id },
            Action::Estimate => Event::Estimated { command: id, summary: "three replicas".to_owned() },
            Action::Evaluate { .. } => panic!("say what the gate answers"),
        }
    }

    /// The gate answers.
    pub fn gate(&mut self, verdict: Verdict) -> &mut Self {
        let evidence = evidence(verdict, self.now);
        self.take(Event::GateAnswered { command: self.id(), evidence })
    }

    /// Whoever was asked can't be reached.
    pub fn away(&mut self) -> &mut Self {
        let failure = Failure::Unavailable { message: "nobody answers".to_owned() };
        self.take(Event::CommandFailed { command: self.id(), failure })
    }

    /// Whoever was asked refuses.
    pub fn refuse(&mut self) -> &mut Self {
        let failure = Failure::Refused { reason: "NO".to_owned(), message: "never".to_owned() };
        self.take(Event::CommandFailed { command: self.id(), failure })
    }

    /// Somebody takes the traffic over and gives the candidate `share`.
    pub fn meddle(&mut self, share: Share) -> &mut Self {
        let ranges = split(Some(&version(1)), &version(2), share);
        self.table = self.table.set(Writer::Override, self.table.generation, ranges, self.now).unwrap();
        self
    }

    /// The candidate's share in the registry.
    pub fn served(&self) -> Share {
        self.table.share_of(&version(2))
    }

    /// Why it holds; empty when it does not.
    pub fn hold(&self) -> &'static str {
        self.launch.hold().map_or("", |hold| hold.reason.name())
    }

    pub fn paused(&mut self) -> &mut Self {
        self.take(Event::Paused { by: somebody(), reason: "lunch".to_owned() })
    }

    pub fn resumed(&mut self) -> &mut Self {
        self.take(Event::Resumed { by: somebody(), reason: "back".to_owned() })
    }

    pub fn aborted(&mut self) -> &mut Self {
        self.take(abort())
    }
}

pub fn abort() -> Event {
    Event::Aborted { by: somebody(), reason: "wrong one".to_owned() }
}

pub fn promote() -> Event {
    Event::Promoted { by: somebody(), reason: "in a hurry".to_owned() }
}

pub fn freeze() -> Event {
    Event::Frozen { by: somebody(), reason: "holidays".to_owned() }
}

pub fn thaw() -> Event {
    Event::Thawed { by: somebody(), reason: "over".to_owned() }
}

fn refusal(command: u64, refused: &Refused, table: &Traffic) -> Event {
    Event::TrafficRefused { command, cause: refused.into(), traffic: table.clone() }
}
