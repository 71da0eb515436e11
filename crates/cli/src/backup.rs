//! `slipway backup` and `slipway restore`: copies of running services, and data folders made of them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde::Serialize;
use slipway_operations::archive::{self, Archive, Label, Writing};
use slipway_sdk::pb;

use crate::connect::{Connect, Service};
use crate::output::{Output, line};
use crate::text;

/// Take backups of running services, and look whether they are whole.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Examples:
  slipway backup --service all --out /var/backups/slipway
  slipway backup --service registry --out registry.backup --rate 50MB
  slipway backup verify /var/backups/slipway/registry-r412-20260101T030000Z.backup
Services go on meanwhile. A backup has its name only when it is whole and durable; nothing is ever overwritten."
)]
pub struct Backup {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Of which service.
    #[arg(long, value_enum, default_value = "all")]
    service: Which,
    /// A folder that is there, or the file to write when it is one service's.
    #[arg(long, value_name = "DIR|FILE", required = true)]
    out: Option<PathBuf>,
    /// At most so many bytes in a second, as 50MB; 32 MiB if not given.
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    rate: Option<i64>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Read a backup to its end and say what it is.
    #[command(after_help = "Example:\n  slipway backup verify registry.backup")]
    Verify {
        /// The backup.
        file: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    Registry,
    Health,
    Launcher,
    All,
}

/// Make a data folder of a backup.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  slipway restore registry-r412-20260101T030000Z.backup --data-dir slipway-data/registry
The backup is verified first. The folder must be empty or not there; stop its service before.")]
pub struct Restore {
    /// The backup.
    file: PathBuf,
    /// The folder to make.
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
}

/// A backup, for programs.
#[derive(Serialize)]
struct Told<'a> {
    file: &'a Path,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_dir: Option<&'a Path>,
    service: &'a str,
    program_version: &'a str,
    revision: u64,
    rows: u32,
    bytes: u64,
    begin_time: Timestamp,
}

impl Backup {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        if let Some(Verb::Verify { file }) = self.verb {
            let archive = archive::verify(&file)?;
            return tell(output, &archive, (&file, None));
        }
        let out = self.out.context("--out is missing")?;
        let services: &[Service] = match self.service {
            Which::Registry => &[Service::Registry],
            Which::Health => &[Service::Health],
            Which::Launcher => &[Service::Launcher],
            Which::All => &Service::ALL,
        };
        if !out.is_dir() && services.len() > 1 {
            bail!("{} is no folder; make it first, since each service gets a file of its own", out.display());
        }
        for service in services {
            take(connect, output, *service, (&out, self.rate)).await?;
        }
        Ok(())
    }
}

impl Restore {
    /// Makes the folder.
    pub fn run(self, output: Output) -> Result<()> {
        let archive = archive::restore(&self.file, &self.data_dir)?;
        tell(output, &archive, (&self.file, Some(&self.data_dir)))
    }
}

/// Takes the backup of one service.
async fn take(connect: &Connect, output: Output, service: Service, (out, rate): (&Path, Option<i64>)) -> Result<()> {
    let mut backup = connect.operations(service)?.backup(rate.unwrap_or(0)).await?;
    let pb::BackupHeader { service, program_version, .. } = backup.header();
    let in_folder = out.is_dir();
    let path = if in_folder { out.join(format!("{service}.backup")) } else { out.to_owned() };
    if !in_folder && path.exists() {
        return Err(archive::Error::Exists { path }.into());
    }
    let bar = progress(&service);
    let mut writing = Writing::begin(&path, &Label { service: service.clone(), program: program_version })?;
    while let Some(piece) = backup.piece().await? {
        writing.piece(&piece)?;
        bar.set_position(writing.bytes());
    }
    bar.finish_and_clear();
    let trailer = backup.trailer().context("the backup has no end")?;
    let name = format!("{service}-r{}-{}.backup", trailer.revision, moment(trailer.begin_time));
    let writing = if in_folder { writing.named(&name) } else { writing };
    let path = if in_folder { out.join(name) } else { path };
    let archive = writing.finish(trailer.bytes.unsigned_abs(), trailer.crc32c)?;
    tell(output, &archive, (&path, None))
}

/// Shown on a terminal, on standard error.
fn progress(service: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} {spinner} {bytes} at {bytes_per_sec}, {elapsed}");
    let bar = ProgressBar::new_spinner().with_prefix(format!("backup of the {service}:"));
    style.map(|style| bar.clone().with_style(style)).unwrap_or(bar)
}

/// When a backup was begun, as part of a file's name.
fn moment(at: Option<prost_types::Timestamp>) -> String {
    let at = at.and_then(|at| Timestamp::new(at.seconds, at.nanos).ok()).unwrap_or_default();
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Says what a backup is, and what was made of it.
fn tell(output: Output, Archive { label, copy }: &Archive, (file, data_dir): (&Path, Option<&Path>)) -> Result<()> {
    let begin_time = Timestamp::UNIX_EPOCH.checked_add(copy.written_at).unwrap_or(Timestamp::MAX);
    if output.is_json() {
        let told = Told {
            file,
            data_dir,
            service: &label.service,
            program_version: &label.program,
            revision: copy.revision,
            rows: copy.rows,
            bytes: copy.bytes,
            begin_time,
        };
        return line(&serde_json::to_string(&told)?);
    }
    let now = slipway_chassis::env::Env::system().now();
    let age = text::duration(std::time::Duration::try_from(now.duration_since(begin_time)).unwrap_or_default());
    let what = format!(
        "the {} of {} at revision {} ({} old, {}, program {})",
        label.service,
        begin_time.strftime("%Y-%m-%d %H:%M:%S UTC"),
        copy.revision,
        if age.is_empty() { "0s".to_owned() } else { age },
        HumanBytes(copy.bytes),
        label.program
    );
    match data_dir {
        None => line(&format!("{}: {what}, whole", file.display())),
        Some(dir) => line(&format!(
            "restored {what} into {dir}\nstart it: slipway-{} --data-dir {dir}",
            label.service,
            dir = dir.display()
        )),
    }
}

/// A number of bytes, as 50MB, 64KiB or 1000000.
fn bytes(text: &str) -> Result<i64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "B" => 1,
        "kB" | "KB" => 1000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        unit => return Err(format!("{unit:?} is no unit; write 50MB, 64KiB or 1000000")),
    };
    let number: i64 = digits.parse().map_err(|_| format!("{digits:?} is no whole number; write 50MB"))?;
    number.checked_mul(unit).filter(|rate| *rate > 0).ok_or_else(|| "is out of bounds; write 50MB".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_in_the_units_that_people_write() {
        for (text, expected) in [("50MB", 50_000_000), ("64KiB", 65_536), ("1", 1), ("2GiB", 2 << 30)] {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for text in ["", "MB", "0", "-1MB", "50 MB", "50mb", "9999999999GB"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}
