//! Mutations of teams and aliases.

use slipway_chassis::Caller;
use slipway_chassis::intent::{Intent, Said};
use slipway_domain::check::Check;
use slipway_domain::name::{AliasName, Identifier, NamespaceName, TeamName, VersionName};
use slipway_domain::team::Team;
use slipway_proto::registry::v1 as pb;

use super::mutation::{child, labels, mask, missing, nowhere, parse};
use crate::Error;
use crate::service::{Expected, Move, Propose, Protection, Update};

/// The most aliases that move at once.
const MOST_MOVES: usize = 1000;

/// A team under `name`. What makes it valid is not looked at: an update may leave fields out.
pub(super) fn team(check: &mut Check, name: &TeamName, message: pb::Team) -> Team {
    let pb::Team {
        name: _,
        display_name,
        description,
        contact,
        pager_uri,
        escalation,
        labels: marks,
        create_time: _,
        update_time: _,
        etag: _,
        delete_time: _,
        purge_time: _,
    } = message;
    let escalation = (!escalation.is_empty()).then(|| Identifier::parse(&escalation));
    Team {
        display_name,
        description,
        contact,
        pager_uri,
        escalation: escalation.and_then(|parsed| parse(check, "team.escalation", parsed)),
        labels: labels(marks),
        ..Team::blank(name)
    }
}

/// Reads a request to create a team.
///
/// # Errors
/// [`Error::Invalid`] with every fault.
pub fn create_team(caller: Caller, request: pb::CreateTeamRequest) -> Result<(Intent, Team), Error> {
    let pb::CreateTeamRequest { parent, team_id, team: message, request_id, validate_only, reason } = request;
    let mut check = Check::new();
    let (namespace, id) = child(&mut check, &parent, "team_id", &team_id);
    let wanted = team(&mut check, &TeamName { namespace, team: id }, message.unwrap_or_default());
    wanted.check(&mut check);
    let intent = Intent::parse(&mut check, caller, Said { request_id: &request_id, validate_only, reason: &reason });
    check.finish()?;
    Ok((intent, wanted))
}

/// Reads a request to change a team.
///
/// # Errors
/// [`Error::Invalid`] with every fault.
pub fn update_team(caller: Caller, request: pb::UpdateTeamRequest) -> Result<(Intent, Update<Team>), Error> {
    let pb::UpdateTeamRequest { team: message, update_mask, request_id, validate_only, reason, allow_missing } =
        request;
    let mut check = Check::new();
    let message = message.unwrap_or_default();
    let etag = message.etag.clone();
    let name = parse(&mut check, "team.name", TeamName::parse(&message.name));
    let name = name.unwrap_or_else(|| TeamName { namespace: nowhere().namespace, team: nowhere().model });
    let wanted = team(&mut check, &name, message);
    let missing = missing(&mut check, allow_missing.into(), ("team.etag", &etag));
    let intent = Intent::parse(&mut check, caller, Said { request_id: &request_id, validate_only, reason: &reason });
    check.finish()?;
    Ok((intent, Update { wanted, mask: mask(update_mask), etag, missing }))
}

/// Reads a request to move aliases.
///
/// # Errors
/// [`Error::Invalid`] with every fault.
pub fn set_aliases(caller: Caller, request: pb::SetAliasesRequest) -> Result<(Intent, Vec<Move>), Error> {
    let pb::SetAliasesRequest { parent, moves, request_id, validate_only, reason } = request;
    let mut check = Check::new();
    if parent != "namespaces/-" {
        parse(&mut check, "parent", NamespaceName::parse(&parent));
    }
    if moves.is_empty() || moves.len() > MOST_MOVES {
        check.out_of_bounds("moves", format!("has {} moves; it must have 1 to {MOST_MOVES}", moves.len()));
    }
    let mut wanted: Vec<Move> = Vec::new();
    for (index, message) in moves.into_iter().enumerate() {
        let Some(one) = one_move(&mut check, (&format!("moves[{index}]"), &parent), &message) else { continue };
        wanted.push(one);
    }
    let mut names: Vec<_> = wanted.iter().map(|one| &one.name).collect();
    names.sort();
    if names.windows(2).any(|two| two[0] == two[1]) {
        check.add("moves", "TWICE", "move an alias twice; say once what it is to name");
    }
    let intent = Intent::parse(&mut check, caller, Said { request_id: &request_id, validate_only, reason: &reason });
    check.finish()?;
    Ok((intent, wanted))
}

fn one_move(check: &mut Check, (field, parent): (&str, &str), message: &pb::AliasMove) -> Option<Move> {
    let pb::AliasMove { name, version, expected_version, protected } = message;
    let name = parse(check, &format!("{field}.name"), AliasName::parse(name))?;
    if parent != "namespaces/-" && name.model.parent().to_string() != *parent {
        check.add(format!("{field}.name"), "OTHER_PARENT", "does not lie below the parent");
    }
    let mut number = |part: &str, text: &str| {
        let field = format!("{field}.{part}");
        let version = parse(check, &field, VersionName::parse(text))?;
        if version.model != name.model {
            check.add(field, "OTHER_MODEL", "is a version of another model than the alias'");
        }
        Some(version.number)
    };
    let to = if version.is_empty() { None } else { Some(number("version", version)?) };
    let expected = match expected_version.as_deref() {
        None => Expected::Anything,
        Some("") => Expected::Nothing,
        Some(text) => Expected::Version(number("expected_version", text)?),
    };
    Some(Move { name, to, expected, protect: *protected })
}

/// Reads a proposal for a protected alias.
///
/// # Errors
/// [`Error::Invalid`] with every fault.
pub fn propose_alias(caller: Caller, request: pb::ProposeAliasRequest) -> Result<(Intent, Propose), Error> {
    let pb::ProposeAliasRequest { name, version, unprotect, etag, request_id, validate_only, reason } = request;
    let mut check = Check::new();
    let name = parse(&mut check, "name", AliasName::parse(&name));
    let to = if version.is_empty() { None } else { parse(&mut check, "version", VersionName::parse(&version)) };
    if to.as_ref().zip(name.as_ref()).is_some_and(|(to, name)| to.model != name.model) {
        check.add("version", "OTHER_MODEL", "is a version of another model than the alias'");
    }
    let protection = if unprotect { Protection::Ended } else { Protection::Kept };
    let intent = Intent::parse(&mut check, caller, Said { request_id: &request_id, validate_only, reason: &reason });
    check.finish()?;
    let name = name.unwrap_or_else(|| nowhere().alias(nowhere().model));
    Ok((intent, Propose { name, to: to.map(|version| version.number), protection, etag }))
}

/// Reads an approval of what is proposed for an alias: the alias, and its etag.
///
/// # Errors
/// [`Error::Invalid`] with every fault.
pub fn approve_alias(caller: Caller, request: pb::ApproveAliasRequest) -> Result<(Intent, AliasName, String), Error> {
    let pb::ApproveAliasRequest { name, etag, request_id, validate_only, reason } = request;
    let mut check = Check::new();
    let name = parse(&mut check, "name", AliasName::parse(&name));
    check.required("etag", &etag);
    let intent = Intent::parse(&mut check, caller, Said { request_id: &request_id, validate_only, reason: &reason });
    check.finish()?;
    Ok((intent, name.unwrap_or_else(|| nowhere().alias(nowhere().model)), etag))
}
