//! The registry: one place that knows every model, its versions, their traffic, and who changed what.
//!
//! A request goes from [`grpc`] through [`convert`] into [`service`], which reads the in-memory [`state`], lets
//! `slipway_domain` decide, and writes one transaction. Reads never touch the store.
//!
//! What must never be here: a decision about a launch, or a metric.

pub mod config;
pub mod convert;
pub mod error;
pub mod grpc;
pub mod keys;
pub mod kind;
pub mod record;
pub mod service;
pub mod state;

pub use error::Error;
pub use service::Registry;
