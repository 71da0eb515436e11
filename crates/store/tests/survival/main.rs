//! What the embedded engine survives: kills, power cuts, torn and damaged files, full disks, lost
//! states, and random histories held against the memory engine.

mod broken;
mod compaction;
mod cuts;
mod folder;
mod full;
mod history;
mod kill;
mod power;
mod random;
mod states;
