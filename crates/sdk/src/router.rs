//! Which version serves a unit: decided here, from the last traffic the registry told of, in nanoseconds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption, Guard};
use slipway_domain::name::{ModelName, VersionName};
use slipway_domain::traffic::{Traffic, bucket};

use crate::cache::{Cache, Picture};

/// The present traffic of one model, where everybody who routes it finds it.
#[derive(Debug, Default)]
struct Table(ArcSwapOption<Traffic>);

/// The tables of all models that somebody routes.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    by_model: ArcSwap<HashMap<ModelName, Arc<Table>>>,
    /// Held while the set of tables or what is in them changes; never by who routes.
    writing: Mutex<()>,
}

impl Tables {
    /// Brings every table to `picture`.
    pub fn refresh(&self, picture: &Picture) {
        let _writing = self.lock();
        for (model, table) in self.by_model.load().iter() {
            table.0.store(picture.traffic(model).cloned());
        }
    }

    /// Brings the tables of `models` to `picture`.
    pub fn reroute(&self, models: &[ModelName], picture: &Picture) {
        let _writing = self.lock();
        let tables = self.by_model.load();
        for model in models {
            if let Some(table) = tables.get(model) {
                table.0.store(picture.traffic(model).cloned());
            }
        }
    }

    /// The table of `model`, from now on kept up to date.
    fn of(&self, model: &ModelName, picture: impl FnOnce() -> Arc<Picture>) -> Arc<Table> {
        let _writing = self.lock();
        let tables = self.by_model.load();
        if let Some(table) = tables.get(model) {
            return Arc::clone(table);
        }
        // A picture is stored before its tables are brought up to it. So the one that is read under this lock is
        // either the newest, or the newer one's writer waits for the lock and finds this table.
        let table = Arc::new(Table(ArcSwapOption::new(picture().traffic(model).cloned())));
        let mut more = HashMap::clone(&tables);
        more.insert(model.clone(), Arc::clone(&table));
        self.by_model.store(Arc::new(more));
        table
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        // Nothing is guarded but the order of writers, which a panic can't spoil.
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Decides which version serves a unit. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Router {
    cache: Cache,
}

impl Router {
    pub(crate) fn new(cache: Cache) -> Self {
        Self { cache }
    }

    /// A router for one model, to be prepared once and used for every unit. The model need not be known yet.
    #[must_use]
    pub fn model(&self, model: &ModelName) -> ModelRouter {
        let shared = self.cache.shared();
        let table = shared.tables.of(model, || shared.picture());
        ModelRouter { table, _fed_by: self.cache.clone() }
    }

    /// The version of `model` that serves the unit called `unit`; none while the model serves nothing or nothing is
    /// known of it. Where one model is routed again and again, a [`ModelRouter`] saves looking it up.
    #[must_use]
    pub fn route(&self, model: &ModelName, unit: &str) -> Option<Routed> {
        let shared = self.cache.shared();
        let known = shared.tables.by_model.load().get(model).map(|table| table.0.load());
        Routed::new(known.unwrap_or_else(|| self.model(model).table.0.load()), unit)
    }
}

/// Decides which version of one model serves a unit. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ModelRouter {
    table: Arc<Table>,
    /// Keeps the table up to date as long as somebody routes by it.
    _fed_by: Cache,
}

impl ModelRouter {
    /// The version that serves the unit called `unit`; none while the model serves nothing or nothing is known of it.
    ///
    /// The same unit finds the same version as long as the traffic does not change, in every process and every
    /// language. Takes no lock and does not allocate (but for a thread's first call, which registers the thread).
    #[must_use]
    pub fn route(&self, unit: &str) -> Option<Routed> {
        Routed::new(self.table.0.load(), unit)
    }

    /// The present traffic.
    #[must_use]
    pub fn traffic(&self) -> Option<Arc<Traffic>> {
        self.table.0.load_full()
    }
}

/// Where a unit was sent. Meant to be used up at once: it holds on to the traffic that it was decided by.
#[derive(Debug)]
pub struct Routed {
    traffic: Guard<Option<Arc<Traffic>>>,
    range: usize,
}

impl Routed {
    fn new(traffic: Guard<Option<Arc<Traffic>>>, unit: &str) -> Option<Self> {
        let table = traffic.as_ref()?;
        let bucket = bucket(&table.salt, unit);
        let range = table.ranges.partition_point(|range| range.end <= bucket);
        if range < table.ranges.len() { Some(Self { traffic, range }) } else { None }
    }

    /// The version that serves the unit.
    #[must_use]
    pub fn version(&self) -> &VersionName {
        &self.table().ranges[self.range].version
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.version().number
    }

    /// The generation of the traffic that this was decided by.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.table().generation
    }

    fn table(&self) -> &Traffic {
        self.traffic.as_ref().expect("it was decided by a traffic that was there")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use slipway_domain::traffic::{BUCKETS, Range};

    use super::*;
    use crate::{CacheSettings, Endpoint, Registry};

    const UNIT: &str = "passenger-7";

    fn model() -> ModelName {
        ModelName::parse("namespaces/default/models/flight-delay").unwrap()
    }

    /// Version 1 serves the buckets below `end`, version 2 the others.
    fn split(end: u32) -> Arc<Traffic> {
        let range = |start, end, number| Range { start, end, version: model().version(number) };
        Arc::new(Traffic { ranges: vec![range(0, end, 1), range(end, BUCKETS, 2)], ..Traffic::new("salt".to_owned()) })
    }

    fn number(traffic: Arc<Traffic>) -> Option<u64> {
        let table = Table(ArcSwapOption::new(Some(traffic)));
        Routed::new(table.0.load(), UNIT).map(|routed| routed.number())
    }

    #[test]
    fn the_end_of_a_range_is_the_first_bucket_of_the_next() {
        let own = bucket("salt", UNIT);
        assert_eq!((number(split(own)), number(split(own + 1))), (Some(2), Some(1)));
        assert_eq!(number(Arc::new(Traffic::new("salt".to_owned()))), None);
    }

    #[tokio::test]
    async fn routing_goes_on_while_the_traffic_is_being_changed() {
        let registry = Registry::new(&Endpoint::new("http://127.0.0.1:9").unwrap());
        let cache = Cache::start(&registry, CacheSettings::default());
        let (router, prepared) = (cache.router(), cache.router().model(&model()));
        prepared.table.0.store(Some(split(BUCKETS / 2)));
        let writing = cache.shared().tables.lock();
        let (tell, told) = mpsc::channel();
        let asking = std::thread::spawn(move || {
            let found = (prepared.route(UNIT).is_some(), router.route(&model(), UNIT).is_some());
            tell.send(found)
        });
        assert_eq!(told.recv_timeout(Duration::from_secs(10)), Ok((true, true)), "it waits for who writes");
        drop(writing);
        asking.join().unwrap().unwrap();
    }
}
