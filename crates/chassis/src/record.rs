//! How a value is written into a store: one byte that says which layout, then MessagePack with named fields, so that a
//! field can be added without a new layout and an older program can tell that it is too old.

use std::fmt;

use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserializer, Serialize};

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

/// The value of the field `name` of a record, without reading what stands behind it; none if the record has no such field
/// or can't be read as far as that.
#[must_use]
pub fn peek<T: DeserializeOwned>(bytes: &[u8], name: &'static str) -> Option<T> {
    let (_, value) = bytes.split_first().filter(|(version, _)| (1..=VERSION).contains(*version))?;
    let mut found = None;
    let mut reader = rmp_serde::Deserializer::from_read_ref(value);
    // The reader takes it for an error that something is left.
    let _ = reader.deserialize_map(Peek { name, found: &mut found });
    found
}

/// Reads the fields of a record up to one of them.
struct Peek<'a, T> {
    name: &'static str,
    found: &'a mut Option<T>,
}

impl<'de, T: DeserializeOwned> Visitor<'de> for Peek<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record with named fields")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(name) = fields.next_key::<&str>()? {
            if name == self.name {
                *self.found = Some(fields.next_value()?);
                return Ok(());
            }
            fields.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;

    #[derive(Serialize)]
    struct Two {
        first: Vec<u64>,
        second: String,
        third: Option<u64>,
    }

    #[test]
    fn one_field_is_read_without_what_stands_behind_it() {
        let mut bytes = encode(&Two { first: vec![1, 2], second: "b".to_owned(), third: None });
        assert_eq!(peek::<String>(&bytes, "second"), Some("b".to_owned()));
        assert_eq!(peek::<Vec<u64>>(&bytes, "first"), Some(vec![1, 2]));
        assert_eq!((peek::<u64>(&bytes, "second"), peek::<u64>(&bytes, "fourth")), (None, None));
        bytes.truncate(bytes.len() - 4);
        assert_eq!(peek::<String>(&bytes, "second"), Some("b".to_owned()));
        assert_eq!((peek::<String>(&[], "second"), peek::<String>(&[9, 1], "second")), (None, None));
    }
}
