//! Plans, both ways.

use std::time::Duration;

use slipway_domain::check::Check;
use slipway_domain::gate::Policy;
use slipway_domain::launch::{Consequence, Plan, RampStep, Shadow};
use slipway_proto::launcher::v1 as pb;

use slipway_chassis::scalar::{duration, parse_duration, signed, unsigned};

/// The plan that a message asks for, with the usual value for what it leaves out. Faults of the message are noted;
/// whether the plan makes sense is for [`Plan::check`].
#[must_use]
pub fn parse_plan(check: &mut Check, message: Option<pb::Plan>) -> Plan {
    let usual = Plan::default();
    let pb::Plan {
        shadow,
        steps,
        gate,
        watch,
        hold_deadline,
        hold_consequence,
        wait_deadline,
        evaluate_interval,
        approvals,
        estimate,
    } = message.unwrap_or_default();
    let shadow = shadow
        .map(|pb::Shadow { bake }| Shadow { bake: parse_duration(check, "plan.shadow.bake", bake, Duration::ZERO) });
    let parsed = Plan {
        shadow,
        steps: if steps.is_empty() { usual.steps } else { parse_steps(check, steps) },
        gate: parse_gate(check, gate.unwrap_or_default()),
        watch: parse_duration(check, "plan.watch", watch, usual.watch),
        hold_deadline: parse_duration(check, "plan.hold_deadline", hold_deadline, usual.hold_deadline),
        hold_consequence: parse_consequence(check, hold_consequence),
        wait_deadline: parse_duration(check, "plan.wait_deadline", wait_deadline, usual.wait_deadline),
        evaluate_interval: parse_duration(check, "plan.evaluate_interval", evaluate_interval, usual.evaluate_interval),
        approvals: u32::try_from(unsigned(check, "plan.approvals", approvals.into())).unwrap_or(u32::MAX),
        estimate,
    };
    refuse_unoffered(check, &parsed);
    parsed
}

fn parse_steps(check: &mut Check, steps: Vec<pb::RampStep>) -> Vec<RampStep> {
    let mut parsed = Vec::with_capacity(steps.len());
    for (index, pb::RampStep { share, bake }) in steps.into_iter().enumerate() {
        let bake = parse_duration(check, &format!("plan.steps[{index}].bake"), bake, Duration::ZERO);
        parsed.push(RampStep { share, bake });
    }
    parsed
}

fn parse_gate(check: &mut Check, gate: pb::Gate) -> Policy {
    let pb::Gate { alpha, calibration_tolerance, ne_tolerance, harm_budget, minimum_rows, minimum_positives } = gate;
    let usual = Policy::default();
    let or = |value: f64, usual: f64| if value == 0.0 { usual } else { value };
    let mut rows = |field: &str, number: i64| Some(unsigned(check, field, number)).filter(|rows| *rows > 0);
    Policy {
        minimum_rows: rows("plan.gate.minimum_rows", minimum_rows),
        minimum_positives: rows("plan.gate.minimum_positives", minimum_positives),
        alpha: or(alpha, usual.alpha),
        calibration_tolerance: or(calibration_tolerance, usual.calibration_tolerance),
        ne_tolerance: or(ne_tolerance, usual.ne_tolerance),
        harm_budget: or(harm_budget, usual.harm_budget),
    }
}

fn parse_consequence(check: &mut Check, consequence: i32) -> Consequence {
    match pb::HoldConsequence::try_from(consequence) {
        Ok(pb::HoldConsequence::Unspecified | pb::HoldConsequence::RollBack) => Consequence::RollBack,
        Ok(pb::HoldConsequence::KeepHolding) => Consequence::KeepHolding,
        Err(_) => {
            check.add("plan.hold_consequence", "UNKNOWN_VALUE", format!("{consequence} is no consequence"));
            Consequence::RollBack
        }
    }
}

/// Nobody can approve yet, and nobody estimates: a plan that waits for it would wait in vain.
fn refuse_unoffered(check: &mut Check, plan: &Plan) {
    if plan.approvals != 0 {
        check.add("plan.approvals", "NOT_OFFERED", "must be 0: this launcher takes no approvals");
    }
    if plan.estimate {
        check.add("plan.estimate", "NOT_OFFERED", "must be false: this launcher does not estimate capacity");
    }
}

/// A plan as the wire shows it.
#[must_use]
pub fn plan(plan: &Plan) -> pb::Plan {
    let Plan {
        shadow,
        steps,
        gate: policy,
        watch,
        hold_deadline,
        hold_consequence,
        wait_deadline,
        evaluate_interval,
        approvals,
        estimate,
    } = plan;
    let step = |RampStep { share, bake }: &RampStep| pb::RampStep { share: *share, bake: duration(*bake) };
    let consequence = match hold_consequence {
        Consequence::RollBack => pb::HoldConsequence::RollBack,
        Consequence::KeepHolding => pb::HoldConsequence::KeepHolding,
    };
    pb::Plan {
        shadow: shadow.map(|Shadow { bake }| pb::Shadow { bake: duration(bake) }),
        steps: steps.iter().map(step).collect(),
        gate: Some(gate(policy)),
        watch: duration(*watch),
        hold_deadline: duration(*hold_deadline),
        hold_consequence: consequence.into(),
        wait_deadline: duration(*wait_deadline),
        evaluate_interval: duration(*evaluate_interval),
        approvals: i32::try_from(*approvals).unwrap_or(i32::MAX),
        estimate: *estimate,
    }
}

fn gate(policy: &Policy) -> pb::Gate {
    let Policy { alpha, calibration_tolerance, ne_tolerance, harm_budget, minimum_rows, minimum_positives } = policy;
    pb::Gate {
        alpha: *alpha,
        calibration_tolerance: *calibration_tolerance,
        ne_tolerance: *ne_tolerance,
        harm_budget: *harm_budget,
        minimum_rows: minimum_rows.map_or(0, signed),
        minimum_positives: minimum_positives.map_or(0, signed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(message: pb::Plan) -> (Plan, Vec<String>) {
        let mut check = Check::new();
        let plan = parse_plan(&mut check, Some(message));
        (plan, check.into_violations().into_iter().map(|violation| violation.field).collect())
    }

    #[test]
    fn a_plan_that_states_nothing_is_the_usual_plan() {
        assert_eq!(parsed(pb::Plan::default()), (Plan::default(), vec![]));
    }

    #[test]
    fn a_plan_reads_back_as_it_was_shown() {
        let rich = Plan {
            shadow: Some(Shadow { bake: Duration::from_secs(5) }),
            gate: Policy { minimum_rows: Some(7), ..Policy::default() },
            hold_consequence: Consequence::KeepHolding,
            watch: Duration::from_millis(1500),
            ..Plan::default()
        };
        assert_eq!(parsed(plan(&rich)), (rich, vec![]));
    }

    #[test]
    fn every_fault_of_a_plan_is_noted() {
        let negative = Some(prost_types::Duration { seconds: -1, nanos: 0 });
        let message = pb::Plan {
            shadow: Some(pb::Shadow { bake: negative }),
            steps: vec![pb::RampStep { share: 1.0, bake: negative }],
            gate: Some(pb::Gate { minimum_rows: -1, ..pb::Gate::default() }),
            hold_consequence: 9,
            approvals: 1,
            estimate: true,
            ..pb::Plan::default()
        };
        let fields = [
            "plan.shadow.bake",
            "plan.steps[0].bake",
            "plan.gate.minimum_rows",
            "plan.hold_consequence",
            "plan.approvals",
            "plan.estimate",
        ];
        assert_eq!(parsed(message).1, fields);
    }
}
