//! What every mutation says beside its subject, and why a repetition of one has no second effect.

use std::fmt::Debug;
use std::hash::{Hash, Hasher};

use slipway_domain::check::Check;
use slipway_domain::model::LONGEST_REASON;
use uuid::Uuid;
use xxhash_rust::xxh3::Xxh3;

use crate::Caller;

/// Whether a mutation is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It is.
    Commit,
    /// Everything is checked, nothing is changed.
    ValidateOnly,
}

/// What every mutation says beside its subject.
#[derive(Debug, Clone)]
pub struct Intent {
    /// Who asks.
    pub caller: Caller,
    /// Makes a repetition harmless.
    pub request_id: Option<Uuid>,
    /// Whether it is carried out.
    pub mode: Mode,
    /// Why, for the record.
    pub reason: String,
}

/// The same, as the fields of a message have it: nothing in it has been looked at.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// The field `request_id`.
    pub request_id: &'a str,
    /// The field `validate_only`.
    pub validate_only: bool,
    /// The field `reason`.
    pub reason: &'a str,
}

impl Intent {
    /// What `caller` said, with every fault of it noted.
    #[must_use]
    pub fn parse(check: &mut Check, caller: Caller, said: Said<'_>) -> Self {
        let Said { request_id, validate_only, reason } = said;
        check.text("reason", reason, LONGEST_REASON);
        let request_id = match request_id {
            "" => None,
            text => {
                let id = Uuid::try_parse(text).ok().filter(|id| id.get_version_num() == 4);
                if id.is_none() {
                    check.add("request_id", "NOT_A_UUID4", "is not a UUID4; leave it empty or make a new one");
                }
                id
            }
        };
        let mode = if validate_only { Mode::ValidateOnly } else { Mode::Commit };
        Self { caller, request_id, mode, reason: reason.to_owned() }
    }

    /// Who asks for what, hashed: under a request id that was used, the same caller must ask the same.
    #[must_use]
    pub fn fingerprint(&self, method: &str, parts: &[&dyn Debug]) -> u64 {
        let mut hasher = Xxh3::new();
        // Where nobody is asked who they are, it says nothing.
        if self.caller.principal.is_authenticated() {
            self.caller.principal.hash(&mut hasher);
        }
        method.hash(&mut hasher);
        for part in parts {
            format!("{part:?}").hash(&mut hasher);
        }
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(said: Said<'_>) -> (Intent, Vec<String>) {
        let mut check = Check::new();
        let intent = Intent::parse(&mut check, crate::caller(&tonic::Request::new(())), said);
        (intent, check.into_violations().into_iter().map(|violation| violation.field).collect())
    }

    #[test]
    fn what_a_mutation_leaves_out_is_no_fault() {
        let (intent, faults) = parsed(Said { request_id: "", validate_only: false, reason: "" });
        assert_eq!((intent.request_id, intent.mode, faults), (None, Mode::Commit, vec![]));
    }

    #[test]
    fn an_id_is_a_uuid4_and_nothing_else() {
        let said = |request_id| Said { request_id, validate_only: true, reason: "because" };
        let (intent, faults) = parsed(said("67e55044-10b1-426f-9247-bb680e5fe0c8"));
        assert_eq!(intent.request_id.map(|id| id.get_version_num()), Some(4));
        assert_eq!((intent.mode, intent.reason.as_str(), faults), (Mode::ValidateOnly, "because", vec![]));
        for bad in ["7", "00000000-0000-0000-0000-000000000000", "67e55044-10b1-126f-9247-bb680e5fe0c8"] {
            assert_eq!(parsed(said(bad)).1, ["request_id"], "{bad}");
        }
    }

    #[test]
    fn a_reason_has_a_bound() {
        let long = "x".repeat(LONGEST_REASON + 1);
        assert_eq!(parsed(Said { request_id: "", validate_only: false, reason: &long }).1, ["reason"]);
    }

    #[test]
    fn a_fingerprint_tells_callers_methods_and_each_part_apart() {
        let said = Said { request_id: "", validate_only: false, reason: "" };
        let (mut intent, _) = parsed(said);
        let print = intent.fingerprint("Create", &[&"a", &"b"]);
        assert_eq!(print, intent.fingerprint("Create", &[&"a", &"b"]));
        assert_ne!(print, intent.fingerprint("Update", &[&"a", &"b"]));
        assert_ne!(print, intent.fingerprint("Create", &[&"ab"]));
        assert_ne!(print, intent.fingerprint("Create", &[]));
        intent.caller.principal = slipway_domain::principal::Principal::service("other");
        assert_ne!(print, intent.fingerprint("Create", &[&"a", &"b"]));
    }
}
