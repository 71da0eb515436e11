//! Claim: what was acknowledged to a person is kept, and what was refused for good was not done. Of what nobody knows,
//! nothing is claimed.

use std::collections::BTreeSet;

use slipway_launcher::keys::Key;
use uuid::Uuid;

use crate::chronicle::{Fate, Role, What};
use crate::history::History;

/// Holds what people heard against what the services have kept.
pub fn check(history: &History) -> Result<(), String> {
    let kept = kept(history);
    for fact in &history.facts {
        let What::Asked(id, role, fate) = &fact.what else { continue };
        let done = kept.contains(&(*role, *id));
        match fate {
            Fate::Acknowledged if !done => return Err(format!("{}: {id} was acknowledged and is lost", fact.at)),
            Fate::Refused if done => return Err(format!("{}: {id} was refused and is done", fact.at)),
            Fate::Acknowledged | Fate::Refused | Fate::Unknown => {}
        }
    }
    Ok(())
}

/// The requests whose answers were ever kept.
fn kept(history: &History) -> BTreeSet<(Role, Uuid)> {
    let mut kept = BTreeSet::new();
    for fact in &history.facts {
        let What::Committed(life, _, writes) = &fact.what else { continue };
        for (key, _) in writes.iter().filter(|(_, value)| value.is_some()) {
            let id = match life.role {
                Role::Registry => slipway_registry::keys::answer_id(key),
                Role::Launcher => match Key::read(key) {
                    Some(Key::Answer(id)) => Some(id),
                    _ => None,
                },
                Role::Health => None,
            };
            kept.extend(id.map(|id| (life.role, id)));
        }
    }
    kept
}

#[test]
fn an_acknowledged_request_that_was_not_done_is_seen() {
    let mut history = super::red::calm();
    assert_eq!(check(&history), Ok(()));
    let lost = What::Asked(Uuid::from_u128(7), Role::Launcher, Fate::Acknowledged);
    let lost = super::red::late(&history, lost);
    history.facts.push(lost);
    assert!(check(&history).is_err());
}

#[test]
fn a_refused_request_that_was_done_is_seen() {
    let mut history = super::red::calm();
    for fact in &mut history.facts {
        if let What::Asked(_, _, fate) = &mut fact.what {
            *fate = Fate::Refused;
        }
    }
    assert!(check(&history).is_err());
}
