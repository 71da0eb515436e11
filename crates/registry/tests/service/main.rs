//! The registry over a real socket, on the memory engine and a driven clock.

mod create;
mod ledger;
mod list;
mod support;
mod traffic;
mod trouble;
mod update;
mod watch;
