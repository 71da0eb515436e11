//! Policies, and which models break them.

use std::collections::HashMap;

use prost::Message;
use slipway_chassis::Caller;
use slipway_chassis::etag::etag;
use slipway_chassis::intent::{Intent, Said};
use slipway_chassis::scalar::{instant, signed};
use slipway_domain::check::Check;
use slipway_domain::name::PolicyName;
use slipway_domain::policy::{Enforcement, Policy};
use slipway_proto::registry::v1 as pb;
use slipway_store::Revision;
use slipway_store::picture::Kept;

use super::mutation::{child, labels, mask, missing, nowhere, parse};
use super::question::check_parent;
use crate::Error;
use crate::service::{Finding, ListQuery, Listed, Update};

/// The most findings that come beside an answer.
const MOST_TOLD: usize = 16;
/// The most bytes of them: what comes beside an answer must fit where its headers do.
const MOST_BYTES: usize = 4 * 1024;

/// A policy under `name`. What makes it valid is not looked at: an update may leave fields out.
fn read(check: &mut Check, name: &PolicyName, message: pb::Policy) -> Policy {
    let pb::Policy {
        name: _,
        display_name,
        description,
        expression,
        enforcement,
        remedy,
        labels: marks,
        create_time: _,
        update_time: _,
        etag: _,
        delete_time: _,
        purge_time: _,
    } = message;
    let enforcement = match pb::Enforcement::try_from(enforcement) {
        Ok(pb::Enforcement::Unspecified | pb::Enforcement::DryRun) => Enforcement::DryRun,
        Ok(pb::Enforcement::Warn) => Enforcement::Warn,
        Ok(pb::Enforcement::Deny) => Enforcement::Deny,
        Err(_) => {
            check.add("policy.enforcement", "UNKNOWN_VALUE", format!("{enforcement} is nothing that a policy does"));
            Enforcement::DryRun
        }
    };
    let labels = labels(marks);
    Policy { display_name, description, expression, enforcement, remedy, labels, ..Policy::blank(name) }
}

/// Reads a request to create a policy.
///
/// # Errors
/// [`Error::Invalid`] with every fault.
pub fn create_policy(caller: Caller, request: pb::CreatePolicyRequest) -> Result<(Intent, Policy), Error> {
    let pb::CreatePolicyRequest { parent, policy_id, policy: message, request_id, validate_only, reason } = request;
    let mut check = Check::new();
    let (namespace, policy) = child(&mut check, &parent, "policy_id", &policy_id);
    let wanted = read(&mut check, &PolicyName { namespace, policy }, message.unwrap_or_default());
    crate::kind::Rules::check(&wanted, &mut check);
    let intent = Intent::parse(&mut check, caller, Said { request_id: &request_id, validate_only, reason: &reason });
    check.finish()?;
    Ok((intent, wanted))
}

/// Reads a request to change a policy.
///
/// # Errors
/// [`Error::Invalid`] with every fault.
pub fn update_policy(caller: Caller, request: pb::UpdatePolicyRequest) -> Result<(Intent, Update<Policy>), Error> {
    let pb::UpdatePolicyRequest { policy: message, update_mask, request_id, validate_only, reason, allow_missing } =
        request;
    let mut check = Check::new();
    let message = message.unwrap_or_default();
    let etag = message.etag.clone();
    let name = parse(&mut check, "policy.name", PolicyName::parse(&message.name));
    let name = name.unwrap_or_else(|| PolicyName { namespace: nowhere().namespace, policy: nowhere().model });
    let wanted = read(&mut check, &name, message);
    let missing = missing(&mut check, allow_missing.into(), ("policy.etag", &etag));
    let intent = Intent::parse(&mut check, caller, Said { request_id: &request_id, validate_only, reason: &reason });
    check.finish()?;
    Ok((intent, Update { wanted, mask: mask(update_mask), etag, missing }))
}

/// Reads a request to judge models.
///
/// # Errors
/// [`Error::Invalid`] for a parent that is no namespace.
pub fn check_policies(request: pb::CheckPoliciesRequest) -> Result<ListQuery, Error> {
    let pb::CheckPoliciesRequest { parent, page_size, page_token, filter } = request;
    check_parent(&parent)?;
    Ok(ListQuery { parent, page_size, page_token, filter, ..ListQuery::default() })
}

/// A policy.
#[must_use]
pub fn policy(kept: Kept<Policy>) -> pb::Policy {
    policy_at(&kept.value, kept.revision)
}

fn enforcement(enforcement: Enforcement) -> pb::Enforcement {
    match enforcement {
        Enforcement::DryRun => pb::Enforcement::DryRun,
        Enforcement::Warn => pb::Enforcement::Warn,
        Enforcement::Deny => pb::Enforcement::Deny,
    }
}

/// A policy that was last changed at `revision`.
pub(super) fn policy_at(value: &Policy, revision: Revision) -> pb::Policy {
    let Policy {
        name,
        display_name,
        description,
        expression,
        enforcement: does,
        remedy,
        labels,
        created_at,
        updated_at,
        deletion,
    } = value;
    pb::Policy {
        name: name.to_string(),
        display_name: display_name.clone(),
        description: description.clone(),
        expression: expression.clone(),
        enforcement: enforcement(*does).into(),
        remedy: remedy.clone(),
        labels: labels.iter().map(|(key, value)| (key.clone(), value.clone())).collect::<HashMap<_, _>>(),
        create_time: Some(instant(*created_at)),
        update_time: Some(instant(*updated_at)),
        etag: etag(revision),
        delete_time: deletion.map(|deletion| instant(deletion.at)),
        purge_time: deletion.map(|deletion| instant(deletion.purge_at)),
    }
}

/// A page of policies.
#[must_use]
pub fn policies(page: Listed<Kept<Policy>>) -> pb::ListPoliciesResponse {
    let Listed { items, next_page_token, revision, total } = page;
    pb::ListPoliciesResponse {
        policies: items.into_iter().map(policy).collect(),
        next_page_token,
        revision: signed(revision),
        total_size: signed(total as u64),
    }
}

fn finding(finding: &Finding) -> pb::PolicyFinding {
    let Finding { policy, model, enforcement: does, remedy, failure, effective_tier: _, owner: _ } = finding;
    pb::PolicyFinding {
        policy: policy.to_string(),
        model: model.to_string(),
        enforcement: enforcement(*does).into(),
        remedy: remedy.clone(),
        failure: failure.clone().unwrap_or_default(),
    }
}

/// A page of findings, of so many models.
#[must_use]
pub fn checked((page, models): (Listed<Finding>, usize)) -> pb::CheckPoliciesResponse {
    let Listed { items, next_page_token, revision, total } = page;
    pb::CheckPoliciesResponse {
        findings: items.iter().map(finding).collect(),
        next_page_token,
        revision: signed(revision),
        total_size: signed(total as u64),
        models: signed(models as u64),
    }
}

/// What the caller of a change is told, encoded.
#[must_use]
pub fn policy_findings(findings: &[Finding]) -> Vec<u8> {
    let mut told = pb::PolicyFindings::default();
    for one in findings.iter().take(MOST_TOLD).map(finding) {
        told.findings.push(one);
        if told.encoded_len() > MOST_BYTES {
            told.findings.pop();
            break;
        }
    }
    told.encode_to_vec()
}
