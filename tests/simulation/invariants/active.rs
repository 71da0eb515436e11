//! Claim: a model has at most one active launch, and the store's row of it names that launch.

use std::collections::BTreeMap;

use crate::history::History;

/// Checks after every step of a launch.
pub fn check(history: &History) -> Result<(), String> {
    let mut active = BTreeMap::new();
    for (at, step) in history.steps() {
        let (launch, model) = (&step.after, &step.after.candidate.model);
        if launch.stage.is_end() {
            active.remove(model);
        } else if let Some(other) = active.insert(model.clone(), launch.name.clone())
            && other != launch.name
        {
            return Err(format!("{at}: {} and {other} are active at once", launch.name));
        }
        if step.active.as_ref() != active.get(model) {
            return Err(format!("{at}: {model} is said to be in {:?}", step.active));
        }
    }
    Ok(())
}

#[test]
fn a_second_launch_of_a_model_is_seen() {
    let mut history = super::red::calm();
    assert_eq!(check(&history), Ok(()));
    let other = "namespaces/default/launches/other".to_owned();
    let name = slipway_domain::name::LaunchName::parse(&other).unwrap();
    super::red::steps(&mut history).nth(3).unwrap().after.name = name;
    assert!(check(&history).is_err());
}
