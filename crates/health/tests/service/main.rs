//! The health service over a real socket, on the memory engine and a driven clock.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod bad_input;
mod flights;
mod gate;
mod health;
mod numbering;
mod policy;
mod process;
mod report;
mod support;
mod trouble;
