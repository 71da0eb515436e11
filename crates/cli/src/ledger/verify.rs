//! `slipway ledger verify`: whether an exported ledger is what was signed, without asking anybody; and whether the
//! registry's still begins with what somebody kept a checkpoint of.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use slipway_domain::ledger::audit::Audit;
use slipway_domain::ledger::checkpoint::Checkpoint;
use slipway_domain::ledger::hash;
use slipway_domain::ledger::note::Verifier;
use slipway_domain::ledger::tree::Tree;

use super::file::Reading;
use super::since;
use super::trust::{self, Source};
use super::verdict::Verdict;
use crate::connect::Connect;
use crate::output::Output;

/// So many lines are complained of; those behind them are not worth a reader's time.
const MOST: usize = 20;

/// `slipway ledger verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// An exported ledger, which is verified without asking anybody.
    #[arg(required_unless_present = "against", conflicts_with = "against")]
    file: Option<PathBuf>,
    /// A checkpoint from before: what was written then must be there still.
    #[arg(long, value_name = "FILE", conflicts_with = "against")]
    checkpoint: Option<PathBuf>,
    /// Ask the registry to prove that its ledger begins with what this checkpoint is of.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// The key that must have signed, or a file with it [default: the key that comes with the ledger].
    #[arg(long, value_name = "KEY")]
    signed_by: Option<String>,
}

impl Verify {
    /// Verifies, and ends with 1 if anything is wrong.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<ExitCode> {
        let signed_by = self.signed_by.as_deref();
        let verdict = match (&self.file, &self.against) {
            (Some(file), _) => {
                let read = File::open(file).with_context(|| format!("opening {}", file.display()))?;
                let older = self.checkpoint.as_deref().map(trust::note).transpose()?;
                let verdict = of_file(BufReader::new(read), older.as_deref(), signed_by);
                verdict.with_context(|| format!("verifying {}", file.display()))?
            }
            (None, Some(older)) => since::verify(connect, &trust::note(older)?, signed_by).await?,
            (None, None) => return Err(crate::exit::Usage("name a file, or --against a checkpoint".to_owned()).into()),
        };
        let what = self.file.as_deref().map_or_else(|| "the ledger".to_owned(), shown);
        verdict.tell(output, &what)
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Verifies an exported ledger, of which `older` is a checkpoint from before.
fn of_file(read: impl BufRead, older: Option<&str>, signed_by: Option<&str>) -> Result<Verdict> {
    let (header, mut reading) = Reading::begin(read)?;
    let (verifier, source) = trust::key(signed_by, &header.key)?;
    let mut verdict = Verdict::default();
    let mut lines = Lines::default();
    while let Some((number, entry)) = reading.entry()? {
        lines.take(number, entry);
    }
    verdict.entries = lines.told.size();
    let signed = open(&mut verdict, "the checkpoint of the ledger", &header.checkpoint, &verifier);
    let older = older.and_then(|older| open(&mut verdict, "the older checkpoint", older, &verifier));
    if let Some(signed) = signed {
        verdict.revision = lines.revision;
        // If the hashes that stand beside the entries are the ones that were signed, then what differs from them is what
        // was changed, and nothing else.
        let is_told = lines.told.root(lines.told.size()) == Some(signed.head.root);
        let found = lines.audit.finish(&signed, older.as_ref());
        if is_told && !found.is_empty() {
            verdict.remark("the hashes beside the entries are those that were signed: only what is named was changed");
        }
        verdict.problems.extend(lines.complaints);
        verdict.problems.extend(found.iter().map(ToString::to_string));
    } else {
        verdict.problems.extend(lines.complaints);
    }
    rests_on(&mut verdict, source);
    verdict.older = older.map(|older| older.head.size);
    Ok(verdict)
}

/// Reads a checkpoint, or says what is wrong with it.
fn open(verdict: &mut Verdict, what: &str, note: &str, verifier: &Verifier) -> Option<Checkpoint> {
    Checkpoint::open(note, verifier).map_err(|error| verdict.problems.push(format!("{what}: {error}"))).ok()
}

/// Says on whose word it all rests, if that is worth less than it looks.
fn rests_on(verdict: &mut Verdict, source: Source) {
    if let Some(advice) = source.advice() {
        verdict.remark(advice);
    }
}

/// The lines of a file as they are read.
#[derive(Default)]
struct Lines {
    audit: Audit,
    /// The tree over the hashes that stand beside the entries.
    told: Tree,
    revision: u64,
    complaints: Vec<String>,
}

impl Lines {
    fn take(&mut self, number: u64, entry: Result<super::file::Entry>) {
        let wanted = self.told.size();
        let read = entry.and_then(|entry| Ok((entry.bytes()?, entry)));
        let (bytes, entry) = match read {
            Ok(read) => read,
            Err(error) => {
                self.complain(format!("line {number}, where entry {wanted} should stand: {error:#}"));
                self.told.push(self.audit.take(&[]));
                return;
            }
        };
        if entry.index != wanted {
            self.complain(format!("line {number} is entry {}, and entry {wanted} should stand there", entry.index));
        }
        let lies = entry.lies(&bytes);
        if !lies.is_empty() {
            let fields = lies.join(", ");
            self.complain(format!("entry {wanted} was changed: its {fields} and its leaf say different things"));
        }
        let hash = self.audit.take(&bytes);
        let told =
            (0..64).step_by(2).map(|at| entry.hash.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok()));
        let told: Option<Vec<u8>> = told.collect();
        self.told.push(told.and_then(|told| hash::Hash::try_from(told).ok()).unwrap_or(hash));
        self.revision = entry.revision;
    }

