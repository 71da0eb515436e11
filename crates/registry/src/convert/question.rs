//! Questions: untrusted messages in, valid values out.

use std::str::FromStr;

use slipway_domain::name::{Error as NameError, ModelName, ModelTypeName, NamespaceName, VersionName};
use slipway_proto::registry::v1 as pb;

use crate::Error;
use crate::service::{ListChanges, ListQuery, Scope};

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
    let pb::ListModelTypesRequest { parent, page_size, page_token, filter, order_by } = request;
    check_parent(&parent)?;
    Ok(ListQuery { parent, page_size, page_token, filter, order_by })
}

/// Reads a request to list models.
///
/// # Errors
/// [`Error::Invalid`] for a parent that is no namespace, or an unknown view.
pub fn list_models(request: pb::ListModelsRequest) -> Result<(ListQuery, pb::View), Error> {
    let pb::ListModelsRequest { parent, page_size, page_token, filter, order_by, view: wanted } = request;
    check_parent(&parent)?;
    Ok((ListQuery { parent, page_size, page_token, filter, order_by }, view(wanted)?))
}

/// Reads a request to list versions.
///
/// # Errors
/// [`Error::Invalid`] for a parent that is neither a model nor a pattern of models.
pub fn list_versions(request: pb::ListVersionsRequest) -> Result<ListQuery, Error> {
    let pb::ListVersionsRequest { parent, page_size, page_token, filter, order_by } = request;
    // `-` stands for any namespace and any model; what remains must be a model's name.
    let pattern: Vec<_> = parent.split('/').map(|part| if part == "-" { "x" } else { part }).collect();
    let parsed = ModelName::parse(&pattern.join("/")).map(|_| ());
    parsed.map_err(|_| {
        Error::invalid(
            "parent",
            "NOT_A_NAME",
            format!("does not have the form {:?}; - stands for any", ModelName::FORM),
        )
    })?;
    Ok(ListQuery { parent, page_size, page_token, filter, order_by })
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
/// [`Error::Invalid`] for a negative revision, or a parent that can't be one.
pub fn watch(request: pb::WatchRequest) -> Result<Scope, Error> {
    let pb::WatchRequest { after_revision, parent, history } = request;
    let negative = |_| Error::invalid("after_revision", "OUT_OF_BOUNDS", "must not be negative");
    let after = after_revision.map(u64::try_from).transpose().map_err(negative)?;
    check_ancestor(&parent)?;
    Ok(Scope { parent, after, history })
}
