//! An attacker's afternoon: proofs that do not hold, bytes that break every rule, connections by the thousand. None of it
//! gets an answer with anything in it, takes what others need, or fills the memory; and whoever is honest is answered
//! during all of it.

#[path = "../../crates/chassis/tests/support/authority.rs"]
mod authority;
mod call;
mod crowds;
#[path = "../../crates/chassis/tests/support/issuer.rs"]
mod issuer;
mod place;
mod proofs;
mod raw;
mod wire;
