//! Small files that are read and replaced as a whole.

use std::io;

use crate::disk::Disk;

/// More than any of them has.
const LIMIT: u64 = 64 * 1024;

/// The text of the file `name`; `None` if it is not there.
pub(super) fn read(disk: &dyn Disk, name: &str) -> io::Result<Option<String>> {
    let file = match disk.open(name) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let length = file.len()?.min(LIMIT);
    let mut bytes = vec![0; usize::try_from(length).map_err(|_| io::ErrorKind::FileTooLarge)?];
    let read = file.read_at(&mut bytes, 0)?;
    bytes.truncate(read);
    String::from_utf8(bytes).map(Some).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// Makes `text` the durable contents of the file `name`: whatever happens, it holds either them or what it held before.
pub(super) fn replace(disk: &dyn Disk, name: &str, text: &str) -> io::Result<()> {
    let temporary = super::temporary(name);
    let file = disk.create(&temporary)?;
    file.write_at(text.as_bytes(), 0)?;
    file.sync()?;
    disk.rename(&temporary, name)?;
    disk.sync()
}
