//! What an import came to, and everything that could not be carried over as it was.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::json;
use slipway_sdk::pb::PlanAction;

use crate::apply::Run;
use crate::output::{Output, line};

/// So many examples of one kind are shown to a person.
const EXAMPLES: usize = 3;

/// What became of everything so far.
#[derive(Debug, Default)]
pub struct Report {
    /// How many models were read.
    pub models: usize,
    /// How many versions were.
    pub versions: usize,
    counts: BTreeMap<&'static str, usize>,
    notes: Vec<Note>,
}

/// Something that is not here as it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Note {
    what: String,
    why: String,
    detail: String,
}

impl Report {
    /// Counts what became of a resource.
    pub fn count(&mut self, action: PlanAction) {
        let word = match action {
            PlanAction::Create => "created",
            PlanAction::Update => "updated",
            PlanAction::Noop => "unchanged",
            PlanAction::Undelete => "taken back",
            PlanAction::Delete | PlanAction::Unspecified => "deleted",
        };
        *self.counts.entry(word).or_default() += 1;
    }

    /// Notes that something of `what` is not here as it is there: `why` in general, and in `detail`.
    pub fn note(&mut self, what: impl Into<String>, why: &str, detail: impl Into<String>) {
        self.notes.push(Note { what: what.into(), why: why.to_owned(), detail: detail.into() });
    }

    /// Everything that is noted, a line each.
    pub fn lines(&self) -> String {
        self.notes.iter().map(|Note { what, why, detail }| format!("{what}\t{why}\t{detail}\n")).collect()
    }

    /// Tells whoever asked.
    pub fn tell(&self, output: Output, run: Run) -> Result<()> {
        if output.is_json() {
            let note = |Note { what, why, detail }: &Note| json!({ "resource": what, "why": why, "detail": detail });
            let notes: Vec<_> = self.notes.iter().map(note).collect();
            let told = json!({ "models": self.models, "versions": self.versions, "resources": self.counts,
                "dryRun": run == Run::Dry, "notCarriedOver": notes });
            return line(&told.to_string());
        }
        for (why, notes) in self.by_reason() {
            line(&format!("{why}: {}", notes.len()))?;
            for Note { what, detail, .. } in notes.iter().take(EXAMPLES) {
                line(&format!("    {what}: {detail}"))?;
            }
            if notes.len() > EXAMPLES {
                line(&format!("    and {} more; --report FILE has all", notes.len() - EXAMPLES))?;
            }
        }
        let counts: Vec<String> = self.counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
        let what = if counts.is_empty() { "nothing to bring in".to_owned() } else { counts.join(", ") };
        let dry = if run == Run::Dry { "; nothing was changed" } else { "" };
        line(&format!("{} models with {} versions read: {what}{dry}", self.models, self.versions))
    }

    fn by_reason(&self) -> BTreeMap<&str, Vec<&Note>> {
        let mut by_reason: BTreeMap<&str, Vec<&Note>> = BTreeMap::new();
        for note in &self.notes {
            by_reason.entry(&note.why).or_default().push(note);
        }
        by_reason
    }
}
