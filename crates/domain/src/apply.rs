//! What is wanted of a resource against what it is: which fields change, whose they were, and whose they are then.
//!
//! A field belongs to whoever set it last. A manager's claim to one holds as long as the field has the value that the
//! manager gave it: whoever changes it in any other way has made it theirs, without a word to anybody.

mod shown;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

pub use shown::Shown;

use crate::name::Identifier;
use crate::patch::Patch;

/// How a label's path begins.
const LABELS: &str = "labels.";

/// Which fields of a resource were set by applications, and by whose.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims(BTreeMap<String, Claim>);

/// That a manager gave a field a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Claim {
    manager: Identifier,
    /// A hash of the value.
    value: u64,
}

/// What happens to fields that belong to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// They are kept, and the application is refused.
    Kept,
    /// They are taken over.
    Taken,
}

/// Whose a field is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A manager's, by an application.
    Manager(Identifier),
    /// A person's, who set it by another method.
    Somebody,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Manager(manager) => f.write_str(manager.as_str()),
            Self::Somebody => f.write_str("-"),
        }
    }
}

/// What a manager wants of a resource.
#[derive(Debug, Clone)]
pub struct Wanted<'a, T> {
    /// The values.
    pub value: &'a T,
    /// The fields that are set, as `owner` or `labels.trained-on`.
    pub set: &'a BTreeSet<String>,
    /// The same resource with nothing set.
    pub blank: &'a T,
    /// Who wants it.
    pub manager: &'a Identifier,
    /// What happens to what belongs to others.
    pub foreign: Foreign,
}

/// One field that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// Which one.
    pub path: String,
    /// What it was.
    pub before: String,
    /// What it is then.
    pub after: String,
    /// From whom it is taken.
    pub taken_from: Option<Holder>,
}

/// What a resource comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged<T> {
    /// The resource as it is then.
    pub after: T,
    /// What changes, by path.
    pub changes: Vec<FieldChange>,
    /// The claims as they are then.
    pub claims: Claims,
    /// What would change but belongs to another one; those changes are not in `after`.
    pub conflicts: Vec<FieldChange>,
}

impl<T: Patch> Wanted<'_, T> {
    /// The resource as it is created, and the claims to it.
    #[must_use]
    pub fn created(&self) -> (T, Claims) {
        let mut claims = Claims::default();
        for path in self.set {
            claims.take(path, self.manager, &at(self.value, path));
        }
        (self.value.clone(), claims)
    }

    /// What it makes of the resource `before`, to which there are `claims`.
    #[must_use]
    pub fn merged(&self, before: &T, claims: &Claims) -> Merged<T> {
        let (changes, conflicts) = (vec![], vec![]);
        let mut merged = Merged { after: before.clone(), changes, claims: claims.clone(), conflicts };
        for path in self.set {
            let (now, wanted) = (at(before, path), at(self.value, path));
            if now == wanted {
                continue;
            }
            let holder = self.holder(before, claims, path);
            let change = FieldChange { path: path.clone(), before: now, after: wanted, taken_from: holder };
            if change.taken_from.is_some() && self.foreign == Foreign::Kept {
                merged.conflicts.push(change);
                continue;
            }
            assign(&mut merged.after, path, self.value);
            merged.claims.take(path, self.manager, &change.after);
            merged.changes.push(change);
        }
        self.empty_what_was_taken_out(before, claims, &mut merged);
        merged.changes.sort_by(|one, other| one.path.cmp(&other.path));
        merged
    }

    /// The resource `before` with everything that is wanted of it, whoever stands in the way.
    #[must_use]
    pub fn imposed(&self, before: &T) -> T {
        let mut imposed = before.clone();
        self.set.iter().for_each(|path| assign(&mut imposed, path, self.value));
        imposed
    }

    /// What the manager set before and does not set any more is emptied, if it is still the manager's.
    fn empty_what_was_taken_out(&self, before: &T, claims: &Claims, merged: &mut Merged<T>) {
        for path in claims.0.keys().filter(|path| !self.set.contains(*path)) {
            let (now, empty) = (at(before, path), at(self.blank, path));
            if claims.of(path, &now) != Some(self.manager) {
                continue;
            }
            merged.claims.0.remove(path);
            if now != empty {
                assign(&mut merged.after, path, self.blank);
                let change = FieldChange { path: path.clone(), before: now, after: empty, taken_from: None };
                merged.changes.push(change);
            }
        }
    }

    /// Who stands between the manager and a field of the resource `before`.
    fn holder(&self, before: &T, claims: &Claims, path: &str) -> Option<Holder> {
        let now = at(before, path);
        match claims.of(path, &now) {
            Some(manager) if manager == self.manager => None,
            Some(manager) => Some(Holder::Manager(manager.clone())),
            None => (now != at(self.blank, path)).then_some(Holder::Somebody),
        }
    }
}

impl Claims {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whose claim to the field holds, which has the value `now`.
    fn of(&self, path: &str, now: &str) -> Option<&Identifier> {
        self.0.get(path).filter(|claim| claim.value == xxh3_64(now.as_bytes())).map(|claim| &claim.manager)
    }

    fn take(&mut self, path: &str, manager: &Identifier, value: &str) {
        let claim = Claim { manager: manager.clone(), value: xxh3_64(value.as_bytes()) };
        self.0.insert(path.to_owned(), claim);
    }
}

