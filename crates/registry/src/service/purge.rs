//! Forgets for good what was deleted long enough ago. The ledger keeps that it was there.

use std::time::Duration;

use slipway_chassis::intent::{Intent, Mode};
use slipway_chassis::{Caller, RequestId};
use slipway_domain::ledger::Resource;
use slipway_domain::model::{Model, ModelType, Version};
use slipway_domain::name::ModelName;
use slipway_domain::namespace::Namespace;
use slipway_domain::policy::Policy;
use slipway_domain::principal::Principal;
use slipway_domain::team::Team;
use slipway_store::Revision;
use slipway_store::picture::Kept;

use super::Registry;
use super::commit::{Draft, Replaced};
use super::standard::copied;
use crate::kind::Kind;
use crate::state::State;
use crate::{Error, keys};

/// How often is looked for what can be forgotten.
const SWEEP: Duration = Duration::from_secs(10 * 60);
/// The most resources below a model that are forgotten in one transaction.
const BATCH: usize = 1000;

impl Registry {
    /// Sweeps for ever.
    pub(super) async fn purge(&self) {
        loop {
            self.env.sleep(SWEEP).await;
            if let Err(error) = self.purge_once().await {
                tracing::warn!(%error, "what was deleted long ago is still kept; trying again in the next sweep");
            }
        }
    }

    async fn purge_once(&self) -> Result<(), Error> {
        let state = self.feed.current();
        for name in self.over::<Model>(&state) {
            while self.purge_below(&name).await? {}
        }
        self.purge_kind::<Model>(&state).await?;
        self.purge_kind::<Version>(&state).await?;
        self.purge_kind::<ModelType>(&state).await?;
        self.purge_kind::<Policy>(&state).await?;
        self.purge_kind::<Team>(&state).await?;
        self.purge_kind::<Namespace>(&state).await
    }

    /// What was deleted long enough ago.
    fn over<K: Kind>(&self, state: &State) -> Vec<K::Name> {
        let now = self.env.now();
        let over = |kept: &&Kept<K>| kept.value.deletion().is_some_and(|deletion| deletion.is_over(now));
        K::all(state).values().filter(over).map(|kept| kept.value.name().clone()).collect()
    }

    async fn purge_kind<K: Kind>(&self, state: &State) -> Result<(), Error> {
        for name in self.over::<K>(state) {
            let still = |kept: &&Kept<K>| kept.value.deletion().is_some();
            self.forget(|state| K::all(state).get(&name).filter(still).map(gone).into_iter().collect()).await?;
        }
        Ok(())
    }

    /// Forgets a part of what lies below a model; whether something is left.
    async fn purge_below(&self, name: &ModelName) -> Result<bool, Error> {
        let versions = |state: &State| state.versions_of(name).map(gone).collect::<Vec<_>>();
        let others = |state: &State| {
            let aliases = state.aliases_of(name).map(|kept| (Resource::Alias((*kept.value).clone()), kept.revision));
            let traffic = state.traffic.get(name);
            let traffic = traffic.map(|kept| (Resource::Traffic(name.clone(), (*kept.value).clone()), kept.revision));
            aliases.chain(traffic).collect::<Vec<_>>()
        };
        let part = |state: &State| {
            // A model that was taken back meanwhile keeps all of it.
            let deleted = state.models.get(name).is_some_and(|kept| kept.value.deletion.is_some());
            let all = if deleted { [others(state), versions(state)].concat() } else { Vec::new() };
            all.into_iter().take(BATCH).collect::<Vec<_>>()
        };
        self.forget(part).await?;
        Ok(!part(&self.feed.current()).is_empty())
    }

    /// Forgets what `which` finds, with the revisions of their last changes.
    async fn forget(&self, which: impl Fn(&State) -> Vec<(Resource, Revision)>) -> Result<(), Error> {
        let caller = Caller::inside(Principal::service("registry"), RequestId::new(&self.env));
        let reason = "the time in which its deletion can be taken back has passed".to_owned();
        let intent = Intent { caller, request_id: None, mode: Mode::Commit, reason };
        self.mutate(&intent, 0, |state| {
            let mut draft = Draft { compares: vec![], changes: vec![], rows: vec![], answer: vec![] };
            for (before, revision) in which(state) {
                draft.compares.push((keys::resource(&before.name()), revision));
                draft.changes.push(Replaced { before: Some(before), after: None, fields: vec![] });
            }
            Ok(draft)
        })
        .await?;
        Ok(())
    }
}

fn gone<K: Kind>(kept: &Kept<K>) -> (Resource, Revision) {
    (copied(kept), kept.revision)
}
