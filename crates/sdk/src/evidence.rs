//! Evidence between the wire and the domain.

use jiff::Timestamp;
use slipway_domain::gate::{Arm, Estimate, Evidence, Verdict};
use slipway_domain::name::VersionName;

use crate::error::Error;
use crate::pb;
use crate::traffic::time_message;

/// The message that tells of evidence.
#[must_use]
pub fn evidence(evidence: &Evidence) -> pb::Evidence {
    let Evidence {
        verdict: found,
        explanation,
        deciding,
        calibration_ratio,
        relative_loss,
        calibration_e_value,
        candidate,
        baseline,
        overdispersion,
        mature_through,
        since,
        missing_rows,
        missing_positives,
        allowed_share,
        evaluated_at,
    } = evidence;
    pb::Evidence {
        verdict: verdict(*found).into(),
        explanation: explanation.clone(),
        deciding: deciding.clone(),
        calibration_ratio: calibration_ratio.map(estimate),
        relative_loss: relative_loss.map(estimate),
        calibration_e_value: *calibration_e_value,
        candidate: candidate.as_ref().map(arm),
        baseline: baseline.as_ref().map(arm),
        overdispersion: *overdispersion,
        mature_through: mature_through.map(time_message),
        since: since.map(time_message),
        missing_rows: signed(*missing_rows),
        missing_positives: signed(*missing_positives),
        allowed_share: *allowed_share,
        evaluate_time: Some(time_message(*evaluated_at)),
    }
}

fn verdict(verdict: Verdict) -> pb::GateVerdict {
    match verdict {
        Verdict::Pass => pb::GateVerdict::Pass,
        Verdict::Fail => pb::GateVerdict::Fail,
        Verdict::Inconclusive => pb::GateVerdict::Inconclusive,
        Verdict::NoData => pb::GateVerdict::NoData,
        Verdict::Error => pb::GateVerdict::Error,
    }
}

fn estimate(Estimate { value, lower, upper }: Estimate) -> pb::Estimate {
    pb::Estimate { value, lower, upper }
}

fn arm(arm: &Arm) -> pb::Arm {
    let Arm { version, rows, positives, predicted, calibration, log_loss, normalized_entropy } = arm;
    pb::Arm {
        version: version.to_string(),
        rows: signed(*rows),
        positives: signed(*positives),
        predicted: signed(*predicted),
        calibration: *calibration,
        log_loss: *log_loss,
        normalized_entropy: *normalized_entropy,
    }
}

/// The evidence that a message tells of.
///
/// # Errors
/// `BAD_EVIDENCE`: nothing may rest on evidence that is not understood whole.
pub fn parse_evidence(message: pb::Evidence) -> Result<Evidence, Error> {
    parse(message).map_err(|why| Error::local(tonic::Code::Internal, "BAD_EVIDENCE", format!("not evidence: {why}")))
}

fn parse(message: pb::Evidence) -> Result<Evidence, String> {
    let pb::Evidence {
        verdict: found,
        explanation,
        deciding,
        calibration_ratio,
        relative_loss,
        calibration_e_value,
        candidate,
        baseline,
        overdispersion,
        mature_through,
        since,
        missing_rows,
        missing_positives,
        allowed_share,
        evaluate_time,
    } = message;
    let evaluate_time = evaluate_time.ok_or("the time of the evaluation is missing")?;
    Ok(Evidence {
        verdict: parse_verdict(found)?,
        explanation,
        deciding,
        calibration_ratio: calibration_ratio.map(parse_estimate),
        relative_loss: relative_loss.map(parse_estimate),
        calibration_e_value,
        candidate: candidate.map(parse_arm).transpose()?,
        baseline: baseline.map(parse_arm).transpose()?,
        overdispersion,
        mature_through: mature_through.map(|time| parse_instant("mature_through", time)).transpose()?,
        since: since.map(|time| parse_instant("since", time)).transpose()?,
        missing_rows: count("missing_rows", missing_rows)?,
        missing_positives: count("missing_positives", missing_positives)?,
        allowed_share,
        evaluated_at: parse_instant("evaluate_time", evaluate_time)?,
    })
}

