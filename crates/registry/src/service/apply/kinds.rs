//! What becomes of one item of each kind.

use slipway_chassis::record;
use slipway_domain::alias::Alias;
use slipway_domain::check::Check;
use slipway_domain::ledger::Resource;
use slipway_domain::model::{Model, Version};
use slipway_domain::name::{ModelName, VersionName};
use slipway_domain::traffic::Traffic;
use slipway_store::picture::Kept;

use super::Action;
use super::plan::{Plan, Settled};
use crate::kind::{Kind, Rules};
use crate::service::commit::{Replaced, check_etag};
use crate::service::namespaces::check_namespace;
use crate::service::standard::copied;
use crate::service::traffic::check_version;
use crate::service::versions::digest_key;
use crate::{Error, keys};

impl Plan<'_> {
    /// What a resource comes to that is there, or of which nothing but itself decides that it can be created.
    pub fn settle_kind<K: Kind>(&mut self, index: usize, value: &K) -> Result<(), Error> {
        let (name, caller) = (value.name(), self.caller(&self.item(index).wanted));
        match K::all(self.state).get(name).cloned() {
            Some(kept) => {
                caller.check(&kept.value.subject(self.state), name)?;
                // It must not become what the caller could not change any more, even if somebody stands in the way of that.
                let imposed = self.wanted(index, value, &K::blank(name)).imposed(&kept.value);
                caller.check(&imposed.subject(&self.then), name)?;
                let after = self.change(index, value, &kept);
                caller.check(&after.subject(&self.then), name)?;
            }
            None => {
                caller.check(&value.subject(&self.then), name)?;
                self.create(index, value);
            }
        }
        Ok(())
    }

    fn create<K: Kind>(&mut self, index: usize, value: &K) {
        let blank = K::blank(value.name());
        let (mut after, claims) = self.wanted(index, value, &blank).created();
        let now = self.registry.env.now();
        let (created_at, updated_at) = after.times();
        (*created_at, *updated_at) = (now, now);
        self.believe(index, value.name(), None::<&Kept<K>>);
        self.take(index, (None, 0), (after.into_resource(), vec![]), (Action::Create, vec![], &claims));
    }

    /// What the resource is then.
    fn change<K: Kind>(&mut self, index: usize, value: &K, kept: &Kept<K>) -> K {
        let (name, blank) = (value.name(), K::blank(value.name()));
        self.believe(index, name, Some(kept));
        let wanted = self.wanted(index, value, &blank);
        let Settled { mut after, mut action, changes, claims } =
            self.merged(index, &name.to_string(), &*kept.value, &wanted);
        self.keep_what_never_changes(index, value, kept);
        let mut fields = kept.value.differing(&after);
        if kept.value.deletion().is_some() {
            after.set_deletion(None);
            action = Action::Undelete;
            fields.push("deletion");
        }
        if action != Action::Noop {
            *after.times().1 = self.registry.env.now();
        }
        let before = (Some(copied(kept)), kept.revision);
        self.take(index, before, (after.clone().into_resource(), fields), (action, changes, &claims));
        after
    }

    /// Notes where an item wants another value of a field that never changes, to whomever the field belongs.
    fn keep_what_never_changes<K: Kind>(&mut self, index: usize, value: &K, kept: &Kept<K>) {
        let set = &self.item(index).set;
        let differing = kept.value.differing(value).into_iter();
        for path in differing.filter(|path| K::IMMUTABLE.contains(path) && set.contains(*path)) {
            self.refusals.retain(|refusal| refusal.index != Some(index) || refusal.field != path);
            self.refuse(index, path, ("IMMUTABLE", "never changes; create a new version instead".to_owned()));
        }
    }

    /// Notes that the caller believes something else of an item than there is.
    fn believe<T>(&mut self, index: usize, name: &dyn std::fmt::Display, kept: Option<&Kept<T>>) {
        let given = &self.item(index).etag;
        let absent = Kept::new((), 0);
        let checked = match kept {
            Some(kept) => check_etag(name, kept, given),
            None => check_etag(name, &absent, given),
        };
        if let Err(error) = checked {
            self.refuse(index, "etag", ("ETAG_MISMATCH", error.to_string()));
        }
    }

    /// A model, which has traffic from the beginning.
    pub fn settle_model(&mut self, index: usize, value: &Model) -> Result<(), Error> {
        self.settle_kind(index, value)?;
        if !self.state.models.contains_key(&value.name) {
            let traffic = Traffic::new(self.registry.env.new_id().simple().to_string());
            let after = Some(Resource::Traffic(value.name.clone(), traffic));
            self.draft.changes.push(Replaced { before: None, after, fields: vec![] });
        }
        Ok(())
    }

    /// Makes sure that the caller may change what lies below a model, as it is and as it is then.
    fn check_below(&self, index: usize, model: &ModelName) -> Result<(), Error> {
        let caller = self.caller(&self.item(index).wanted);
        if self.state.models.contains_key(model) {
            caller.check(&self.state.subject(model), model)?;
        }
        Ok(caller.check(&self.then.subject(model), model)?)
    }

    /// A version: its number is new, or it is there.
    pub fn settle_version(&mut self, index: usize, value: &Version) -> Result<(), Error> {
        let VersionName { model, number } = &value.name;
        self.check_below(index, model)?;
        if let Some(kept) = self.state.versions.get(&value.name).cloned() {
            self.change(index, value, &kept);
            return Ok(());
        }
        if !self.is_living(model) {
            self.refuse(index, "name", ("NO_SUCH_MODEL", format!("there is no {model}; the manifest may create it")));
            return Ok(());
        }
        let latest = self.then.latest.get(model).map_or(0, |kept| *kept.value);
        if *number <= latest {
            let told = format!("numbers are never given again, and the newest of {model} is {latest}");
            self.refuse(index, "name", ("NUMBER_GIVEN", told));
            return Ok(());
        }
        self.create_version(index, value);
        Ok(())
    }

    fn create_version(&mut self, index: usize, value: &Version) {
        let VersionName { model, number } = &value.name;
        let quarantine = self.state.quarantines.get(&digest_key(value));
        let value = Version { quarantine: quarantine.map(|kept| (*kept.value).clone()), ..value.clone() };
        let key = keys::quarantine(&model.namespace, &value.artifact_digest);
        self.draft.compares.push((key, quarantine.map_or(0, |kept| kept.revision)));
        let counted = self.state.latest.get(model).map_or(0, |kept| kept.revision);
        self.draft.compares.push((keys::latest(model), counted));
        self.rest_on_model(model);
        self.then.latest.insert(model.clone(), Kept::new(*number, counted));
        // Of several new numbers of a model the last one counts: they come in their order.
        self.draft.rows.push((keys::latest(model), record::encode(number)));
        self.create(index, &value);
    }

    /// An alias: of a model that lives, for a version of it.
    pub fn settle_alias(&mut self, index: usize, value: &Alias) -> Result<(), Error> {
        let model = &value.name.model;
        self.check_below(index, model)?;
        if !self.is_living(model) {
            self.refuse(index, "name", ("NO_SUCH_MODEL", format!("there is no {model}; the manifest may create it")));
            return Ok(());
        }
        self.rest_on_model(model);
        let (blank, now) = (Alias { number: 0, ..value.clone() }, self.registry.env.now());
        let kept = self.state.aliases.get(&value.name).cloned();
        self.believe(index, &value.name, kept.as_ref());
        let wanted = self.wanted(index, value, &blank);
        let Some(kept) = kept else {
            let (after, claims) = wanted.created();
            let after = Resource::Alias(Alias { created_at: now, updated_at: now, ..after });
            self.take(index, (None, 0), (after, vec![]), (Action::Create, vec![], &claims));
            return Ok(());
        };
        let name = value.name.to_string();
        let Settled { after, action, changes, claims } = self.merged(index, &name, &*kept.value, &wanted);
        let updated_at = if action == Action::Noop { after.updated_at } else { now };
        // What was proposed was proposed for what it was.
        let proposal = after.proposal.clone().filter(|_| action == Action::Noop);
        let after = (Resource::Alias(Alias { updated_at, proposal, ..after }), vec!["version"]);
        let before = (Some(Resource::Alias((*kept.value).clone())), kept.revision);
        self.take(index, before, after, (action, changes, &claims));
        Ok(())
    }

    fn is_living(&self, model: &ModelName) -> bool {
        self.then.models.get(model).is_some_and(|kept| kept.value.deletion.is_none())
    }

    /// What lies below a model rests on its being as it is.
    fn rest_on_model(&mut self, model: &ModelName) {
        let revision = self.state.models.get(model).map_or(0, |kept| kept.revision);
        self.draft.compares.push((keys::resource(&model.to_string()), revision));
    }

    /// Checks what a resource is then, by itself and among the others.
    pub fn check_kind<K: Kind>(&mut self, index: usize, value: &K) {
        let Some(after) = K::all(&self.then).get(value.name()).filter(|_| self.is_changed(index)) else { return };
        let before = K::all(self.state).get(value.name()).filter(|_| !self.is_new(index));
        let mut check = Check::new();
        Rules::check(&*after.value, &mut check);
        let caller = self.caller(&self.item(index).wanted);
        let before = before.map(|kept| &*kept.value);
        let mut seen = after.value.check_references(before, (&caller, &self.then), &mut check);
        if let (None, Some(namespace)) = (before, K::parent(value.name())) {
            seen.extend(check_namespace(&mut check, self.state, namespace));
        }
        self.draft.compares.extend(seen);
        self.refuse_all(index, check);
    }

    /// Checks that what an alias names is there.
    pub fn check_alias(&mut self, index: usize, value: &Alias) {
        let Some(after) = self.then.aliases.get(&value.name).filter(|_| self.is_changed(index)) else { return };
        let mut check = Check::new();
        let seen = check_version(&mut check, &self.then, "alias.version", &after.value.version());
        self.draft.compares.extend(seen);
        self.refuse_all(index, check);
    }
}
