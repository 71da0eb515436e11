//! A resource as paths and texts, and what is different between two of them: what a person reads, and nothing decides on.

use std::collections::BTreeMap;

use super::Resource;
use crate::alias::Alias;
use crate::deletion::Deletion;
use crate::model::{Attestation, Criticality, FunnelStage, HealthPolicy, Model, ModelType, Quarantine, Version};
use crate::namespace::Namespace;
use crate::policy::{Enforcement, Policy};
use crate::team::Team;
use crate::traffic::Traffic;

/// The fields that have a value, by their paths on the wire. When the resource was created and changed is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts(BTreeMap<String, String>);

/// A field that is different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Different {
    /// Its path.
    pub path: String,
    /// What it was; empty if it had no value.
    pub before: String,
    /// What it is; empty if it has none.
    pub after: String,
}

impl Texts {
    /// The fields of `resource`.
    #[must_use]
    pub fn of(resource: &Resource) -> Self {
        let mut texts = Self::default();
        match resource {
            Resource::ModelType(value) => texts.model_type(value),
            Resource::Model(value) => texts.model(value),
            Resource::Version(value) => texts.version(value),
            Resource::Traffic(_, value) => texts.traffic(value),
            Resource::Team(value) => texts.team(value),
            Resource::Alias(value) => texts.alias(value),
            Resource::Namespace(value) => texts.namespace(value),
            Resource::Policy(value) => texts.model_policy(value),
        }
        texts
    }

    /// Adds a field, unless its text is empty.
    pub fn add(&mut self, path: &str, text: impl ToString) {
        let text = text.to_string();
        if !text.is_empty() {
            self.0.insert(path.to_owned(), text);
        }
    }

    /// What is different from `self` in `after`, by path.
    #[must_use]
    pub fn different(&self, after: &Self) -> Vec<Different> {
        let mut paths: Vec<_> = self.0.keys().chain(after.0.keys()).collect();
        paths.sort();
        paths.dedup();
        let text = |texts: &Self, path: &String| texts.0.get(path).cloned().unwrap_or_default();
        let different = |path: &String| {
            let (before, after) = (text(self, path), text(after, path));
            (before != after).then(|| Different { path: path.clone(), before, after })
        };
        paths.into_iter().filter_map(different).collect()
    }

    fn labels(&mut self, labels: &BTreeMap<String, String>) {
        labels.iter().for_each(|(key, value)| self.add(&format!("labels.{key}"), value));
    }

    fn criticality(&mut self, criticality: Option<&Criticality>) {
        let Some(Criticality { tier, reason, evidence_uri, review_at }) = criticality else { return };
        self.add("criticality.tier", tier);
        self.add("criticality.reason", reason);
        self.add("criticality.evidence_uri", evidence_uri);
        self.add("criticality.review_time", review_at.map(|at| at.to_string()).unwrap_or_default());
    }

    fn deletion(&mut self, deletion: Option<Deletion>) {
        let Some(Deletion { at, purge_at }) = deletion else { return };
        self.add("delete_time", at);
        self.add("purge_time", purge_at);
    }

    fn model_type(&mut self, value: &ModelType) {
        let ModelType {
            name: _,
            display_name,
            description,
            criticality,
            labels,
            created_at: _,
            updated_at: _,
            deletion,
        } = value;
        self.add("display_name", display_name);
        self.add("description", description);
        self.criticality(criticality.as_ref());
        self.labels(labels);
        self.deletion(*deletion);
    }

    fn namespace(&mut self, value: &Namespace) {
        let Namespace { name: _, display_name, description, labels, created_at: _, updated_at: _, deletion } = value;
        self.add("display_name", display_name);
        self.add("description", description);
        self.labels(labels);
        self.deletion(*deletion);
    }

    fn model(&mut self, value: &Model) {
        let Model {
            name: _,
            display_name,
            description,
            model_type,
            owner,
            on_call,
            runbook_uri,
            surface,
            funnel_stage,
            business_function,
            predicted_event,
            label_window,
            criticality,
            depends_on,
            health_policy,
            attestation,
            labels,
            created_at: _,
            updated_at: _,
            deletion,
        } = value;
        for (path, text) in [
            ("display_name", display_name),
            ("description", description),
            ("owner", owner),
            ("on_call", on_call),
            ("runbook_uri", runbook_uri),
            ("surface", surface),
            ("business_function", business_function),
            ("predicted_event", predicted_event),
        ] {
            self.add(path, text);
        }
        self.add("model_type", model_type.as_ref().map(ToString::to_string).unwrap_or_default());
        self.add("funnel_stage", stage(*funnel_stage));
        self.add("label_window", format!("{}s", label_window.as_secs_f64()));
        self.criticality(criticality.as_ref());
        self.add("depends_on", depends_on.iter().map(String::from).collect::<Vec<_>>().join(" "));
        self.policy(*health_policy);
        self.attestation(attestation.as_ref());
        self.labels(labels);
        self.deletion(*deletion);
    }

