//! Between the wire and the domain: every message is taken apart whole, so that a new field can't be forgotten.

mod answer;
mod request;
mod resource;

pub use answer::{change, changes_page, found_traffic, found_version, listed, watch_event};
pub use request::*;
pub use resource::{kept_type, kept_version, model, resource, traffic};
