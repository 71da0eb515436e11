//! What whoever runs a service asks of it, whichever it is: who am I, who may what and why, a backup while it runs.
//!
//! Each service serves [`Operations`] beside its own. What can be asked without a running service, of a backup or of a
//! data folder, is in [`archive`] and in [`examine`].
//!
//! What must never be here: a resource of any service. Whose something is, the service itself tells through [`Owners`].

pub mod archive;
mod backup;
mod convert;
mod error;
pub mod examine;
mod explain;
mod grpc;
mod method;
mod who;

use std::sync::Arc;

use jiff::Timestamp;
use slipway_chassis::Caller;
use slipway_chassis::access::{Access, Credentials, Guard};
use slipway_chassis::env::Env;
use slipway_domain::access::{Identity, Permission, Rights, Subject};
use slipway_store::embedded::Embedded;
use tokio::sync::Semaphore;
use tonic::service::Routes;

use backup::{Parts, Running};
use explain::{Explained, Question};
use who::Who;

pub use error::Error;

/// The full name of the service, for the list of what a server serves.
pub const SERVICE: &str = "slipway.operations.v1.Operations";

/// The version of the program.
const PROGRAM: &str = env!("CARGO_PKG_VERSION");

/// Whose a resource is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The team; none if it is nobody's.
    pub team: Option<String>,
    /// How much it matters.
    pub tier: u8,
}

/// Who knows whose the resources of a service are, at once and without asking anybody.
pub trait Owners: Send + Sync + 'static {
    /// Whose the resource of this name is; none if it is not known.
    fn owner(&self, resource: &str) -> Option<Owner>;
}

/// What it is built of.
pub struct Sources {
    /// The service that it stands beside, as `registry`.
    pub service: &'static str,
    /// Who may do what.
    pub access: Access,
    /// The clock.
    pub env: Env,
    /// Whose the resources of the service are.
    pub owners: Arc<dyn Owners>,
    /// The service's store; none if there is nothing on a disk.
    pub store: Option<Arc<Embedded>>,
}

/// The use cases.
pub struct Operations {
    service: &'static str,
    access: Access,
    env: Env,
    owners: Arc<dyn Owners>,
    store: Option<Arc<Embedded>>,
    /// The place of the one backup that may be under way.
    backups: Arc<Semaphore>,
}

/// Who asks, under the policy as it is now.
pub(crate) struct Asking {
    guard: Arc<Guard>,
    identity: Identity,
    until: Option<Timestamp>,
}

impl Asking {
    fn rights(&self) -> Rights {
        self.guard.rights(&self.identity)
    }
}

impl Operations {
    /// The use cases over `sources`.
    #[must_use]
    pub fn new(sources: Sources) -> Self {
        let Sources { service, access, env, owners, store } = sources;
        Self { service, access, env, owners, store, backups: Arc::new(Semaphore::new(1)) }
    }

    /// `routes`, and those to these use cases; a longer message than `most` bytes is refused.
    #[must_use]
    pub fn beside(self, routes: Routes, most: usize) -> Routes {
        routes.add_service(grpc::server(self, most))
    }

    fn asking(&self, credentials: &Credentials<'_>) -> Result<Asking, Error> {
        let guard = self.access.guard();
        let (identity, until) = self.access.identify(credentials)?;
        Ok(Asking { guard, identity, until })
    }

    fn who(&self, asking: &Asking) -> Who {
        who::who(asking, self.service, self.env.now())
    }

    fn explain(&self, caller: &Caller, asking: &Asking, question: &Question) -> Result<Explained, Error> {
        let owner = self.owners.owner(&question.resource);
        explain::explain(caller, asking, question, owner.as_ref())
    }

    fn back_up(&self, caller: &Caller, rate: u64) -> Result<Parts, Error> {
        if !caller.granted.grant.covers_everything() {
            return Err(caller.denied(&"everything that this service keeps").into());
        }
        let store = self.store.as_ref().ok_or(Error::NothingKept)?;
        let place = Arc::clone(&self.backups).try_acquire_owned().map_err(|_| Error::BackupRunning)?;
        Running { service: self.service, rate, env: self.env.clone(), _place: place }.begin(store, &caller.principal)
    }
}

/// Whether somebody with `rights` may ask what others may do on `subject`.
fn may_ask(rights: &Rights, subject: &Subject<'_>) -> bool {
    rights.grant(Permission::ExplainAccess).covers(subject)
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;
    use slipway_chassis::RequestId;
    use slipway_chassis::metrics::Metrics;
    use slipway_domain::principal::Principal;
    use slipway_store::embedded::Options;

    use super::*;

    struct Nobodys;

    impl Owners for Nobodys {
        fn owner(&self, _: &str) -> Option<Owner> {
            None
        }
    }

    #[tokio::test]
    async fn one_backup_at_a_time_and_the_next_when_it_was_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let env = Env::system();
        let access = Access::open(&env, &Metrics::new().unwrap());
        let store = Some(Arc::new(Embedded::open(folder.path(), Options::default()).unwrap()));
        let caller = Caller::inside(Principal::anonymous(), RequestId::new(&env));
        let sources = Sources { service: "registry", access, env, owners: Arc::new(Nobodys), store };
        let operations = Operations::new(sources);
        let mut first = operations.back_up(&caller, 1 << 30).unwrap();
        assert!(matches!(operations.back_up(&caller, 1 << 30), Err(Error::BackupRunning)));
        first.next().await.unwrap().unwrap();
        drop(first);
        assert!(operations.back_up(&caller, 1 << 30).unwrap().count().await >= 3);
    }
}
