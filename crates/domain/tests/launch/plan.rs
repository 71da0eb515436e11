//! A plan says everything that is wrong with it at once.

use std::time::Duration;

use slipway_domain::gate::Policy;
use slipway_domain::launch::{Plan, RampStep, Shadow};

use crate::case::{DAY, HOUR, plan};

fn wrong(plan: &Plan) -> Vec<String> {
    plan.check().into_iter().map(|violation| format!("{} {}", violation.field, violation.reason)).collect()
}

fn steps(shares: &[f64]) -> Plan {
    let steps = shares.iter().map(|share| RampStep { share: *share, bake: HOUR }).collect();
    Plan { steps, ..Plan::default() }
}

#[test]
fn the_plan_of_somebody_who_states_nothing_is_sound() {
    assert_eq!(wrong(&Plan::default()), Vec::<String>::new());
    assert_eq!(wrong(&plan()), Vec::<String>::new());
    assert_eq!(Plan::default().steps.iter().map(|step| step.share).collect::<Vec<_>>(), [0.05, 0.25, 0.5, 1.0]);
}

#[test]
fn every_bad_field_is_named_at_once() {
    let bad = Plan {
        shadow: Some(Shadow { bake: 91 * DAY }),
        gate: Policy { alpha: f64::NAN, ne_tolerance: 0.0, harm_budget: 1.5, ..Policy::default() },
        watch: 91 * DAY,
        hold_deadline: Duration::from_secs(59),
        wait_deadline: 366 * DAY,
        evaluate_interval: Duration::from_millis(999),
        approvals: 101,
        ..Plan::default()
    };
    let fields = [
        "plan.gate.alpha",
        "plan.gate.ne_tolerance",
        "plan.gate.harm_budget",
        "plan.shadow.bake",
        "plan.watch",
        "plan.hold_deadline",
        "plan.wait_deadline",
        "plan.evaluate_interval",
        "plan.approvals",
    ];
    assert_eq!(wrong(&bad), fields.map(|field| format!("{field} OUT_OF_BOUNDS")));
}

#[test]
fn a_ramp_must_rise_and_end_at_everything() {
    let found = wrong(&steps(&[0.5, 0.5, 0.25, 0.75]));
    let wanted = [
        "plan.steps[1].share RAMP_NOT_RISING",
        "plan.steps[2].share RAMP_NOT_RISING",
        "plan.steps[3].share RAMP_INCOMPLETE",
    ];
    assert_eq!(found, wanted);
}

#[test]
fn shares_that_are_none_are_named() {
    for share in [f64::NAN, 0.0, -0.5, 1.5, 0.000_001] {
        assert_eq!(wrong(&steps(&[share, 1.0])), ["plan.steps[0].share OUT_OF_BOUNDS"], "{share}");
    }
}

#[test]
fn a_ramp_without_steps_is_refused() {
    assert_eq!(wrong(&steps(&[])), ["plan.steps OUT_OF_BOUNDS"]);
}
