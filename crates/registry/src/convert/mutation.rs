//! Mutations: untrusted messages in, valid values out, or every fault of the message at once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use slipway_chassis::Caller;
use slipway_chassis::intent::{Intent, Said};
use slipway_chassis::scalar::{parse_instant, unsigned};
use slipway_domain::check::Check;
use slipway_domain::model::{Criticality, DEFAULT_LABEL_WINDOW, FunnelStage, HealthPolicy, Model, ModelType, Version};
use slipway_domain::name::{Error as NameError, Identifier, ModelName, ModelTypeName, NamespaceName, VersionName};
use slipway_domain::traffic::{Range, Writer};
use slipway_proto::registry::v1 as pb;

use crate::Error;
use crate::kind::Rules;
use crate::service::{Mask, Missing, SetTraffic, Update};

/// A name out of a request.
pub(super) fn parse<T>(check: &mut Check, field: &str, parsed: Result<T, NameError>) -> Option<T> {
    parsed.map_err(|error| check.add(field, "NOT_A_NAME", error.to_string())).ok()
}

/// A name that stands for nothing: what it is used in is thrown away, because its violation is already noted.
pub(super) fn nowhere() -> ModelName {
    let id = || Identifier::parse("x").expect("x is an identifier");
    ModelName { namespace: id(), model: id() }
}

pub(super) fn child(check: &mut Check, parent: &str, field: &str, id: &str) -> (Identifier, Identifier) {
    let namespace = parse(check, "parent", NamespaceName::parse(parent)).map(|name| name.namespace);
    let id = parse(check, field, Identifier::parse(id));
    let nowhere = nowhere();
    (namespace.unwrap_or(nowhere.namespace), id.unwrap_or(nowhere.model))
}

fn criticality(check: &mut Check, field: &str, message: Option<pb::Criticality>) -> Option<Criticality> {
    let pb::Criticality { tier, reason, evidence_uri, review_time } = message?;
    let tier = u8::try_from(tier).unwrap_or_else(|_| {
        check.out_of_bounds(&format!("{field}.tier"), format!("is {tier}; tiers are 0 (matters most) to 4"));
        0
    });
    let review_at = parse_instant(check, &format!("{field}.review_time"), review_time);
    Some(Criticality { tier, reason, evidence_uri, review_at })
}

pub(super) fn labels(labels: impl IntoIterator<Item = (String, String)>) -> BTreeMap<String, String> {
    labels.into_iter().collect()
}

/// A model type under `name`, with all its faults noted.
pub(super) fn model_type(check: &mut Check, name: ModelTypeName, message: pb::ModelType) -> ModelType {
    let pb::ModelType {
        name: _,
        display_name,
        description,
        criticality: tier,
        labels: marks,
        create_time: _,
        update_time: _,
        etag: _,
        delete_time: _,
        purge_time: _,
    } = message;
    let criticality = criticality(check, "model_type.criticality", tier);
    let model_type =
        ModelType { display_name, description, criticality, labels: labels(marks), ..ModelType::blank(&name) };
    model_type.check(check);
    model_type
}

fn funnel_stage(check: &mut Check, stage: i32) -> FunnelStage {
    match pb::FunnelStage::try_from(stage) {
        Ok(pb::FunnelStage::Unspecified) => FunnelStage::Unspecified,
        Ok(pb::FunnelStage::Sourcing) => FunnelStage::Sourcing,
        Ok(pb::FunnelStage::EarlyRanking) => FunnelStage::EarlyRanking,
        Ok(pb::FunnelStage::LateRanking) => FunnelStage::LateRanking,
        Err(_) => {
            check.add("model.funnel_stage", "UNKNOWN_VALUE", format!("{stage} is no funnel stage"));
            FunnelStage::Unspecified
        }
    }
}

fn label_window(check: &mut Check, window: Option<prost_types::Duration>) -> Duration {
    let Some(window) = window else { return DEFAULT_LABEL_WINDOW };
    Duration::try_from(window).unwrap_or_else(|_| {
        check.out_of_bounds("model.label_window", "is negative or too long; it must be from 1 minute to 90 days");
        DEFAULT_LABEL_WINDOW
    })
}

/// The models that a model depends on; the order in which they are said means nothing.
fn dependencies(check: &mut Check, names: &[String]) -> BTreeSet<ModelName> {
    let name = |(index, name): (usize, &String)| {
        let field = format!("model.depends_on[{index}]");
        parse(check, &field, ModelName::parse(name))
    };
    names.iter().enumerate().filter_map(name).collect()
}

/// A health policy, with 0 for what is not set.
fn health_policy(policy: Option<pb::HealthPolicy>) -> HealthPolicy {
    let usual = HealthPolicy::default();
    let Some(pb::HealthPolicy { calibration_tolerance, ne_tolerance, alpha }) = policy else { return usual };
    let or = |value: f64, usual: f64| if value == 0.0 { usual } else { value };
    HealthPolicy {
        calibration_tolerance: or(calibration_tolerance, usual.calibration_tolerance),
        ne_tolerance: or(ne_tolerance, usual.ne_tolerance),
        alpha: or(alpha, usual.alpha),
    }
}

