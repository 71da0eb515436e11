//! What every service of Slipway is built upon: its settings, its clock, how it serves, what it shows of itself, and
//! how an error becomes a status on the wire. Nothing here knows a model, a launch or a metric of health.
//!
//! Start with [`process`] for the life of a service, with [`layers`] for what happens to each call, and with [`status`]
//! for errors.

pub mod access;
pub mod answers;
pub mod aside;
mod caller;
pub mod data_dir;
pub mod env;
pub mod etag;
mod follow;
pub mod handle;
pub mod intent;
pub mod layers;
mod methods;
pub mod metrics;
pub mod page;
pub mod process;
pub mod readiness;
pub mod record;
mod refusals;
pub mod scalar;
pub mod server;
pub mod settings;
pub mod status;
mod store;
pub mod tasks;
pub mod telemetry;
pub mod trace;

pub use caller::{Caller, RequestId, caller};
