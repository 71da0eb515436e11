//! The launcher over a real socket, on the memory engine, a driven clock and a world of its own.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod crash;
mod create;
mod life;
mod list;
mod restored;
mod steer;
mod support;
mod trouble;
mod watch;
mod world;
