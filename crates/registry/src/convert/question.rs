//! Questions: untrusted messages in, valid values out.

use std::str::FromStr;

use slipway_chassis::scalar::{parse_instant, unsigned};
use slipway_domain::as_of::AsOf;
use slipway_domain::check::Check;
use slipway_domain::name::{
    AliasName, Error as NameError, ModelName, ModelTypeName, NamespaceName, PolicyName, TeamName, VersionName,
};
use slipway_proto::registry::v1 as pb;

use crate::Error;
use crate::service::{Diff, ListChanges, ListQuery, Scope, Show, any_model};
use crate::state::ResourceKind;

/// The most names of a batch.
const LARGEST_BATCH: usize = 1000;

/// As of when somebody reads.
pub(super) fn as_of(revision: Option<i64>, time: Option<prost_types::Timestamp>) -> Result<AsOf, Error> {
    let mut check = Check::new();
    let as_of = moment(&mut check, ("read_revision", revision), ("read_time", time));
    check.finish()?;
    Ok(as_of)
}

/// A moment that is said by one of two fields, or by none.
fn moment(
    check: &mut Check,
    (by_revision, revision): (&str, Option<i64>),
    (by_time, time): (&str, Option<prost_types::Timestamp>),
) -> AsOf {
    if revision.is_some() && time.is_some() {
        check.add(by_time, "EXCLUSIVE", format!("is not for a request with a {by_revision}: give one of them"));
    }
    let time = parse_instant(check, by_time, time).map_or(AsOf::Now, AsOf::Time);
    revision.map_or(time, |revision| AsOf::Revision(unsigned(check, by_revision, revision)))
}

/// The name alone that a Get asks for.
pub(super) fn name<T: FromStr<Err = NameError>>(text: &str) -> Result<T, Error> {
    text.parse().map_err(|error: NameError| Error::invalid("name", "NOT_A_NAME", error.to_string()))
}

/// Reads a request for a model type.
///
/// # Errors
/// [`Error::Invalid`] if the name is none.
pub fn get_model_type(request: pb::GetModelTypeRequest) -> Result<(ModelTypeName, AsOf), Error> {
    let pb::GetModelTypeRequest { name: text, read_revision, read_time } = request;
    Ok((name(&text)?, as_of(read_revision, read_time)?))
}

/// Reads a request for a model.
///
/// # Errors
/// [`Error::Invalid`] if the name is none, or for an unknown view.
pub fn get_model(request: pb::GetModelRequest) -> Result<(ModelName, pb::View, AsOf), Error> {
    let pb::GetModelRequest { name: text, view: wanted, read_revision, read_time } = request;
    let view = view(wanted)?;
    Ok((name(&text)?, view, as_of(read_revision, read_time)?))
}

/// Reads a request for a version.
///
/// # Errors
/// [`Error::Invalid`] if the name is none.
pub fn get_version(request: pb::GetVersionRequest) -> Result<(VersionName, AsOf), Error> {
    let pb::GetVersionRequest { name: text, read_revision, read_time } = request;
    Ok((name(&text)?, as_of(read_revision, read_time)?))
}

/// Reads a request for a team.
///
/// # Errors
/// [`Error::Invalid`] if the name is none.
pub fn get_team(request: pb::GetTeamRequest) -> Result<(TeamName, AsOf), Error> {
    let pb::GetTeamRequest { name: text, read_revision, read_time } = request;
    Ok((name(&text)?, as_of(read_revision, read_time)?))
}

