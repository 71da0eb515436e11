//! What the ledger tells of a manifest: who set the fields that stand in its way, and what it came to the first time.

use std::collections::{BTreeMap, BTreeSet};

use slipway_domain::apply::{FieldChange, Holder, changes};
use slipway_domain::check::Check;
use slipway_domain::deletion::Deletion;
use slipway_domain::fault::{Precondition, Violation};
use slipway_domain::ledger::{Change, Resource};
use slipway_store::Revision;

use super::{Action, Apply, Planned, Refusal};
use crate::Error;
use crate::service::{Entry, Registry};

/// So many resources are looked up in the ledger, whose fields belong to somebody: more than anybody reads.
const LOOKED_UP: usize = 100;
/// And so many entries are read for it.
const READ: usize = 2000;

/// Who set a field last, when and how.
struct Setting {
    principal: String,
    at: jiff::Timestamp,
    revision: Revision,
}

impl Registry {
    /// Says of every field that belongs to another one whose it is, and since when.
    pub(super) async fn name_holders(&self, refusals: &mut [Refusal]) -> Result<(), Error> {
        let mut settings = self.settings(refusals).await?;
        for refusal in refusals {
            let Some(change) = &refusal.conflict else { continue };
            let by = match (&change.taken_from, settings.remove(&(refusal.name.clone(), change.path.clone()))) {
                (Some(Holder::Manager(manager)), _) => format!("was set by the manager {}", manager.as_str()),
                (_, Some(Setting { principal, at, revision })) => {
                    format!("was set by {principal} at {} in revision {revision}", at.strftime("%Y-%m-%d %H:%M:%S UTC"))
                }
                (_, None) => "was set by somebody else".to_owned(),
            };
            let (before, after) = (clipped(&change.before), clipped(&change.after));
            refusal.description =
                format!("is {before:?}, which {by}, and {after:?} is wanted; leave it out, or take it by force");
        }
        Ok(())
    }

    /// Who set the fields that are nobody's by an application, by resource and field.
    async fn settings(&self, refusals: &[Refusal]) -> Result<BTreeMap<(String, String), Setting>, Error> {
        let by_hand = |refusal: &&Refusal| {
            let holder = refusal.conflict.as_ref().and_then(|change| change.taken_from.as_ref());
            holder == Some(&Holder::Somebody)
        };
        let mut open: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for refusal in refusals.iter().filter(by_hand) {
            if open.len() < LOOKED_UP || open.contains_key(&*refusal.name) {
                open.entry(&refusal.name).or_default().insert(&refusal.field);
            }
        }
        let (mut found, state, mut read) = (BTreeMap::new(), self.feed.current(), 0);
        for (name, mut fields) in open {
            let mut next = state.ledger.last(name, state.revision);
            while let Some(index) = next.filter(|_| !fields.is_empty() && read < READ) {
                let Entry { revision, change, .. } = self.entry_at(&state, index).await?;
                let touched = touched(&change);
                for field in fields.clone() {
                    if touched.as_ref().is_none_or(|all| all.contains(field)) {
                        fields.remove(field);
                        let setting = Setting { principal: change.principal.to_string(), at: change.at, revision };
                        found.insert((name.to_owned(), field.to_owned()), setting);
                    }
                }
                next = state.ledger.previous(index);
                read += 1;
            }
        }
        Ok(found)
    }

    /// What a manifest came to when it made `revision`.
    pub(super) async fn planned_before(&self, revision: Revision, apply: &Apply) -> Result<Vec<Planned>, Error> {
        let state = self.feed.current();
        let (first, end) = (state.ledger.size_at(revision.saturating_sub(1)), state.ledger.size_at(revision));
        let mut made: BTreeMap<String, Planned> = BTreeMap::new();
        for index in first..end {
            let Entry { resource: name, change, .. } = self.entry_at(&state, index).await?;
            if matches!(change.before.as_ref().or(change.after.as_ref()), Some(Resource::Traffic(..))) {
                continue;
            }
            let (action, fields) = done(&change);
            made.insert(name.clone(), Planned { name, action, fields });
        }
        let named = apply.items.iter().map(|item| {
            let name = item.wanted.name();
            made.remove(&name).unwrap_or(Planned { name, action: Action::Noop, fields: vec![] })
        });
        let named: Vec<_> = named.collect();
        Ok(named.into_iter().chain(made.into_values()).collect())
    }
}

