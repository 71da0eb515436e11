//! The picture on disk, so that a client starts while the registry is down.
//!
//! The file is `SLIPWAYC`, the format's version, the CRC-32C and the length of the body, and the body: when it was
//! saved, at which revision, of which part of the registry, and then every resource with its length before it. All
//! numbers are little-endian. It is written beside its place and moved there, so it is always whole.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use jiff::Timestamp;
use prost::Message as _;
use prost::bytes::{Buf, BufMut};

use super::picture::Picture;
use crate::pb;

const MAGIC: &[u8; 8] = b"SLIPWAYC";
const FORMAT: u32 = 1;
const HEADER: usize = 8 + 4 + 4 + 8;

/// A picture that was saved, and when.
#[derive(Debug)]
pub(super) struct Saved {
    pub picture: Picture,
    pub saved_at: Timestamp,
}

/// Saves `picture` of the part `parent` of a registry.
pub(super) fn save(path: &Path, parent: &str, picture: &Picture, now: Timestamp) -> io::Result<()> {
    let bytes = encode(parent, picture, now);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"))?;
    // Clients that share a file must not write into each other's unfinished one.
    let unfinished = folder.join(format!(".{}.{}.tmp", name.to_string_lossy(), uuid::Uuid::new_v4()));
    let written = write(&unfinished, &bytes).and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        // The write's own error says what is wrong; the leftover is of no use to anybody.
        let _ = fs::remove_file(&unfinished);
    }
    written?;
    File::open(folder)?.sync_all()
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The saved picture of the part `parent` of a registry; none if there is no file.
pub(super) fn load(path: &Path, parent: &str) -> io::Result<Option<Saved>> {
    match fs::read(path) {
        Ok(bytes) => decode(&bytes, parent).map(Some).map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn encode(parent: &str, picture: &Picture, now: Timestamp) -> Vec<u8> {
    let mut bytes = vec![0; HEADER];
    bytes.put_i64_le(now.as_millisecond());
    bytes.put_i64_le(picture.revision());
    bytes.put_u64_le(parent.len() as u64);
    bytes.put_slice(parent.as_bytes());
    for resource in picture.resources() {
        resource.encode_length_delimited(&mut bytes).expect("a vector grows as needed");
    }
    let (crc, length) = (crc32c::crc32c(&bytes[HEADER..]), (bytes.len() - HEADER) as u64);
    let mut header = &mut bytes[..HEADER];
    header.put_slice(MAGIC);
    header.put_u32_le(FORMAT);
    header.put_u32_le(crc);
    header.put_u64_le(length);
    bytes
}

fn decode(bytes: &[u8], parent: &str) -> Result<Saved, String> {
    let body = checked(bytes)?;
    let mut rest = body;
    let short = || "the body is too short".to_owned();
    let saved_at = rest.try_get_i64_le().map_err(|_| short())?;
    let revision = rest.try_get_i64_le().map_err(|_| short())?;
    let length = usize::try_from(rest.try_get_u64_le().map_err(|_| short())?).map_err(|_| short())?;
    let of = rest.split_off(..length).ok_or_else(short)?;
    if of != parent.as_bytes() {
        return Err(format!("it holds {:?} and not {parent:?}", String::from_utf8_lossy(of)));
    }
    let mut picture = Picture::default();
    while rest.has_remaining() {
        picture.put(pb::Resource::decode_length_delimited(&mut rest).map_err(|error| error.to_string())?);
    }
    picture.reach(revision);
    let saved_at = Timestamp::from_millisecond(saved_at).map_err(|error| error.to_string())?;
    Ok(Saved { picture, saved_at })
}

/// The body, if the header belongs to it.
fn checked(bytes: &[u8]) -> Result<&[u8], String> {
    let (mut header, body) = bytes.split_at_checked(HEADER).ok_or("it is too short")?;
    if header.get_u64_le() != u64::from_le_bytes(*MAGIC) {
        return Err("it is not a cache of Slipway".to_owned());
    }
    let format = header.get_u32_le();
    if format != FORMAT {
        return Err(format!("its format is {format}, and this client reads {FORMAT}"));
    }
    let (crc, length) = (header.get_u32_le(), header.get_u64_le());
    if length != body.len() as u64 || crc != crc32c::crc32c(body) {
        return Err("it is damaged".to_owned());
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Picture {
        let mut picture = Picture::default();
        let name = "namespaces/default/models/m".to_owned();
        let model = pb::Model { name, owner: "ranking".to_owned(), ..Default::default() };
        picture.put(pb::Resource { resource: Some(pb::resource::Resource::Model(model)) });
        picture.reach(7);
        picture
    }

    #[test]
    fn a_picture_is_loaded_as_it_was_saved() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache");
        let now = Timestamp::from_millisecond(1_700_000_000_123).unwrap();
        save(&path, "namespaces/default", &picture(), now).unwrap();
        let saved = load(&path, "namespaces/default").unwrap().unwrap();
        assert_eq!((saved.saved_at, saved.picture.revision()), (now, 7));
        assert_eq!(saved.picture.models().next().unwrap().1.owner, "ranking");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "an unfinished file is left");
    }

    #[test]
    fn a_missing_file_is_no_error() {
        assert!(load(Path::new("/nonexistent/cache"), "").unwrap().is_none());
    }

    #[test]
    fn a_file_of_another_part_is_refused() {
        let bytes = encode("namespaces/a", &picture(), Timestamp::UNIX_EPOCH);
        assert!(decode(&bytes, "namespaces/a").is_ok());
        assert!(decode(&bytes, "namespaces/b").is_err());
    }

    #[test]
    fn a_file_that_is_cut_or_changed_anywhere_is_refused() {
        let bytes = encode("", &picture(), Timestamp::UNIX_EPOCH);
        for at in 0..bytes.len() {
            assert!(decode(&bytes[..at], "").is_err(), "cut at {at}");
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            assert!(decode(&changed, "").is_err(), "changed at {at}");
        }
    }
}
