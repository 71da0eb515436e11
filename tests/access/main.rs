//! Who may do what, tried on every method of the three services over real sockets.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod aliases;
mod apply;
mod ledger;
mod matrix;
mod messages;
mod operations;
mod past;
mod policies;
mod reports;
mod services;
mod sightings;
mod teams;
mod tiers;
