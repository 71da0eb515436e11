//! The client against services that do exactly what each test tells them to, over real sockets.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod cache;
mod calls;
mod fake_health;
mod fake_registry;
mod launches;
mod reporter;
mod routing;
mod serving;
mod traces;
