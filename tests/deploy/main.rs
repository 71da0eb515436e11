//! What an operator is given, held against the services themselves: the example files of settings, and the table of
//! figures.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod examples;
mod figures;
mod running;
