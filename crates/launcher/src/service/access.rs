//! What a caller may see and do. A launch belongs to the team, and has the tier, that its model had when it was created.

use slipway_chassis::Caller;
use slipway_domain::access::Subject;
use slipway_domain::name::LaunchName;
use slipway_store::picture::Kept;

use crate::Error;
use crate::record::Record;
use crate::state::State;

/// The subject of a launch.
pub(super) fn subject(record: &Record) -> Subject<'_> {
    let team = Some(record.team.as_str()).filter(|team| !team.is_empty());
    let namespace = record.launch.name.namespace.as_str();
    Subject { namespace, team, tier: Some(record.tier) }
}

/// Whether the caller may see a launch.
pub(super) fn sees(caller: &Caller, record: &Record) -> bool {
    caller.covers(&subject(record))
}

/// The launch of this name, if the caller may do with it what its method does; asked before anything is said about
/// whether there is one.
///
/// # Errors
/// `PERMISSION_DENIED`, `NOT_FOUND`.
pub(super) fn find(caller: &Caller, state: &State, name: &LaunchName) -> Result<Kept<Record>, Error> {
    let found = state.launches.get(name);
    let nobodys = Subject { namespace: name.namespace.as_str(), team: None, tier: None };
    caller.check(&found.map_or(nobodys, |found| subject(&found.value)), name)?;
    found.cloned().ok_or_else(|| Error::NotFound { name: name.to_string() })
}
