//! Everything the service knows, in memory: one immutable snapshot that readers share and that the committer replaces
//! after every transaction. Cloning one is cheap, because clones share what they do not change.

mod delta;
mod series;
mod watermark;

use std::sync::Arc;

use imbl::{HashMap, OrdMap};
use slipway_domain::name::ModelName;
use slipway_domain::stats::{Cell, PairedCell};
use slipway_store::{Revision, Txn};

use crate::error::Error;
use crate::keys::{self, Paired, Segment, Served, Subject};
use crate::record::{self, Member, Producer, ProducerId};
use crate::window::Minute;

pub use delta::{Delta, ModelDelta};
pub use series::{Series, Sums};

/// The state of the service at one revision of its store.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The revision of the store that this is the state of.
    pub revision: Revision,
    models: HashMap<ModelName, Arc<Model>>,
    producers: HashMap<ProducerId, Arc<Producer>>,
}

/// What is known of one model.
#[derive(Debug, Clone, Default)]
pub struct Model {
    served: OrdMap<Served, Series<Cell>>,
    paired: OrdMap<Paired, Series<PairedCell>>,
    /// Who reports the model, and the newest minute that each has reported.
    members: OrdMap<ProducerId, Minute>,
}

impl Snapshot {
    /// What is known of `model`; none if nothing was ever reported of it.
    #[must_use]
    pub fn model(&self, model: &ModelName) -> Option<&Model> {
        self.models.get(model).map(Arc::as_ref)
    }

    /// How far `producer` has reported; none if it never did. Whoever reports under a name from before principals were kept
    /// goes on from there, each for itself.
    #[must_use]
    pub fn producer(&self, producer: &ProducerId) -> Option<&Producer> {
        let known = self.producers.get(producer).or_else(|| self.producers.get(&producer.unbound()));
        known.map(Arc::as_ref)
    }

    /// How many models, series of cells, cells and producers there are.
    #[must_use]
    pub fn size(&self) -> Size {
        let mut size = Size { models: self.models.len(), producers: self.producers.len(), ..Size::default() };
        for model in self.models.values() {
            size.series += model.served.len() + model.paired.len();
            size.cells += model.served.values().map(Series::len).sum::<usize>();
            size.cells += model.paired.values().map(Series::len).sum::<usize>();
        }
        size
    }

    pub(crate) fn model_mut(&mut self, model: &ModelName) -> &mut Model {
        Arc::make_mut(self.models.entry(model.clone()).or_default())
    }

    /// Adds what was reported and answers `txn` with the records that change.
    ///
    /// # Errors
    /// [`Error::Damaged`] when a cell that is to be added to cannot be read. The snapshot is of no use then.
    pub(crate) fn add(&mut self, delta: &Delta, mut txn: Txn) -> Result<Txn, Error> {
        for (name, added) in delta.models() {
            let model = self.model_mut(name);
            txn = add_cells(name, &mut model.served, &added.served, txn)?;
            txn = add_cells(name, &mut model.paired, &added.paired, txn)?;
        }
        Ok(txn)
    }

    /// Notes that `producer` reports `model` and has reported `newest`; writes a record only if that is news.
    pub(crate) fn note_member(&mut self, model: &ModelName, producer: &ProducerId, newest: Minute, txn: Txn) -> Txn {
        let known = self.model(model).and_then(|model| model.members.get(producer));
        if known.is_some_and(|known| *known >= newest) {
            return txn;
        }
        self.put_member(model, producer.clone(), newest);
        txn.put(keys::member(model, producer), record::encode(&Member::of(newest)))
    }

    pub(crate) fn put_member(&mut self, model: &ModelName, producer: ProducerId, newest: Minute) {
        self.model_mut(model).members.insert(producer, newest);
    }

    pub(crate) fn put_producer(&mut self, producer: ProducerId, standing: Producer) {
        self.producers.insert(producer, Arc::new(standing));
    }
}

fn add_cells<S: Subject, C: Sums>(
    model: &ModelName,
    all: &mut OrdMap<S, Series<C>>,
    added: &std::collections::BTreeMap<S, delta::Minutes<C>>,
    mut txn: Txn,
) -> Result<Txn, Error> {
    for (subject, minutes) in added {
        let series = all.entry(subject.clone()).or_default();
        for (minute, cell) in series.add(minutes)? {
            txn = txn.put(keys::cell(model, subject, minute), cell);
        }
    }
    Ok(txn)
}

impl Model {
    /// The cells of version `number` over all its rows; none if it was never reported as served.
    #[must_use]
    pub fn served(&self, number: u64) -> Option<&Series<Cell>> {
        self.served.get(&Served { version: number, segment: Segment::ALL })
    }

    /// The cells of two versions on the same rows; none if they were never reported together.
    #[must_use]
    pub fn paired(&self, candidate: u64, baseline: u64) -> Option<&Series<PairedCell>> {
        self.paired.get(&Paired { candidate, baseline, segment: Segment::ALL })
    }

    /// The numbers of the versions that were reported as served, in order.
    pub fn versions(&self) -> impl Iterator<Item = u64> + '_ {
        self.served.keys().filter(|served| served.segment == Segment::ALL).map(|served| served.version)
    }
}

/// A kind of series that is read back from the store.
pub(crate) trait Stored: Subject {
    /// The cells of such a series.
    type Cell: Sums;
    /// The series of one subject, made if there is none.
    fn series(model: &mut Model, subject: Self) -> &mut Series<Self::Cell>;
}

impl Stored for Served {
    type Cell = Cell;
    fn series(model: &mut Model, subject: Self) -> &mut Series<Cell> {
        model.served.entry(subject).or_default()
    }
}

impl Stored for Paired {
    type Cell = PairedCell;
    fn series(model: &mut Model, subject: Self) -> &mut Series<PairedCell> {
        model.paired.entry(subject).or_default()
    }
}

/// How much a snapshot holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Models that were ever reported.
    pub models: usize,
    /// Versions and pairs of versions.
    pub series: usize,
    /// Minutes of all series.
    pub cells: usize,
    /// Producers that ever reported.
    pub producers: usize,
}