/// A model under `name`. What makes it valid is not looked at: an update may leave fields out.
pub(super) fn model(check: &mut Check, name: ModelName, message: pb::Model) -> Model {
    let pb::Model {
        name: _,
        display_name,
        description,
        model_type,
        owner,
        on_call,
        surface,
        funnel_stage: stage,
        business_function,
        predicted_event,
        label_window: window,
        criticality: tier,
        effective_tier: _,
        health_policy: policy,
        labels: marks,
        create_time: _,
        update_time: _,
        etag: _,
        latest_version: _,
        runbook_uri,
        attestation: _,
        delete_time: _,
        purge_time: _,
        depends_on,
        tier_origin: _,
    } = message;
    let depends_on = dependencies(check, &depends_on);
    let typed = (!model_type.is_empty()).then(|| ModelTypeName::parse(&model_type));
    Model {
        display_name,
        description,
        model_type: typed.and_then(|parsed| parse(check, "model.model_type", parsed)),
        owner,
        on_call,
        surface,
        funnel_stage: funnel_stage(check, stage),
        business_function,
        predicted_event,
        label_window: label_window(check, window),
        criticality: criticality(check, "model.criticality", tier),
        depends_on,
        health_policy: health_policy(policy),
        runbook_uri,
        labels: labels(marks),
        ..Model::blank(&name)
    }
}

/// A version under `name`. What makes it valid is not looked at: an update may leave fields out.
pub(super) fn version(name: &VersionName, message: pb::Version) -> Version {
    let pb::Version {
        name: _,
        display_name,
        description,
        artifact_uri,
        artifact_digest,
        labels: marks,
        quarantine: _,
        create_time: _,
        update_time: _,
        etag: _,
        delete_time: _,
        purge_time: _,
    } = message;
    Version { display_name, description, artifact_uri, artifact_digest, labels: labels(marks), ..Version::blank(name) }
}

pub(super) fn mask(mask: Option<prost_types::FieldMask>) -> Mask {
    match mask.map(|mask| mask.paths) {
        None => Mask::Populated,
        Some(paths) if paths.is_empty() => Mask::Populated,
        Some(paths) if paths == ["*"] => Mask::Everything,
        Some(paths) => Mask::Paths(paths),
    }
}

/// What happens when what an update is about is not there: what is not there has no etag.
pub(super) fn missing(check: &mut Check, missing: Missing, (field, etag): (&str, &str)) -> Missing {
    if missing == Missing::Allowed && !etag.is_empty() {
        check.add(field, "CONTRADICTION", "must not be set with allow_missing: what is not there has no etag");
    }
    missing
}

/// Reads a request to create a model type.
///
/// # Errors
/// [`Error::Invalid`] with every fault.
pub fn create_model_type(caller: Caller, request: pb::CreateModelTypeRequest) -> Result<(Intent, ModelType), Error> {
    let pb::CreateModelTypeRequest { parent, model_type_id, model_type: message, request_id, validate_only, reason } =
        request;
    let mut check = Check::new();
    let (namespace, id) = child(&mut check, &parent, "model_type_id", &model_type_id);
    let name = ModelTypeName { namespace, model_type: id };
    let wanted = model_type(&mut check, name, message.unwrap_or_default());
    let intent = Intent::parse(&mut check, caller, Said { request_id: &request_id, validate_only, reason: &reason });
    check.finish()?;
    Ok((intent, wanted))
}

/// Reads a request to change a model type.
///
/// # Errors
/// [`Error::Invalid`] with every fault.
pub fn update_model_type(
    caller: Caller,
    request: pb::UpdateModelTypeRequest,
) -> Result<(Intent, Update<ModelType>), Error> {
    let pb::UpdateModelTypeRequest {
        model_type: message,
        update_mask,
        request_id,
        validate_only,
        reason,
        allow_missing,
    } = request;
    let mut check = Check::new();
    let message = message.unwrap_or_default();
    let etag = message.etag.clone();
    let name = parse(&mut check, "model_type.name", ModelTypeName::parse(&message.name));
    let name = name.unwrap_or_else(|| ModelTypeName { namespace: nowhere().namespace, model_type: nowhere().model });
    let wanted = model_type(&mut check, name, message);
    let missing = missing(&mut check, allow_missing.into(), ("model_type.etag", &etag));
    let intent = Intent::parse(&mut check, caller, Said { request_id: &request_id, validate_only, reason: &reason });
    check.finish()?;
    Ok((intent, Update { wanted, mask: mask(update_mask), etag, missing }))
}

/// Reads a request to create a model.
///
/// # Errors
/// [`Error::Invalid`] with every fault.
pub fn create_model(caller: Caller, request: pb::CreateModelRequest) -> Result<(Intent, Model), Error> {
    let pb::CreateModelRequest { parent, model_id, model: message, request_id, validate_only, reason } = request;
    let mut check = Check::new();
    let (namespace, id) = child(&mut check, &parent, "model_id", &model_id);
    let wanted = model(&mut check, ModelName { namespace, model: id }, message.unwrap_or_default());
    wanted.check(&mut check);
    let intent = Intent::parse(&mut check, caller, Said { request_id: &request_id, validate_only, reason: &reason });
    check.finish()?;
    Ok((intent, wanted))
}

