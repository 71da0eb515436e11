//! The registry over a real socket, on the memory engine and a driven clock.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod aggregate;
mod aliases;
mod apply;
mod create;
mod crowds;
mod deletion;
mod diff;
mod ledger;
mod list;
mod namespaces;
mod past;
mod policies;
mod proofs;
mod sightings;
mod support;
mod tiers;
mod traffic;
mod trouble;
mod unfit;
mod update;
mod watch;
mod watch_ages;
mod watch_views;
