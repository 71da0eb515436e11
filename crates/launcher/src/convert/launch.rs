//! Launches as the wire shows them.

use slipway_chassis::etag::etag;
use slipway_domain::launch::{Explanation, Hold, Launch, Phase, Stage, Transition, log};
use slipway_proto::launcher::v1 as pb;
use slipway_store::picture::Kept;

use super::plan::plan;
use crate::record::Record;
use crate::service::{Event, Explained, Listed, Moment};
use slipway_chassis::scalar::{instant, signed};

/// A launch.
#[must_use]
pub fn launch(kept: Kept<Record>) -> pb::Launch {
    let Launch {
        name,
        candidate,
        baseline,
        plan: planned,
        stage,
        reason,
        holds: _,
        share,
        peak_share,
        evidence: last_evidence,
        transitions,
        creator,
        approvers: _,
        created_at,
        updated_at,
        ended_at,
        epoch: _,
        generation: _,
        last_command: _,
        outstanding: _,
        failures: _,
        bake: _,
        evidence_since: _,
        evaluate_at: _,
        retry_at: _,
        expire_at: _,
        rollback_reason: _,
        log: _,
    } = &kept.value.launch;
    pb::Launch {
        name: name.to_string(),
        candidate: candidate.to_string(),
        baseline: baseline.as_ref().map(ToString::to_string).unwrap_or_default(),
        plan: Some(plan(planned)),
        state: state(*stage).into(),
        step: step(*stage),
        phase: stage.phase().map_or(pb::StepPhase::Unspecified, phase).into(),
        reason: reason.clone(),
        hold: kept.value.launch.hold().map(hold),
        share: share.fraction(),
        peak_share: peak_share.fraction(),
        evidence: last_evidence.as_ref().map(slipway_sdk::evidence),
        transitions: transitions.iter().map(transition).collect(),
        creator: creator.to_string(),
        create_time: Some(instant(*created_at)),
        update_time: Some(instant(*updated_at)),
        end_time: ended_at.map(instant),
        etag: etag(kept.revision),
        next_action_time: kept.value.launch.timer().map(|timer| instant(timer.due)),
    }
}

fn state(stage: Stage) -> pb::LaunchState {
    match stage {
        Stage::Draft => pb::LaunchState::Draft,
        Stage::Estimating => pb::LaunchState::Estimating,
        Stage::AwaitingApproval => pb::LaunchState::AwaitingApproval,
        Stage::Queued => pb::LaunchState::Queued,
        Stage::Preparing => pb::LaunchState::Preparing,
        Stage::Shadowing { .. } => pb::LaunchState::Shadowing,
        Stage::Ramping { .. } => pb::LaunchState::Ramping,
        Stage::Finalizing => pb::LaunchState::Finalizing,
        Stage::Watching { .. } => pb::LaunchState::Watching,
        Stage::Succeeded => pb::LaunchState::Succeeded,
        Stage::RollingBack { .. } => pb::LaunchState::RollingBack,
        Stage::RolledBack => pb::LaunchState::RolledBack,
        Stage::Rejected => pb::LaunchState::Rejected,
        Stage::Aborted => pb::LaunchState::Aborted,
        Stage::Superseded => pb::LaunchState::Superseded,
        Stage::Expired => pb::LaunchState::Expired,
    }
}

fn phase(phase: Phase) -> pb::StepPhase {
    match phase {
        Phase::Applying => pb::StepPhase::Applying,
        Phase::Confirming => pb::StepPhase::Confirming,
        Phase::Baking => pb::StepPhase::Baking,
        Phase::Evaluating => pb::StepPhase::Evaluating,
    }
}

fn step(stage: Stage) -> i32 {
    stage.ramp_step().map_or(0, |step| i32::try_from(step).unwrap_or(i32::MAX))
}

fn hold(hold: &Hold) -> pb::Hold {
    let Hold { reason, message, since, deadline } = hold;
    pb::Hold {
        reason: reason.name().to_owned(),
        message: message.clone(),
        start_time: Some(instant(*since)),
        deadline: deadline.map(instant),
    }
}

fn transition(transition: &Transition) -> pb::Transition {
    let Transition { stage, at, reason, share } = transition;
    pb::Transition {
        state: state(*stage).into(),
        step: step(*stage),
        time: Some(instant(*at)),
        reason: reason.clone(),
        share: share.fraction(),
    }
}

/// A page of launches.
#[must_use]
pub fn listed(page: Listed) -> pb::ListLaunchesResponse {
    let Listed { launches, next_page_token, revision } = page;
    let launches = launches.into_iter().map(launch).collect();
    pb::ListLaunchesResponse { launches, next_page_token, revision: signed(revision) }
}

/// One message of a watch.
#[must_use]
pub fn watch_event(event: Event) -> pb::WatchLaunchesResponse {
    match event {
        Event::Launch(found, revision, moment) => pb::WatchLaunchesResponse {
            launch: Some(launch(found)),
            revision: signed(revision),
            initial: moment == Moment::Initial,
        },
        Event::Progress(revision) => {
            pb::WatchLaunchesResponse { launch: None, revision: signed(revision), initial: false }
        }
    }
}

/// Why a launch is where it is.
#[must_use]
pub fn explained(explained: Explained) -> pb::ExplainLaunchResponse {
    let Explained { found, explanation: Explanation { summary, since, next }, events } = explained;
    pb::ExplainLaunchResponse {
        launch: Some(launch(found)),
        summary,
        since: Some(instant(since)),
        next,
        events: events.into_iter().map(entry).collect(),
    }
}

fn entry(entry: log::Entry) -> pb::LaunchEvent {
    let log::Entry { sequence, at, principal, kind, description, state: _, event: _, hash } = entry;
    pb::LaunchEvent {
        sequence: signed(sequence),
        time: Some(instant(at)),
        principal: principal.to_string(),
        kind,
        description,
        hash: hash.to_string(),
    }
}
