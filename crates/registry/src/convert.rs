//! Between the wire and the domain: every message is taken apart whole, so that a new field can't be forgotten.

mod answer;
mod mutation;
mod question;
mod resource;

pub use answer::{change, changes_page, found_traffic, found_version, listed, watch_event};
pub use mutation::*;
pub use question::*;
pub use resource::{kept_type, kept_version, model, resource, traffic};
