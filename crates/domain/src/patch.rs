//! Changing some fields of a resource: which there are, which may change, which differ.

use std::collections::BTreeMap;

use crate::alias::Alias;
use crate::apply::Shown;
use crate::model::{Model, ModelType, Version};
use crate::namespace::Namespace;
use crate::policy::Policy;
use crate::team::Team;

/// A resource whose fields can be changed one by one.
pub trait Patch: Clone {
    /// The fields that a caller may name in a mask.
    const PATHS: &'static [&'static str];
    /// Of these, the fields that never change once the resource exists.
    const IMMUTABLE: &'static [&'static str];

    /// Takes the field at `path` over from `other`; false if there is no such field.
    fn assign(&mut self, path: &str, other: &Self) -> bool;

    /// The paths at which the two differ, in the order of [`Patch::PATHS`].
    fn differing(&self, other: &Self) -> Vec<&'static str>;

    /// The field at `path` as text; empty if there is no such field, or nothing in it.
    fn shown(&self, path: &str) -> String;

    /// Its labels, of a kind that has any: one of the fields.
    fn labels(&mut self) -> Option<&mut BTreeMap<String, String>>;

    /// The label `key`.
    fn label(&self, key: &str) -> Option<&str>;
}

macro_rules! patch {
    ($type:ty: $($field:ident),+; immutable: $($immutable:literal),*) => {
        impl Patch for $type {
            const PATHS: &'static [&'static str] = &[$(stringify!($field)),+];
            const IMMUTABLE: &'static [&'static str] = &[$($immutable),*];

            fn assign(&mut self, path: &str, other: &Self) -> bool {
                match path {
                    $(stringify!($field) => self.$field.clone_from(&other.$field),)+
                    _ => return false,
                }
                true
            }

            fn differing(&self, other: &Self) -> Vec<&'static str> {
                let mut paths = Vec::new();
                $(if self.$field != other.$field {
                    paths.push(stringify!($field));
                })+
                paths
            }

            fn shown(&self, path: &str) -> String {
                match path {
                    $(stringify!($field) => self.$field.shown(),)+
                    _ => String::new(),
                }
            }

            fn labels(&mut self) -> Option<&mut BTreeMap<String, String>> {
                Some(&mut self.labels)
            }

            fn label(&self, key: &str) -> Option<&str> {
                self.labels.get(key).map(String::as_str)
            }
        }
    };
}

patch!(ModelType: display_name, description, criticality, labels; immutable:);
patch!(Model: display_name, description, model_type, owner, on_call, runbook_uri, surface, funnel_stage, business_function,
    predicted_event, label_window, criticality, depends_on, health_policy, labels; immutable:);
patch!(Namespace: display_name, description, labels; immutable:);
patch!(Team: display_name, description, contact, pager_uri, escalation, labels; immutable:);
patch!(Policy: display_name, description, expression, enforcement, remedy, labels; immutable:);
patch!(Version: display_name, description, artifact_uri, artifact_digest, labels;
    immutable: "artifact_uri", "artifact_digest");

/// An alias has one field, which is kept as the number of the version that it names.
impl Patch for Alias {
    const PATHS: &'static [&'static str] = &["version"];
    const IMMUTABLE: &'static [&'static str] = &[];

    fn assign(&mut self, path: &str, other: &Self) -> bool {
        let is_known = path == "version";
        if is_known {
            self.number = other.number;
        }
        is_known
    }

    fn differing(&self, other: &Self) -> Vec<&'static str> {
        if self.number == other.number { vec![] } else { vec!["version"] }
    }

    fn shown(&self, path: &str) -> String {
        if path == "version" && self.number > 0 { self.number.to_string() } else { String::new() }
    }

    fn labels(&mut self) -> Option<&mut BTreeMap<String, String>> {
        None
    }

    fn label(&self, _: &str) -> Option<&str> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::VersionName;
    use jiff::Timestamp;

    fn version(display_name: &str) -> Version {
        Version {
            name: VersionName::parse("namespaces/default/models/m/versions/1").unwrap(),
            display_name: display_name.to_owned(),
            description: String::new(),
            artifact_uri: "file:///m".to_owned(),
            artifact_digest: format!("sha256:{}", "0".repeat(64)),
            labels: BTreeMap::new(),
            quarantine: None,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            deletion: None,
        }
    }

    #[test]
    fn only_the_named_field_is_taken_over() {
        let (mut before, mut wanted) = (version("old"), version("new"));
        wanted.description = "other".to_owned();
        assert!(before.assign("display_name", &wanted));
        assert_eq!(before.differing(&wanted), ["description"]);
    }

    #[test]
    fn a_field_that_is_not_there_is_not_assigned() {
        let mut before = version("old");
        assert!(!before.assign("quarantine", &version("new")));
        assert_eq!(before, version("old"));
    }
}
