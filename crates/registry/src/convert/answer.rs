//! Answers as the wire shows them.

use slipway_domain::ledger::{Action, Change};
use slipway_domain::model::Version;
use slipway_domain::name::ModelName;
use slipway_domain::traffic::Traffic;
use slipway_proto::registry::v1 as pb;
use slipway_proto::r#type::v1 as pb_type;
use slipway_store::Revision;

use super::resource::{instant, resource, signed, traffic, version};
use crate::service::{Entry, Event, Found, Last, Listed, Seen};
use crate::state::State;

/// A version that was just written.
#[must_use]
pub fn found_version(found: &Found<Version>) -> pb::Version {
    version(&found.value, found.revision)
}

/// A traffic that was just written.
#[must_use]
pub fn found_traffic(model: &ModelName, found: &Found<Traffic>) -> pb_type::Traffic {
    traffic(model, found)
}

/// The parts of a page: items, next token, revision, total.
#[must_use]
pub fn listed<T, U>(listed: Listed<T>, convert: impl Fn(&T) -> U) -> (Vec<U>, String, i64, i64) {
    let Listed { items, next_page_token, revision, total } = listed;
    (items.iter().map(convert).collect(), next_page_token, signed(revision), signed(total as u64))
}

fn action(action: Action) -> pb::ChangeAction {
    match action {
        Action::Create => pb::ChangeAction::Create,
        Action::Update => pb::ChangeAction::Update,
        Action::Delete => pb::ChangeAction::Delete,
    }
}

/// An entry of the ledger; what is computed for a resource is read from `state`.
#[must_use]
pub fn change(entry: &Entry, state: &State) -> pb::Change {
    let Entry { revision, resource: name, change } = entry;
    let Change { principal, at, reason, request_id, changed_fields, before, after } = change;
    pb::Change {
        revision: signed(*revision),
        resource: name.clone(),
        action: action(change.action()).into(),
        principal: principal.to_string(),
        time: instant(*at),
        reason: reason.clone(),
        request_id: request_id.clone(),
        changed_fields: changed_fields.clone(),
        after: after.as_ref().map(|after| resource(after, *revision, state)),
        before: before.as_ref().map(|before| resource(before, 0, state)),
    }
}

/// A page of the ledger.
#[must_use]
pub fn changes_page(page: (Vec<Entry>, String, Revision), state: &State) -> pb::ListChangesResponse {
    let (entries, next_page_token, revision) = page;
    let changes = entries.iter().map(|entry| change(entry, state)).collect();
    pb::ListChangesResponse { changes, next_page_token, revision: signed(revision) }
}

/// One message of a watch; what is computed for a resource is read from `state`.
#[must_use]
pub fn watch_event(event: &Event, state: &State) -> pb::WatchResponse {
    use pb::watch_response::Event as Kind;
    let shown = |seen: &Seen| resource(&seen.resource, seen.revision, state);
    let kind = match event {
        Event::Initial { seen, revision, last } => Kind::InitialState(pb::InitialState {
            resources: seen.iter().map(shown).collect(),
            revision: signed(*revision),
            complete: *last == Last::Yes,
        }),
        Event::Changes(revision, seen) => {
            let change = |seen: &Seen| pb::ResourceChange {
                name: seen.resource.name(),
                action: action(seen.action).into(),
                resource: (seen.action != Action::Delete).then(|| shown(seen)),
            };
            let changes = seen.iter().map(change).collect();
            Kind::Changes(pb::RevisionChanges { revision: signed(*revision), changes })
        }
        Event::Progress(revision) => Kind::Progress(pb::Progress { revision: signed(*revision) }),
    };
    pb::WatchResponse { event: Some(kind) }
}
