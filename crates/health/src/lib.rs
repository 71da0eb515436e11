//! The health service: observations folded into cells, and what the cells say: metrics, verdicts, gates.
//!
//! A report goes from [`grpc`] through [`convert`] into [`service`], where it is folded by the stream that brought it,
//! counted by the one task that writes, and acknowledged once it is durable. A question is answered from the in-memory
//! [`state`] by the pure functions of `slipway_domain::stats`. Start reading at [`service`].
//!
//! What must never be here: a statistic (they are in `slipway_domain`), a decision about a launch, or a change of
//! anything but observations: the monitor is a passive observer.

pub mod config;
pub mod convert;
pub mod error;
pub mod grpc;
pub mod keys;
pub mod record;
pub mod service;
pub mod state;
pub mod window;

pub use error::Error;
pub use service::Health;