/// What changes between two states of a resource, by path.
#[must_use]
pub fn changes<T: Patch>(before: &T, after: &T) -> Vec<FieldChange> {
    let mut paths: BTreeSet<String> = BTreeSet::new();
    for path in before.differing(after) {
        match path {
            "labels" => paths.extend([before, after].into_iter().flat_map(label_paths)),
            path => drop(paths.insert(path.to_owned())),
        }
    }
    let change = |path: String| {
        let (before, after) = (at(before, &path), at(after, &path));
        (before != after).then_some(FieldChange { path, before, after, taken_from: None })
    };
    paths.into_iter().filter_map(change).collect()
}

/// The paths of the labels that a resource has.
#[must_use]
pub fn label_paths<T: Patch>(value: &T) -> Vec<String> {
    let mut value = value.clone();
    let labels = value.labels().map(|labels| std::mem::take(labels).into_keys()).into_iter().flatten();
    labels.map(|key| format!("{LABELS}{key}")).collect()
}

/// The field at `path` as text.
fn at<T: Patch>(value: &T, path: &str) -> String {
    match path.strip_prefix(LABELS) {
        // A label without a value is there all the same.
        Some(key) => {
            value.label(key).map(|text| if text.is_empty() { "\"\"" } else { text }).unwrap_or_default().to_owned()
        }
        None => value.shown(path),
    }
}

/// Takes the field at `path` over from `other`.
fn assign<T: Patch>(value: &mut T, path: &str, other: &T) {
    let Some(key) = path.strip_prefix(LABELS) else {
        value.assign(path, other);
        return;
    };
    let wanted = other.label(key).map(str::to_owned);
    let Some(labels) = value.labels() else { return };
    match wanted {
        Some(wanted) => labels.insert(key.to_owned(), wanted),
        None => labels.remove(key),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::TeamName;
    use crate::team::Team;

    fn id(text: &str) -> Identifier {
        Identifier::parse(text).unwrap()
    }

    fn blank() -> Team {
        Team::blank(&TeamName::parse("namespaces/default/teams/ranking").unwrap())
    }

    fn team(contact: &str, labels: &[(&str, &str)]) -> Team {
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Team { contact: contact.to_owned(), labels, ..blank() }
    }

    /// What `manager` makes of `before` who wants all that is set in `wanted`.
    fn merge(manager: &str, foreign: Foreign, wanted: &Team, (before, claims): (&Team, &Claims)) -> Merged<Team> {
        let (set, blank, manager) = (set(wanted), blank(), id(manager));
        Wanted { value: wanted, set: &set, blank: &blank, manager: &manager, foreign }.merged(before, claims)
    }

    fn set(wanted: &Team) -> BTreeSet<String> {
        let contact = (!wanted.contact.is_empty()).then(|| "contact".to_owned());
        label_paths(wanted).into_iter().chain(contact).collect()
    }

    fn created(manager: &str, wanted: &Team) -> (Team, Claims) {
        let (set, blank, manager) = (set(wanted), blank(), id(manager));
        Wanted { value: wanted, set: &set, blank: &blank, manager: &manager, foreign: Foreign::Kept }.created()
    }

    fn paths(changes: &[FieldChange]) -> Vec<String> {
        changes.iter().map(|change| format!("{}:{}>{}", change.path, change.before, change.after)).collect()
    }

    #[test]
    fn what_a_manager_set_it_may_change_and_take_out_again() {
        let (before, claims) = created("git", &team("#a", &[("x", "1"), ("y", "1")]));
        let merged = merge("git", Foreign::Kept, &team("#b", &[("x", "1")]), (&before, &claims));
        assert_eq!(merged.after, team("#b", &[("x", "1")]));
        assert_eq!(paths(&merged.changes), ["contact:#a>#b", "labels.y:1>"]);
        assert!(merged.conflicts.is_empty());
        let again = merge("git", Foreign::Kept, &team("#b", &[("x", "1")]), (&merged.after, &merged.claims));
        assert!(again.changes.is_empty() && again.claims == merged.claims);
    }

    #[test]
    fn what_a_person_changed_since_is_the_persons() {
        let (before, claims) = created("git", &team("#a", &[]));
        let by_hand = team("#by-hand", &[("added", "1")]);
        let merged = merge("git", Foreign::Kept, &before, (&by_hand, &claims));
        assert_eq!(merged.after, by_hand);
        assert_eq!(merged.conflicts[0].taken_from, Some(Holder::Somebody));
        let forced = merge("git", Foreign::Taken, &before, (&by_hand, &claims));
        assert_eq!(forced.after, team("#a", &[("added", "1")]), "a label beside the manager's own is nobody's matter");
        let gone = merge("git", Foreign::Kept, &blank(), (&by_hand, &claims));
        assert_eq!(gone.after, by_hand, "what is another's by now is not emptied");
    }

    #[test]
    fn what_is_another_managers_is_named_as_theirs_and_kept() {
        let (before, claims) = created("git", &team("#a", &[("x", "1")]));
        let merged = merge("import", Foreign::Kept, &team("#b", &[("y", "2")]), (&before, &claims));
        assert_eq!(merged.conflicts[0].taken_from, Some(Holder::Manager(id("git"))));
        assert_eq!(paths(&merged.changes), ["labels.y:>2"], "what is free is taken");
        let equal = merge("import", Foreign::Kept, &before, (&before, &claims));
        assert!(equal.changes.is_empty() && equal.claims == claims, "what is so already stays whose it is");
    }

    #[test]
    fn the_difference_of_two_states_is_told_by_label() {
        let differing = changes(&team("#a", &[("x", "1"), ("y", "1")]), &team("#a", &[("y", "2"), ("z", "3")]));
        assert_eq!(paths(&differing), ["labels.x:1>", "labels.y:1>2", "labels.z:>3"]);
    }
}
