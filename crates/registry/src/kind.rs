//! What the kinds of resources have in common: each is created, read, listed, changed, deleted and taken back alike.

use std::fmt::{Debug, Display};

use bytes::Bytes;
use imbl::OrdMap;
use jiff::Timestamp;
use slipway_chassis::Caller;
use slipway_domain::access::Subject;
use slipway_domain::check::Check;
use slipway_domain::deletion::Deletion;
use slipway_domain::ledger::Resource;
use slipway_domain::model::{Model, ModelType, Version};
use slipway_domain::name::Identifier;
use slipway_domain::namespace::Namespace;
use slipway_domain::patch::Patch;
use slipway_domain::policy::Policy;
use slipway_domain::team::Team;
use slipway_store::Revision;
use slipway_store::picture::Kept;

use crate::state::State;

/// What must be as it was seen for a change to be right: rows with the revision of their last change.
pub type Seen = Vec<(Bytes, Revision)>;

/// A kind of resource.
pub trait Kind: Rules + Debug + Send + Sync + 'static {
    /// What its methods end in, as `ModelType`.
    const NOUN: &'static str;
    /// What it is called in requests, as `model_type`.
    const FIELD: &'static str;

    /// Its name.
    fn name(&self) -> &Self::Name;

    /// All of the kind.
    fn all(state: &State) -> &OrdMap<Self::Name, Kept<Self>>;

    /// One among all kinds.
    fn into_resource(self) -> Resource;

    /// The other way; what is of another kind is given back.
    ///
    /// # Errors
    /// The resource.
    fn of_resource(resource: Resource) -> Result<Self, Box<Resource>>;

    /// When it was created and last changed.
    fn times(&mut self) -> (&mut Timestamp, &mut Timestamp);

    /// Its deletion.
    fn deletion(&self) -> Option<Deletion>;

    /// Deletes it, or takes that back.
    fn set_deletion(&mut self, deletion: Option<Deletion>);
}

/// What tells a kind from the others.
pub trait Rules: Patch {
    /// Its names.
    type Name: Ord + Clone + Debug + Display + Send + Sync;

    /// A resource with nothing set.
    fn blank(name: &Self::Name) -> Self;

    /// Notes what is wrong with it by itself.
    fn check(&self, check: &mut Check);

    /// Notes which of what it refers to is not there for the caller, and says what that rests on. What it referred to
    /// `before` already is not looked at again.
    fn check_references(&self, before: Option<&Self>, seen: (&Caller, &State), check: &mut Check) -> Seen;

    /// Whose it would be if it is not there.
    fn nobodys<'a>(name: &'a Self::Name, state: &'a State) -> Subject<'a>;

    /// Whose it is.
    fn subject<'a>(&'a self, state: &'a State) -> Subject<'a>;

    /// The namespace that must be there for it to be created.
    fn parent(name: &Self::Name) -> Option<&Identifier>;

    /// What refers to it, so that it can't be deleted: at most a few names.
    fn holders(name: &Self::Name, state: &State) -> Vec<String>;
}

macro_rules! kind {
    ($kind:ident, $all:ident, $field:literal) => {
        impl Kind for $kind {
            const NOUN: &'static str = stringify!($kind);
            const FIELD: &'static str = $field;

            fn name(&self) -> &Self::Name {
                &self.name
            }

            fn all(state: &State) -> &OrdMap<Self::Name, Kept<Self>> {
                &state.$all
            }

            fn into_resource(self) -> Resource {
                Resource::$kind(self)
            }

            fn of_resource(resource: Resource) -> Result<Self, Box<Resource>> {
                match resource {
                    Resource::$kind(value) => Ok(value),
                    other => Err(Box::new(other)),
                }
            }

            fn times(&mut self) -> (&mut Timestamp, &mut Timestamp) {
                (&mut self.created_at, &mut self.updated_at)
            }

            fn deletion(&self) -> Option<Deletion> {
                self.deletion
            }

            fn set_deletion(&mut self, deletion: Option<Deletion>) {
                self.deletion = deletion;
            }
        }
    };
}

kind!(ModelType, model_types, "model_type");
kind!(Model, models, "model");
kind!(Version, versions, "version");
kind!(Team, teams, "team");
kind!(Namespace, namespaces, "namespace");
kind!(Policy, policies, "policy");
