//! What the tests over a socket share.

#![allow(dead_code)]

pub mod echo;
pub mod fixture;
