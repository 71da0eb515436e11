//! How things are called: packages like their folders, fields in lower_snake, enum values with their enum's name in
//! front and a zero that says nothing, instants so that one sees that they are instants.

use protox::prost_reflect::{EnumDescriptor, FieldDescriptor, FileDescriptor, Kind};

use crate::case::upper_snake;
use crate::contract::{Contract, PACKAGE, place};

/// Instants that are called otherwise than `…_time`, because the plain word is the clearer one.
const INSTANTS: [&str; 4] = ["time", "since", "deadline", "minute"];

/// What is called by a name that the rules don't allow.
pub fn check(contract: &Contract) -> Vec<String> {
    let mut findings: Vec<String> = contract.files().filter_map(|file| package(&file)).collect();
    for message in contract.messages() {
        findings.extend(message.fields().filter_map(|field| case(&field)));
        findings.extend(message.fields().filter_map(|field| instant(&field)));
    }
    for found in contract.enums() {
        findings.extend(zero(&found));
        findings.extend(prefixes(&found));
    }
    findings
}

fn package(file: &FileDescriptor) -> Option<String> {
    let name = file.package_name();
    let at = place(file, &PACKAGE).at;
    let folder = file.name().rsplit_once('/').map_or("", |(folder, _)| folder).replace('/', ".");
    if folder != name {
        return Some(format!("{at}: package {name} does not agree with its folder {folder}"));
    }
    let version = name.rsplit('.').next().unwrap_or_default();
    let versioned = version.strip_prefix('v').is_some_and(|number| number.parse::<u32>().is_ok());
    (!versioned).then(|| format!("{at}: package {name} does not end in a version, as v1"))
}

fn case(field: &FieldDescriptor) -> Option<String> {
    let name = field.name();
    let allowed = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    let lower_snake = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(allowed)
        && !name.contains("__")
        && !name.ends_with('_');
    (!lower_snake).then(|| complain(field, "is not lower_snake"))
}

fn instant(field: &FieldDescriptor) -> Option<String> {
    let Kind::Message(message) = field.kind() else { return None };
    let named =
        field.name().ends_with("_time") || field.name().ends_with("_through") || INSTANTS.contains(&field.name());
    let wrong = message.full_name() == "google.protobuf.Timestamp" && !named;
    wrong.then(|| complain(field, "is an instant: its name ends in _time"))
}

fn complain(field: &FieldDescriptor, what: &str) -> String {
    let at = place(&field.parent_message().parent_file(), field.path()).at;
    format!("{at}: {} {what}", field.full_name())
}

fn zero(found: &EnumDescriptor) -> Option<String> {
    let wanted = format!("{}_UNSPECIFIED", upper_snake(found.name()));
    let zero = found.default_value();
    let at = place(&found.parent_file(), zero.path()).at;
    (zero.name() != wanted).then(|| format!("{at}: the zero of {} is not called {wanted}", found.full_name()))
}

fn prefixes(found: &EnumDescriptor) -> Vec<String> {
    let wanted = format!("{}_", upper_snake(found.name()));
    let file = found.parent_file();
    let wrong = found.values().filter(|value| !value.name().starts_with(&wanted));
    wrong
        .map(|value| format!("{}: {} does not begin with {wanted}", place(&file, value.path()).at, value.name()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::contract::tests::{contract, file};

    /// The one finding of `body`.
    fn only(body: &str) -> String {
        let findings = check(&contract(body));
        assert_eq!(findings.len(), 1, "{findings:?}");
        findings[0].clone()
    }

    #[test]
    fn well_named_things_pass() {
        let body = "message M { google.protobuf.Timestamp create_time = 1; google.protobuf.Timestamp since = 2; \
                    google.protobuf.Timestamp mature_through = 3; string a1_b = 4; }\n\
                    enum HealthVerdict { HEALTH_VERDICT_UNSPECIFIED = 0; HEALTH_VERDICT_STABLE = 1; }";
        assert_eq!(check(&contract(body)), Vec::<String>::new());
    }

    #[test]
    fn a_package_in_another_folder_is_found() {
        let found = check(&file("slipway/b/v1/a.proto", "syntax = \"proto3\"; package slipway.a.v1;"));
        assert!(found[0].contains("does not agree with its folder slipway.b.v1"), "{found:?}");
    }

    #[test]
    fn a_package_without_a_version_is_found() {
        let found = check(&file("slipway/a/a.proto", "syntax = \"proto3\"; package slipway.a;"));
        assert!(found[0].contains("does not end in a version"), "{found:?}");
    }

    #[test]
    fn a_field_in_camel_case_is_found() {
        assert_eq!(
            only("message M { string fooBar = 1; }"),
            "proto/slipway/test/v1/test.proto:7: slipway.test.v1.M.fooBar is not lower_snake"
        );
    }

    #[test]
    fn an_instant_with_an_unclear_name_is_found() {
        assert!(only("message M { google.protobuf.Timestamp created = 1; }").contains("is an instant"));
    }

    #[test]
    fn a_zero_with_a_meaning_is_found() {
        assert!(
            only("enum View { VIEW_FULL = 0; }")
                .contains("the zero of slipway.test.v1.View is not called VIEW_UNSPECIFIED")
        );
    }

    #[test]
    fn a_value_without_its_enums_name_is_found() {
        assert!(only("enum View { VIEW_UNSPECIFIED = 0; FULL = 1; }").contains("FULL does not begin with VIEW_"));
    }
}