    fn complain(&mut self, what: String) {
        match self.complaints.len() {
            MOST => self.complaints.push("more is wrong behind that".to_owned()),
            more if more > MOST => {}
            _ => self.complaints.push(what),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use slipway_chassis::record;
    use slipway_domain::ledger::leaf::Leaf;
    use slipway_domain::ledger::note::Signer;
    use slipway_domain::ledger::proof::Head;
    use slipway_domain::ledger::{Change, Resource};
    use slipway_domain::name::ModelName;
    use slipway_domain::principal::Principal;
    use slipway_domain::traffic::Traffic;

    use super::super::file::{Entry, FORMAT, Header};
    use super::*;

    const NAME: &str = "namespaces/default/models/ctr";

    fn signer(secret: u8) -> Signer {
        Signer::new("slipway-registry/7", &[secret; 32]).unwrap()
    }

    fn leaf(number: u8, reason: &str) -> Vec<u8> {
        let model = ModelName::parse(NAME).unwrap();
        let change = Change {
            principal: Principal::anonymous(),
            at: "2026-01-01T00:00:00.123456789Z".parse().unwrap(),
            reason: reason.to_owned(),
            request_id: format!("r-{number}"),
            changed_fields: vec!["ranges".to_owned()],
            before: None,
            after: Some(Resource::Traffic(model, Traffic::new("salt".to_owned()))),
        };
        let key = [b"ledger/", NAME.as_bytes(), b"/traffic\0", &[number; 16]].concat();
        Leaf { revision: u64::from(number) + 2, key: &key, record: &record::encode(&change) }.encode()
    }

    fn leaves() -> Vec<Vec<u8>> {
        (0..6).map(|number| leaf(number, "because")).collect()
    }

    fn note(leaves: &[Vec<u8>], signer: &Signer) -> String {
        let tree: Tree = leaves.iter().map(|leaf| hash::leaf([leaf.as_slice()])).collect();
        let head = Head { size: tree.size(), root: tree.root(tree.size()).unwrap() };
        Checkpoint { origin: signer.verifier().name().to_owned(), head }.sign(signer)
    }

    /// The lines of the exported ledger of `leaves`.
    fn lines(leaves: &[Vec<u8>]) -> Vec<String> {
        let signer = signer(1);
        let (checkpoint, key) = (note(leaves, &signer), signer.verifier().to_string());
        let header = Header { format: FORMAT.to_owned(), checkpoint, key };
        let entry = |(index, leaf): (usize, &Vec<u8>)| Entry::new(index as u64, leaf).unwrap();
        let entries = leaves.iter().enumerate().map(entry).map(|entry| serde_json::to_string(&entry).unwrap());
        [serde_json::to_string(&header).unwrap()].into_iter().chain(entries).collect()
    }

    fn verify(lines: &[String], older: Option<&str>) -> Verdict {
        let key = signer(1).verifier().to_string();
        of_file(lines.join("\n").as_bytes(), older, Some(&key)).unwrap()
    }

    #[test]
    fn an_untouched_file_is_what_was_signed_and_says_what_was_changed() {
        let (lines, older) = (lines(&leaves()), note(&leaves()[..4], &signer(1)));
        let verdict = verify(&lines, Some(&older));
        assert_eq!(verdict.problems, [""; 0]);
        assert_eq!((verdict.entries, verdict.revision, verdict.older), (6, 7, Some(4)));
        let entry: Value = serde_json::from_str(&lines[3]).unwrap();
        let change = &entry["change"];
        assert_eq!((&change["reason"], &change["principal"]), (&"because".into(), &"anonymous".into()));
        assert_eq!(change["at"], "2026-01-01T00:00:00.123456789Z");
        assert_eq!(change["after"]["Traffic"][1]["generation"], 0);
    }

    #[test]
    fn a_word_that_was_changed_beside_its_leaf_is_named_with_its_entry() {
        for (field, from, to) in [
            ("change", "because", "by accident"),
            ("revision", "\"revision\":4", "\"revision\":5"),
            ("resource", "/traffic\",\"change", "/teafic\",\"change"),
        ] {
            let mut lines = lines(&leaves());
            let changed = lines[3].replacen(from, to, 1);
            assert_ne!(changed, lines[3], "{field}");
            lines[3] = changed;
            let problems = verify(&lines, None).problems;
            assert_eq!(problems, [format!("entry 2 was changed: its {field} and its leaf say different things")]);
        }
    }

    #[test]
    fn a_leaf_that_was_changed_with_its_words_is_named_by_the_hash_beside_it() {
        let mut lines = lines(&leaves());
        let forged = Entry { hash: Entry::new(2, &leaves()[2]).unwrap().hash, ..Entry::new(2, &leaf(2, "x")).unwrap() };
        lines[3] = serde_json::to_string(&forged).unwrap();
        let verdict = verify(&lines, None);
        assert_eq!(verdict.problems[0], "entry 2 was changed: its hash and its leaf say different things");
        assert!(verdict.problems[1].contains("not those that were signed"), "{verdict:?}");
        assert!(verdict.remarks[0].contains("only what is named"), "{verdict:?}");
    }

    #[test]
    fn a_forgery_without_a_flaw_is_found_by_the_root_and_by_an_older_checkpoint() {
        let mut forged = leaves();
        forged[2] = leaf(2, "by accident");
        let (honest, lines) = (lines(&leaves()), lines(&forged));
        // With the checkpoint of the honest ledger: the root differs.
        let mixed = [&honest[..1], &lines[1..]].concat();
        assert!(verify(&mixed, None).problems[0].contains("not those that were signed"));
        let known = note(&leaves()[..2], &signer(1));
        assert!(verify(&mixed, Some(&known)).problems[0].contains("behind the first 2"));
        // Signed anew by whoever has the key: found by whoever kept a checkpoint.
        assert_eq!(verify(&lines, None).problems, [""; 0]);
        let older = note(&leaves()[..4], &signer(1));
        assert!(verify(&lines, Some(&older)).problems[0].contains("the first 4 entries are not those"));
    }

    #[test]
    fn lines_that_are_cut_moved_or_none_are_named() {
        let lines = lines(&leaves());
        let mut without = lines.clone();
        without.remove(3);
        let problems = verify(&without, None).problems;
        assert_eq!(problems[0], "line 4 is entry 3, and entry 2 should stand there");
        assert!(problems.last().unwrap().contains("1 were cut out"), "{problems:?}");
        let problems = verify(&lines[..6], None).problems;
        assert_eq!(problems, ["there are 5 entries, and 6 were signed: 1 were cut out"]);
        let mut torn = lines.clone();
        torn[6].truncate(40);
        let problems = verify(&torn, None).problems;
        assert!(problems[0].starts_with("line 7, where entry 5 should stand: it is no entry"), "{problems:?}");
        assert!(of_file(lines[1..].join("\n").as_bytes(), None, None).is_err());
        assert!(of_file(&b""[..], None, None).is_err());
    }

    #[test]
    fn another_key_is_told_and_the_files_own_is_said_to_be_worth_less() {
        let lines = lines(&leaves());
        let other = signer(2).verifier().to_string();
        let verdict = of_file(lines.join("\n").as_bytes(), None, Some(&other)).unwrap();
        assert!(verdict.problems[0].contains("not signed with the key slipway-registry/7+"), "{verdict:?}");
        let verdict = of_file(lines.join("\n").as_bytes(), None, None).unwrap();
        assert!(verdict.problems.is_empty() && verdict.remarks[0].contains("--signed-by"), "{verdict:?}");
    }

    #[test]
    fn of_very_many_problems_the_first_are_told() {
        let mut lines = lines(&(0..60).map(|number| leaf(number, "because")).collect::<Vec<_>>());
        for line in &mut lines[1..] {
            *line = line.replacen("because", "x", 1);
        }
        assert_eq!(verify(&lines, None).problems.len(), MOST + 1);
    }
}
