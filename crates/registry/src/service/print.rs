//! How a request is known again after an upgrade.

use std::fmt;

/// What fields say that came later, while nobody sets them.
const LATER: [&str; 7] = [
    ", runbook_uri: \"\"",
    ", attestation: None",
    ", deletion: None",
    ", missing: Refused",
    ", review_at: None",
    ", depends_on: {}",
    ", protect: None",
];

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
    use slipway_domain::model::{Model, ModelType, Version};
    use slipway_domain::name::{ModelName, ModelTypeName};

    use super::*;
    use crate::kind::Rules;
    use crate::service::{Mask, Missing, Update};

    /// What requests were written as when the first of them got a fingerprint. Whoever adds a field adds it to [`LATER`].
    #[test]
    fn a_request_is_written_as_ever() {
        let model = Model::blank(&ModelName::parse("namespaces/default/models/m").unwrap());
        let model_type = ModelType::blank(&ModelTypeName::parse("namespaces/default/modelTypes/t").unwrap());
        let version = Version::blank(&model.name.version(1));
        let update = Update { wanted: 7, mask: Mask::Everything, etag: String::new(), missing: Missing::Refused };
        assert_eq!(format!("{:?}", Print(&update)), "Update { wanted: 7, mask: Everything, etag: \"\" }");
        let fields = |text: String| {
            let named = text.split_whitespace().filter(|word| word.ends_with(':'));
            named.map(|word| word.trim_end_matches(':').to_owned()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            fields(format!("{:?}", Print(&model))),
            "name namespace model display_name description model_type owner on_call surface funnel_stage \
             business_function predicted_event label_window criticality health_policy calibration_tolerance \
             ne_tolerance alpha labels created_at updated_at"
        );
        assert_eq!(
            fields(format!("{:?}", Print(&model_type))),
            "name namespace model_type display_name description criticality labels created_at updated_at"
        );
        assert_eq!(
            fields(format!("{:?}", Print(&version))),
            "name model namespace model number display_name description artifact_uri artifact_digest labels quarantine \
             created_at updated_at"
        );
        let set = Model { runbook_uri: "https://x".to_owned(), ..model };
        assert!(format!("{:?}", Print(&set)).contains("runbook_uri: \"https://x\""), "what is set counts");
    }
}
