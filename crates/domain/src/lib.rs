//! The decisions of Slipway, as pure functions of values.
//!
//! Whether a launch advances, whether a model is stable, which version serves a unit: all of it is decided here,
//! without input or output, without a clock and without chance. An instant is always an argument.
//!
//! What must never be here: tokio, a socket, a file, `SystemTime::now`, generated wire types.
//!
//! Start reading at `launch` for the life of a launch, at `stats` for what healthy means, at `traffic` for
//! how a unit finds its version.

pub mod access;
pub mod alias;
pub mod apply;
pub mod as_of;
pub mod check;
pub mod coverage;
pub mod deletion;
pub mod dependencies;
pub mod fault;
pub mod filter;
pub mod gate;
pub mod launch;
pub mod ledger;
pub mod model;
pub mod name;
pub mod namespace;
pub mod patch;
pub mod policy;
pub mod principal;
pub mod sighting;
pub mod stats;
pub mod team;
pub mod tier;
pub mod traffic;
pub mod triage;
