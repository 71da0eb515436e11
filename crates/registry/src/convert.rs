//! Between the wire and the domain: every message is taken apart whole, so that a new field can't be forgotten.

mod answer;
mod apply;
mod deletion;
mod insight;
mod ledger;
mod mutation;
mod namespaces;
mod policies;
mod question;
mod resource;
mod sightings;
mod teams;

pub use answer::{
    aliases, batch_of_models, batch_of_versions, changes, differences, model_types, models, moved_aliases, teams,
    versions, watch_event,
};
pub use apply::{applied, apply_models};
pub use deletion::{attest_model, deletion};
pub use insight::*;
pub use ledger::*;
pub use mutation::*;
pub use namespaces::{create_namespace, get_namespace, list_namespaces, namespace, namespaces, update_namespace};
pub use policies::{check_policies, checked, create_policy, policies, policy, policy_findings, update_policy};
pub use question::*;
pub use resource::{alias, model, model_type, team, traffic, version};
pub use sightings::{list_sightings, report_sightings, reported, sightings};
pub use teams::{approve_alias, create_team, propose_alias, set_aliases, update_team};
