//! Whether models keep the policies of their namespace: of all that are seen, and of those that a change is about.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use slipway_chassis::Caller;
use slipway_chassis::intent::Intent;
use slipway_domain::access::{Permission, Subject};
use slipway_domain::filter::{Field, Fields};
use slipway_domain::ledger::Resource;
use slipway_domain::model::Model;
use slipway_domain::name::{Identifier, ModelName, PolicyName};
use slipway_domain::policy::Enforcement;
use slipway_policy::{Facts, Verdict, Versions};

use super::commit::{Draft, Replaced};
use super::list::namespace_matches;
use super::past::Sight;
use super::policies::word;
use super::{ListQuery, Listed, Registry};
use crate::state::State;
use crate::{Error, keys};

/// That a model breaks a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The policy.
    pub policy: PolicyName,
    /// The model.
    pub model: ModelName,
    /// What the policy does about it.
    pub enforcement: Enforcement,
    /// What to do, as the policy says.
    pub remedy: String,
    /// Why it can't be told whether the policy is kept; none if it is broken.
    pub failure: Option<String>,
    /// How much the model matters.
    pub effective_tier: u8,
    /// Whose it is.
    pub owner: String,
}

impl Finding {
    /// What it says to a person.
    pub(crate) fn told(&self) -> String {
        let Self { model, remedy, failure, .. } = self;
        match failure {
            Some(why) => format!("it can't be told whether {model} keeps it: {why}"),
            None if remedy.is_empty() => format!("{model} would break it"),
            None => format!("{model} would break it; {remedy}"),
        }
    }

    /// The model as it was judged.
    fn subject(&self) -> Subject<'_> {
        let team = Some(self.owner.as_str()).filter(|owner| !owner.is_empty());
        Subject { namespace: self.model.namespace.as_str(), team, tier: Some(self.effective_tier) }
    }

    /// What all of them say, as one sentence.
    pub(crate) fn all_told(findings: &[Self]) -> String {
        let one = |finding: &Self| format!("the policy {}: {}", finding.policy.policy.as_str(), finding.told());
        findings.iter().map(one).collect::<Vec<_>>().join("; ")
    }
}

/// How often a change left a model that breaks a policy, by what the policy does about it.
#[derive(Debug, Default)]
pub struct Findings([AtomicU64; 3]);

