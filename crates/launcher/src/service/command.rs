//! Runs one command at its peer and brings the answer back as an event.

use slipway_chassis::trace;
use slipway_domain::launch::{Action, Command, Event, Failure as CommandFailure};
use slipway_domain::model::LONGEST_REASON;
use slipway_domain::name::LaunchName;
use tracing::Span;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

use super::Launcher;
use crate::peers::{Failure, Peer, Quarantine, Question, SetTraffic};
use crate::record::Record;

/// The peer that runs `action`; none for what no peer does.
pub(super) fn peer(action: &Action) -> Option<Peer> {
    match action {
        Action::ReadTraffic | Action::SetTraffic { .. } | Action::Quarantine { .. } => Some(Peer::Registry),
        Action::Evaluate { .. } => Some(Peer::Health),
        Action::Estimate => None,
    }
}

/// The request id of a command: the same whenever it is repeated, and another for every other command. It has the form
/// of a UUID4, of which the bits are a hash of the launch's name, which is unique, of the command's number, and of what
/// it does; of a change of traffic also in which epoch. A launcher that was restored from a backup gives numbers out
/// again, and must not be answered with what the registry did for their first holders.
pub(super) fn request_id(launch: &LaunchName, command: &Command) -> Uuid {
    let epoch = if let Action::SetTraffic { epoch, .. } = command.action { epoch } else { 0 };
    let mut text = format!("{launch}\0{}\0", command.action.name()).into_bytes();
    text.extend_from_slice(&command.id.to_be_bytes());
    text.extend_from_slice(&epoch.to_be_bytes());
    uuid::Builder::from_random_bytes(xxh3_128(&text).to_be_bytes()).into_uuid()
}

impl Launcher {
    /// The span of running `command` and of what its answer does, in the trace of what asked for it.
    pub(super) fn command_span(&self, launch: &LaunchName, command: &Command) -> Span {
        let (name, trace_id) = (command.action.name(), tracing::field::Empty);
        let span = tracing::info_span!("command", %launch, command = name, id = command.id, trace_id);
        if let Some(cause) = self.causes.take(launch, command.id) {
            cause.leads_to(&span);
        }
        trace::record_id(&span);
        span
    }

    /// Runs `command` of the launch that `record` keeps; the event says what came of it.
    pub(super) async fn run_command(&self, record: &Record, command: &Command) -> Event {
        let launch = &record.launch;
        let id = request_id(&launch.name, command);
        let watch = self.env.stopwatch();
        let work = self.answer_of(record, command, id);
        let event = slipway_sdk::with_request_id(&id.to_string(), work).await;
        self.meters.ran(&command.action, &event, watch.elapsed());
        event
    }

    async fn answer_of(&self, record: &Record, command: &Command, id: Uuid) -> Event {
        let model = &record.launch.candidate.model;
        let failed = |failure| failed(command.id, failure);
        match &command.action {
            Action::Estimate => failed(Failure::Refused {
                reason: "ESTIMATE_NOT_OFFERED".to_owned(),
                message: "this launcher does not estimate capacity".to_owned(),
            }),
            Action::ReadTraffic => match self.peers.traffic(model).await {
                Ok(traffic) => Event::TrafficRead { command: command.id, traffic },
                Err(failure) => failed(failure),
            },
            Action::SetTraffic { generation, epoch, ranges, reason } => {
                let (generation, epoch) = (*generation, *epoch);
                let (model, ranges, reason) = (model.clone(), ranges.clone(), clipped(reason));
                self.set_traffic(command.id, SetTraffic { model, ranges, generation, epoch, request_id: id, reason })
                    .await
            }
            Action::Evaluate { .. } => match question(record, &command.action) {
                Some(question) => match self.peers.evaluate(question).await {
                    Ok(evidence) => Event::GateAnswered { command: command.id, evidence },
                    Err(failure) => failed(failure),
                },
                None => failed(Failure::Refused {
                    reason: "NO_BASELINE".to_owned(),
                    message: "there is nothing to hold the candidate against".to_owned(),
                }),
            },
            Action::Quarantine { reason } => {
                let version = record.launch.candidate.clone();
                match self.peers.quarantine(Quarantine { version, request_id: id, reason: clipped(reason) }).await {
                    Ok(()) => Event::Quarantined { command: command.id },
                    Err(failure) => failed(failure),
                }
            }
        }
    }

    async fn set_traffic(&self, command: u64, change: SetTraffic) -> Event {
        let model = change.model.clone();
        match self.peers.set_traffic(change).await {
            Ok(traffic) => Event::TrafficSet { command, traffic },
            // What it was refused for is looked at before anything is decided.
            Err(Failure::Fenced { cause }) => match self.peers.traffic(&model).await {
                Ok(traffic) => Event::TrafficRefused { command, cause, traffic },
                Err(failure) => failed(command, failure),
            },
            Err(failure) => failed(command, failure),
        }
    }
}

/// The beginning of a reason that may stand in the registry's ledger: a launch must not be held up by the length of its
/// own words.
fn clipped(reason: &str) -> String {
    reason.chars().take(LONGEST_REASON).collect()
}

fn question(record: &Record, action: &Action) -> Option<Question> {
    let Action::Evaluate { comparison, since, next_share } = action else { return None };
    let launch = &record.launch;
    Some(Question {
        candidate: launch.candidate.clone(),
        baseline: launch.baseline.clone()?,
        comparison: *comparison,
        since: *since,
        next_share: *next_share,
        policy: launch.plan.gate.clone(),
        label_window: record.label_window,
    })
}

fn failed(command: u64, failure: Failure) -> Event {
    let failure = match failure {
        Failure::Unavailable { message } => CommandFailure::Unavailable { message },
        Failure::NotFound { message } => CommandFailure::Refused { reason: "NOT_FOUND".to_owned(), message },
        Failure::Refused { reason, message } => CommandFailure::Refused { reason, message },
        Failure::Fenced { cause } => CommandFailure::Refused {
            reason: "FENCED".to_owned(),
            message: format!("it was fenced out by {cause:?}, which only a change of traffic can be"),
        },
    };
    Event::CommandFailed { command, failure }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_has_one_request_id_of_its_own_and_it_is_a_uuid4() {
        let launch = |id: &str| LaunchName::parse(&format!("namespaces/default/launches/{id}")).unwrap();
        let set = |id, epoch| {
            let action = Action::SetTraffic { generation: 1, epoch, ranges: Vec::new(), reason: String::new() };
            Command { id, asked_at: jiff::Timestamp::UNIX_EPOCH, action }
        };
        let quarantine = Command { action: Action::Quarantine { reason: String::new() }, ..set(7, 1) };
        let id = request_id(&launch("a"), &set(7, 1));
        assert_eq!(id, request_id(&launch("a"), &set(7, 1)));
        assert_eq!(id.get_version_num(), 4);
        for other in [set(8, 1), set(7, 2), quarantine] {
            assert_ne!(id, request_id(&launch("a"), &other));
        }
        assert_ne!(id, request_id(&launch("b"), &set(7, 1)));
    }
}
