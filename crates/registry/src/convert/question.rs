//! Questions: untrusted messages in, valid values out.

use std::str::FromStr;

use slipway_domain::check::Check;
use slipway_domain::name::{
    AliasName, Error as NameError, ModelName, ModelTypeName, NamespaceName, TeamName, VersionName,
};
use slipway_proto::registry::v1 as pb;

use crate::Error;
use crate::service::{ListChanges, ListQuery, Scope, Show, any_model};
use crate::state::ResourceKind;

/// The most names of a batch.
const LARGEST_BATCH: usize = 1000;

/// The name alone that a Get asks for.
fn name<T: FromStr<Err = NameError>>(text: &str) -> Result<T, Error> {
    text.parse().map_err(|error: NameError| Error::invalid("name", "NOT_A_NAME", error.to_string()))
}

/// Reads a request for a model type.
///
/// # Errors
/// [`Error::Invalid`] if the name is none.
pub fn get_model_type(request: pb::GetModelTypeRequest) -> Result<ModelTypeName, Error> {
    let pb::GetModelTypeRequest { name: text } = request;
    name(&text)
}

/// Reads a request for a model.
///
/// # Errors
/// [`Error::Invalid`] if the name is none, or for an unknown view.
pub fn get_model(request: pb::GetModelRequest) -> Result<(ModelName, pb::View), Error> {
    let pb::GetModelRequest { name: text, view: wanted } = request;
    let view = view(wanted)?;
    Ok((name(&text)?, view))
}

/// Reads a request for a version.
///
/// # Errors
/// [`Error::Invalid`] if the name is none.
pub fn get_version(request: pb::GetVersionRequest) -> Result<VersionName, Error> {
    let pb::GetVersionRequest { name: text } = request;
    name(&text)
}

/// Reads a request for a team.
///
/// # Errors
/// [`Error::Invalid`] if the name is none.
pub fn get_team(request: pb::GetTeamRequest) -> Result<TeamName, Error> {
    let pb::GetTeamRequest { name: text } = request;
    name(&text)
}

/// Reads a request for an alias.
///
/// # Errors
/// [`Error::Invalid`] if the name is none.
pub fn get_alias(request: pb::GetAliasRequest) -> Result<AliasName, Error> {
    let pb::GetAliasRequest { name: text } = request;
    name(&text)
}

/// The names of a batch, all of which `below` says to lie below its parent.
fn names<T: FromStr<Err = NameError>>(texts: &[String], below: impl Fn(&T) -> bool) -> Result<Vec<T>, Error> {
    let mut check = Check::new();
    if texts.is_empty() || texts.len() > LARGEST_BATCH {
        check.out_of_bounds("names", format!("has {} names; it must have 1 to {LARGEST_BATCH}", texts.len()));
    }
    let mut names = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let field = format!("names[{index}]");
        match text.parse() {
            Ok(name) if below(&name) => names.push(name),
            Ok(_) => check.add(field, "OTHER_PARENT", "does not lie below the parent"),
            Err(error) => check.add(field, "NOT_A_NAME", error.to_string()),
        }
    }
    check.finish()?;
    Ok(names)
}

/// Reads a request for several models.
///
/// # Errors
/// [`Error::Invalid`] with every name that is none or lies elsewhere, or for an unknown view.
pub fn batch_get_models(request: pb::BatchGetModelsRequest) -> Result<(Vec<ModelName>, pb::View), Error> {
    let pb::BatchGetModelsRequest { parent, names: texts, view: wanted } = request;
    check_parent(&parent)?;
    let below = |name: &ModelName| parent == "namespaces/-" || name.parent().to_string() == parent;
    Ok((names(&texts, below)?, view(wanted)?))
}

/// Reads a request for several versions.
///
/// # Errors
/// [`Error::Invalid`] with every name that is none or lies elsewhere.
pub fn batch_get_versions(request: pb::BatchGetVersionsRequest) -> Result<Vec<VersionName>, Error> {
    let pb::BatchGetVersionsRequest { parent, names: texts } = request;
    check_models(&parent)?;
    names(&texts, |name: &VersionName| any_model(&parent, &name.model))
}

/// Reads a request to list teams.
///
/// # Errors
/// [`Error::Invalid`] for a parent that is no namespace.
pub fn list_teams(request: pb::ListTeamsRequest) -> Result<ListQuery, Error> {
    let pb::ListTeamsRequest { parent, page_size, page_token, filter, order_by, show_deleted } = request;
    check_parent(&parent)?;
    Ok(ListQuery { parent, page_size, page_token, filter, order_by, show: show_deleted.into() })
}

/// Reads a request to list aliases.
///
/// # Errors
/// [`Error::Invalid`] for a parent that is neither a model nor a pattern of models.
pub fn list_aliases(request: pb::ListAliasesRequest) -> Result<ListQuery, Error> {
    let pb::ListAliasesRequest { parent, page_size, page_token, filter, order_by } = request;
    check_models(&parent)?;
    Ok(ListQuery { parent, page_size, page_token, filter, order_by, show: Show::Living })
}

/// Reads a request for the traffic of a model.
///
/// # Errors
/// [`Error::Invalid`] if the name is not one of a traffic.
pub fn get_traffic(request: pb::GetTrafficRequest) -> Result<ModelName, Error> {
    let pb::GetTrafficRequest { name: text } = request;
    ModelName::parse_traffic(&text).map_err(|error| Error::invalid("name", "NOT_A_NAME", error.to_string()))
}