impl Findings {
    /// What policies do, with the name of it.
    pub const KINDS: [(Enforcement, &'static str); 3] =
        [(Enforcement::DryRun, "dry_run"), (Enforcement::Warn, "warn"), (Enforcement::Deny, "deny")];

    fn count(&self, findings: &[Finding]) {
        for finding in findings {
            self.0[finding.enforcement as usize].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many there were.
    #[must_use]
    pub fn of(&self, enforcement: Enforcement) -> u64 {
        self.0[enforcement as usize].load(Ordering::Relaxed)
    }
}

fn facts<'a>(state: &'a State, model: &'a Model, now: jiff::Timestamp) -> Facts<'a> {
    let name = &model.name;
    let serving: BTreeSet<u64> = state
        .traffic
        .get(name)
        .map(|kept| kept.value.ranges.iter().map(|range| range.version.number).collect())
        .unwrap_or_default();
    let mut versions = Versions {
        latest: state.latest_version(name),
        serving: u64::try_from(serving.len()).unwrap_or(u64::MAX),
        ..Versions::default()
    };
    for kept in state.versions_of(name) {
        // A picture of what is not made yet has the version that a change creates, and not its number as the newest.
        versions.latest = versions.latest.max(kept.value.name.number);
        if kept.value.deletion.is_some() {
            continue;
        }
        versions.count += 1;
        if kept.value.quarantine.is_none() {
            versions.usable += 1;
            versions.rollback += u64::from(!serving.contains(&kept.value.name.number));
        }
    }
    let aliases: BTreeMap<&str, u64> =
        state.aliases_of(name).map(|kept| (kept.value.name.alias.as_str(), kept.value.number)).collect();
    let dependents = u64::try_from(state.tiers.dependents(name).count()).unwrap_or(u64::MAX);
    Facts { model, effective_tier: state.effective(model).tier, dependents, versions, aliases, now }
}

impl State {
    /// The policies that a model of this picture breaks.
    fn findings(&self, model: &Model, now: jiff::Timestamp) -> Vec<Finding> {
        let namespace = &model.name.namespace;
        let policies = self.policies.values().filter(|kept| kept.value.name.namespace == *namespace);
        let mut policies = policies.filter(|kept| kept.value.holds()).peekable();
        if policies.peek().is_none() {
            return Vec::new();
        }
        let facts = facts(self, model, now);
        let find = |policy: &slipway_domain::policy::Policy| {
            let verdict = match self.rules.get(&policy.name).map(|rule| &**rule) {
                Some(Ok(rule)) => rule.judge(&facts),
                Some(Err(refused)) => Verdict::Failed(refused.to_string()),
                None => Verdict::Failed("it was never compiled".to_owned()),
            };
            let failure = match verdict {
                Verdict::Kept => return None,
                Verdict::Broken => None,
                Verdict::Failed(why) => Some(why),
            };
            Some(Finding {
                policy: policy.name.clone(),
                model: model.name.clone(),
                enforcement: policy.enforcement,
                remedy: policy.remedy.clone(),
                failure,
                effective_tier: facts.effective_tier,
                owner: model.owner.clone(),
            })
        };
        policies.filter_map(|kept| find(&kept.value)).collect()
    }

    fn living_findings(&self, model: &ModelName, now: jiff::Timestamp) -> Option<Vec<Finding>> {
        let kept = self.models.get(model).filter(|kept| kept.value.deletion.is_none())?;
        Some(self.findings(&kept.value, now))
    }
}

/// Whether a change can be refused for what it leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bar {
    /// It can.
    Deny,
    /// It is an emergency, perhaps: it is told at most.
    Tell,
}

impl Replaced {
    /// The model whose keeping of policies it may change, and whether it can be refused for that.
    fn judged(&self) -> Option<(ModelName, Bar)> {
        match self.after.as_ref().or(self.before.as_ref())? {
            Resource::Model(model) => Some((model.name.clone(), Bar::Deny)),
            Resource::Version(version) => {
                let bar = if self.fields == ["quarantine"] { Bar::Tell } else { Bar::Deny };
                Some((version.name.model.clone(), bar))
            }
            Resource::Alias(alias) => Some((alias.name.model.clone(), Bar::Deny)),
            Resource::Traffic(model, _) => Some((model.clone(), Bar::Tell)),
            Resource::ModelType(_) | Resource::Team(_) | Resource::Policy(_) | Resource::Namespace(_) => None,
        }
    }
}

/// What a draft leaves.
#[derive(Default)]
struct Judged {
    /// What its caller is told at most.
    told: Vec<Finding>,
    /// What it is refused for.
    denied: Vec<Finding>,
}

fn namespaces(models: &BTreeMap<ModelName, Bar>) -> BTreeSet<&Identifier> {
    models.keys().map(|model| &model.namespace).collect()
}

impl Registry {
    /// Judges what a draft leaves of the models that it is about, and says what its caller is told. What it is judged by
    /// must be what holds when it is made.
    ///
    /// # Errors
    /// `POLICY_BROKEN`.
    pub(super) fn judge(&self, intent: &Intent, state: &State, draft: &mut Draft) -> Result<Vec<Finding>, Error> {
        draft.mark_policies(state);
        let judged = draft.judged(&intent.caller);
        for namespace in namespaces(&judged) {
            let seen = state.policies_changed.get(namespace).copied().unwrap_or(0);
            draft.compares.push((keys::policies(namespace), seen));
        }
        draft.mark_judged(state, judged.keys());
        let Judged { told, denied } = self.judged(state, draft, judged);
        if denied.is_empty() {
            return Ok(told);
        }
        self.findings.count(&denied);
        Err(Error::PolicyBroken { findings: denied })
    }

    /// The findings for which a draft is to be refused, which are counted.
    pub(super) fn denied(&self, intent: &Intent, state: &State, draft: &Draft) -> Vec<Finding> {
        let denied = self.judged(state, draft, draft.judged(&intent.caller)).denied;
        self.findings.count(&denied);
        denied
    }

    /// Judges what a draft leaves of these models.
    fn judged(&self, state: &State, draft: &Draft, judged: BTreeMap<ModelName, Bar>) -> Judged {
        let mut result = Judged::default();
        if !namespaces(&judged).iter().any(|namespace| state.policies_changed.contains_key(*namespace)) {
            return result;
        }
        let after = state.supposing(draft.changes.iter().map(|one| (one.before.as_ref(), one.after.as_ref()))).state;
        let now = self.env.now();
        for (model, bar) in judged {
            let Some(found) = after.living_findings(&model, now) else { continue };
            if found.is_empty() {
                continue;
            }
            let before = state.living_findings(&model, now);
            let was = |finding: &Finding| {
                before.as_ref().is_some_and(|before| before.iter().any(|known| known.policy == finding.policy))
            };
            let refuses =
                |finding: &Finding| finding.enforcement == Enforcement::Deny && bar == Bar::Deny && !was(finding);
            let (refused, rest): (Vec<_>, Vec<_>) = found.into_iter().partition(refuses);
            result.denied.extend(refused);
            result.told.extend(rest);
        }
        result
    }

    /// Counts what a change that was made left, and tells its caller what it is to hear of: a change may be about
    /// models that the caller does not see.
    pub(super) fn tell(&self, caller: &Caller, findings: Vec<Finding>) {
        self.findings.count(&findings);
        let hears = |finding: &Finding| {
            finding.enforcement != Enforcement::DryRun && caller.may(Permission::ReadModels, &finding.subject())
        };
        let heard: Vec<_> = findings.into_iter().filter(hears).collect();
        if !heard.is_empty() {
            caller.aside.put(FINDINGS, crate::convert::policy_findings(&heard));
        }
    }

    /// Lists which of the models that the caller sees break which policy, and says how many were judged.
    ///
    /// # Errors
    /// `INVALID_FIELDS` for a filter or a token that is not understood; `PAGE_TOKEN_EXPIRED`.
    pub async fn check_policies(&self, caller: &Caller, query: &ListQuery) -> Result<(Listed<Finding>, usize), Error> {
        let (count, now) = (AtomicUsize::new(0), self.env.now());
        let select = |sight: &Sight<'_>| {
            let state = sight.state;
            let inside = |model: &&Model| {
                namespace_matches(&query.parent, model.name.namespace.as_str())
                    && model.deletion.is_none()
                    && sight.model(model)
            };
            let models: Vec<_> = state.models.values().map(|kept| &*kept.value).filter(inside).collect();
            count.store(models.len(), Ordering::Relaxed);
            models.into_iter().flat_map(|model| state.findings(model, now)).collect()
        };
        let page = self.list(caller, "CheckPolicies", query, select).await?;
        Ok((page, count.into_inner()))
    }
}

/// Under which name findings come beside an answer.
const FINDINGS: &str = "slipway-policy-findings-bin";

impl Draft {
    /// The models whose keeping of policies it may change. What the registry does by itself undoes and forgets: it is not
    /// judged.
    fn judged(&self, caller: &Caller) -> BTreeMap<ModelName, Bar> {
        let mut judged: BTreeMap<ModelName, Bar> = BTreeMap::new();
        if caller.granted.permission.is_none() {
            return judged;
        }
        for (model, bar) in self.changes.iter().filter_map(Replaced::judged) {
            let strictest = judged.entry(model).or_insert(bar);
            *strictest = if bar == Bar::Deny { Bar::Deny } else { *strictest };
        }
        judged
    }

    /// Marks the namespaces whose policies it changes.
    fn mark_policies(&mut self, state: &State) {
        let changed = self.changes.iter().filter_map(|one| match one.after.as_ref().or(one.before.as_ref()) {
            Some(Resource::Policy(policy)) => Some(policy.name.namespace.clone()),
            _ => None,
        });
        for namespace in changed.collect::<BTreeSet<_>>() {
            let seen = state.policies_changed.get(&namespace).copied().unwrap_or(0);
            self.compares.push((keys::policies(&namespace), seen));
            self.rows.push((keys::policies(&namespace), Vec::new()));
        }
    }

    /// Puts it into an order with all else that is judged about these models: of two changes each may leave what keeps
    /// a policy, and both together what breaks it.
    fn mark_judged<'a>(&mut self, state: &State, models: impl Iterator<Item = &'a ModelName>) {
        let policies = state.policies.values().filter(|kept| kept.value.holds());
        let bound: BTreeSet<&Identifier> = policies.map(|kept| &kept.value.name.namespace).collect();
        for model in models.filter(|model| bound.contains(&model.namespace)) {
            let seen = state.judged.get(model).copied().unwrap_or(0);
            self.compares.push((keys::judged(model), seen));
            self.rows.push((keys::judged(model), Vec::new()));
        }
    }
}

impl Fields for Finding {
    const PATHS: &'static [&'static str] = &["policy", "model", "enforcement", "effective_tier", "owner"];

    fn field(&self, path: &str) -> Field<'_> {
        match path {
            "policy" => Field::Text(self.policy.to_string().into()),
            "model" => Field::Text(self.model.to_string().into()),
            "enforcement" => Field::Text(word(self.enforcement).into()),
            "effective_tier" => Field::Number(self.effective_tier.into()),
            "owner" => Field::Text(self.owner.as_str().into()),
            _ => Field::Absent,
        }
    }
}
