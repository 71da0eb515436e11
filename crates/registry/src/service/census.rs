//! The models of a picture in a form that is counted quickly: what each is known to have, and the values that groups are told
//! apart by.
//!
//! It is made when somebody asks, of the one before by the models that the ledger says were touched since.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use slipway_domain::coverage::{Beside, Care};
use slipway_domain::filter::{Field, Fields};
use slipway_domain::model::Model;
use slipway_domain::name::{Identifier, ModelName, TeamName};
use slipway_domain::team::Team;
use slipway_store::picture::Kept;

use crate::state::{ListedModel, State};

/// How many are kept: the newest, and some of the past.
const KEPT: usize = 4;
/// The most columns that one of them keeps: labels are named by who asks, and there is no end of names.
const MOST_COLUMNS: usize = 32;

/// One model.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// The model.
    pub listed: ListedModel,
    /// What it has.
    pub care: Care,
}

/// All living models, in the order of their names.
#[derive(Debug, Default)]
pub(super) struct Census {
    /// How many entries the ledger had.
    size: u64,
    /// The models.
    pub rows: Vec<Row>,
    columns: Mutex<BTreeMap<String, Arc<Column>>>,
}

/// The values of one field, of which each model has one.
#[derive(Debug, Default)]
pub(super) struct Column {
    /// The values as texts.
    pub values: Vec<String>,
    /// Which value each model has, in the order of the models.
    pub of: Vec<u32>,
}

impl Census {
    /// The models of `state`, after so many entries of the ledger.
    pub fn of(state: &State, size: u64) -> Self {
        let rows = state.models.values().filter_map(|kept| row(state, kept)).collect();
        Self { size, rows, columns: Mutex::default() }
    }

    /// The models of `state`, of which only the `touched` ones may differ from these.
    fn after(&self, state: &State, size: u64, touched: &BTreeSet<ModelName>) -> Self {
        let mut rows = self.rows.clone();
        for name in touched {
            let at = rows.binary_search_by(|row| row.listed.model.value.name.cmp(name));
            match (at, state.models.get(name).and_then(|kept| row(state, kept))) {
                (Ok(at), Some(row)) => rows[at] = row,
                (Err(at), Some(row)) => rows.insert(at, row),
                (Ok(at), None) => drop(rows.remove(at)),
                (Err(_), None) => {}
            }
        }
        // What matters to others may have come to matter more or less with what it is used by.
        rows.iter_mut().for_each(|row| row.listed = state.listed(row.listed.model.clone()));
        Self { size, rows, columns: Mutex::default() }
    }

    /// The values at `path`, which is a field of models.
    pub fn column(&self, path: &str) -> Arc<Column> {
        if let Some(column) = self.columns().get(path) {
            return Arc::clone(column);
        }
        let column = Arc::new(Column::of(&self.rows, path));
        let mut columns = self.columns();
        if columns.len() >= MOST_COLUMNS {
            columns.clear();
        }
        columns.insert(path.to_owned(), Arc::clone(&column));
        column
    }

    fn columns(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Column>>> {
        self.columns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Column {
    fn of(rows: &[Row], path: &str) -> Self {
        let (mut column, mut known) = (Self::default(), HashMap::new());
        for row in rows {
            let text = text(row.listed.field(path));
            let value = match known.get(&*text) {
                Some(value) => *value,
                None => {
                    let value = u32::try_from(column.values.len()).unwrap_or(u32::MAX);
                    column.values.push(text.clone().into_owned());
                    known.insert(text, value);
                    value
                }
            };
            column.of.push(value);
        }
        column
    }
}

/// A value as a group shows it.
fn text(field: Field<'_>) -> std::borrow::Cow<'_, str> {
    match field {
        Field::Text(text) => text,
        Field::Number(number) => number.to_string().into(),
        Field::Truth(truth) => truth.to_string().into(),
        Field::Absent => "".into(),
    }
}

/// A model with what it has; none if it is deleted.
fn row(state: &State, kept: &Kept<Model>) -> Option<Row> {
    let model = &*kept.value;
    if model.deletion.is_some() {
        return None;
    }
    Some(Row { care: care(state, model), listed: state.listed(kept.clone()) })
}

/// What a model has.
pub(super) fn care(state: &State, model: &Model) -> Care {
    let traffic = state.traffic.get(&model.name).map(|kept| &*kept.value);
    let beside = Beside {
        model_type: model.model_type.as_ref().and_then(|name| state.model_types.get(name)).map(|kept| &*kept.value),
        owner: team(state, model, &model.owner).map(|kept| &*kept.value),
        paged: team(state, model, paged(model)).map(|kept| &*kept.value),
        traffic,
    };
    let serving = traffic.into_iter().flat_map(|traffic| traffic.ranges.iter().map(|range| range.version.number)).max();
    let older = model.name.version(0)..model.name.version(serving.unwrap_or(0));
    let older = state.versions.range(older).rev().map(|(_, kept)| &*kept.value);
    Care::of(model, beside, older)
}

/// The id of the team that is paged for a model.
pub(super) fn paged(model: &Model) -> &str {
    if model.on_call.is_empty() { &model.owner } else { &model.on_call }
}

/// The team of a model's namespace with this id.
pub(super) fn team<'a>(state: &'a State, model: &Model, id: &str) -> Option<&'a Kept<Team>> {
    let team = Identifier::parse(id).ok()?;
    let name = TeamName { namespace: model.name.namespace.clone(), team };
    state.teams.get(&name)
}

/// The censuses that are kept. The one that was used longest ago is the first to go.
#[derive(Debug, Default)]
pub(super) struct Censuses(Mutex<VecDeque<Arc<Census>>>);

impl Censuses {
    /// The census of `state`, a picture of the past or `now`.
    pub fn get(&self, now: &State, (state, size): (&State, u64)) -> Arc<Census> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = kept.iter().position(|census| census.size == size) {
            let found = kept.remove(at).unwrap_or_default();
            kept.push_back(Arc::clone(&found));
            return found;
        }
        // While one is made the others wait, and find it then.
        let near = kept.iter().filter(|census| census.size < size).max_by_key(|census| census.size);
        let touched = near.and_then(|census| Some((census, touched(now, census.size, size)?)));
        let made = match touched {
            Some((census, touched)) => census.after(state, size, &touched),
            None => Census::of(state, size),
        };
        let made = Arc::new(made);
        kept.push_back(Arc::clone(&made));
        while kept.len() > KEPT {
            kept.pop_front();
        }
        made
    }
}

/// The models that may differ after `to` entries from what they were after `from`; none if all of them may.
fn touched(now: &State, from: u64, to: u64) -> Option<BTreeSet<ModelName>> {
    // Where much has changed, all is counted anew at less cost.
    if to - from > 1000 {
        return None;
    }
    let names = (from..to).map(|index| now.ledger.place(index).map(|place| place.resource()));
    names.map(|name| ModelName::of_resource(name?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_are_made_up_take_no_room_without_end() {
        let census = Census::default();
        for number in 0..10 * MOST_COLUMNS {
            census.column(&format!("labels.x{number}"));
            assert!(census.columns().len() <= MOST_COLUMNS);
        }
        let kept = census.column("owner");
        assert!(Arc::ptr_eq(&kept, &census.column("owner")), "what was asked for last is kept");
    }
}