/// Reads a request for an alias.
///
/// # Errors
/// [`Error::Invalid`] if the name is none.
pub fn get_alias(request: pb::GetAliasRequest) -> Result<(AliasName, AsOf), Error> {
    let pb::GetAliasRequest { name: text, read_revision, read_time } = request;
    Ok((name(&text)?, as_of(read_revision, read_time)?))
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
pub fn batch_get_models(request: pb::BatchGetModelsRequest) -> Result<(Vec<ModelName>, pb::View, AsOf), Error> {
    let pb::BatchGetModelsRequest { parent, names: texts, view: wanted, read_revision, read_time } = request;
    check_parent(&parent)?;
    let below = |name: &ModelName| parent == "namespaces/-" || name.parent().to_string() == parent;
    Ok((names(&texts, below)?, view(wanted)?, as_of(read_revision, read_time)?))
}

/// Reads a request for several versions.
///
/// # Errors
/// [`Error::Invalid`] with every name that is none or lies elsewhere.
pub fn batch_get_versions(request: pb::BatchGetVersionsRequest) -> Result<(Vec<VersionName>, AsOf), Error> {
    let pb::BatchGetVersionsRequest { parent, names: texts, read_revision, read_time } = request;
    check_models(&parent)?;
    let names = names(&texts, |name: &VersionName| any_model(&parent, &name.model))?;
    Ok((names, as_of(read_revision, read_time)?))
}

/// Reads a request to list teams.
///
/// # Errors
/// [`Error::Invalid`] for a parent that is no namespace.
pub fn list_teams(request: pb::ListTeamsRequest) -> Result<ListQuery, Error> {
    let pb::ListTeamsRequest {
        parent,
        page_size,
        page_token,
        filter,
        order_by,
        show_deleted,
        read_revision,
        read_time,
    } = request;
    let as_of = as_of(read_revision, read_time)?;
    check_parent(&parent)?;
    Ok(ListQuery { parent, page_size, page_token, filter, order_by, show: show_deleted.into(), as_of })
}

/// Reads a request to list aliases.
///
/// # Errors
/// [`Error::Invalid`] for a parent that is neither a model nor a pattern of models.
pub fn list_aliases(request: pb::ListAliasesRequest) -> Result<ListQuery, Error> {
    let pb::ListAliasesRequest { parent, page_size, page_token, filter, order_by, read_revision, read_time } = request;
    check_models(&parent)?;
    let as_of = as_of(read_revision, read_time)?;
    Ok(ListQuery { parent, page_size, page_token, filter, order_by, show: Show::Living, as_of })
}

/// Reads a request for the traffic of a model.
///
/// # Errors
/// [`Error::Invalid`] if the name is not one of a traffic.
pub fn get_traffic(request: pb::GetTrafficRequest) -> Result<(ModelName, AsOf), Error> {
    let pb::GetTrafficRequest { name: text, read_revision, read_time } = request;
    let name = ModelName::parse_traffic(&text);
    let name = name.map_err(|error| Error::invalid("name", "NOT_A_NAME", error.to_string()))?;
    Ok((name, as_of(read_revision, read_time)?))
}

/// A parent of a listing: a namespace, or all.
pub(super) fn check_parent(parent: &str) -> Result<(), Error> {
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
    let pb::ListModelTypesRequest {
        parent,
        page_size,
        page_token,
        filter,
        order_by,
        show_deleted,
        read_revision,
        read_time,
    } = request;
    let as_of = as_of(read_revision, read_time)?;
    check_parent(&parent)?;
    Ok(ListQuery { parent, page_size, page_token, filter, order_by, show: show_deleted.into(), as_of })
}

/// Reads a request to list models.
///
/// # Errors
/// [`Error::Invalid`] for a parent that is no namespace, or an unknown view.
pub fn list_models(request: pb::ListModelsRequest) -> Result<(ListQuery, pb::View), Error> {
    let pb::ListModelsRequest {
        parent,
        page_size,
        page_token,
        filter,
        order_by,
        view: wanted,
        show_deleted,
        read_revision,
        read_time,
    } = request;
    check_parent(&parent)?;
    let as_of = as_of(read_revision, read_time)?;
    Ok((ListQuery { parent, page_size, page_token, filter, order_by, show: show_deleted.into(), as_of }, view(wanted)?))
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
    let pb::ListVersionsRequest {
        parent,
        page_size,
        page_token,
        filter,
        order_by,
        show_deleted,
        read_revision,
        read_time,
    } = request;
    let as_of = as_of(read_revision, read_time)?;
    check_models(&parent)?;
    Ok(ListQuery { parent, page_size, page_token, filter, order_by, show: show_deleted.into(), as_of })
}

/// Reads a request for a policy.
///
/// # Errors
/// [`Error::Invalid`] if the name is none.
pub fn get_policy(request: pb::GetPolicyRequest) -> Result<(PolicyName, AsOf), Error> {
    let pb::GetPolicyRequest { name: text, read_revision, read_time } = request;
    Ok((name(&text)?, as_of(read_revision, read_time)?))
}

/// Reads a request to list policies.
///
/// # Errors
/// [`Error::Invalid`] for a parent that is no namespace.
pub fn list_policies(request: pb::ListPoliciesRequest) -> Result<ListQuery, Error> {
    let pb::ListPoliciesRequest {
        parent,
        page_size,
        page_token,
        filter,
        order_by,
        show_deleted,
        read_revision,
        read_time,
    } = request;
    let as_of = as_of(read_revision, read_time)?;
    check_parent(&parent)?;
    Ok(ListQuery { parent, page_size, page_token, filter, order_by, show: show_deleted.into(), as_of })
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
    let pb::ListChangesRequest { parent, page_size, page_token, read_revision, read_time } = request;
    check_ancestor(&parent)?;
    Ok(ListChanges { parent, page_size, page_token, as_of: as_of(read_revision, read_time)? })
}

/// Reads a request to compare two moments.
///
/// # Errors
/// [`Error::Invalid`] for a parent that can't be one, or moments that are said twice, or not at all.
pub fn diff_revisions(request: pb::DiffRevisionsRequest) -> Result<Diff, Error> {
    let pb::DiffRevisionsRequest { parent, page_size, page_token, from_revision, from_time, to_revision, to_time } =
        request;
    check_ancestor(&parent)?;
    let mut check = Check::new();
    if from_revision.is_none() && from_time.is_none() {
        check.add("from_revision", "REQUIRED", "say since when: give either from_revision or from_time");
    }
    let from = moment(&mut check, ("from_revision", from_revision), ("from_time", from_time));
    let to = moment(&mut check, ("to_revision", to_revision), ("to_time", to_time));
    check.finish()?;
    Ok(Diff { parent, page_size, page_token, from, to })
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
        pb::ResourceKind::Namespace => ResourceKind::Namespace,
        pb::ResourceKind::Policy => ResourceKind::Policy,
    })
}
