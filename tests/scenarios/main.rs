//! Stories on real binaries: services as processes of their own, on the embedded store, killed and started again.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod attackers;
mod backups;
mod binaries;
#[path = "../../crates/chassis/tests/support/collector.rs"]
mod collector;
mod command;
mod credentials;
mod fleet;
mod guarded;
mod kills;
mod ledger;
mod machine;
mod mlflow;
mod newcomer;
mod people;
mod summer;
mod tower;
mod traces;
