//! Requests: untrusted messages in, valid values out, or every fault of the message at once.

use slipway_chassis::Caller;
use slipway_chassis::intent::{Intent, Said};
use slipway_domain::check::Check;
use slipway_domain::name::{Error as NameError, Identifier, LaunchName, ModelName, NamespaceName, VersionName};
use slipway_proto::launcher::v1 as pb;
use slipway_store::Revision;

use super::plan::parse_plan;
use crate::Error;
use crate::service::{ListQuery, NewLaunch, Scope, Target};

/// How many events an explanation has when nobody says.
const USUAL_EVENTS: i32 = 20;
/// The most events of an explanation.
const MOST_EVENTS: i32 = 1000;
/// The parent that stands for all namespaces.
const ALL: &str = "namespaces/-";

/// A name out of a request.
fn parse<T>(check: &mut Check, field: &str, parsed: Result<T, NameError>) -> Option<T> {
    parsed.map_err(|error| check.add(field, "NOT_A_NAME", error.to_string())).ok()
}

/// Reads a request for a launch.
///
/// # Errors
/// [`Error::Invalid`] if the name is none.
pub fn get_launch(request: pb::GetLaunchRequest) -> Result<LaunchName, Error> {
    let pb::GetLaunchRequest { name } = request;
    LaunchName::parse(&name).map_err(|error| Error::invalid("name", "NOT_A_NAME", error.to_string()))
}

/// Reads a request to launch a version.
///
/// # Errors
/// [`Error::Invalid`] with every fault.
pub fn create_launch(caller: Caller, request: pb::CreateLaunchRequest) -> Result<(Intent, NewLaunch), Error> {
    let pb::CreateLaunchRequest { parent, candidate, plan, request_id, validate_only, reason } = request;
    let mut check = Check::new();
    let parent = parse(&mut check, "parent", NamespaceName::parse(&parent));
    let candidate = parse(&mut check, "candidate", VersionName::parse(&candidate));
    if let (Some(parent), Some(candidate)) = (&parent, &candidate)
        && candidate.model.namespace != parent.namespace
    {
        check.add("candidate", "OTHER_NAMESPACE", format!("does not lie in {parent}, where its launch is to lie"));
    }
    let plan = parse_plan(&mut check, plan);
    check.extend(plan.check());
    let intent = Intent::parse(&mut check, caller, Said { request_id: &request_id, validate_only, reason: &reason });
    check.finish()?;
    let (parent, candidate) = parent.zip(candidate).expect("a request without both names is not clean");
    Ok((intent, NewLaunch { parent, candidate, plan }))
}

/// Which launch a command is for, and what it says beside it.
fn steer(
    mut check: Check,
    caller: Caller,
    (name, etag): (&str, String),
    said: Said<'_>,
) -> Result<(Intent, Target), Error> {
    let name = parse(&mut check, "name", LaunchName::parse(name));
    let intent = Intent::parse(&mut check, caller, said);
    check.finish()?;
    Ok((intent, Target { name: name.expect("a request without a name is not clean"), etag }))
}

/// A check of a command that has to say why.
fn with_reason(reason: &str) -> Check {
    let mut check = Check::new();
    check.required("reason", reason);
    check
}

/// Reads a request to hold a launch.
///
/// # Errors
/// [`Error::Invalid`] with every fault.
pub fn pause_launch(caller: Caller, request: pb::PauseLaunchRequest) -> Result<(Intent, Target), Error> {
    let pb::PauseLaunchRequest { name, reason, etag, request_id, validate_only } = request;
    let said = Said { request_id: &request_id, validate_only, reason: &reason };
    steer(with_reason(&reason), caller, (&name, etag), said)
}

/// Reads a request to let a launch go on.
///
/// # Errors
/// [`Error::Invalid`] with every fault.
pub fn resume_launch(caller: Caller, request: pb::ResumeLaunchRequest) -> Result<(Intent, Target), Error> {
    let pb::ResumeLaunchRequest { name, reason, etag, request_id, validate_only } = request;
    let said = Said { request_id: &request_id, validate_only, reason: &reason };
    steer(Check::new(), caller, (&name, etag), said)
}

