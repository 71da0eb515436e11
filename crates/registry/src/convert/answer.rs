//! Answers as the wire shows them.

use slipway_chassis::Caller;
use slipway_chassis::scalar::{instant, signed};
use slipway_domain::alias::Alias;
use slipway_domain::ledger::fields::Different;
use slipway_domain::ledger::{Action, Change};
use slipway_domain::model::{ModelType, Version};
use slipway_domain::team::Team;
use slipway_proto::registry::v1 as pb;
use slipway_store::Revision;
use slipway_store::picture::Kept;

use super::resource::{alias, kept, model, model_type, resource, team, version};
use crate::service::{Differences, Differing, Entry, Event, Happened, Last, Listed, Seen};
use crate::state::{ListedModel, State};

/// A page of model types.
#[must_use]
pub fn model_types(page: Listed<Kept<ModelType>>) -> pb::ListModelTypesResponse {
    let Listed { items, next_page_token, revision, total } = page;
    pb::ListModelTypesResponse {
        model_types: items.into_iter().map(model_type).collect(),
        next_page_token,
        revision: signed(revision),
        total_size: signed(total as u64),
    }
}

/// A page of models.
#[must_use]
pub fn models(page: Listed<ListedModel>, view: pb::View) -> pb::ListModelsResponse {
    let Listed { items, next_page_token, revision, total } = page;
    pb::ListModelsResponse {
        models: items.into_iter().map(|listed| model(listed, view)).collect(),
        next_page_token,
        revision: signed(revision),
        total_size: signed(total as u64),
    }
}

/// A page of versions.
#[must_use]
pub fn versions(page: Listed<Kept<Version>>) -> pb::ListVersionsResponse {
    let Listed { items, next_page_token, revision, total: _ } = page;
    pb::ListVersionsResponse {
        versions: items.into_iter().map(version).collect(),
        next_page_token,
        revision: signed(revision),
    }
}

/// Several models of one revision.
#[must_use]
pub fn batch_of_models((found, revision): (Vec<ListedModel>, Revision), view: pb::View) -> pb::BatchGetModelsResponse {
    let models = found.into_iter().map(|listed| model(listed, view)).collect();
    pb::BatchGetModelsResponse { models, revision: signed(revision) }
}

/// Several versions of one revision.
#[must_use]
pub fn batch_of_versions((found, revision): (Vec<Kept<Version>>, Revision)) -> pb::BatchGetVersionsResponse {
    pb::BatchGetVersionsResponse { versions: found.into_iter().map(version).collect(), revision: signed(revision) }
}

/// A page of teams.
#[must_use]
pub fn teams(page: Listed<Kept<Team>>) -> pb::ListTeamsResponse {
    let Listed { items, next_page_token, revision, total } = page;
    pb::ListTeamsResponse {
        teams: items.into_iter().map(team).collect(),
        next_page_token,
        revision: signed(revision),
        total_size: signed(total as u64),
    }
}

/// A page of aliases.
#[must_use]
pub fn aliases(page: Listed<Kept<Alias>>) -> pb::ListAliasesResponse {
    let Listed { items, next_page_token, revision, total } = page;
    pb::ListAliasesResponse {
        aliases: items.into_iter().map(alias).collect(),
        next_page_token,
        revision: signed(revision),
        total_size: signed(total as u64),
    }
}

/// Aliases after a move.
#[must_use]
pub fn moved_aliases((found, revision): (Vec<Kept<Alias>>, Revision)) -> pb::SetAliasesResponse {
    pb::SetAliasesResponse { aliases: found.into_iter().map(alias).collect(), revision: signed(revision) }
}

fn action(action: Action) -> pb::ChangeAction {
    match action {
        Action::Create => pb::ChangeAction::Create,
        Action::Update => pb::ChangeAction::Update,
        Action::Delete => pb::ChangeAction::Delete,
    }
}

/// An entry of the ledger; what is computed for a resource is read from the state, as far as the caller may know it.
pub(super) fn change(entry: &Entry, reader: (&Caller, &State)) -> pb::Change {
    let Entry { revision, resource: name, change } = entry;
    let Change { principal, at, reason, request_id, changed_fields, before, after } = change;
    pb::Change {
        revision: signed(*revision),
        resource: name.clone(),
        action: action(change.action()).into(),
        principal: principal.to_string(),
        time: Some(instant(*at)),
        reason: reason.clone(),
        request_id: request_id.clone(),
        changed_fields: changed_fields.clone(),
        after: after.as_ref().map(|after| resource(after, *revision, reader)),
        before: before.as_ref().map(|before| resource(before, 0, reader)),
    }
}

/// A page of the ledger.
#[must_use]
pub fn changes(page: (Vec<Entry>, String, Revision), reader: (&Caller, &State)) -> pb::ListChangesResponse {
    let (entries, next_page_token, revision) = page;
    let changes = entries.iter().map(|entry| change(entry, reader)).collect();
    pb::ListChangesResponse { changes, next_page_token, revision: signed(revision) }
}

/// A page of differences.
#[must_use]
pub fn differences(page: Differences) -> pb::DiffRevisionsResponse {
    let Differences { items, next_page_token, from, to } = page;
    let field = |Different { path, before, after }| pb::FieldDiff { path, before, after };
    let last = |Entry { revision, change, .. }: Entry| pb::LastChange {
        revision: signed(revision),
        principal: change.principal.to_string(),
        time: Some(instant(change.at)),
        reason: change.reason,
    };
    let diff = |item: Differing| pb::ResourceDiff {
        resource: item.resource,
        action: action(item.action).into(),
        fields: item.fields.into_iter().map(field).collect(),
        changes: signed(item.changes),
        last_change: item.last.map(last),
    };
    pb::DiffRevisionsResponse {
        diffs: items.into_iter().map(diff).collect(),
        next_page_token,
        from_revision: signed(from),
        to_revision: signed(to),
    }
}

/// One message of a watch, of revisions of `history`.
#[must_use]
pub fn watch_event(event: Event, history: &str) -> pb::WatchResponse {
    use pb::watch_response::Event as Kind;
    let kind = match event {
        Event::Initial { resources, revision, last } => Kind::InitialState(pb::InitialState {
            resources: resources.into_iter().map(kept).collect(),
            revision: signed(revision),
            complete: last == Last::Yes,
        }),
        Event::Changes(part) => {
            let changes = part.seen().iter().map(seen).collect();
            let partial = part.last() == Last::No;
            Kind::Changes(pb::RevisionChanges { revision: signed(part.revision()), changes, partial })
        }
        Event::Progress(revision) => Kind::Progress(pb::Progress { revision: signed(revision) }),
        Event::Aged(revision) => {
            Kind::Ending(pb::Ending { revision: signed(revision), reason: pb::EndReason::MaxAge.into() })
        }
    };
    pb::WatchResponse { event: Some(kind), history: history.to_owned() }
}

fn seen(seen: &Seen) -> pb::ResourceChange {
    let Seen { name, happened, resource } = seen;
    let action = match happened {
        Happened::Created => pb::ChangeAction::Create,
        Happened::Updated => pb::ChangeAction::Update,
        Happened::Deleted => pb::ChangeAction::Delete,
        Happened::Left => pb::ChangeAction::LeftFilter,
    };
    pb::ResourceChange { name: name.clone(), action: action.into(), resource: resource.clone().map(kept) }
}
