//! A service over all its lives: started, killed, started again on what it has kept, or followed by a second life while
//! the first still goes on.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use slipway_chassis::env::Env;
use slipway_store::Store;
use slipway_store::faults::{Faults, Rates};
use tokio::task::JoinHandle;

use crate::chronicle::{self, Chronicle, Life, What};
use crate::place::{Found, Place};
use crate::store::{Fuse, Kept, Mortal};

/// How long a service that could not be opened waits before it is started again.
const RESTART: Duration = Duration::from_secs(2);

/// The work of an opened service, which never ends.
pub type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How a service is opened.
#[async_trait]
pub trait Opens: Send + Sync + 'static {
    /// Its use cases.
    type Service: Send + Sync + 'static;

    /// Which service it is.
    fn role(&self) -> chronicle::Role;

    /// Opens it on its store: the use cases, and the work that must run beside them; or why not.
    async fn open(&self, store: Arc<dyn Store>, life: Life) -> Result<(Arc<Self::Service>, Work), String>;
}

/// What all lives of a service have in common.
pub struct Node<O: Opens> {
    opens: Arc<O>,
    /// Where it is found.
    pub place: Arc<Place<O::Service>>,
    /// What it keeps.
    pub kept: Kept,
    env: Env,
    chronicle: Chronicle,
    lives: Vec<Run>,
    rates: Rates,
    seed: u64,
    first_fuse: Option<u64>,
}

/// One life.
struct Run {
    life: Life,
    fuse: Arc<Fuse>,
    faults: Arc<Faults>,
    task: JoinHandle<()>,
}

impl<O: Opens> Node<O> {
    /// A service that was never started. The faults of its store follow from `seed`.
    pub fn new(opens: O, place: Arc<Place<O::Service>>, chronicle: &Chronicle, env: &Env, seed: u64) -> Self {
        Self {
            opens: Arc::new(opens),
            place,
            kept: Kept::new(),
            env: env.clone(),
            chronicle: chronicle.clone(),
            lives: Vec::new(),
            rates: Rates::default(),
            seed,
            first_fuse: None,
        }
    }

    /// The first life ends after so many boundaries.
    pub fn doom(&mut self, boundaries: u64) {
        self.first_fuse = Some(boundaries);
    }

    /// Begins one more life, whether or not the one before has ended.
    pub fn start(&mut self) {
        let life = Life { role: self.opens.role(), number: self.lives.len() as u32 + 1 };
        let witnessed = self.kept.witnessed(life, &self.chronicle);
        let faults = Arc::new(Faults::new(Arc::new(witnessed), self.seed ^ u64::from(life.number), self.rates));
        let fuse = Fuse::new();
        if let Some(boundaries) = self.first_fuse.take() {
            fuse.light(boundaries);
        }
        let store: Arc<dyn Store> =
            Arc::new(Mortal { store: Arc::clone(&faults) as Arc<dyn Store>, fuse: Arc::clone(&fuse) });
        let (opens, place) = (Arc::clone(&self.opens), Arc::clone(&self.place));
        let (env, chronicle, died) = (self.env.clone(), self.chronicle.clone(), fuse.died().clone());
        let living = async move {
            chronicle.write(What::Life(life, "begins"));
            let (service, work) = loop {
                match opens.open(Arc::clone(&store), life).await {
                    Ok(opened) => break opened,
                    Err(why) => chronicle.note(format!("{life:?} can't be opened: {why}")),
                }
                env.sleep(RESTART).await;
            };
            chronicle.write(What::Life(life, "is open"));
            place.settle(Found { life, service, died });
            work.await;
            panic!("{life:?} stopped working by itself");
        };
        let (died, chronicle) = (fuse.died().clone(), self.chronicle.clone());
        let task = tokio::spawn(async move {
            died.run_until_cancelled(living).await;
            chronicle.write(What::Life(life, "ended"));
        });
        self.lives.push(Run { life, fuse, faults, task });
    }

    /// Whether the newest life has ended.
    pub fn is_dead(&self) -> bool {
        self.lives.last().is_none_or(|run| run.fuse.died().is_cancelled())
    }

    /// Ends all lives after `boundaries` more boundaries of operations of their stores.
    pub fn kill_after(&self, boundaries: u64) {
        self.lives.iter().for_each(|run| run.fuse.light(boundaries));
    }

    /// No life ends any more that has not ended yet.
    pub fn spare(&self) {
        self.lives.iter().for_each(|run| run.fuse.put_out());
    }

    /// Ends all lives now, wherever they are.
    pub fn kill(&self) {
        self.lives.iter().for_each(|run| run.fuse.died().cancel());
    }

    /// How many boundaries the first life has passed.
    pub fn boundaries(&self) -> u64 {
        self.lives.first().map_or(0, |run| run.fuse.passed())
    }

    /// How often what happens to the store, from now on and for every life.
    pub fn set_rates(&mut self, rates: Rates) {
        self.rates = rates;
        self.lives.iter().for_each(|run| run.faults.set_rates(rates));
    }

    /// Ends everything and says which life broke off by itself.
    pub async fn bury(&mut self) -> Vec<String> {
        self.kill();
        let mut broken = Vec::new();
        for run in self.lives.drain(..) {
            if let Err(error) = run.task.await {
                broken.push(format!("{:?} broke off: {error}", run.life));
            }
        }
        broken
    }
}
