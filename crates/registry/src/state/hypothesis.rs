//! What the registry would be after a change that is not made yet: what is decided on what a change leaves is decided here.

use slipway_domain::ledger::Resource;

use super::{Shift, State};

/// The picture after a change, and what that moves beside it.
#[derive(Debug)]
pub struct Hypothesis {
    /// The picture.
    pub state: State,
    /// The models whose effective tier becomes another one.
    pub shifts: Vec<Shift>,
}

impl State {
    /// The picture after `changes`: what each resource was, and what it becomes. It shares with this one what they have
    /// in common.
    #[must_use]
    pub fn supposing<'a>(
        &self,
        changes: impl IntoIterator<Item = (Option<&'a Resource>, Option<&'a Resource>)>,
    ) -> Hypothesis {
        let mut state = self.clone();
        let next = self.revision + 1;
        for (before, after) in changes {
            match (before, after) {
                (_, Some(after)) => state.put_resource(after.clone(), next),
                (Some(before), None) => state.forget(&before.name()),
                (None, None) => {}
            }
        }
        let moved = state.settle_tiers();
        let shifts = state.shifts(moved);
        state.revision = next;
        Hypothesis { state, shifts }
    }
}
