//! The health service over a real socket, on the memory engine and a driven clock.

mod bad_input;
mod flights;
mod gate;
mod health;
mod numbering;
mod report;
mod support;
mod trouble;
