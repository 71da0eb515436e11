//! TLS for both ends of a connection, by rustls: configurations made from PEM files, made anew when the files change,
//! the name that a certificate gives its holder, and when it ends. Connections that are open are never touched by a change.
//!
//! Nothing here opens a socket, and nothing knows what is said over it.

mod client;
mod end;
mod error;
mod name;
mod pem;
mod server;

pub use client::{Client, ClientFiles};
pub use end::not_after;
pub use error::Error;
pub use name::holder;
pub use rustls;
pub use server::{ClientAuth, Ends, Server, ServerFiles, ServerTexts};

/// The protocol that gRPC speaks over TLS (RFC 7540, section 3.1).
pub const HTTP_2: &[u8] = b"h2";

/// The protocol that operators' HTTP speaks over TLS (RFC 7301, section 6).
pub const HTTP_1: &[u8] = b"http/1.1";

/// The cryptography of every configuration.
fn provider() -> std::sync::Arc<rustls::crypto::CryptoProvider> {
    std::sync::Arc::new(rustls::crypto::ring::default_provider())
}
