//! The invariants of a launch, each with its claim at the top of its file, over random histories. Two of the eleven,
//! one active launch a model and pools, are kept by whoever stores launches.

mod abort;
mod bake;
mod crash;
mod end;
mod epoch;
mod exposure;
mod freeze;
mod partition;
mod timer;

/// So many histories each invariant looks at.
const HISTORIES: u64 = 350;
