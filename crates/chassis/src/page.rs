//! Pages of a listing: all of them from one picture, with tokens that can't be used for another question.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use slipway_domain::fault::Violation;
use xxhash_rust::xxh3::xxh3_64;

/// How many items a page has when nobody says.
const USUAL_SIZE: usize = 50;
/// The most items of a page.
const LARGEST_SIZE: i32 = 1000;
/// How many pictures are kept for tokens that were given out.
const KEPT_PICTURES: usize = 256;
/// The layout of a token.
const LAYOUT: u8 = 1;

/// Why there is no such page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// A field of the question is wrong.
    Invalid(Violation),
    /// The picture that the pages come from is no longer kept.
    Expired,
}

/// The page that somebody asks for.
#[derive(Debug, Clone)]
pub struct Page<P> {
    /// What all pages of the listing are read from.
    pub picture: Arc<P>,
    /// The revision that the picture shows.
    pub revision: u64,
    /// How many items come before.
    pub offset: usize,
    /// How many items it has at most.
    pub size: usize,
    question: u64,
    source: Source,
}

/// Where the picture of a page comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// It is kept for the tokens that were given out for it.
    Kept,
    /// It can be made again whenever it is asked for.
    Made,
}

/// The revision that the pages at `token` are read at; none without a token.
///
/// # Errors
/// [`Error::Invalid`] for a token that is none or of another question.
pub fn bound(question: &[&str], token: &str) -> Result<Option<u64>, Error> {
    if token.is_empty() {
        return Ok(None);
    }
    Token::read(token, hash(question)).map(|token| Some(token.revision))
}

impl<P> Page<P> {
    /// The page of `size` items, 0 for the usual number, at `token`, of `picture` at `revision`, which whoever asks for the
    /// next page can make again.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a size out of bounds, or a token that is none or of another question.
    pub fn made(
        question: &[&str],
        (size, token): (i32, &str),
        (picture, revision): (Arc<P>, u64),
    ) -> Result<Self, Error> {
        let (size, question) = (parse_size(size)?, hash(question));
        let offset = if token.is_empty() { 0 } else { Token::read(token, question)?.offset };
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        Ok(Self { picture, revision, offset, size, question, source: Source::Made })
    }
}

/// The pictures that tokens were given out for, the newest ones.
#[derive(Debug)]
pub struct Pictures<P>(Mutex<BTreeMap<u64, Arc<P>>>);

impl<P> Default for Pictures<P> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<P> Pictures<P> {
    /// The page of `size` items, 0 for the usual number, at `token`; without a token it is the first one, of `current`
    /// with its revision. `question` is all that must not change from page to page, as method, parent and filter.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a size out of bounds, or a token that is none or of another question; [`Error::Expired`].
    pub fn page(
        &self,
        question: &[&str],
        (size, token): (i32, &str),
        current: impl FnOnce() -> (Arc<P>, u64),
    ) -> Result<Page<P>, Error> {
        let size = parse_size(size)?;
        let (question, source) = (hash(question), Source::Kept);
        if token.is_empty() {
            let (picture, revision) = current();
            return Ok(Page { picture, revision, offset: 0, size, question, source });
        }
        let Token { revision, question, offset } = Token::read(token, question)?;
        let picture = self.kept().get(&revision).cloned().ok_or(Error::Expired)?;
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        Ok(Page { picture, revision, offset, size, question, source })
    }

