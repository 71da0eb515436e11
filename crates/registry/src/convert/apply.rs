//! A manifest, and what became of it.

use std::collections::{BTreeSet, HashMap};

use slipway_chassis::Caller;
use slipway_chassis::intent::{Intent, Said};
use slipway_chassis::scalar::signed;
use slipway_domain::alias::Alias;
use slipway_domain::apply::{FieldChange, Foreign};
use slipway_domain::check::Check;
use slipway_domain::fault::Violation;
use slipway_domain::ledger::Resource;
use slipway_domain::name::{AliasName, Identifier, ModelName, ModelTypeName, NamespaceName, TeamName, VersionName};
use slipway_proto::registry::v1 as pb;
use slipway_proto::registry::v1::resource::Resource as Kind;

use super::mutation::{model, model_type, parse, version};
use super::teams::team;
use crate::Error;
use crate::service::{Applied, Apply, Item, PlanAction, Planned, Refusal};

/// The most resources of one manifest.
const MOST: usize = 20_000;
/// The most characters of a value in a plan.
const LONGEST: usize = 256;
/// The most things that stand in the way that are listed.
const MOST_REFUSALS: usize = 2000;
/// The most bytes of values in a plan.
const MOST_TEXT: usize = 1 << 20;

/// Reads a manifest.
///
/// # Errors
/// [`Error::Invalid`] with every fault of the message; whether it can be applied is for the use case.
pub fn apply_models(caller: Caller, request: pb::ApplyModelsRequest) -> Result<(Intent, Apply), Error> {
    let pb::ApplyModelsRequest { parent, resources, field_manager, force, prune, request_id, validate_only, reason } =
        request;
    let mut check = Check::new();
    if parent != "namespaces/-" {
        parse(&mut check, "parent", NamespaceName::parse(&parent));
    }
    if resources.is_empty() || resources.len() > MOST {
        let told = format!("has {} resources; a manifest has 1 to {MOST}", resources.len());
        check.out_of_bounds("resources", told);
    }
    check.required("field_manager", &field_manager);
    check.identifier("field_manager", &field_manager);
    let intent = Intent::parse(&mut check, caller, Said { request_id: &request_id, validate_only, reason: &reason });
    let items = items(&mut check, &parent, resources);
    check.finish()?;
    let not_named =
        |error: slipway_domain::name::Error| Error::invalid("field_manager", "NOT_AN_IDENTIFIER", error.to_string());
    let manager = Identifier::parse(&field_manager).map_err(not_named)?;
    let foreign = if force { Foreign::Taken } else { Foreign::Kept };
    Ok((intent, Apply { parent, items, manager, foreign, prune }))
}

fn items(check: &mut Check, parent: &str, resources: Vec<pb::Resource>) -> Vec<Item> {
    let (mut items, mut seen) = (Vec::with_capacity(resources.len()), HashMap::new());
    for (index, resource) in resources.into_iter().take(MOST).enumerate() {
        let mut own = Check::new();
        let read = item(&mut own, resource);
        if let Some(item) = read {
            let name = item.wanted.name();
            if parent != "namespaces/-" && item.wanted.namespace().to_string() != parent {
                let field = format!("{}.name", kind(&item.wanted));
                own.add(field, "OTHER_PARENT", format!("{name} does not lie below {parent}"));
            }
            if let Some(first) = seen.insert(name, index) {
                let field = format!("{}.name", kind(&item.wanted));
                own.add(field, "TWICE", format!("is that of resources[{first}], too; say once what it is to be"));
            }
            items.push(item);
        }
        let at = |wrong: Violation| Violation { field: format!("resources[{index}].{}", wrong.field), ..wrong };
        check.extend(own.into_violations().into_iter().map(at));
    }
    items
}

/// The field of an item that a resource stands in.
fn kind(resource: &Resource) -> &'static str {
    match resource {
        Resource::Team(_) => "team",
        Resource::ModelType(_) => "model_type",
        Resource::Model(_) => "model",
        Resource::Version(_) => "version",
        Resource::Alias(_) => "alias",
        Resource::Traffic(..) => "traffic",
        Resource::Namespace(_) => "namespace",
        Resource::Policy(_) => "policy",
    }
}

/// One item; none if it has no name of its kind.
fn item(check: &mut Check, resource: pb::Resource) -> Option<Item> {
    match resource.resource {
        Some(Kind::Team(message)) => {
            let name = parse(check, "team.name", TeamName::parse(&message.name))?;
            let (set, etag) = (of_team(&message), message.etag.clone());
            Some(Item { wanted: Resource::Team(team(check, &name, message)), set, etag })
        }
        Some(Kind::ModelType(message)) => {
            let name = parse(check, "model_type.name", ModelTypeName::parse(&message.name))?;
            let (set, etag) = (of_model_type(&message), message.etag.clone());
            Some(Item { wanted: Resource::ModelType(model_type(check, name, message)), set, etag })
        }
        Some(Kind::Model(message)) => {
            let name = parse(check, "model.name", ModelName::parse(&message.name))?;
            let (set, etag) = (of_model(&message), message.etag.clone());
            Some(Item { wanted: Resource::Model(model(check, name, message)), set, etag })
        }
        Some(Kind::Version(message)) => {
            let name = parse(check, "version.name", VersionName::parse(&message.name))?;
            let (set, etag) = (of_version(&message), message.etag.clone());
            Some(Item { wanted: Resource::Version(version(&name, message)), set, etag })
        }
        Some(Kind::Alias(message)) => alias(check, message),
        Some(Kind::Traffic(_)) => {
            check.add("traffic", "NOT_APPLICABLE", "is nothing that a manifest says: SetTraffic moves it");
            None
        }
        Some(Kind::Policy(_)) => {
            check.add("policy", "NOT_APPLICABLE", "is nothing that a manifest says: UpdatePolicy changes it");
            None
        }
        Some(Kind::Namespace(_)) => {
            check.add("namespace", "NOT_APPLICABLE", "is nothing that a manifest says: UpdateNamespace changes it");
            None
        }
        None => {
            check.add("resource", "REQUIRED", "is required: a team, a model type, a model, a version or an alias");
            None
        }
    }
}

