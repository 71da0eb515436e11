//! How methods are shaped: lists are paged, mutations can be repeated and tried dry, and no request holds a value whose
//! type only the server knows.

use std::collections::BTreeSet;

use protox::prost_reflect::{Kind, MessageDescriptor, MethodDescriptor};

use crate::contract::{Contract, place};

/// The verbs that change nothing. Every other method is a mutation until somebody adds its verb here.
const READS: [&str; 14] = [
    "Get",
    "BatchGet",
    "List",
    "Watch",
    "Evaluate",
    "Explain",
    "Query",
    "Prove",
    "Check",
    "Backup",
    "Export",
    "Diff",
    "Aggregate",
    "Triage",
];

/// The verb whose messages are numbered by their sender, which makes a repetition harmless.
const NUMBERED: &str = "Report";

/// Types that say nothing of what they hold.
const OPAQUE: [&str; 4] =
    ["google.protobuf.Any", "google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue"];

/// What is shaped otherwise.
pub fn check(contract: &Contract) -> Vec<String> {
    contract.methods().flat_map(|method| shape(&method)).collect()
}

fn shape(method: &MethodDescriptor) -> Vec<String> {
    let at = place(&method.parent_file(), method.path()).at;
    let mut wrong = opaque(&method.input());
    if method.name().starts_with("List") {
        wrong.extend(unpaged(method));
    }
    let harmless = READS.iter().any(|verb| method.name().starts_with(verb)) || method.name().starts_with(NUMBERED);
    if !harmless {
        wrong.extend(missing(&method.input(), &[("request_id", Kind::String), ("validate_only", Kind::Bool)]));
    }
    wrong.into_iter().map(|what| format!("{at}: {}: {what}", method.full_name())).collect()
}

fn unpaged(method: &MethodDescriptor) -> Vec<String> {
    let mut wrong = missing(&method.input(), &[("page_size", Kind::Int32), ("page_token", Kind::String)]);
    wrong.extend(missing(&method.output(), &[("next_page_token", Kind::String)]));
    if !method.output().get_field(1).is_some_and(|field| field.is_list()) {
        wrong.push(format!("field 1 of {} is not the repeated items", method.output().name()));
    }
    wrong
}

fn missing(message: &MessageDescriptor, wanted: &[(&str, Kind)]) -> Vec<String> {
    let absent =
        |(name, kind): &&(&str, Kind)| message.get_field_by_name(name).is_none_or(|field| field.kind() != *kind);
    wanted.iter().filter(absent).map(|(name, kind)| format!("{} has no {kind:?} {name}", message.name())).collect()
}

/// The fields of `request`, at any depth, whose type is opaque.
fn opaque(request: &MessageDescriptor) -> Vec<String> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![request.clone()];
    while let Some(message) = open.pop() {
        if !seen.insert(message.full_name().to_owned()) {
            continue;
        }
        for field in message.fields() {
            let Kind::Message(inner) = field.kind() else { continue };
            if OPAQUE.contains(&inner.full_name()) {
                found.push(format!("{} is a {} in a request", field.full_name(), inner.full_name()));
            } else {
                open.push(inner);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::contract::tests::contract;

    /// What is wrong with `rpc {name}(Q) returns (A)`, without the place.
    fn wrong(name: &str, request: &str, response: &str) -> Vec<String> {
        let rpc = format!("service S {{ rpc {name}(Q) returns (A); }}");
        let body = format!("message Q {{ {request} }} message A {{ {response} }} message Item {{}} {rpc}");
        let findings = check(&contract(&body));
        findings.iter().map(|line| line.split(": ").nth(2).unwrap().to_owned()).collect()
    }

    #[test]
    fn a_paged_list_passes() {
        let request = "int32 page_size = 1; string page_token = 2;";
        assert_eq!(wrong("ListItems", request, "repeated Item items = 1; string next_page_token = 2;"), [""; 0]);
    }

    #[test]
    fn a_list_without_pages_is_found() {
        let all = [
            "Q has no int32 page_size",
            "Q has no string page_token",
            "A has no string next_page_token",
            "field 1 of A is not the repeated items",
        ];
        assert_eq!(wrong("ListItems", "", "int64 revision = 1;"), all);
    }

    #[test]
    fn a_page_size_of_another_type_is_found() {
        let request = "int64 page_size = 1; string page_token = 2;";
        let found = wrong("ListItems", request, "repeated Item items = 1; string next_page_token = 2;");
        assert_eq!(found, ["Q has no int32 page_size"]);
    }

    #[test]
    fn a_mutation_that_cannot_be_repeated_or_tried_is_found() {
        let all = ["Q has no string request_id", "Q has no bool validate_only"];
        assert_eq!(wrong("CreateItem", "", ""), all);
    }

    #[test]
    fn a_verb_that_nobody_knows_is_taken_for_a_mutation() {
        assert_eq!(wrong("FrobnicateItem", "string request_id = 1;", ""), ["Q has no bool validate_only"]);
    }

    #[test]
    fn reads_and_numbered_reports_need_no_request_id() {
        assert_eq!(wrong("GetItem", "", ""), [""; 0]);
        assert_eq!(wrong("Report", "", ""), [""; 0]);
    }

    #[test]
    fn an_any_deep_in_a_request_is_found() {
        let found = wrong("GetItem", "message Inner { google.protobuf.Any value = 1; } repeated Inner inner = 1;", "");
        assert_eq!(found, ["slipway.test.v1.Q.Inner.value is a google.protobuf.Any in a request"]);
    }

    #[test]
    fn a_struct_behind_a_map_in_a_request_is_found() {
        let found = wrong("GetItem", "map<string, google.protobuf.Struct> facts = 1;", "");
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn a_message_that_holds_itself_ends_the_search() {
        assert_eq!(wrong("GetItem", "Q again = 1;", ""), [""; 0]);
    }
}