/// The beginning of a value.
fn clipped(text: &str) -> String {
    const SHOWN: usize = 100;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The fields that an entry of the ledger changed; none for a creation, which set all that there was.
fn touched(change: &Change) -> Option<BTreeSet<String>> {
    let (before, after) = (change.before.as_ref()?, change.after.as_ref()?);
    Some(differing(before, after).into_iter().map(|change| change.path).collect())
}

/// What an entry of the ledger did.
fn done(change: &Change) -> (Action, Vec<FieldChange>) {
    let (Some(before), Some(after)) = (&change.before, &change.after) else {
        return (if change.before.is_none() { Action::Create } else { Action::Delete }, vec![]);
    };
    match (deletion(before), deletion(after)) {
        (None, Some(_)) => (Action::Delete, vec![]),
        (Some(_), None) => (Action::Undelete, differing(before, after)),
        (None, None) | (Some(_), Some(_)) => (Action::Update, differing(before, after)),
    }
}

fn differing(before: &Resource, after: &Resource) -> Vec<FieldChange> {
    match (before, after) {
        (Resource::Team(before), Resource::Team(after)) => changes(before, after),
        (Resource::ModelType(before), Resource::ModelType(after)) => changes(before, after),
        (Resource::Model(before), Resource::Model(after)) => changes(before, after),
        (Resource::Version(before), Resource::Version(after)) => changes(before, after),
        (Resource::Alias(before), Resource::Alias(after)) => changes(before, after),
        _ => vec![],
    }
}

fn deletion(resource: &Resource) -> Option<Deletion> {
    match resource {
        Resource::Team(value) => value.deletion,
        Resource::ModelType(value) => value.deletion,
        Resource::Model(value) => value.deletion,
        Resource::Version(value) => value.deletion,
        Resource::Namespace(value) => value.deletion,
        Resource::Policy(value) => value.deletion,
        Resource::Alias(_) | Resource::Traffic(..) => None,
    }
}

/// The field of an item that a resource of this name stands in.
fn kind(name: &str) -> &'static str {
    match name.rsplit('/').nth(1) {
        Some("teams") => "team",
        Some("modelTypes") => "model_type",
        Some("versions") => "version",
        Some("aliases") => "alias",
        _ => "model",
    }
}

/// The error of a manifest in whose way these stand. While something is wrong with it, what belongs to others is told as wrong
/// too: so all of it is told at once.
pub(super) fn error(refusals: Vec<Refusal>) -> Error {
    let is_others =
        |refusal: &Refusal| matches!(refusal.reason, "FIELD_CONFLICT" | "IN_USE" | "ETAG_MISMATCH" | "POLICY_BROKEN");
    if refusals.iter().all(is_others) {
        return Error::Unapplied { conflicts: refusals.into_iter().map(precondition).collect() };
    }
    let mut check = Check::new();
    check.extend(refusals.into_iter().map(violation));
    check.finish().map_or_else(Error::Invalid, |()| Error::Unapplied { conflicts: vec![] })
}

fn precondition(Refusal { name, field, reason, description, .. }: Refusal) -> Precondition {
    let description = if field.is_empty() { description } else { format!("{field} {description}") };
    Precondition { kind: reason, subject: name, description }
}

fn violation(Refusal { index, name, field, reason, description, .. }: Refusal) -> Violation {
    let place = index.map_or_else(|| name.clone(), |index| format!("resources[{index}].{}", kind(&name)));
    let field = if field.is_empty() { place } else { format!("{place}.{field}") };
    Violation::new(field, reason, format!("{name}: {description}"))
}
