//! The life of a launch: each transition with its exact commands, and the invariants over random histories.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]
#![allow(clippy::print_stdout, reason = "a history that fails is printed with its seed")]

mod case;

mod begin;
mod explain;
mod first;
mod log;
mod person;
mod plan;
mod ramp;
mod rollback;
mod shadow;
mod stored;
mod traffic;
mod trouble;
mod watch;

mod invariants;
mod world;
