//! The registry over a real socket, on the memory engine and a driven clock.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod aggregate;
mod aliases;
mod apply;
mod create;
mod deletion;
mod diff;
mod ledger;
mod list;
mod past;
mod proofs;
mod support;
mod tiers;
mod traffic;
mod trouble;
mod update;
mod watch;
mod watch_ages;
mod watch_views;
