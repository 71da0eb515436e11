//! What identifies a state of a resource to a caller: the revision of its last change, in hexadecimal digits.

/// A caller stated another etag than the current one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What the caller stated.
    pub given: String,
    /// What it is.
    pub current: String,
}

/// The etag of a resource last changed at `revision`.
#[must_use]
pub fn etag(revision: u64) -> String {
    format!("{revision:x}")
}

/// Makes sure that a caller who states `given` changes what it has read; an empty etag states nothing.
///
/// # Errors
/// [`Mismatch`] if the resource was changed since.
pub fn check(revision: u64, given: &str) -> Result<(), Mismatch> {
    let current = etag(revision);
    if given.is_empty() || given == current { Ok(()) } else { Err(Mismatch { given: given.to_owned(), current }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_holds_until_the_next_change_and_none_always() {
        assert_eq!(check(255, "ff"), Ok(()));
        assert_eq!(check(255, ""), Ok(()));
        assert_eq!(check(256, "ff"), Err(Mismatch { given: "ff".to_owned(), current: "100".to_owned() }));
    }
}
