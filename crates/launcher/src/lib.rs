//! The launcher: one way to launch a new version, step by step, and to take it back when predictions go wrong.
//!
//! A request goes from [`grpc`] through [`convert`] into [`service`], which reads the in-memory [`state`], lets
//! `slipway_domain::launch` decide, and stores each step as one transaction. What a step asks the world to do is run
//! after it, through [`peers`], and comes back as an event of its own: read `service/run.rs` for that half.
//!
//! What must never be here: an observation, a second truth about models, or a rule of a launch's life, which is the
//! reducer's alone.

pub mod config;
pub mod convert;
pub mod error;
pub mod grpc;
pub mod keys;
pub mod peers;
pub mod record;
pub mod service;
pub mod state;

pub use error::Error;
pub use peers::Peers;
pub use service::{Launcher, Parts};
