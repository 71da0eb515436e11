//! Questions: untrusted messages in, valid values out.

use slipway_domain::name::{Error as NameError, ModelName, NamespaceName};
use slipway_proto::registry::v1 as pb;

use crate::Error;
use crate::service::{ListChanges, ListQuery, Scope};

/// The name alone that a Get asks for.
///
/// # Errors
/// [`Error::Invalid`] if it is none.
pub fn name<T: std::str::FromStr<Err = NameError>>(text: &str) -> Result<T, Error> {
    text.parse().map_err(|error: NameError| Error::invalid("name", "NOT_A_NAME", error.to_string()))
}

/// The model whose traffic is asked for.
///
/// # Errors
/// [`Error::Invalid`] if the text is no name of a traffic.
pub fn traffic_name(text: &str) -> Result<ModelName, Error> {
    ModelName::parse_traffic(text).map_err(|error| Error::invalid("name", "NOT_A_NAME", error.to_string()))
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
///
/// # Errors
/// [`Error::Invalid`] for a view that is not known.
pub fn view(view: i32) -> Result<pb::View, Error> {
    let unknown = |_| Error::invalid("view", "UNKNOWN_VALUE", format!("{view} is no view; use BASIC or FULL"));
    pb::View::try_from(view).map_err(unknown)
}

/// Reads a request to list the ledger.
#[must_use]
pub fn list_changes(request: pb::ListChangesRequest) -> ListChanges {
    let pb::ListChangesRequest { parent, page_size, page_token } = request;
    ListChanges { parent, page_size, page_token }
}

/// Reads a request to watch.
///
/// # Errors
/// [`Error::Invalid`] for a negative revision.
pub fn watch(request: pb::WatchRequest) -> Result<Scope, Error> {
    let pb::WatchRequest { after_revision, parent } = request;
    let negative = |_| Error::invalid("after_revision", "OUT_OF_BOUNDS", "must not be negative");
    let after = after_revision.map(u64::try_from).transpose().map_err(negative)?;
    Ok(Scope { parent, after })
}
