//! Deletions and what takes them back: alike for every kind.

use std::str::FromStr;

use slipway_chassis::Caller;
use slipway_chassis::intent::{Intent, Said};
use slipway_domain::check::Check;
use slipway_domain::name::{Error as NameError, ModelName};
use slipway_proto::registry::v1 as pb;

use crate::Error;
use crate::service::{Delete, Missing};

/// What a request to delete or to take back says.
pub struct Asked {
    name: String,
    etag: String,
    missing: Missing,
    request_id: String,
    validate_only: bool,
    reason: String,
}

macro_rules! asked {
    ($($delete:ident, $undelete:ident;)+) => {$(
        impl From<pb::$delete> for Asked {
            fn from(request: pb::$delete) -> Self {
                let pb::$delete { name, etag, allow_missing, request_id, validate_only, reason } = request;
                Self { name, etag, missing: allow_missing.into(), request_id, validate_only, reason }
            }
        }

        impl From<pb::$undelete> for Asked {
            fn from(request: pb::$undelete) -> Self {
                let pb::$undelete { name, etag, request_id, validate_only, reason } = request;
                Self { name, etag, missing: Missing::Refused, request_id, validate_only, reason }
            }
        }
    )+};
}

asked!(
    DeleteModelTypeRequest, UndeleteModelTypeRequest;
    DeleteModelRequest, UndeleteModelRequest;
    DeleteVersionRequest, UndeleteVersionRequest;
    DeleteTeamRequest, UndeleteTeamRequest;
    DeleteNamespaceRequest, UndeleteNamespaceRequest;
    DeletePolicyRequest, UndeletePolicyRequest;
);

/// Reads a request to delete a resource, or to take its deletion back.
///
/// # Errors
/// [`Error::Invalid`] with every fault.
pub fn deletion<N: FromStr<Err = NameError>>(
    caller: Caller,
    request: impl Into<Asked>,
) -> Result<(Intent, Delete<N>), Error> {
    let Asked { name, etag, missing, request_id, validate_only, reason } = request.into();
    let (intent, name) = named(caller, &name, Said { request_id: &request_id, validate_only, reason: &reason })?;
    Ok((intent, Delete { name, etag, missing }))
}

/// Reads a request for an owner's word.
///
/// # Errors
/// [`Error::Invalid`] with every fault.
pub fn attest_model(caller: Caller, request: pb::AttestModelRequest) -> Result<(Intent, ModelName), Error> {
    let pb::AttestModelRequest { name, request_id, validate_only, reason } = request;
    named(caller, &name, Said { request_id: &request_id, validate_only, reason: &reason })
}

/// A mutation that says nothing but what it is about.
fn named<N: FromStr<Err = NameError>>(caller: Caller, name: &str, said: Said<'_>) -> Result<(Intent, N), Error> {
    let mut check = Check::new();
    let name = name.parse::<N>().map_err(|error| check.add("name", "NOT_A_NAME", error.to_string()));
    let intent = Intent::parse(&mut check, caller, said);
    check.finish()?;
    let name = name.map_err(|()| Error::invalid("name", "NOT_A_NAME", "is no name"))?;
    Ok((intent, name))
}
