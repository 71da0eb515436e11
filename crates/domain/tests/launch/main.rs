//! The life of a launch: each transition with its exact commands, and the invariants over random histories.

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
