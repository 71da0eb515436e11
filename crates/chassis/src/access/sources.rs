//! The files from which policy, tokens and keys are read.

use std::path::{Path, PathBuf};

use super::Guard;
use super::jwt::{Jwt, Keys, Terms};
use super::policy_file;
use super::tokens::Tokens;

/// Where policy, tokens and keys are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// The policy.
    pub policy: PathBuf,
    /// The hashes of static tokens; none if there are none.
    pub tokens: Option<PathBuf>,
    /// Which JSON web tokens are accepted, and the file with their issuer's keys; none if none are.
    pub jwt: Option<(Terms, PathBuf)>,
}

/// Why policy, tokens or keys can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} can't be used: {}", path.display(), faults.join("; "))]
pub struct Error {
    /// The file.
    pub path: PathBuf,
    /// All that is wrong with it.
    pub faults: Vec<String>,
}

/// What the files said when they were last read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Texts {
    policy: String,
    tokens: Option<String>,
    keys: Option<String>,
}

impl Sources {
    /// Reads all of them.
    ///
    /// # Errors
    /// The first file that can't be used, with all that is wrong with it.
    pub fn read(&self) -> Result<Guard, Error> {
        self.guard(&self.texts()?)
    }

    pub(super) fn texts(&self) -> Result<Texts, Error> {
        let policy = text(&self.policy)?;
        let tokens = self.tokens.as_deref().map(text).transpose()?;
        let keys = self.jwt.as_ref().map(|(_, path)| text(path)).transpose()?;
        Ok(Texts { policy, tokens, keys })
    }

    pub(super) fn guard(&self, texts: &Texts) -> Result<Guard, Error> {
        let error = |path: &Path, faults| Error { path: path.to_owned(), faults };
        let policy = policy_file::parse(&texts.policy).map_err(|faults| error(&self.policy, faults))?;
        let tokens = match (&self.tokens, &texts.tokens) {
            (Some(path), Some(text)) => Tokens::parse(text).map_err(|faults| error(path, faults))?,
            _ => Tokens::default(),
        };
        let jwt = match (&self.jwt, &texts.keys) {
            (Some((terms, path)), Some(text)) => {
                let keys = Keys::parse(text).map_err(|fault| error(path, vec![fault]))?;
                Some(Jwt::new(terms.clone(), Some(keys)))
            }
            _ => None,
        };
        Ok(Guard::new(policy, jwt, tokens))
    }
}

fn text(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|error| Error { path: path.to_owned(), faults: vec![error.to_string()] })
}
