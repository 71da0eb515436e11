//! Whether the API still serves the clients that were built against the lock.
//!
//! Adding is always allowed. Whatever the lock names stays, under the same number, name and type: binary clients rely on
//! numbers and types, JSON clients on names, generated code on all of them.

use std::collections::BTreeMap;
use std::fmt::{Display, Formatter};

use super::lock::{Lock, Member};

/// One difference between the lock and the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added(String),
    /// It is gone.
    Removed(String),
    /// It has another shape.
    Changed {
        /// Which member.
        subject: String,
        /// Its shape in the lock.
        locked: String,
        /// Its shape in the files.
        found: String,
    },
}

impl Change {
    /// Clients built against the lock would no longer be served.
    pub fn breaks(&self) -> bool {
        match self {
            Self::Added(_) => false,
            Self::Removed(_) | Self::Changed { .. } => true,
        }
    }
}

impl Display for Change {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Added(subject) => write!(formatter, "{subject} is new: lock it by `cargo xtask fix`"),
            Self::Removed(subject) => write!(formatter, "{subject} is gone: clients rely on it"),
            Self::Changed { subject, locked, found } => {
                write!(formatter, "{subject} was `{locked}` and is `{found}`: clients rely on it")
            }
        }
    }
}

/// All differences, in the order of the lock, additions last.
pub fn compare(locked: &Lock, found: &Lock) -> Vec<Change> {
    let mut changes = Vec::new();
    for (owner, members) in locked {
        match found.get(owner) {
            Some(now) => changes.extend(compare_members(owner, members, now)),
            None => changes.push(Change::Removed(owner.clone())),
        }
    }
    for (owner, members) in found {
        let Some(before) = locked.get(owner) else {
            changes.push(Change::Added(owner.clone()));
            continue;
        };
        let new = members.keys().filter(|member| !before.contains_key(member));
        changes.extend(new.map(|member| Change::Added(format!("{owner} {member}"))));
    }
    changes
}

fn compare_members(owner: &str, locked: &BTreeMap<Member, String>, found: &BTreeMap<Member, String>) -> Vec<Change> {
    let change = |(member, shape): (&Member, &String)| {
        let subject = format!("{owner} {member}");
        match found.get(member) {
            None => Some(Change::Removed(format!("{subject} `{shape}`"))),
            Some(now) if now != shape => Some(Change::Changed { subject, locked: shape.clone(), found: now.clone() }),
            Some(_) => None,
        }
    };
    locked.iter().filter_map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::{Change, compare};
    use crate::contract::lock::of;
    use crate::contract::tests::contract;

    const MESSAGE: &str = "message M { string a = 1; int32 b = 2; }";

    fn changes(before: &str, after: &str) -> Vec<Change> {
        compare(&of(&contract(before)), &of(&contract(after)))
    }

    /// The one change from `before` to `after` breaks clients.
    fn breaks(before: &str, after: &str) -> bool {
        let changes = changes(before, after);
        assert_eq!(changes.len(), 1, "{changes:?}");
        changes[0].breaks()
    }

    #[test]
    fn the_same_contract_has_no_changes() {
        assert_eq!(changes(MESSAGE, MESSAGE), []);
    }

    #[test]
    fn a_comment_or_another_order_changes_nothing() {
        assert_eq!(changes(MESSAGE, "// M.\nmessage M { int32 b = 2; string a = 1; }"), []);
    }

    #[test]
    fn new_messages_fields_values_and_methods_are_additions() {
        assert!(!breaks(MESSAGE, &format!("{MESSAGE} message N {{}}")));
        assert!(!breaks(MESSAGE, "message M { string a = 1; int32 b = 2; bool c = 3; }"));
        assert!(!breaks("enum E { E_UNSPECIFIED = 0; }", "enum E { E_UNSPECIFIED = 0; E_A = 1; }"));
        let service = |methods: &str| format!("{MESSAGE} service S {{ {methods} }}");
        let get = "rpc Get(M) returns (M);";
        assert!(!breaks(&service(get), &service(&format!("{get} rpc Set(M) returns (M);"))));
    }

    #[test]
    fn a_removed_message_or_field_breaks_even_when_it_is_reserved() {
        assert!(breaks(&format!("{MESSAGE} message N {{}}"), MESSAGE));
        assert!(breaks(MESSAGE, "message M { string a = 1; reserved 2; reserved \"b\"; }"));
    }

    #[test]
    fn a_renumbered_field_breaks() {
        let changes = changes(MESSAGE, "message M { string a = 1; int32 b = 3; }");
        assert_eq!(changes.iter().map(Change::breaks).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn another_type_name_label_json_name_or_oneof_breaks() {
        for after in [
            "message M { string a = 1; int64 b = 2; }",
            "message M { string a = 1; int32 c = 2; }",
            "message M { string a = 1; repeated int32 b = 2; }",
            "message M { string a = 1; optional int32 b = 2; }",
            "message M { string a = 1; int32 b = 2 [json_name = \"x\"]; }",
            "message M { string a = 1; oneof o { int32 b = 2; } }",
        ] {
            assert!(breaks(MESSAGE, after), "{after}");
        }
    }

    #[test]
    fn a_renamed_or_removed_enum_value_breaks() {
        let before = "enum E { E_UNSPECIFIED = 0; E_A = 1; }";
        assert!(breaks(before, "enum E { E_UNSPECIFIED = 0; E_B = 1; }"));
        assert!(breaks(before, "enum E { E_UNSPECIFIED = 0; }"));
    }

    #[test]
    fn another_request_answer_or_streaming_of_a_method_breaks() {
        let with = |rpc: &str| format!("{MESSAGE} message N {{}} service S {{ rpc {rpc}; }}");
        let before = with("Get(M) returns (M)");
        for after in
            ["Get(N) returns (M)", "Get(M) returns (N)", "Get(M) returns (stream M)", "Get(stream M) returns (M)"]
        {
            assert!(breaks(&before, &with(after)), "{after}");
        }
    }

    #[test]
    fn a_removed_method_breaks() {
        let service = |methods: &str| format!("{MESSAGE} service S {{ {methods} }}");
        assert!(breaks(&service("rpc Get(M) returns (M);"), &service("")));
    }
}