fn parse_verdict(verdict: i32) -> Result<Verdict, String> {
    match pb::GateVerdict::try_from(verdict) {
        Ok(pb::GateVerdict::Pass) => Ok(Verdict::Pass),
        Ok(pb::GateVerdict::Fail) => Ok(Verdict::Fail),
        Ok(pb::GateVerdict::Inconclusive) => Ok(Verdict::Inconclusive),
        Ok(pb::GateVerdict::NoData) => Ok(Verdict::NoData),
        Ok(pb::GateVerdict::Error) => Ok(Verdict::Error),
        Ok(pb::GateVerdict::Unspecified) | Err(_) => Err(format!("the verdict {verdict} is unknown")),
    }
}

fn parse_estimate(pb::Estimate { value, lower, upper }: pb::Estimate) -> Estimate {
    Estimate { value, lower, upper }
}

fn parse_arm(message: pb::Arm) -> Result<Arm, String> {
    let pb::Arm { version, rows, positives, predicted, calibration, log_loss, normalized_entropy } = message;
    Ok(Arm {
        version: VersionName::parse(&version).map_err(|error| error.to_string())?,
        rows: count("rows", rows)?,
        positives: count("positives", positives)?,
        predicted: count("predicted", predicted)?,
        calibration,
        log_loss,
        normalized_entropy,
    })
}

fn parse_instant(field: &str, time: prost_types::Timestamp) -> Result<Timestamp, String> {
    Timestamp::new(time.seconds, time.nanos).map_err(|_| format!("{field} is no instant"))
}

/// A number on the wire, which knows only signed ones; none of ours comes near the bound.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn count(field: &str, number: i64) -> Result<u64, String> {
    u64::try_from(number).map_err(|_| format!("{field} is negative"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Evidence {
        let version = |number| VersionName::parse(&format!("namespaces/default/models/m/versions/{number}")).unwrap();
        let arm = |number| Arm {
            version: version(number),
            rows: 10,
            positives: 2,
            predicted: 12,
            calibration: Some(1.5),
            log_loss: Some(0.25),
            normalized_entropy: None,
        };
        Evidence {
            verdict: Verdict::Inconclusive,
            explanation: "Not enough.".to_owned(),
            deciding: "minimum_rows".to_owned(),
            calibration_ratio: Some(Estimate { value: Some(1.0), lower: None, upper: Some(2.0) }),
            relative_loss: Some(Estimate::default()),
            calibration_e_value: Some(3.5),
            candidate: Some(arm(2)),
            baseline: Some(arm(1)),
            overdispersion: 1.25,
            mature_through: Some("2024-06-01T00:00:00Z".parse().unwrap()),
            since: Some("2024-05-01T00:00:00.5Z".parse().unwrap()),
            missing_rows: 90,
            missing_positives: 8,
            allowed_share: 0.5,
            evaluated_at: "2024-06-02T00:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn evidence_reads_back_as_it_was_sent() {
        assert_eq!(parse_evidence(evidence(&full())).unwrap(), full());
    }

    #[test]
    fn evidence_that_is_not_understood_whole_is_refused() {
        let good = || evidence(&full());
        let bad = [
            pb::Evidence { verdict: 0, ..good() },
            pb::Evidence { verdict: 77, ..good() },
            pb::Evidence { evaluate_time: None, ..good() },
            pb::Evidence { since: Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 }), ..good() },
            pb::Evidence { missing_rows: -1, ..good() },
            pb::Evidence { candidate: Some(pb::Arm::default()), ..good() },
        ];
        for message in bad {
            let error = parse_evidence(message.clone()).unwrap_err();
            assert_eq!(error.reason(), "BAD_EVIDENCE", "{message:?}");
        }
    }
}