fn alias(check: &mut Check, message: pb::Alias) -> Option<Item> {
    let pb::Alias { name, version, create_time: _, update_time: _, etag, protected, proposal: _ } = message;
    let name = parse(check, "alias.name", AliasName::parse(&name))?;
    let version = parse(check, "alias.version", VersionName::parse(&version))?;
    if version.model != name.model {
        check.add("alias.version", "OTHER_MODEL", "is a version of another model than the alias'");
    }
    if protected {
        check.add("alias.protected", "NOT_APPLICABLE", "is nothing that a manifest says: SetAliases protects an alias");
    }
    let epoch = jiff::Timestamp::UNIX_EPOCH;
    let wanted =
        Alias { name, number: version.number, protected, proposal: None, created_at: epoch, updated_at: epoch };
    Some(Item { wanted: Resource::Alias(wanted), set: BTreeSet::from(["version".to_owned()]), etag })
}

/// The paths of the fields that are set.
fn set<'a>(fields: impl IntoIterator<Item = (&'a str, bool)>, labels: &'a HashMap<String, String>) -> BTreeSet<String> {
    let fields = fields.into_iter().filter(|(_, is_set)| *is_set).map(|(path, _)| path.to_owned());
    fields.chain(labels.keys().map(|key| format!("labels.{key}"))).collect()
}

fn of_team(message: &pb::Team) -> BTreeSet<String> {
    let texts = [
        ("display_name", &message.display_name),
        ("description", &message.description),
        ("contact", &message.contact),
        ("pager_uri", &message.pager_uri),
        ("escalation", &message.escalation),
    ];
    set(texts.map(|(path, text)| (path, !text.is_empty())), &message.labels)
}

fn of_model_type(message: &pb::ModelType) -> BTreeSet<String> {
    let texts = [("display_name", &message.display_name), ("description", &message.description)];
    let texts = texts.map(|(path, text)| (path, !text.is_empty()));
    set(texts.into_iter().chain([("criticality", message.criticality.is_some())]), &message.labels)
}

fn of_model(message: &pb::Model) -> BTreeSet<String> {
    let texts = [
        ("display_name", &message.display_name),
        ("description", &message.description),
        ("model_type", &message.model_type),
        ("owner", &message.owner),
        ("on_call", &message.on_call),
        ("runbook_uri", &message.runbook_uri),
        ("surface", &message.surface),
        ("business_function", &message.business_function),
        ("predicted_event", &message.predicted_event),
    ];
    let others = [
        ("funnel_stage", message.funnel_stage != 0),
        ("label_window", message.label_window.is_some()),
        ("criticality", message.criticality.is_some()),
        ("depends_on", !message.depends_on.is_empty()),
        ("health_policy", message.health_policy.is_some()),
    ];
    set(texts.map(|(path, text)| (path, !text.is_empty())).into_iter().chain(others), &message.labels)
}

fn of_version(message: &pb::Version) -> BTreeSet<String> {
    let texts = [
        ("display_name", &message.display_name),
        ("description", &message.description),
        ("artifact_uri", &message.artifact_uri),
        ("artifact_digest", &message.artifact_digest),
    ];
    set(texts.map(|(path, text)| (path, !text.is_empty())), &message.labels)
}

/// What became of a manifest.
#[must_use]
pub fn applied(applied: Applied) -> pb::ApplyModelsResponse {
    let Applied { planned, revision, refusals } = applied;
    let mut room = MOST_TEXT;
    pb::ApplyModelsResponse {
        changes: planned.into_iter().map(|one| change(one, &mut room)).collect(),
        revision: signed(revision),
        refusals: refusals.into_iter().take(MOST_REFUSALS).map(refusal).collect(),
    }
}

fn change(planned: Planned, room: &mut usize) -> pb::PlannedChange {
    let Planned { name, action, fields } = planned;
    let action = match action {
        PlanAction::Create => pb::PlanAction::Create,
        PlanAction::Update => pb::PlanAction::Update,
        PlanAction::Noop => pb::PlanAction::Noop,
        PlanAction::Delete => pb::PlanAction::Delete,
        PlanAction::Undelete => pb::PlanAction::Undelete,
    };
    let mut fits = |text: String| {
        let text: String = text.chars().take(LONGEST).collect();
        let left = room.checked_sub(text.len());
        *room = left.unwrap_or(0);
        left.map_or_else(String::new, |_| text)
    };
    let field = |FieldChange { path, before, after, taken_from }| pb::FieldChange {
        path,
        before: fits(before),
        after: fits(after),
        taken_from: taken_from.map(|holder| holder.to_string()).unwrap_or_default(),
    };
    pb::PlannedChange { name, action: action.into(), fields: fields.into_iter().map(field).collect() }
}

fn refusal(refusal: Refusal) -> pb::PlanRefusal {
    let Refusal { index, name, field, reason, description, conflict: _ } = refusal;
    pb::PlanRefusal {
        index: index.and_then(|index| i32::try_from(index).ok()).unwrap_or(-1),
        name,
        field,
        reason: reason.to_owned(),
        description,
    }
}
