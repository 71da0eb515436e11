//! A server of a tiny service over real sockets: what happens to its calls, and its life from start to end.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod support {
    pub mod authority;
    pub mod client;
    pub mod echo;
    pub mod fixture;
    pub mod ruled;
    pub mod streams;
}

mod server {
    mod calls;
    mod life;
    mod shared_process;
    mod tls;
}
