//! The files from which policy, tokens and keys are read.

use std::path::{Path, PathBuf};

use super::Guard;
use super::jwt::{Jwt, Keys, Terms};
use super::key_source::{self, KeySource};
use super::policy_file;
use super::tokens::Tokens;

/// Where policy, tokens and keys are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// The policy.
    pub policy: PathBuf,
    /// The hashes of static tokens; none if there are none.
    pub tokens: Option<PathBuf>,
    /// Which JSON web tokens are accepted, and where their issuer's keys come from; none if none are.
    pub jwt: Option<(Terms, KeySource)>,
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
    /// Reads all files.
    ///
    /// # Errors
    /// The first one that can't be used, with all that is wrong with it.
    pub fn read(&self) -> Result<Guard, Error> {
        self.guard(&self.texts(None)?)
    }

    /// What the files say now; of keys on the web, what was `fetched` last.
    pub(super) fn texts(&self, fetched: Option<String>) -> Result<Texts, Error> {
        let policy = text(&self.policy)?;
        let tokens = self.tokens.as_deref().map(text).transpose()?;
        let keys = match &self.jwt {
            Some((_, KeySource::File(path))) => Some(text(path)?),
            Some((_, KeySource::Web { .. })) => fetched,
            None => None,
        };
        Ok(Texts { policy, tokens, keys })
    }

    /// The keys on the web, if that is where they are; good ones, or why there are none. Blocks its thread.
    pub(super) fn fetch(&self) -> Option<Result<String, String>> {
        let Some((_, KeySource::Web { address, ca })) = &self.jwt else { return None };
        let fetched = key_source::fetch(address, ca.as_deref());
        Some(fetched.and_then(|text| Keys::parse(&text).map(|_| text)))
    }

    pub(super) fn guard(&self, texts: &Texts) -> Result<Guard, Error> {
        let error = |path: &Path, faults| Error { path: path.to_owned(), faults };
        let policy = policy_file::parse(&texts.policy).map_err(|faults| error(&self.policy, faults))?;
        let tokens = match (&self.tokens, &texts.tokens) {
            (Some(path), Some(text)) => Tokens::parse(text).map_err(|faults| error(path, faults))?,
            _ => Tokens::default(),
        };
        let jwt = self.jwt.as_ref().map(|(terms, source)| {
            let keys = texts.keys.as_deref().map(Keys::parse).transpose();
            let keys = keys.map_err(|fault| error(&source.path(), vec![fault]))?;
            Ok(Jwt::new(terms.clone(), keys))
        });
        Ok(Guard::new(policy, jwt.transpose()?, tokens))
    }
}

fn text(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|error| Error { path: path.to_owned(), faults: vec![error.to_string()] })
}
