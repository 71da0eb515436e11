//! Between the wire and the domain: every message is taken apart whole, so that a new field can't be forgotten.

mod launch;
mod peer;
mod plan;
mod request;

pub use launch::{explained, launch, listed, watch_event};
pub use peer::{any_model, candidate, changes_after, judged, news, quarantine, question, set_traffic};
pub use plan::{parse_plan, plan};
pub use request::{
    abort_launch, create_launch, explain_launch, get_launch, list_launches, pause_launch, promote_launch,
    resume_launch, watch_launches,
};
