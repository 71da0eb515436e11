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
    use slipway_domain::model::Model;
    use slipway_domain::name::ModelName;

    use super::*;
    use crate::kind::Rules;

    #[test]
    fn a_later_field_shows_only_once_it_is_set() {
        let blank = Model::blank(&ModelName::parse("namespaces/default/models/m").unwrap());
        let print = |model: &Model| format!("{:?}", Print(model));
        for later in ["runbook_uri", "protected_aliases", "attestation", "deletion"] {
            assert!(!print(&blank).contains(later), "{later}");
        }
        let set = Model { runbook_uri: "https://x".to_owned(), ..blank };
        assert!(print(&set).contains("runbook_uri: \"https://x\""));
    }
}
