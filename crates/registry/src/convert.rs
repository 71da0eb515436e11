//! Between the wire and the domain: every message is taken apart whole, so that a new field can't be forgotten.

mod answer;
mod ledger;
mod mutation;
mod question;
mod resource;

pub use answer::{changes, model_types, models, versions, watch_event};
pub use ledger::*;
pub use mutation::*;
pub use question::*;
pub use resource::{model, model_type, traffic, version};
