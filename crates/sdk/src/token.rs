//! The token by which a client says who it is.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tonic::metadata::{Ascii, MetadataValue};

use crate::error::Error;

/// How old what was read of a file may be.
const FRESH: Duration = Duration::from_secs(1);

/// The metadata that carries a token.
pub(crate) const AUTHORIZATION: &str = "authorization";

/// A token, or the file it is read from. Clones share what was read.
#[derive(Debug, Clone)]
pub(crate) enum Token {
    Fixed(MetadataValue<Ascii>),
    File(Arc<File>),
}

/// A file with one token in it.
#[derive(Debug)]
pub(crate) struct File {
    path: PathBuf,
    read: Mutex<Option<Read>>,
}

/// What was read, and when.
type Read = (Instant, Result<MetadataValue<Ascii>, Error>);

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Fixed(own), Self::Fixed(other)) => own == other,
            (Self::File(own), Self::File(other)) => own.path == other.path,
            (Self::Fixed(_), Self::File(_)) | (Self::File(_), Self::Fixed(_)) => false,
        }
    }
}

impl Token {
    /// The token `text`.
    pub fn fixed(text: &str) -> Result<Self, Error> {
        header(text).map(Self::Fixed).ok_or_else(|| Error::bad_token("the token is not of printable ASCII"))
    }

    /// The token in the file at `path`, which is read again when it is a second old.
    pub fn file(path: &Path) -> Self {
        Self::File(Arc::new(File { path: path.to_owned(), read: Mutex::default() }))
    }

    /// The metadata for a call that is made now.
    pub fn current(&self) -> Result<MetadataValue<Ascii>, Error> {
        match self {
            Self::Fixed(value) => Ok(value.clone()),
            Self::File(file) => file.current(FRESH),
        }
    }

    /// The token if it is another one than `refused` by now.
    pub fn renewed(&self, refused: &MetadataValue<Ascii>) -> Option<MetadataValue<Ascii>> {
        match self {
            Self::Fixed(_) => None,
            Self::File(file) => file.current(Duration::ZERO).ok().filter(|value| value != refused),
        }
    }
}

impl File {
    fn current(&self, fresh: Duration) -> Result<MetadataValue<Ascii>, Error> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        match &*read {
            Some((at, value)) if at.elapsed() < fresh => value.clone(),
            _ => {
                let value = self.read();
                *read = Some((Instant::now(), value.clone()));
                value
            }
        }
    }

    fn read(&self) -> Result<MetadataValue<Ascii>, Error> {
        let path = self.path.display();
        let text = std::fs::read_to_string(&self.path);
        let text = text.map_err(|error| Error::bad_token(&format!("the token can't be read from {path}: {error}")))?;
        header(text.trim()).ok_or_else(|| Error::bad_token(&format!("there is not one token in {path}")))
    }
}

fn header(token: &str) -> Option<MetadataValue<Ascii>> {
    let sane = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    let mut value = MetadataValue::try_from(format!("Bearer {token}")).ok().filter(|_| sane)?;
    // It is for no log, and for no table of the header compression.
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_token_is_read_again_when_it_is_a_second_old_or_was_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let token = Token::file(&path);
        assert_eq!(token.current().unwrap_err().reason(), "BAD_TOKEN");
        std::fs::write(&path, "first\n").unwrap();
        let first = token.renewed(&header("none").unwrap()).unwrap();
        assert_eq!(first, "Bearer first");
        std::fs::write(&path, "second").unwrap();
        assert_eq!(token.current().unwrap(), "Bearer first");
        assert_eq!(token.renewed(&first).unwrap(), "Bearer second");
        std::fs::write(&path, "third").unwrap();
        tokio::time::advance(FRESH).await;
        assert_eq!(token.current().unwrap(), "Bearer third");
    }

    #[test]
    fn what_can_be_no_token_is_refused() {
        for bad in ["", "two words", "line\nbreak", "träger"] {
            assert_eq!(Token::fixed(bad).unwrap_err().reason(), "BAD_TOKEN", "{bad:?}");
        }
    }
}