/// Reads a request to skip the rest of a bake.
///
/// # Errors
/// [`Error::Invalid`] with every fault.
pub fn promote_launch(caller: Caller, request: pb::PromoteLaunchRequest) -> Result<(Intent, Target), Error> {
    let pb::PromoteLaunchRequest { name, reason, etag, request_id, validate_only } = request;
    let said = Said { request_id: &request_id, validate_only, reason: &reason };
    steer(with_reason(&reason), caller, (&name, etag), said)
}

/// Reads a request to end a launch.
///
/// # Errors
/// [`Error::Invalid`] with every fault.
pub fn abort_launch(caller: Caller, request: pb::AbortLaunchRequest) -> Result<(Intent, Target), Error> {
    let pb::AbortLaunchRequest { name, reason, etag, request_id, validate_only } = request;
    let said = Said { request_id: &request_id, validate_only, reason: &reason };
    steer(with_reason(&reason), caller, (&name, etag), said)
}

/// Reads a request to explain a launch: its name, and how many events are wanted.
///
/// # Errors
/// [`Error::Invalid`] with every fault.
pub fn explain_launch(request: pb::ExplainLaunchRequest) -> Result<(LaunchName, u64), Error> {
    let pb::ExplainLaunchRequest { name: text, events } = request;
    let events = events.unwrap_or(USUAL_EVENTS);
    let mut check = Check::new();
    let name = parse(&mut check, "name", LaunchName::parse(&text));
    if !(0..=MOST_EVENTS).contains(&events) {
        check.out_of_bounds("events", format!("is {events}; it must be 0 to {MOST_EVENTS}"));
    }
    check.finish()?;
    let name = name.expect("a request without a name is not clean");
    Ok((name, u64::try_from(events).unwrap_or(0)))
}

/// A namespace, or none for all.
fn namespace(check: &mut Check, parent: &str) -> Option<Identifier> {
    if parent == ALL {
        return None;
    }
    parse(check, "parent", NamespaceName::parse(parent)).map(|name| name.namespace)
}

/// Reads a request to list launches.
///
/// # Errors
/// [`Error::Invalid`] with every fault.
pub fn list_launches(request: pb::ListLaunchesRequest) -> Result<ListQuery, Error> {
    let pb::ListLaunchesRequest { parent, page_size, page_token, model, states } = request;
    let mut check = Check::new();
    let namespace = namespace(&mut check, &parent);
    let model = if model.is_empty() { None } else { parse(&mut check, "model", ModelName::parse(&model)) };
    let mut wanted = Vec::with_capacity(states.len());
    for (index, state) in states.into_iter().enumerate() {
        match pb::LaunchState::try_from(state) {
            Ok(state) if state != pb::LaunchState::Unspecified => wanted.push(state_name(state)),
            _ => check.add(format!("states[{index}]"), "UNKNOWN_VALUE", format!("{state} is no state of a launch")),
        }
    }
    check.finish()?;
    Ok(ListQuery { namespace, page_size, page_token, model, states: wanted })
}

/// The name that the stage of this state has, as `RAMPING`.
fn state_name(state: pb::LaunchState) -> &'static str {
    let name = state.as_str_name();
    name.strip_prefix("LAUNCH_STATE_").unwrap_or(name)
}

/// Reads a request to watch.
///
/// # Errors
/// [`Error::Invalid`] for a parent that is neither a namespace nor a launch, or a negative revision.
pub fn watch_launches(request: pb::WatchLaunchesRequest) -> Result<(Scope, Option<Revision>), Error> {
    let pb::WatchLaunchesRequest { parent, after_revision } = request;
    let negative = |_| Error::invalid("after_revision", "OUT_OF_BOUNDS", "must not be negative");
    let after = after_revision.map(u64::try_from).transpose().map_err(negative)?;
    if parent == ALL {
        return Ok((Scope::Everything, after));
    }
    if let Ok(name) = NamespaceName::parse(&parent) {
        return Ok((Scope::Namespace(name.namespace), after));
    }
    let wanted = format!("must be {}, {} or {ALL}", NamespaceName::FORM, LaunchName::FORM);
    let launch = LaunchName::parse(&parent).map_err(|_| Error::invalid("parent", "NOT_A_NAME", wanted))?;
    Ok((Scope::Launch(launch), after))
}
