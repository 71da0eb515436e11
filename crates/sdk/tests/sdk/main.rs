//! The client against services that do exactly what each test tells them to, over real sockets.

mod cache;
mod calls;
mod fake_registry;
mod launches;
mod routing;
mod serving;
