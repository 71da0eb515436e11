//! Wire messages to values and back.

use jiff::Timestamp;
use prost_types::Timestamp as WireTimestamp;
use slipway_domain::access::explain::{Effect, Line};
use slipway_domain::access::{Binding, Scope};
use slipway_domain::check::Check;
use slipway_domain::name::Identifier;
use slipway_domain::principal::Principal;
use slipway_proto::operations::v1 as pb;
use slipway_store::embedded::backup::BackupSummary;

use crate::backup::{Header, Part, Trailer};
use crate::explain::{Explained, Question};
use crate::who::Who;
use crate::{Error, PROGRAM, method};

/// The rate of a backup when nobody says one, in bytes a second.
const RATE: i64 = 32 << 20;

/// The lowest rate: a slower one would keep old segments of the journal for days.
const LEAST_RATE: i64 = 64 << 10;

/// The most groups that are asked about.
const MOST_GROUPS: usize = 256;

/// The longest name of a resource, in bytes.
const LONGEST_NAME: usize = 1024;

/// Who somebody is.
pub(crate) fn who(who: Who) -> pb::GetCallerResponse {
    let Who { principal, groups, until, guarded, roles, service, now } = who;
    pb::GetCallerResponse {
        proof: proof(&principal).into(),
        principal: principal.to_string(),
        groups,
        proof_expire_time: until.map(timestamp),
        guarded,
        roles: roles.into_iter().map(binding).collect(),
        service: service.to_owned(),
        program_version: PROGRAM.to_owned(),
        server_time: Some(timestamp(now)),
    }
}

fn proof(principal: &Principal) -> pb::Proof {
    match principal.as_str().split_once(':').map(|(proof, _)| proof) {
        Some("cert") => pb::Proof::Certificate,
        Some("jwt") => pb::Proof::Jwt,
        Some("token") => pb::Proof::Token,
        _ => pb::Proof::None,
    }
}

fn binding(binding: Binding) -> pb::RoleBinding {
    let Binding { line, role, members: _, scope: Scope { namespaces, teams, tiers } } = binding;
    pb::RoleBinding {
        line: number(line),
        role: role.name().to_owned(),
        namespaces: namespaces.into_iter().flatten().collect(),
        teams: teams.into_iter().flatten().collect(),
        tiers: tiers.into_iter().flatten().map(i32::from).collect(),
    }
}

/// A question about access.
///
/// # Errors
/// [`Error::Invalid`].
pub(crate) fn question(message: pb::ExplainAccessRequest) -> Result<Question, Error> {
    let pb::ExplainAccessRequest { principal, groups, method, resource } = message;
    let mut check = Check::new();
    let about = Some(&principal).filter(|principal| !principal.is_empty()).map(|text| Principal::parse(text));
    let principal = about.transpose().unwrap_or_else(|error| {
        check.add("principal", "NOT_A_PRINCIPAL", error.to_string());
        None
    });
    if groups.len() > MOST_GROUPS {
        check.add("groups", "TOO_MANY", format!("are {}; at most {MOST_GROUPS} are looked at", groups.len()));
    }
    check.required("method", &method);
    let found = method::find(&method);
    if found.is_none() && !method.is_empty() {
        check.add("method", "NOT_A_METHOD", "is none of the API; write slipway.registry.v1.Registry/SetTraffic");
    }
    check.required("resource", &resource);
    let namespace = namespace(&resource);
    if namespace.is_none() && !resource.is_empty() {
        check.add("resource", "NOT_A_NAME", "is no name; write namespaces/default/models/flight-delay");
    }
    check.finish()?;
    let (method, namespace) = (found.unwrap_or_default(), namespace.unwrap_or_default());
    Ok(Question { principal, groups: groups.into_iter().collect(), method, resource, namespace })
}

/// The namespace that the name of a resource begins with.
fn namespace(resource: &str) -> Option<String> {
    let mut parts = resource.split('/');
    let (collection, namespace) = (parts.next()?, parts.next()?);
    let named = collection == "namespaces" && (namespace == "-" || Identifier::parse(namespace).is_ok());
    let sane = resource.len() <= LONGEST_NAME && parts.all(|part| !part.is_empty());
    (named && sane).then(|| namespace.to_owned())
}

