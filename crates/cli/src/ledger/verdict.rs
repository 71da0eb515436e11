//! What a verification comes to, for people and for programs.

use std::process::ExitCode;

use anyhow::Result;
use serde::Serialize;

use crate::output::{Output, line};

/// What a verification comes to.
#[derive(Debug, Default, Serialize)]
pub struct Verdict {
    /// How many entries there are.
    pub entries: u64,
    /// The revision of the last of them.
    pub revision: u64,
    /// So many of them are of the older checkpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub older: Option<u64>,
    /// What is wrong.
    pub problems: Vec<String>,
    /// What is not wrong, and yet worth a word.
    pub remarks: Vec<String>,
}

/// The same with its conclusion in front.
#[derive(Serialize)]
struct Told<'a> {
    what: &'a str,
    intact: bool,
    #[serde(flatten)]
    verdict: &'a Verdict,
}

impl Verdict {
    /// Adds a word that is no problem.
    pub fn remark(&mut self, what: &str) {
        self.remarks.push(what.to_owned());
    }

    /// Says it of `what`; the exit code that fits.
    pub fn tell(&self, output: Output, what: &str) -> Result<ExitCode> {
        let intact = self.problems.is_empty();
        if output.is_json() {
            line(&serde_json::to_string(&Told { what, intact, verdict: self })?)?;
        } else {
            self.problems.iter().try_for_each(|problem| line(&format!("wrong: {problem}")))?;
            line(&self.conclusion(what))?;
            self.remarks.iter().try_for_each(|remark| line(&format!("note: {remark}")))?;
        }
        Ok(if intact { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn conclusion(&self, what: &str) -> String {
        let Self { entries, revision, older, problems, remarks: _ } = self;
        if !problems.is_empty() {
            return format!("{what} is not what was signed");
        }
        let since = older.map(|older| format!("; the first {older} are those of the older checkpoint"));
        let since = since.unwrap_or_default();
        format!("{what} is what was signed: {entries} entries, up to revision {revision}{since}")
    }
}
