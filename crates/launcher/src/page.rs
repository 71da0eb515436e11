//! Pages of a listing: all of them from one picture, with tokens that can't be used for another question.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use slipway_store::Revision;
use xxhash_rust::xxh3::xxh3_64;

use crate::Error;
use crate::state::State;

/// How many items a page has when nobody says.
const USUAL_SIZE: usize = 50;
/// The most items of a page.
const LARGEST_SIZE: i32 = 1000;
/// How many pictures are kept for tokens that were given out.
const KEPT_PICTURES: usize = 256;
/// The layout of a token.
const LAYOUT: u8 = 1;

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The picture that all pages are read from.
    pub revision: Revision,
    /// The hash of the question: parent, filter, order, view.
    pub question: u64,
    /// How many items come before.
    pub offset: u64,
}

impl Token {
    /// The token as text.
    #[must_use]
    pub fn write(&self) -> String {
        let mut bytes = vec![LAYOUT];
        for number in [self.revision, self.question, self.offset] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        let sum = xxh3_64(&bytes) as u32;
        bytes.extend_from_slice(&sum.to_be_bytes());
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads a token that answers `question`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a text that is no token, or one of another question.
    pub fn read(text: &str, question: u64) -> Result<Self, Error> {
        let token = parse(text).ok_or_else(|| {
            Error::invalid("page_token", "NOT_A_TOKEN", "is not a page token; leave it empty for the first page")
        })?;
        if token.question != question {
            let wanted = "belongs to another question; keep parent, filter, order and view, or begin anew";
            return Err(Error::invalid("page_token", "OTHER_QUESTION", wanted));
        }
        Ok(token)
    }
}

fn parse(text: &str) -> Option<Token> {
    let digits = text.as_bytes();
    if digits.len() != 58 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Vec<u8> = digits.chunks(2).map(byte).collect::<Option<_>>()?;
    let (body, sum) = bytes.split_at_checked(25)?;
    let number = |at: usize| Some(u64::from_be_bytes(body.get(at..at + 8)?.try_into().ok()?));
    let whole = sum == (xxh3_64(body) as u32).to_be_bytes() && body.first() == Some(&LAYOUT);
    if !whole {
        return None;
    }
    Some(Token { revision: number(1)?, question: number(9)?, offset: number(17)? })
}

/// The hash of a question's parts.
#[must_use]
pub fn question(parts: &[&str]) -> u64 {
    xxh3_64(parts.join("\u{0}").as_bytes())
}

/// The size of a page as asked for.
///
/// # Errors
/// [`Error::Invalid`] if it is negative or above 1,000.
pub fn size(asked: i32) -> Result<usize, Error> {
    match asked {
        0 => Ok(USUAL_SIZE),
        1..=LARGEST_SIZE => Ok(usize::try_from(asked).unwrap_or(USUAL_SIZE)),
        _ => Err(Error::invalid("page_size", "OUT_OF_BOUNDS", format!("is {asked}; it must be 0 to {LARGEST_SIZE}"))),
    }
}

/// The pictures that tokens were given out for, the newest ones.
#[derive(Default)]
pub struct Pictures(Mutex<BTreeMap<Revision, Arc<State>>>);

impl Pictures {
    /// Keeps a picture for the pages to come.
    pub fn keep(&self, state: &Arc<State>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(state.revision, Arc::clone(state));
        while kept.len() > KEPT_PICTURES {
            kept.pop_first();
        }
    }

    /// The picture at `revision`.
    ///
    /// # Errors
    /// [`Error::PageTokenExpired`] if it is no longer kept.
    pub fn at(&self, revision: Revision) -> Result<Arc<State>, Error> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&revision).cloned().ok_or(Error::PageTokenExpired)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_only_for_its_own_question() {
        let token = Token { revision: 7, question: question(&["a", "b"]), offset: 50 };
        assert_eq!(Token::read(&token.write(), token.question).unwrap(), token);
        assert!(Token::read(&token.write(), question(&["ab", ""])).is_err());
    }

    #[test]
    fn a_token_changed_in_any_digit_is_refused() {
        let token = Token { revision: 7, question: 9, offset: 50 };
        let text = token.write();
        for at in 0..text.len() {
            let mut forged = text.clone().into_bytes();
            forged[at] = if forged[at] == b'0' { b'1' } else { b'0' };
            let forged = String::from_utf8(forged).unwrap();
            assert!(Token::read(&forged, 9).is_err(), "{forged}");
        }
        for text in ["", "zz", "é", &"0".repeat(58), &"a".repeat(100_000)] {
            assert!(Token::read(text, 9).is_err());
        }
    }
}