/// Reads a request to change a model.
///
/// # Errors
/// [`Error::Invalid`] with every fault.
pub fn update_model(caller: Caller, request: pb::UpdateModelRequest) -> Result<(Intent, Update<Model>), Error> {
    let pb::UpdateModelRequest { model: message, update_mask, request_id, validate_only, reason, allow_missing } =
        request;
    let mut check = Check::new();
    let message = message.unwrap_or_default();
    let etag = message.etag.clone();
    let name = parse(&mut check, "model.name", ModelName::parse(&message.name)).unwrap_or_else(nowhere);
    let wanted = model(&mut check, name, message);
    let missing = missing(&mut check, allow_missing.into(), ("model.etag", &etag));
    let intent = Intent::parse(&mut check, caller, Said { request_id: &request_id, validate_only, reason: &reason });
    check.finish()?;
    Ok((intent, Update { wanted, mask: mask(update_mask), etag, missing }))
}

/// Reads a request to create a version.
///
/// # Errors
/// [`Error::Invalid`] with every fault.
pub fn create_version(caller: Caller, request: pb::CreateVersionRequest) -> Result<(Intent, Version), Error> {
    let pb::CreateVersionRequest { parent, version: message, request_id, validate_only, reason, version_number } =
        request;
    let mut check = Check::new();
    let model = parse(&mut check, "parent", ModelName::parse(&parent)).unwrap_or_else(nowhere);
    let number = unsigned(&mut check, "version_number", version_number);
    let wanted = version(&model.version(number), message.unwrap_or_default());
    wanted.check(&mut check);
    let intent = Intent::parse(&mut check, caller, Said { request_id: &request_id, validate_only, reason: &reason });
    check.finish()?;
    Ok((intent, wanted))
}

/// Reads a request to change a version.
///
/// # Errors
/// [`Error::Invalid`] with every fault.
pub fn update_version(caller: Caller, request: pb::UpdateVersionRequest) -> Result<(Intent, Update<Version>), Error> {
    let pb::UpdateVersionRequest { version: message, update_mask, request_id, validate_only, reason } = request;
    let mut check = Check::new();
    let message = message.unwrap_or_default();
    let etag = message.etag.clone();
    let name = parse(&mut check, "version.name", VersionName::parse(&message.name));
    let wanted = version(&name.unwrap_or_else(|| nowhere().version(0)), message);
    let intent = Intent::parse(&mut check, caller, Said { request_id: &request_id, validate_only, reason: &reason });
    check.finish()?;
    Ok((intent, Update { wanted, mask: mask(update_mask), etag, missing: Missing::Refused }))
}

/// Reads a request to quarantine a version.
///
/// # Errors
/// [`Error::Invalid`] with every fault.
pub fn quarantine_version(
    caller: Caller,
    request: pb::QuarantineVersionRequest,
) -> Result<(Intent, VersionName), Error> {
    let pb::QuarantineVersionRequest { name, reason, request_id, validate_only } = request;
    let mut check = Check::new();
    let name = parse(&mut check, "name", VersionName::parse(&name));
    check.required("reason", &reason);
    let intent = Intent::parse(&mut check, caller, Said { request_id: &request_id, validate_only, reason: &reason });
    check.finish()?;
    Ok((intent, name.unwrap_or_else(|| nowhere().version(0))))
}

/// A bucket's number. One that is negative is far beyond every bound, and refused as such.
fn bucket(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Reads a request to set a model's traffic.
///
/// # Errors
/// [`Error::Invalid`] with every fault of the message; whether the ranges are a partition is for the use case.
pub fn set_traffic(caller: Caller, request: pb::SetTrafficRequest) -> Result<(Intent, SetTraffic), Error> {
    let pb::SetTrafficRequest { name, ranges, generation, epoch, override_epoch, request_id, validate_only, reason } =
        request;
    let mut check = Check::new();
    let model = parse(&mut check, "name", ModelName::parse_traffic(&name)).unwrap_or_else(nowhere);
    let mut wanted = Vec::with_capacity(ranges.len());
    for (index, range) in ranges.into_iter().enumerate() {
        let slipway_proto::r#type::v1::BucketRange { start, end, version } = range;
        let field = format!("ranges[{index}].version");
        let version = parse(&mut check, &field, VersionName::parse(&version));
        wanted.extend(version.map(|version| Range { start: bucket(start), end: bucket(end), version }));
    }
    let generation = unsigned(&mut check, "generation", generation);
    let epoch = unsigned(&mut check, "epoch", epoch);
    let writer = if override_epoch { Writer::Override } else { Writer::of_epoch(epoch) };
    let intent = Intent::parse(&mut check, caller, Said { request_id: &request_id, validate_only, reason: &reason });
    check.finish()?;
    Ok((intent, SetTraffic { model, ranges: wanted, generation, writer }))
}