    /// The token of the page behind `page`, whose picture is kept for it unless it can be made again.
    #[must_use]
    pub fn next(&self, page: &Page<P>) -> String {
        let Page { picture, revision, offset, size, question, source } = page;
        if *source == Source::Kept {
            let mut kept = self.kept();
            kept.insert(*revision, Arc::clone(picture));
            while kept.len() > KEPT_PICTURES {
                kept.pop_first();
            }
        }
        Token { revision: *revision, question: *question, offset: offset.saturating_add(*size) as u64 }.write()
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<P>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hash(question: &[&str]) -> u64 {
    xxh3_64(question.join("\u{0}").as_bytes())
}

fn parse_size(asked: i32) -> Result<usize, Error> {
    let wanted = || format!("is {asked}; it must be 0 to {LARGEST_SIZE}");
    match usize::try_from(asked) {
        Ok(0) => Ok(USUAL_SIZE),
        Ok(size) if asked <= LARGEST_SIZE => Ok(size),
        Ok(_) | Err(_) => Err(Error::Invalid(Violation::new("page_size", "OUT_OF_BOUNDS", wanted()))),
    }
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    /// The picture that all pages are read from.
    revision: u64,
    /// The hash of the question.
    question: u64,
    /// How many items come before.
    offset: u64,
}

impl Token {
    fn write(&self) -> String {
        let mut bytes = vec![LAYOUT];
        for number in [self.revision, self.question, self.offset] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        let sum = xxh3_64(&bytes) as u32;
        bytes.extend_from_slice(&sum.to_be_bytes());
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads a token that answers `question`.
    fn read(text: &str, question: u64) -> Result<Self, Error> {
        let invalid = |reason, what| Error::Invalid(Violation::new("page_token", reason, what));
        let token = Self::parse(text)
            .ok_or_else(|| invalid("NOT_A_TOKEN", "is not a page token; leave it empty for the first page"))?;
        if token.question != question {
            let wanted = "belongs to another question; keep parent, filter, order and view, or begin anew";
            return Err(invalid("OTHER_QUESTION", wanted));
        }
        Ok(token)
    }

    fn parse(text: &str) -> Option<Self> {
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
        Some(Self { revision: number(1)?, question: number(9)?, offset: number(17)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reason why a page is refused.
    fn refused(page: Result<Page<u64>, Error>) -> &'static str {
        match page.unwrap_err() {
            Error::Invalid(violation) => violation.reason,
            Error::Expired => "EXPIRED",
        }
    }

    #[test]
    fn all_pages_come_from_the_picture_of_the_first() {
        let pictures = Pictures::default();
        let first = pictures.page(&["List", "a"], (2, ""), || (Arc::new(7), 7)).unwrap();
        assert_eq!((*first.picture, first.revision, first.offset, first.size), (7, 7, 0, 2));
        let token = pictures.next(&first);
        let second = pictures.page(&["List", "a"], (3, &token), || panic!("the first one's is kept")).unwrap();
        assert_eq!((*second.picture, second.revision, second.offset, second.size), (7, 7, 2, 3));
        let third = pictures.page(&["List", "a"], (0, &pictures.next(&second)), || panic!("it is kept")).unwrap();
        assert_eq!((third.offset, third.size), (5, 50));
    }

    #[test]
    fn a_token_is_of_its_own_question_alone() {
        let pictures = Pictures::default();
        let first = pictures.page(&["a", "b"], (2, ""), || (Arc::new(7), 7)).unwrap();
        let token = pictures.next(&first);
        assert_eq!(refused(pictures.page(&["ab", ""], (2, &token), || (Arc::new(7), 7))), "OTHER_QUESTION");
    }

    #[test]
    fn the_oldest_pictures_expire_first() {
        let pictures = Pictures::default();
        let token = |revision| {
            let first = pictures.page(&[], (1, ""), || (Arc::new(revision), revision)).unwrap();
            pictures.next(&first)
        };
        let (oldest, second) = (token(1), token(2));
        (3..=257).for_each(|revision| drop(token(revision)));
        assert_eq!(refused(pictures.page(&[], (1, &oldest), || panic!("a token names its own"))), "EXPIRED");
        assert!(pictures.page(&[], (1, &second), || panic!("a token names its own")).is_ok());
    }

    #[test]
    fn a_picture_that_can_be_made_again_is_kept_for_nobody() {
        let pictures = Pictures::default();
        let first = Page::made(&["a"], (2, ""), (Arc::new(7), 7)).unwrap();
        let token = pictures.next(&first);
        assert_eq!((bound(&["a"], &token), bound(&["a"], "")), (Ok(Some(7)), Ok(None)));
        assert!(bound(&["b"], &token).is_err());
        let second = Page::made(&["a"], (2, &token), (Arc::new(7), 7)).unwrap();
        assert_eq!((second.offset, second.revision), (2, 7));
        assert_eq!(refused(pictures.page(&["a"], (2, &token), || panic!("a token names its own"))), "EXPIRED");
    }

    #[test]
    fn a_size_has_bounds() {
        let pictures = Pictures::default();
        let size = |asked| pictures.page(&[], (asked, ""), || (Arc::new(1), 1)).map(|page| page.size);
        assert_eq!((size(0), size(1), size(1000)), (Ok(50), Ok(1), Ok(1000)));
        for asked in [-1, 1001, i32::MIN, i32::MAX] {
            assert!(matches!(size(asked), Err(Error::Invalid(violation)) if violation.field == "page_size"));
        }
    }

    #[test]
    fn a_token_changed_in_any_digit_is_refused() {
        let token = Token { revision: 7, question: 9, offset: 50 };
        let text = token.write();
        assert_eq!(Token::read(&text, 9), Ok(token));
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
