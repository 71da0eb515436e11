//! Whose a backup is, in words.

use std::io::{BufRead, Read, Write};
use std::path::Path;

use super::Error;

const FIRST: &str = "slipway backup";

/// The form that this program writes.
const FORM: &str = "1";

/// The most bytes of all lines together.
const LONGEST: u64 = 1024;

/// Whose a backup is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The service, as `registry`.
    pub service: String,
    /// The version of its program.
    pub program: String,
}

impl Label {
    pub(super) fn write(&self, to: &mut impl Write) -> std::io::Result<()> {
        let lines = self.lines();
        write!(to, "{lines}checksum {:08x}\n\n", crc32c::crc32c(lines.as_bytes()))
    }

    fn lines(&self) -> String {
        let Self { service, program } = self;
        format!("{FIRST} {FORM}\nservice {service}\nprogram {program}\n")
    }

    /// Reads a label, and leaves `from` behind it.
    pub(super) fn read(from: &mut impl BufRead, path: &Path) -> Result<Self, Error> {
        let unusable = |cause| Error::Unusable { path: path.to_owned(), cause };
        let broken = |what: &str| Error::NoBackup { path: path.to_owned(), what: what.to_owned() };
        let mut bytes = Vec::new();
        let mut limited = from.take(LONGEST);
        let form = match line(&mut limited, &mut bytes).map_err(unusable)?.as_deref() {
            Some(first) => first.strip_prefix(FIRST).map(|form| form.trim().to_owned()),
            None => None,
        };
        match form {
            None => return Err(broken("its first line does not say so")),
            Some(form) if form != FORM => return Err(Error::Newer { path: path.to_owned(), form }),
            Some(_) => {}
        }
        let mut value = |name: &str, bytes: &mut Vec<u8>| -> Result<String, Error> {
            let line = line(&mut limited, bytes).map_err(unusable)?;
            let value = line.as_deref().and_then(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned));
            value.ok_or_else(|| broken(&format!("its line {name:?} is missing or damaged")))
        };
        let label = Self { service: value("service", &mut bytes)?, program: value("program", &mut bytes)? };
        let expected = format!("{:08x}", crc32c::crc32c(&bytes));
        let empty = |line: Option<String>| line.as_deref() == Some("");
        let whole = bytes == label.lines().as_bytes() && value("checksum", &mut bytes)? == expected;
        if !whole || !empty(line(&mut limited, &mut bytes).map_err(unusable)?) {
            return Err(broken("its first lines were changed"));
        }
        Ok(label)
    }
}

/// The next line without its end; none if it has none, or is no text. What was read is added to `bytes`.
fn line(from: &mut impl BufRead, bytes: &mut Vec<u8>) -> std::io::Result<Option<String>> {
    let before = bytes.len();
    from.read_until(b'\n', bytes)?;
    let line = std::str::from_utf8(&bytes[before..]).ok().and_then(|line| line.strip_suffix('\n'));
    Ok(line.map(str::to_owned))
}
