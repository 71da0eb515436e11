//! Collects all that is wrong with a request, so that a caller mends it in one go.

use std::collections::BTreeMap;

use crate::fault::{Violation, Violations};
use crate::name::Identifier;

/// The most labels that one resource carries.
const MOST_LABELS: usize = 64;
/// The most characters of a label's value.
const LONGEST_LABEL: usize = 256;
/// The most characters of an address.
const LONGEST_URI: usize = 2048;

/// The violations found so far.
#[derive(Debug, Default)]
pub struct Check {
    violations: Vec<Violation>,
}

impl Check {
    /// Nothing found yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that `field` is wrong.
    pub fn add(&mut self, field: impl Into<String>, reason: &'static str, description: impl Into<String>) {
        self.violations.push(Violation::new(field, reason, description));
    }

    /// Notes that the value of `field` lies outside of its bounds.
    pub fn out_of_bounds(&mut self, field: &str, description: impl Into<String>) {
        self.add(field, "OUT_OF_BOUNDS", description);
    }

    /// `field` must hold something.
    pub fn required(&mut self, field: &str, value: &str) {
        if value.is_empty() {
            self.add(field, "REQUIRED", "is required");
        }
    }

    /// `field` is text for people: at most `most` characters, none of them a control character but line ends and tabs.
    pub fn text(&mut self, field: &str, value: &str, most: usize) {
        if value.chars().nth(most).is_some() {
            self.add(field, "TOO_LONG", format!("has {} characters; at most {most} are kept", value.chars().count()));
        }
        if value.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t' | '\r')) {
            self.add(field, "CONTROL_CHARACTER", "has a control character; use plain text");
        }
    }

    /// `field` is an identifier, or empty.
    pub fn identifier(&mut self, field: &str, value: &str) {
        if let (false, Err(error)) = (value.is_empty(), Identifier::parse(value)) {
            self.add(field, "NOT_AN_IDENTIFIER", error.to_string());
        }
    }

    /// `field` is an absolute URI, or empty: a scheme of letters and digits, a colon, and something behind it.
    pub fn uri(&mut self, field: &str, value: &str) {
        if value.is_empty() {
            return;
        }
        let scheme_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        let absolute = value.split_once(':').is_some_and(|(scheme, rest)| {
            scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(scheme_char) && !rest.is_empty()
        });
        if !absolute || value.contains(|c: char| c.is_whitespace() || c.is_control()) {
            self.add(field, "NOT_A_URI", "is not an absolute URI; write it like s3://bucket/path or https://host/path");
        }
        self.text(field, value, LONGEST_URI);
    }

    /// `field` is a map of labels: identifiers to short texts.
    pub fn labels(&mut self, field: &str, labels: &BTreeMap<String, String>) {
        if labels.len() > MOST_LABELS {
            self.add(field, "TOO_MANY", format!("has {} entries; at most {MOST_LABELS} are kept", labels.len()));
        }
        for (key, value) in labels.iter().take(MOST_LABELS) {
            if let Err(error) = Identifier::parse(key) {
                self.add(format!("{field}.{key:.64}"), "NOT_AN_IDENTIFIER", error.to_string());
            }
            self.text(&format!("{field}.{key:.64}"), value, LONGEST_LABEL);
        }
    }

    /// Takes in what another check found.
    pub fn extend(&mut self, violations: impl IntoIterator<Item = Violation>) {
        self.violations.extend(violations);
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    /// Ends the check.
    ///
    /// # Errors
    /// All that was found, if anything was.
    pub fn finish(self) -> Result<(), Violations> {
        Violations::all(self.violations).map_or(Ok(()), Err)
    }

    /// All that was found, in the order of finding.
    #[must_use]
    pub fn into_violations(self) -> Vec<Violation> {
        self.violations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons(check: Check) -> Vec<&'static str> {
        check.into_violations().iter().map(|violation| violation.reason).collect()
    }

    #[test]
    fn every_fault_of_every_field_is_told_at_once() {
        let mut check = Check::new();
        check.required("owner", "");
        check.text("description", &"é".repeat(5), 4);
        check.uri("artifact_uri", "no scheme");
        check.labels("labels", &BTreeMap::from([("Bad Key".to_owned(), "x\u{7}".to_owned())]));
        assert_eq!(reasons(check), ["REQUIRED", "TOO_LONG", "NOT_A_URI", "NOT_AN_IDENTIFIER", "CONTROL_CHARACTER"]);
    }

    #[test]
    fn length_is_counted_in_characters_and_the_bound_is_allowed() {
        let mut check = Check::new();
        check.text("description", "éééé", 4);
        assert!(check.is_clean());
    }

    #[test]
    fn common_artifact_addresses_are_uris() {
        for uri in ["s3://bucket/a/b", "file:///srv/model.onnx", "oci:registry/model@sha256", "https://host/x?y=z"] {
            let mut check = Check::new();
            check.uri("artifact_uri", uri);
            assert!(check.is_clean(), "{uri}");
        }
    }
}
