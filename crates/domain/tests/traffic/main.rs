//! How a unit finds its version, and who may change that.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod bucket;
mod fence;
mod ranges;
mod split;

use slipway_domain::name::{ModelName, VersionName};

/// The model of all these tests.
fn model() -> ModelName {
    ModelName::parse("namespaces/default/models/flight-delay").unwrap()
}

/// Its version `number`.
fn version(number: u64) -> VersionName {
    model().version(number)
}
