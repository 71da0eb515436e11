//! What the embedded engine survives: kills, power cuts, torn and damaged files, full disks, lost
//! states, and random histories held against the memory engine.

mod backups;
mod broken;
mod compaction;
mod cuts;
mod folder;
mod formats;
mod full;
mod history;
mod inspection;
mod kill;
mod power;
mod random;
mod states;
