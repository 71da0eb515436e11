//! What a report, or many of them, add to the cells: folded already, so that adding it is all that is left to do.

use std::collections::BTreeMap;

use slipway_domain::name::ModelName;
use slipway_domain::stats::{Cell, PairedCell};

use super::Sums;
use crate::keys::{Paired, Served};
use crate::window::Minute;

/// Cells to add, by minute.
pub type Minutes<C> = BTreeMap<Minute, C>;

/// Cells to add, by model.
#[derive(Debug, Default)]
pub struct Delta {
    models: BTreeMap<ModelName, ModelDelta>,
}

/// Cells to add to one model.
#[derive(Debug, Default)]
pub struct ModelDelta {
    /// By version.
    pub served: BTreeMap<Served, Minutes<Cell>>,
    /// By pair of versions.
    pub paired: BTreeMap<Paired, Minutes<PairedCell>>,
}

impl Delta {
    /// The cells to add to `model`.
    pub fn model_mut(&mut self, model: &ModelName) -> &mut ModelDelta {
        if !self.models.contains_key(model) {
            self.models.insert(model.clone(), ModelDelta::default());
        }
        self.models.get_mut(model).expect("the model was inserted if it was missing")
    }

    /// The models, each with what is added to it.
    pub fn models(&self) -> impl Iterator<Item = (&ModelName, &ModelDelta)> {
        self.models.iter()
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: Self) {
        for (name, added) in other.models {
            let model = self.model_mut(&name);
            merge_cells(&mut model.served, added.served);
            merge_cells(&mut model.paired, added.paired);
        }
    }
}

impl ModelDelta {
    /// The newest minute in it; none if there is no cell.
    #[must_use]
    pub fn newest(&self) -> Option<Minute> {
        let served = self.served.values().filter_map(|minutes| minutes.keys().next_back());
        let paired = self.paired.values().filter_map(|minutes| minutes.keys().next_back());
        served.chain(paired).max().copied()
    }
}

fn merge_cells<S: Ord, C: Sums>(mine: &mut BTreeMap<S, Minutes<C>>, theirs: BTreeMap<S, Minutes<C>>) {
    for (subject, minutes) in theirs {
        let mine = mine.entry(subject).or_default();
        for (minute, cell) in minutes {
            match mine.entry(minute) {
                std::collections::btree_map::Entry::Vacant(place) => drop(place.insert(cell)),
                std::collections::btree_map::Entry::Occupied(mut sum) => sum.get_mut().merge(&cell),
            }
        }
    }
}
