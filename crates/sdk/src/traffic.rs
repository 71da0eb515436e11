//! Traffic between the wire and the domain.

use jiff::Timestamp;
use slipway_domain::name::{self, ModelName, VersionName};
use slipway_domain::traffic::{Range, Traffic, check};

use crate::error::Error;
use crate::pb;

/// The traffic that a message tells of, with the model it belongs to.
///
/// # Errors
/// `BAD_TRAFFIC` if its name, its ranges or its numbers are not those of a traffic.
pub fn parse_traffic(message: &pb::Traffic) -> Result<(ModelName, Traffic), Error> {
    let pb::Traffic { name, salt, ranges, generation, epoch, update_time, etag: _ } = message;
    let model = ModelName::parse_traffic(name).map_err(|error| bad(name, &error.to_string()))?;
    let ranges: Vec<Range> = ranges.iter().map(|range| parse_range(name, range)).collect::<Result<_, _>>()?;
    if let Some(violation) = check(&model, &ranges).first() {
        return Err(bad(name, &format!("{}: {}", violation.field, violation.description)));
    }
    let traffic = Traffic {
        salt: salt.clone(),
        ranges,
        generation: whole(name, *generation)?,
        epoch: whole(name, *epoch)?,
        updated_at: update_time.as_ref().and_then(instant),
    };
    Ok((model, traffic))
}

fn parse_range(name: &str, range: &pb::BucketRange) -> Result<Range, Error> {
    let pb::BucketRange { start, end, version } = range;
    let version = VersionName::parse(version).map_err(|error: name::Error| bad(name, &error.to_string()))?;
    Ok(Range { start: whole(name, *start)?, end: whole(name, *end)?, version })
}

fn whole<N: Copy + std::fmt::Display, U: TryFrom<N>>(name: &str, number: N) -> Result<U, Error> {
    U::try_from(number).map_err(|_| bad(name, &format!("{number} is negative")))
}

fn bad(name: &str, why: &str) -> Error {
    Error::local(tonic::Code::Internal, "BAD_TRAFFIC", format!("{name:?} is not a traffic: {why}"))
}

fn instant(time: &prost_types::Timestamp) -> Option<Timestamp> {
    Timestamp::new(time.seconds, time.nanos).ok()
}

/// The message that tells of a model's traffic. Its etag is the registry's alone and left empty.
pub(crate) fn traffic_message(model: &ModelName, traffic: &Traffic) -> pb::Traffic {
    let Traffic { salt, ranges, generation, epoch, updated_at } = traffic;
    let range = |range: &Range| pb::BucketRange {
        start: i32::try_from(range.start).unwrap_or(i32::MAX),
        end: i32::try_from(range.end).unwrap_or(i32::MAX),
        version: range.version.to_string(),
    };
    pb::Traffic {
        name: model.traffic(),
        salt: salt.clone(),
        ranges: ranges.iter().map(range).collect(),
        generation: i64::try_from(*generation).unwrap_or(i64::MAX),
        epoch: i64::try_from(*epoch).unwrap_or(i64::MAX),
        update_time: updated_at.map(time_message),
        etag: String::new(),
    }
}

/// The message that tells of an instant.
pub(crate) fn time_message(instant: Timestamp) -> prost_types::Timestamp {
    // The wire counts nanoseconds forward from the second before; jiff counts them towards zero.
    let (seconds, nanos) = (instant.as_second(), instant.subsec_nanosecond());
    if nanos < 0 {
        prost_types::Timestamp { seconds: seconds - 1, nanos: nanos + 1_000_000_000 }
    } else {
        prost_types::Timestamp { seconds, nanos }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> pb::Traffic {
        let range = |start, end, number| pb::BucketRange {
            start,
            end,
            version: format!("namespaces/default/models/m/versions/{number}"),
        };
        pb::Traffic {
            name: "namespaces/default/models/m/traffic".to_owned(),
            salt: "s".to_owned(),
            ranges: vec![range(0, 95_000, 1), range(95_000, 100_000, 2)],
            generation: 3,
            epoch: 2,
            update_time: Some(prost_types::Timestamp { seconds: -2, nanos: 250_000_000 }),
            etag: String::new(),
        }
    }

    #[test]
    fn traffic_is_written_as_it_was_read() {
        let (model, traffic) = parse_traffic(&message()).unwrap();
        assert_eq!(traffic_message(&model, &traffic), message());
    }

    #[test]
    fn what_does_not_partition_the_buckets_is_no_traffic() {
        let mut gap = message();
        gap.ranges[0].end = 90_000;
        let mut negative = message();
        negative.generation = -1;
        let mut foreign = message();
        foreign.ranges[1].version = "namespaces/default/models/other/versions/2".to_owned();
        for broken in [gap, negative, foreign] {
            assert_eq!(parse_traffic(&broken).unwrap_err().reason(), "BAD_TRAFFIC");
        }
    }
}