/// A parent of a listing: a namespace, or all.
fn check_parent(parent: &str) -> Result<(), Error> {
    if parent == "namespaces/-" {
        return Ok(());
    }
    let parsed = NamespaceName::parse(parent).map(|_| ());
    parsed.map_err(|error| Error::invalid("parent", "NOT_A_NAME", error.to_string()))
}

/// Reads a request to list model types.
///
/// # Errors
/// [`Error::Invalid`] for a parent that is no namespace.
pub fn list_model_types(request: pb::ListModelTypesRequest) -> Result<ListQuery, Error> {
    let pb::ListModelTypesRequest { parent, page_size, page_token, filter, order_by, show_deleted } = request;
    check_parent(&parent)?;
    Ok(ListQuery { parent, page_size, page_token, filter, order_by, show: show_deleted.into() })
}

/// Reads a request to list models.
///
/// # Errors
/// [`Error::Invalid`] for a parent that is no namespace, or an unknown view.
pub fn list_models(request: pb::ListModelsRequest) -> Result<(ListQuery, pb::View), Error> {
    let pb::ListModelsRequest { parent, page_size, page_token, filter, order_by, view: wanted, show_deleted } = request;
    check_parent(&parent)?;
    Ok((ListQuery { parent, page_size, page_token, filter, order_by, show: show_deleted.into() }, view(wanted)?))
}

/// A parent that is a model, or with `-` any of a namespace or any at all.
fn check_models(parent: &str) -> Result<(), Error> {
    let pattern: Vec<_> = parent.split('/').map(|part| if part == "-" { "x" } else { part }).collect();
    let wanted = || format!("does not have the form {:?}; - stands for any", ModelName::FORM);
    let parsed = ModelName::parse(&pattern.join("/")).map(|_| ());
    parsed.map_err(|_| Error::invalid("parent", "NOT_A_NAME", wanted()))
}

/// Reads a request to list versions.
///
/// # Errors
/// [`Error::Invalid`] for a parent that is neither a model nor a pattern of models.
pub fn list_versions(request: pb::ListVersionsRequest) -> Result<ListQuery, Error> {
    let pb::ListVersionsRequest { parent, page_size, page_token, filter, order_by, show_deleted } = request;
    check_models(&parent)?;
    Ok(ListQuery { parent, page_size, page_token, filter, order_by, show: show_deleted.into() })
}

/// Reads how much of a resource is wanted.
fn view(view: i32) -> Result<pb::View, Error> {
    let unknown = |_| Error::invalid("view", "UNKNOWN_VALUE", format!("{view} is no view; use BASIC or FULL"));
    pb::View::try_from(view).map_err(unknown)
}

/// A parent that takes in what lies below it: nothing at all for everything, a namespace, or a resource.
fn check_ancestor(parent: &str) -> Result<(), Error> {
    let known = parent.is_empty()
        || NamespaceName::parse(parent).is_ok()
        || ModelTypeName::parse(parent).is_ok()
        || ModelName::parse(parent).is_ok()
        || VersionName::parse(parent).is_ok()
        || TeamName::parse(parent).is_ok()
        || AliasName::parse(parent).is_ok()
        || ModelName::parse_traffic(parent).is_ok();
    let wanted = || format!("must be empty, {}, {} or another resource", NamespaceName::FORM, ModelName::FORM);
    if known { Ok(()) } else { Err(Error::invalid("parent", "NOT_A_NAME", wanted())) }
}

/// Reads a request to list the ledger.
///
/// # Errors
/// [`Error::Invalid`] for a parent that can't be one.
pub fn list_changes(request: pb::ListChangesRequest) -> Result<ListChanges, Error> {
    let pb::ListChangesRequest { parent, page_size, page_token } = request;
    check_ancestor(&parent)?;
    Ok(ListChanges { parent, page_size, page_token })
}

/// Reads a request to watch.
///
/// # Errors
/// [`Error::Invalid`] for a negative revision, a parent that can't be one, or an unknown kind.
pub fn watch(request: pb::WatchRequest) -> Result<Scope, Error> {
    let pb::WatchRequest { after_revision, parent, history, kinds, filter } = request;
    let negative = |_| Error::invalid("after_revision", "OUT_OF_BOUNDS", "must not be negative");
    let after = after_revision.map(u64::try_from).transpose().map_err(negative)?;
    check_ancestor(&parent)?;
    let kinds = kinds.into_iter().map(kind).collect::<Result<_, _>>()?;
    Ok(Scope { parent, kinds, filter, after, history })
}

fn kind(number: i32) -> Result<ResourceKind, Error> {
    let unknown = || Error::invalid("kinds", "UNKNOWN_VALUE", format!("{number} is no kind of resources"));
    Ok(match pb::ResourceKind::try_from(number).map_err(|_| unknown())? {
        pb::ResourceKind::Unspecified => return Err(unknown()),
        pb::ResourceKind::ModelType => ResourceKind::ModelType,
        pb::ResourceKind::Model => ResourceKind::Model,
        pb::ResourceKind::Version => ResourceKind::Version,
        pb::ResourceKind::Traffic => ResourceKind::Traffic,
        pb::ResourceKind::Team => ResourceKind::Team,
        pb::ResourceKind::Alias => ResourceKind::Alias,
    })
}
