//! Sightings: reports in, lists out.

use std::collections::BTreeMap;

use slipway_chassis::Caller;
use slipway_chassis::scalar::{duration, instant, signed};
use slipway_domain::as_of::AsOf;
use slipway_domain::check::Check;
use slipway_domain::name::NamespaceName;
use slipway_domain::sighting::{Finding, Seen};
use slipway_proto::registry::v1 as pb;

use super::mutation::parse;
use super::question::check_parent;
use crate::Error;
use crate::service::{ListQuery, Listed, ListedSighting, Reported, Show, SightingsReport};

/// The most sightings of one report.
const LARGEST_REPORT: usize = 1000;

/// Reads a report.
///
/// # Errors
/// [`Error::Invalid`] with every fault.
pub fn report_sightings(caller: &Caller, request: pb::ReportSightingsRequest) -> Result<SightingsReport, Error> {
    let pb::ReportSightingsRequest { parent, running } = request;
    let mut check = Check::new();
    let namespace = parse(&mut check, "parent", NamespaceName::parse(&parent));
    if running.is_empty() || running.len() > LARGEST_REPORT {
        check.out_of_bounds("running", format!("has {} sightings; it must have 1 to {LARGEST_REPORT}", running.len()));
    }
    let mut seen = BTreeMap::new();
    for (index, message) in running.into_iter().take(LARGEST_REPORT).enumerate() {
        let pb::Running { model, version, digest, endpoint, rate } = message;
        let field = format!("running[{index}]");
        let number = u64::try_from(version).unwrap_or_else(|_| {
            check.out_of_bounds(&format!("{field}.version"), "must not be negative");
            0
        });
        if !rate.is_finite() || rate < 0.0 {
            check.out_of_bounds(&format!("{field}.rate"), "must be 0 or more, and finite");
        }
        let Some(NamespaceName { namespace }) = namespace.clone() else { continue };
        let one = Seen { namespace, model, version: number, digest, endpoint, reporter: caller.principal.clone() };
        one.check(&field, &mut check);
        seen.insert(one, rate);
    }
    check.finish()?;
    let namespace = namespace.ok_or_else(|| Error::invalid("parent", "NOT_A_NAME", "is no namespace"))?;
    Ok(SightingsReport { namespace: namespace.namespace, running: seen })
}

/// What became of a report.
#[must_use]
pub fn reported(reported: Reported) -> pb::ReportSightingsResponse {
    let Reported { taken, left_out, expiry } = reported;
    let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    pb::ReportSightingsResponse { taken: count(taken), left_out: count(left_out), expiry: duration(expiry) }
}

/// Reads a request to list sightings.
///
/// # Errors
/// [`Error::Invalid`] for a parent that is no namespace.
pub fn list_sightings(request: pb::ListSightingsRequest) -> Result<ListQuery, Error> {
    let pb::ListSightingsRequest { parent, page_size, page_token, filter, order_by } = request;
    check_parent(&parent)?;
    Ok(ListQuery { parent, page_size, page_token, filter, order_by, show: Show::Living, as_of: AsOf::Now })
}

/// A page of sightings.
#[must_use]
pub fn sightings(page: Listed<ListedSighting>) -> pb::ListSightingsResponse {
    let Listed { items, next_page_token, revision, total } = page;
    pb::ListSightingsResponse {
        sightings: items.into_iter().map(sighting).collect(),
        next_page_token,
        revision: signed(revision),
        total_size: signed(total as u64),
    }
}

fn sighting(listed: ListedSighting) -> pb::Sighting {
    let ListedSighting { namespace, model, version, digest, endpoint, reporter, times, finding } = listed;
    let finding = match finding {
        Finding::AsRegistered => pb::SightingFinding::AsRegistered,
        Finding::UnregisteredModel => pb::SightingFinding::UnregisteredModel,
        Finding::UnregisteredVersion => pb::SightingFinding::UnregisteredVersion,
        Finding::WrongDigest => pb::SightingFinding::WrongDigest,
        Finding::WrongVersion => pb::SightingFinding::WrongVersion,
        Finding::NotSeen => pb::SightingFinding::NotSeen,
    };
    pb::Sighting {
        namespace: namespace.as_str().to_owned(),
        model,
        version: signed(version),
        digest,
        endpoint,
        reporter: reporter.map(|reporter| reporter.to_string()).unwrap_or_default(),
        rate: times.map_or(0.0, |times| times.rate),
        finding: finding.into(),
        first_seen_time: times.map(|times| instant(times.first)),
        last_seen_time: times.map(|times| instant(times.last)),
    }
}
