//! How a request is known again after an upgrade.

use std::fmt;

/// What fields say that came later, while nobody sets them.
const LATER: [&str; 5] =
    [", runbook_uri: \"\"", ", protected_aliases: []", ", attestation: None", ", deletion: None", ", missing: Refused"];

/// A part of a request, written as it was before the fields that came later: a request that is repeated across an upgrade
/// has the fingerprint that it had before.
pub(super) struct Print<'a, T>(pub &'a T);

impl<T: fmt::Debug> fmt::Debug for Print<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:?}", self.0);
        f.write_str(&LATER.iter().fold(text, |text, later| text.replace(later, "")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    #[allow(dead_code, reason = "it is only written")]
    struct Request {
        on_call: &'static str,
        runbook_uri: &'static str,
        deletion: Option<u8>,
    }

    #[test]
    fn a_later_field_shows_only_once_it_is_set() {
        let print = |runbook_uri| format!("{:?}", Print(&Request { on_call: "a", runbook_uri, deletion: None }));
        assert_eq!(print(""), "Request { on_call: \"a\" }");
        assert_eq!(print("x:y"), "Request { on_call: \"a\", runbook_uri: \"x:y\" }");
    }
}