/// What somebody may do.
pub(crate) fn explained(explained: Explained) -> pb::ExplainAccessResponse {
    let Explained { allowed, summary, principal, method: (service, method), permission, owner, lines } = explained;
    pb::ExplainAccessResponse {
        allowed,
        summary,
        principal: principal.to_string(),
        method: format!("{service}/{method}"),
        permission: permission.map(|permission| permission.name().to_owned()).unwrap_or_default(),
        tier: owner.as_ref().map(|owner| owner.tier.into()),
        team: owner.and_then(|owner| owner.team).unwrap_or_default(),
        lines: lines.into_iter().map(line).collect(),
    }
}

fn line(Line { line, role, effect }: Line) -> pb::PolicyLine {
    let (allows, words) = (effect == Effect::Allows, effect.words().to_owned());
    pb::PolicyLine { line: number(line), role: role.name().to_owned(), allows, effect: words }
}

/// How many bytes of a backup may come in a second.
///
/// # Errors
/// [`Error::Invalid`].
pub(crate) fn rate(message: pb::BackupRequest) -> Result<u64, Error> {
    let pb::BackupRequest { max_bytes_per_second } = message;
    let mut check = Check::new();
    let asked = if max_bytes_per_second == 0 { RATE } else { max_bytes_per_second };
    if asked < LEAST_RATE {
        check.out_of_bounds("max_bytes_per_second", format!("is {asked}; at least {LEAST_RATE}, or none"));
    }
    check.finish()?;
    Ok(asked.unsigned_abs())
}

/// A part of a backup.
pub(crate) fn part(part: Part) -> pb::BackupResponse {
    let part = match part {
        Part::Header(header) => pb::backup_response::Part::Header(self::header(header)),
        Part::Piece(bytes) => pb::backup_response::Part::Piece(bytes.into()),
        Part::Trailer(trailer) => pb::backup_response::Part::Trailer(self::trailer(trailer)),
    };
    pb::BackupResponse { part: Some(part) }
}

fn header(Header { service, format, least_revision }: Header) -> pb::BackupHeader {
    pb::BackupHeader {
        service: service.to_owned(),
        program_version: PROGRAM.to_owned(),
        store: format.store.to_string(),
        rows: i32::try_from(format.rows).unwrap_or(i32::MAX),
        least_revision: least_revision.cast_signed(),
    }
}

fn trailer(Trailer { summary, checksum }: Trailer) -> pb::BackupTrailer {
    // Its own checksum does not take itself in; what a receiver checks does.
    let BackupSummary { store: _, rows: _, revision, written_at, bytes, checksum: _ } = summary;
    let begun = Timestamp::UNIX_EPOCH.checked_add(written_at).unwrap_or(Timestamp::MAX);
    pb::BackupTrailer {
        revision: revision.cast_signed(),
        bytes: bytes.cast_signed(),
        crc32c: checksum,
        begin_time: Some(timestamp(begun)),
    }
}

fn number(line: usize) -> i32 {
    i32::try_from(line).unwrap_or(i32::MAX)
}

fn timestamp(at: Timestamp) -> WireTimestamp {
    WireTimestamp { seconds: at.as_second(), nanos: at.subsec_nanosecond() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_question_is_told_at_once() {
        let message = pb::ExplainAccessRequest {
            principal: "ada".to_owned(),
            groups: vec![],
            method: "Conquer".to_owned(),
            resource: "models/feed".to_owned(),
        };
        let Err(Error::Invalid(violations)) = question(message) else { panic!("taken") };
        let fields: Vec<&str> = violations.as_slice().iter().map(|violation| violation.field.as_str()).collect();
        assert_eq!(fields, ["principal", "method", "resource"]);
    }

    #[test]
    fn a_backup_is_neither_endless_nor_faster_than_asked() {
        let rate = |rate| self::rate(pb::BackupRequest { max_bytes_per_second: rate }).ok();
        assert_eq!(rate(0), Some(32 << 20));
        assert_eq!(rate(LEAST_RATE), Some(LEAST_RATE.unsigned_abs()));
        assert_eq!((rate(LEAST_RATE - 1), rate(-1)), (None, None));
    }
}
