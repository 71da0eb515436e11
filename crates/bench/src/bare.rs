//! The limit of everything durable: append to a file, sync it, and nothing else.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;

/// A file that groups of records are appended to, one sync a group.
pub struct Bare {
    path: PathBuf,
    group: Vec<u8>,
    records: usize,
}

impl Bare {
    /// Groups of `records` records of `bytes` bytes each, in a file in `folder`.
    pub fn new(folder: &Path, records: usize, bytes: usize) -> Self {
        Self { path: folder.join(format!("bare-{records}")), group: vec![7; records * bytes], records }
    }

    /// Durable records a second, over `time`. Blocks the thread, which is that of the command itself.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn records_per_second(&self, time: Duration) -> Result<f64> {
        let mut file = File::create(&self.path)?;
        let (began, mut groups) = (Instant::now(), 0);
        while groups == 0 || began.elapsed() < time {
            file.write_all(&self.group)?;
            file.sync_data()?;
            groups += 1;
        }
        Ok((groups * self.records) as f64 / began.elapsed().as_secs_f64())
    }
}
