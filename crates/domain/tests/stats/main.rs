//! The statistics, tested through their public surface: on golden values, on random cells, on simulated streams and on
//! a summer of real flights.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod cells;
mod flights;
mod gates;
mod metrics;
mod replay;
mod sequences;
mod verdicts;
