//! Whether a model keeps a policy: expressions of the Common Expression Language (CEL) over what is known of the model.
//!
//! A [`Rule`] is compiled once, and refused if what it could cost has no bound; it is then asked about [`Facts`] as often
//! as wanted, without input or output and without a clock. [`shipped`] are the policies that come with the product.
//!
//! What must never be here: a store, a socket, a word about who may do what.
//!
//! Start reading at `rule.rs`.

mod facts;
mod limits;
mod rule;
pub mod shipped;

pub use facts::{Facts, Versions};
pub use rule::{Refused, Rule, Verdict};
