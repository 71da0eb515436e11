//! Namespaces: mutations and questions in, answers out.

use slipway_chassis::Caller;
use slipway_chassis::etag::etag;
use slipway_chassis::intent::{Intent, Said};
use slipway_chassis::scalar::{instant, signed};
use slipway_domain::as_of::AsOf;
use slipway_domain::check::Check;
use slipway_domain::name::{Identifier, NamespaceName};
use slipway_domain::namespace::Namespace;
use slipway_proto::registry::v1 as pb;
use slipway_store::Revision;
use slipway_store::picture::Kept;

use super::mutation::{labels, mask, missing, nowhere, parse};
use super::question::{as_of, name as parse_name};
use crate::Error;
use crate::service::{ListQuery, Listed, Update};

/// A namespace under `name`. What makes it valid is not looked at: an update may leave fields out.
fn read(name: NamespaceName, message: pb::Namespace) -> Namespace {
    let pb::Namespace {
        name: _,
        display_name,
        description,
        labels: marks,
        create_time: _,
        update_time: _,
        etag: _,
        delete_time: _,
        purge_time: _,
    } = message;
    Namespace { display_name, description, labels: labels(marks), ..Namespace::blank(&name) }
}

/// Reads a request to create a namespace.
///
/// # Errors
/// [`Error::Invalid`] with every fault.
pub fn create_namespace(caller: Caller, request: pb::CreateNamespaceRequest) -> Result<(Intent, Namespace), Error> {
    let pb::CreateNamespaceRequest { namespace_id, namespace, request_id, validate_only, reason } = request;
    let mut check = Check::new();
    let id = parse(&mut check, "namespace_id", Identifier::parse(&namespace_id));
    let name = NamespaceName { namespace: id.unwrap_or_else(|| nowhere().namespace) };
    let wanted = read(name, namespace.unwrap_or_default());
    wanted.check(&mut check);
    let intent = Intent::parse(&mut check, caller, Said { request_id: &request_id, validate_only, reason: &reason });
    check.finish()?;
    Ok((intent, wanted))
}

/// Reads a request to change a namespace.
///
/// # Errors
/// [`Error::Invalid`] with every fault.
pub fn update_namespace(
    caller: Caller,
    request: pb::UpdateNamespaceRequest,
) -> Result<(Intent, Update<Namespace>), Error> {
    let pb::UpdateNamespaceRequest { namespace, update_mask, request_id, validate_only, reason, allow_missing } =
        request;
    let mut check = Check::new();
    let message = namespace.unwrap_or_default();
    let etag = message.etag.clone();
    let name = parse(&mut check, "namespace.name", NamespaceName::parse(&message.name));
    let wanted = read(name.unwrap_or_else(|| NamespaceName { namespace: nowhere().namespace }), message);
    let missing = missing(&mut check, allow_missing.into(), ("namespace.etag", &etag));
    let intent = Intent::parse(&mut check, caller, Said { request_id: &request_id, validate_only, reason: &reason });
    check.finish()?;
    Ok((intent, Update { wanted, mask: mask(update_mask), etag, missing }))
}

/// Reads a request for a namespace.
///
/// # Errors
/// [`Error::Invalid`] if the name is none, or for two moments.
pub fn get_namespace(request: pb::GetNamespaceRequest) -> Result<(NamespaceName, AsOf), Error> {
    let pb::GetNamespaceRequest { name, read_revision, read_time } = request;
    Ok((parse_name(&name)?, as_of(read_revision, read_time)?))
}

/// Reads a request to list namespaces.
///
/// # Errors
/// [`Error::Invalid`] for two moments.
pub fn list_namespaces(request: pb::ListNamespacesRequest) -> Result<ListQuery, Error> {
    let pb::ListNamespacesRequest { page_size, page_token, filter, order_by, show_deleted, read_revision, read_time } =
        request;
    let as_of = as_of(read_revision, read_time)?;
    Ok(ListQuery { parent: String::new(), page_size, page_token, filter, order_by, show: show_deleted.into(), as_of })
}

/// A namespace.
#[must_use]
pub fn namespace(kept: Kept<Namespace>) -> pb::Namespace {
    namespace_at(&kept.value, kept.revision)
}

pub(super) fn namespace_at(value: &Namespace, revision: Revision) -> pb::Namespace {
    let Namespace { name, display_name, description, labels, created_at, updated_at, deletion } = value;
    let since = |at| (revision > 0).then(|| instant(at));
    pb::Namespace {
        name: name.to_string(),
        display_name: display_name.clone(),
        description: description.clone(),
        labels: labels.clone().into_iter().collect(),
        create_time: since(*created_at),
        update_time: since(*updated_at),
        etag: etag(revision),
        delete_time: deletion.map(|deletion| instant(deletion.at)),
        purge_time: deletion.map(|deletion| instant(deletion.purge_at)),
    }
}

/// A page of namespaces.
#[must_use]
pub fn namespaces(page: Listed<Kept<Namespace>>) -> pb::ListNamespacesResponse {
    let Listed { items, next_page_token, revision, total } = page;
    pb::ListNamespacesResponse {
        namespaces: items.into_iter().map(namespace).collect(),
        next_page_token,
        revision: signed(revision),
        total_size: signed(total as u64),
    }
}
