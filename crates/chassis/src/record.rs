//! How a value is written into a store: one byte that says which layout, then MessagePack with named fields, so that a
//! field can be added without a new layout and an older program can tell that it is too old.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The layout that this program writes.
pub const VERSION: u8 = 1;

/// Why stored bytes cannot be read as a value.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The record does not begin with a layout.
    #[error("a record that does not say its layout")]
    Unmarked,
    /// The layout is one that this program does not know yet.
    #[error("a record of layout {found}, written by a newer slipway; this one reads layouts up to {VERSION}")]
    Newer {
        /// The layout found in the record.
        found: u8,
    },
    /// The bytes are no value of the type asked for.
    #[error("a damaged record: {0}")]
    Damaged(#[from] rmp_serde::decode::Error),
}

/// The stored form of `value`.
///
/// # Panics
/// When `T` has a part that MessagePack cannot express, such as a sequence of unknown length: a defect of the type,
/// which its first test shows.
#[must_use]
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    rmp_serde::encode::write_named(&mut bytes, value).expect("a stored type is made of plain serde parts");
    bytes
}

/// The value that `bytes` are the stored form of. Fields that `T` does not have are passed over.
///
/// # Errors
/// [`Error::Newer`] for a layout of a later program, otherwise what is wrong with the bytes.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let (&version, value) = bytes.split_first().filter(|(version, _)| **version != 0).ok_or(Error::Unmarked)?;
    if version > VERSION {
        return Err(Error::Newer { found: version });
    }
    Ok(rmp_serde::from_slice(value)?)
}