    fn policy(&mut self, policy: HealthPolicy) {
        let HealthPolicy { calibration_tolerance, ne_tolerance, alpha } = policy;
        self.add("health_policy.calibration_tolerance", calibration_tolerance);
        self.add("health_policy.ne_tolerance", ne_tolerance);
        self.add("health_policy.alpha", alpha);
    }

    fn attestation(&mut self, attestation: Option<&Attestation>) {
        let Some(Attestation { principal, at, expires_at }) = attestation else { return };
        self.add("attestation.principal", principal);
        self.add("attestation.time", at);
        self.add("attestation.expire_time", expires_at);
    }

    fn version(&mut self, value: &Version) {
        let Version {
            name: _,
            display_name,
            description,
            artifact_uri,
            artifact_digest,
            labels,
            quarantine,
            created_at: _,
            updated_at: _,
            deletion,
        } = value;
        self.add("display_name", display_name);
        self.add("description", description);
        self.add("artifact_uri", artifact_uri);
        self.add("artifact_digest", artifact_digest);
        if let Some(Quarantine { reason, started_at }) = quarantine {
            self.add("quarantine.reason", reason);
            self.add("quarantine.start_time", started_at);
        }
        self.labels(labels);
        self.deletion(*deletion);
    }

    fn traffic(&mut self, value: &Traffic) {
        let Traffic { salt, ranges, generation, epoch, updated_at: _ } = value;
        let range = |range: &crate::traffic::Range| format!("{}..{} {}", range.start, range.end, range.version.number);
        self.add("salt", salt);
        self.add("ranges", ranges.iter().map(range).collect::<Vec<_>>().join(", "));
        self.add("generation", generation);
        self.add("epoch", epoch);
    }

    fn team(&mut self, value: &Team) {
        let Team {
            name: _,
            display_name,
            description,
            contact,
            pager_uri,
            escalation,
            labels,
            created_at: _,
            updated_at: _,
            deletion,
        } = value;
        self.add("display_name", display_name);
        self.add("description", description);
        self.add("contact", contact);
        self.add("pager_uri", pager_uri);
        self.add("escalation", escalation.as_ref().map(|team| team.as_str()).unwrap_or_default());
        self.labels(labels);
        self.deletion(*deletion);
    }

    fn model_policy(&mut self, value: &Policy) {
        let Policy {
            name: _,
            display_name,
            description,
            expression,
            enforcement,
            remedy,
            labels,
            created_at: _,
            updated_at: _,
            deletion,
        } = value;
        for (path, text) in [
            ("display_name", display_name),
            ("description", description),
            ("expression", expression),
            ("remedy", remedy),
        ] {
            self.add(path, text);
        }
        let enforcement = match enforcement {
            Enforcement::DryRun => "ENFORCEMENT_DRY_RUN",
            Enforcement::Warn => "ENFORCEMENT_WARN",
            Enforcement::Deny => "ENFORCEMENT_DENY",
        };
        self.add("enforcement", enforcement);
        self.labels(labels);
        self.deletion(*deletion);
    }

    fn alias(&mut self, value: &Alias) {
        let Alias { name, number: _, protected, proposal, created_at: _, updated_at: _ } = value;
        self.add("protected", if *protected { "true" } else { "" });
        if let Some(proposal) = proposal {
            let version = proposal.number.map(|number| name.model.version(number).to_string());
            self.add("proposal.version", version.unwrap_or_default());
            self.add("proposal.author", &proposal.author);
            self.add("proposal.expire_time", proposal.expires_at);
        }
        self.add("version", value.version());
    }
}

/// A funnel stage as the wire writes it; nothing where none is said.
fn stage(stage: FunnelStage) -> &'static str {
    match stage {
        FunnelStage::Unspecified => "",
        FunnelStage::Sourcing => "FUNNEL_STAGE_SOURCING",
        FunnelStage::EarlyRanking => "FUNNEL_STAGE_EARLY_RANKING",
        FunnelStage::LateRanking => "FUNNEL_STAGE_LATE_RANKING",
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::name::{Identifier, TeamName};

    fn team(labels: &[(&str, &str)]) -> Team {
        let name = TeamName::parse("namespaces/default/teams/ranking").unwrap();
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Team { labels, ..Team::blank(&name) }
    }

    #[test]
    fn what_is_different_is_told_by_path_in_order() {
        let before = team(&[("floor", "2"), ("room", "7")]);
        let mut after = team(&[("room", "8"), ("desk", "1")]);
        after.updated_at = Timestamp::from_second(9).unwrap();
        after.escalation = Some(Identifier::parse("ops").unwrap());
        let texts = |team| Texts::of(&Resource::Team(team));
        let different = texts(before.clone()).different(&texts(after));
        let told: Vec<_> =
            different.iter().map(|field| format!("{}:{}>{}", field.path, field.before, field.after)).collect();
        assert_eq!(told, ["escalation:>ops", "labels.desk:>1", "labels.floor:2>", "labels.room:7>8"]);
        assert_eq!(texts(before.clone()).different(&texts(before)), []);
    }
}
