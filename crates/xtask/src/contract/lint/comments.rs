//! Every comment of a `.proto` is documentation, so everything has one.

use protox::prost_reflect::FileDescriptor;

use crate::contract::{Contract, PACKAGE, place};

/// What has no comment.
pub fn check(contract: &Contract) -> Vec<String> {
    let mut findings = Vec::new();
    let mut want = |file: &FileDescriptor, path: &[i32], what: &str| {
        let place = place(file, path);
        if place.comment.is_empty() {
            findings.push(format!("{}: {what} has no comment", place.at));
        }
    };
    for file in contract.files() {
        want(&file, &PACKAGE, &format!("package {}", file.package_name()));
    }
    for message in contract.messages() {
        let file = message.parent_file();
        want(&file, message.path(), message.full_name());
        message.fields().for_each(|field| want(&file, field.path(), field.full_name()));
        let written = message.oneofs().filter(|oneof| !oneof.is_synthetic());
        written.for_each(|oneof| want(&file, oneof.path(), oneof.full_name()));
    }
    for found in contract.enums() {
        let file = found.parent_file();
        want(&file, found.path(), found.full_name());
        found.values().for_each(|value| want(&file, value.path(), value.full_name()));
    }
    for service in contract.services() {
        let file = service.parent_file();
        want(&file, service.path(), service.full_name());
        service.methods().for_each(|method| want(&file, method.path(), method.full_name()));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::contract::tests::{contract, file};

    /// The names that a body leaves without a comment.
    fn bare(body: &str) -> Vec<String> {
        let findings = check(&contract(body));
        findings.iter().map(|line| line.split(' ').nth(1).unwrap().to_owned()).collect()
    }

    #[test]
    fn a_commented_contract_has_no_findings() {
        let body = "// A message.\nmessage M {\n // A field.\n string a = 1;\n // One of.\n oneof o {\n // B.\n string b = 2; }\n}\n\
                    // An enum.\nenum E {\n // Zero.\n E_UNSPECIFIED = 0;\n}\n\
                    // A service.\nservice S {\n // A call.\n rpc Get(M) returns (M);\n}\n";
        assert_eq!(check(&contract(body)), Vec::<String>::new());
    }

    #[test]
    fn a_bare_message_field_and_oneof_are_found() {
        let body = "message M {\n string a = 1;\n oneof o { string b = 2; }\n}";
        let all = ["slipway.test.v1.M", "slipway.test.v1.M.a", "slipway.test.v1.M.b", "slipway.test.v1.M.o"];
        assert_eq!(bare(body), all);
    }

    #[test]
    fn a_bare_enum_and_value_are_found() {
        assert_eq!(bare("enum E { E_UNSPECIFIED = 0; }"), ["slipway.test.v1.E", "slipway.test.v1.E_UNSPECIFIED"]);
    }

    #[test]
    fn a_bare_service_and_method_are_found() {
        let body = "// M.\nmessage M {}\nservice S { rpc Get(M) returns (M); }";
        assert_eq!(bare(body), ["slipway.test.v1.S", "slipway.test.v1.S.Get"]);
    }

    #[test]
    fn a_bare_package_is_found_with_its_line() {
        let found = check(&file("slipway/a/v1/a.proto", "syntax = \"proto3\";\npackage slipway.a.v1;"));
        assert_eq!(found, ["proto/slipway/a/v1/a.proto:2: package slipway.a.v1 has no comment"]);
    }

    #[test]
    fn an_entry_of_a_map_needs_no_comment_of_its_own() {
        assert_eq!(bare("// M.\nmessage M {\n // A map.\n map<string, int32> counts = 1;\n}"), Vec::<String>::new());
    }
}
