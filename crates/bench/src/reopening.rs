//! How long a store with many keys takes to open again after its process was killed, and how much memory it takes then,
//! beside reading its files once and the bytes of its entries.
//!
//! Only another process can be killed: this command starts itself in the parts that [`Part`] names.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use clap::ValueEnum;
use serde_json::{Map, json};
use slipway_store::embedded::{Embedded, Options};
use slipway_store::{KeyRange, Store, Txn};

use crate::figures::{Figures, Goal, Line};
use crate::store::VALUE;
use crate::turns::Compared;

/// How many keys a transaction writes while the store is filled.
const GROUP: u64 = 500;

/// How many entries are read at once.
const PAGE: usize = 1000;

/// The longest that opening after a kill may take, in seconds.
const GOAL: f64 = 3.0;

/// What one process of the measurement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Fills a store, says so, and waits to be killed.
    Fill,
    /// Opens the store, reads it once, says how long the opening took and how much memory is in use, and waits to be
    /// killed.
    Open,
}

/// Measures with `keys` keys.
///
/// # Errors
/// When the store or the disk fails.
pub fn measure(keys: u64, folder: &Path) -> Result<Figures> {
    let folder = folder.join("store");
    said_by(Part::Fill, keys, &folder)?;
    let [trusted, resident] = opened(keys, &folder)?;
    let bare = seconds_to_read(&folder)?;
    // Without this note nobody knows whether the state can be believed.
    fs::remove_file(folder.join("STATE"))?;
    let [rebuilt, _] = opened(keys, &folder)?;
    Ok(figures(keys, [trusted, rebuilt, bare], resident))
}

fn figures(keys: u64, [trusted, rebuilt, bare]: [f64; 3], resident: f64) -> Figures {
    let entries = (keys as usize * (key(0).len() + VALUE.len())) as f64;
    let line = |what: String, ours: f64, limit: f64, of, goal| {
        let figure = Compared { ours, limit, ratio: ours / limit };
        Line { what, figure, limit: of, goal }
    };
    let goal = Some(Goal::AtMost(GOAL));
    let files = "read its files";
    Figures {
        lines: vec![
            line(format!("s to open {keys} keys after a kill"), trusted, bare, files, goal),
            line(format!("s to open {keys} keys, state made again"), rebuilt, bare, files, None),
            line("MB resident, all read once".to_owned(), resident / 1e6, entries / 1e6, "keys and values", None),
        ],
        notes: vec![format!(
            "A key has {} bytes and its value {}. Each figure is of one run.",
            key(0).len(),
            VALUE.len()
        )],
        json: Map::from_iter([
            ("keys".to_owned(), json!(keys)),
            ("entry_bytes".to_owned(), json!(key(0).len() + VALUE.len())),
            ("reopen_s".to_owned(), json!(trusted)),
            ("reopen_rebuilt_s".to_owned(), json!(rebuilt)),
            ("read_files_s".to_owned(), json!(bare)),
            ("resident_bytes".to_owned(), json!(resident as u64)),
        ]),
    }
}

/// Opens the store in a process of its own: the seconds that took, and the bytes that are resident afterwards.
fn opened(keys: u64, folder: &Path) -> Result<[f64; 2]> {
    let said = said_by(Part::Open, keys, folder)?;
    let mut numbers = said.split_whitespace().map(str::parse);
    let mut next = || numbers.next().context("the process said too little");
    Ok([next()??, next()??])
}

/// What the process of `part` says before it is killed.
fn said_by(part: Part, keys: u64, folder: &Path) -> Result<String> {
    let part = part.to_possible_value().context("every part has a name")?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["store", "--part", part.get_name(), "--keys", &keys.to_string(), "--dir"]).arg(folder);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let said = first_line(&mut child);
    // Whatever it said: nothing is left running.
    child.kill()?;
    child.wait()?;
    said
}

fn first_line(child: &mut Child) -> Result<String> {
    let mut line = String::new();
    let out = child.stdout.take().context("it is piped")?;
    ensure!(BufReader::new(out).read_line(&mut line)? > 0, "the process ended without a word");
    Ok(line)
}

/// Does `part` in this process, and waits to be killed.
///
/// # Errors
/// When the store fails.
pub async fn run(part: Part, keys: u64, folder: &Path) -> Result<()> {
    let began = Instant::now();
    let store = Embedded::open(folder, Options::default())?;
    let took = began.elapsed().as_secs_f64();
    let said = match part {
        Part::Fill => {
            fill(&store, keys).await?;
            "filled".to_owned()
        }
        Part::Open => {
            read_all(&store, keys).await?;
            format!("{took} {}", resident()?)
        }
    };
    writeln!(std::io::stdout(), "{said}")?;
    // It is killed in the middle of its life, or ends when nobody is left to kill it.
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}

async fn fill(store: &Embedded, keys: u64) -> Result<()> {
    let mut next = 0;
    while next < keys {
        let end = keys.min(next + GROUP);
        // In an order that is not that of the keys, as in life; the factor is prime.
        let numbers = (next..end).map(|number| number * 7_919 % keys.max(1));
        let txn = numbers.fold(Txn::new(), |txn, number| txn.put(key(number), Bytes::from_static(&VALUE)));
        store.txn(txn).await?;
        next = end;
    }
    Ok(())
}

async fn read_all(store: &Embedded, keys: u64) -> Result<()> {
    let (mut range, mut count) = (KeyRange::all(), 0);
    loop {
        let page = store.range(&range, PAGE).await?;
        count += page.entries.len() as u64;
        match page.entries.last() {
            Some(last) if page.more => range = range.after(&last.key),
            _ => break,
        }
    }
    ensure!(count == keys, "{count} keys of {keys} are there");
    Ok(())
}

/// The memory of this process that is in use.
fn resident() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the system does not tell")?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes * 1024)
}

/// How long it takes to read all files of the store, and not its state's, once.
fn seconds_to_read(folder: &Path) -> Result<f64> {
    let began = Instant::now();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            std::hint::black_box(fs::read(path)?);
        }
    }
    Ok(began.elapsed().as_secs_f64())
}

fn key(number: u64) -> String {
    format!("keys/{number:012}")
}
