//! The services from outside: whether they answer, are ready, are who they should be, and agree about the time.

use anyhow::Result;
use jiff::Timestamp;
use slipway_chassis::env::Env;
use slipway_operations::examine::Finding;
use slipway_sdk::{Code, Error, Obstacle, pb};

use crate::connect::{Connect, Service};

/// A clock that differs by more seconds than this is told, and by more than that it fails.
const SKEW: (i64, i64) = (2, 30);

/// What was found at each service.
pub async fn examine(connect: &Connect) -> Result<Vec<(String, Vec<Finding>)>> {
    let mut all = Vec::new();
    for service in Service::ALL {
        let subject = format!("{} at {}", service.name(), connect.address(service));
        all.push((subject, one(connect, service).await?));
    }
    Ok(all)
}

async fn one(connect: &Connect, service: Service) -> Result<Vec<Finding>> {
    let operations = connect.operations(service)?;
    let ready = match operations.is_serving().await {
        Ok(true) => Finding::fine("it answers and is ready"),
        Ok(false) => {
            let advice = "its own /readyz, on the address ops-listen, says which part is not";
            Finding::failure("it answers and is not ready", advice)
        }
        Err(error) => return Ok(vec![unreachable(service, &error)]),
    };
    let before = Env::system().now();
    let answered = operations.get_caller().await;
    let after = Env::system().now();
    let mut findings = vec![ready];
    match answered {
        Ok(caller) => {
            findings.extend(identity(service, &caller));
            findings.extend(clock(&caller, (before, after)));
        }
        Err(error) => findings.push(stranger(&error)),
    }
    Ok(findings)
}

fn unreachable(service: Service, error: &Error) -> Finding {
    let name = service.name();
    let obstacle = error.obstacle().unwrap_or(Obstacle::Unknown);
    let (what, advice) = match obstacle {
        Obstacle::NobodyListens => {
            ("nobody listens there", format!("start slipway-{name}, or let --{name} name its address"))
        }
        Obstacle::NotPlain => (
            "it is called without TLS and does not answer so",
            format!("write --{name} https://… if it has a certificate"),
        ),
        Obstacle::NotTls => (
            "it is called under TLS and does not speak it",
            format!("write --{name} http://…, or give it tls.certificate"),
        ),
        Obstacle::ForeignAuthority => ("nobody whom you trust has certified it", obstacle.advice().to_owned()),
        Obstacle::OtherName => ("its certificate is for other names", obstacle.advice().to_owned()),
        Obstacle::CertificateUnfit => ("its certificate does not hold", obstacle.advice().to_owned()),
        Obstacle::Refused => ("it refuses the certificate of this side", obstacle.advice().to_owned()),
        Obstacle::Closed => {
            ("it closes the connection, as if it refused the certificate of this side", obstacle.advice().to_owned())
        }
        Obstacle::Unknown => ("nobody answers", obstacle.advice().to_owned()),
    };
    Finding::failure(format!("{what}: {}", error.message()), advice)
}

fn stranger(error: &Error) -> Finding {
    match error.code() {
        Code::Unauthenticated if error.reason() != "CREDENTIALS_MISSING" => Finding::failure(
            format!("it refuses the token or certificate that it is shown: {} [{}]", error.message(), error.reason()),
            "get a new one: `slipway login` keeps a token, --token-file names another one",
        ),
        Code::Unauthenticated => Finding::warning(
            format!("it does not know who asks: {}", error.message()),
            "give a token or a certificate that it accepts; it answers little to nobody",
        ),
        Code::Unimplemented => {
            Finding::warning("it is of another program or an older version", "compare the versions of both programs")
        }
        _ => Finding::failure(format!("it does not say who it is: {error}"), "look into its log"),
    }
}

fn identity(service: Service, caller: &pb::GetCallerResponse) -> Vec<Finding> {
    let mut findings = Vec::new();
    if caller.service != service.name() {
        let what = format!("the {} answers there", caller.service);
        findings
            .push(Finding::failure(what, format!("--{} is to name the address of another service", service.name())));
    }
    let mine = env!("CARGO_PKG_VERSION");
    if caller.program_version == mine {
        findings.push(Finding::fine(format!("its version is {mine}, as this command's")));
    } else {
        let what = format!("its version is {}, and this command's is {mine}", caller.program_version);
        findings.push(Finding::warning(what, "use the same version of both where you can"));
    }
    if caller.guarded {
        findings.push(Finding::fine(format!("to it you are {}", caller.principal)));
    } else {
        let advice = "give it access.policy before anybody else can reach it";
        findings.push(Finding::warning("everybody who reaches it may do everything", advice));
    }
    findings
}

/// How far its clock is from ours, when it answered between two instants.
fn clock(caller: &pb::GetCallerResponse, (before, after): (Timestamp, Timestamp)) -> Option<Finding> {
    let at = caller.server_time?;
    let at = Timestamp::new(at.seconds, at.nanos).ok()?;
    let ahead = at.duration_since(after).as_secs().max(0);
    let behind = before.duration_since(at).as_secs().max(0);
    let (skew, way) = if ahead > behind { (ahead, "ahead of") } else { (behind, "behind") };
    let what = format!("its clock is {skew} s {way} this machine's");
    let advice = "let both machines follow one source of time (chrony, systemd-timesyncd): tokens and bakes need it";
    Some(match skew {
        skew if skew > SKEW.1 => Finding::failure(what, advice),
        skew if skew > SKEW.0 => Finding::warning(what, advice),
        _ => Finding::fine("its clock agrees with this machine's"),
    })
}

#[cfg(test)]
mod tests {
    use slipway_operations::examine::Gravity;

    use super::*;

    #[test]
    fn a_clock_is_judged_by_how_far_it_is_off_in_either_direction() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let gravity = |seconds: i64| {
            let server_time = Some(prost_types::Timestamp { seconds: now.as_second() + seconds, nanos: 0 });
            clock(&pb::GetCallerResponse { server_time, ..Default::default() }, (now, now)).unwrap().gravity
        };
        assert_eq!([gravity(0), gravity(2), gravity(-2)], [Gravity::Fine; 3]);
        assert_eq!([gravity(10), gravity(-10)], [Gravity::Warning; 2]);
        assert_eq!([gravity(3600), gravity(-3600)], [Gravity::Failure; 2]);
    }

    #[test]
    fn another_service_at_the_address_fails() {
        let caller = pb::GetCallerResponse { service: "launcher".to_owned(), guarded: true, ..Default::default() };
        assert!(identity(Service::Registry, &caller).iter().any(|finding| finding.gravity == Gravity::Failure));
    }
}
