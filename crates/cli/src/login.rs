//! `slipway login` and `slipway logout`: a token that later commands take by themselves.
//!
//! It is kept by the address of each service, so that a command which is led to another address never tells it there.

use std::fs::{DirBuilder, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use tempfile::NamedTempFile;

use crate::connect::{Connect, Service};
use crate::output::line;

/// The longest text that is read as a token, in bytes.
const LONGEST: u64 = 16 << 10;

/// Keep a token, so that later commands say who you are.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  slipway login
  slipway login --token-file token.txt
Without --token-file the token is read from standard input, up to its end. The registry is asked whether it accepts it. It
is kept for the addresses of the three services, where nobody else may read it.")]
pub struct Login {}

/// Forget the token that `slipway login` kept.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  slipway logout")]
pub struct Logout {}

impl Login {
    /// Asks who the token proves somebody to be, and keeps it.
    pub async fn run(self, connect: &Connect) -> Result<()> {
        let mut token = String::new();
        match connect.token_file() {
            Some(path) => {
                token = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
            }
            None => {
                std::io::stdin().take(LONGEST).read_to_string(&mut token).context("reading the token")?;
            }
        }
        let token = token.trim();
        if token.is_empty() {
            bail!("there is no token: write it to standard input, or name a file by --token-file");
        }
        let folder = folder().context("neither XDG_CONFIG_HOME nor HOME says where to keep it")?;
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).with_context(|| told(&folder))?;
        let caller = connect.caller_with(Service::Registry, written(&folder, token)?.path()).await?;
        for service in Service::ALL {
            let path = place(&folder, connect.address(service));
            written(&folder, token)?.persist(&path).with_context(|| told(&path))?;
        }
        if !caller.guarded {
            return line("kept; but the registry has no policy and asks nobody who they are");
        }
        line(&format!("you are {}", caller.principal))
    }
}

impl Logout {
    /// Removes what was kept for the addresses of the services.
    pub fn run(self, connect: &Connect) -> Result<()> {
        for path in Service::ALL.into_iter().filter_map(|service| stored(connect.address(service))) {
            std::fs::remove_file(&path).or_else(|error| match error.kind() {
                std::io::ErrorKind::NotFound => Ok(()),
                _ => Err(error).with_context(|| told(&path)),
            })?;
        }
        Ok(())
    }
}

/// The file with the token that was kept for `address`, if one was.
pub fn stored(address: &str) -> Option<PathBuf> {
    folder().map(|folder| place(&folder, address)).filter(|path| path.is_file())
}

fn folder() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|text| !text.is_empty()).map(PathBuf::from);
    let config = named("XDG_CONFIG_HOME").or_else(|| named("HOME").map(|home| home.join(".config")))?;
    Some(config.join("slipway").join("tokens"))
}

/// Each address has one place, and no other has it.
fn place(folder: &Path, address: &str) -> PathBuf {
    let escaped = address.trim_end_matches('/').bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' => char::from(byte).to_string(),
        byte => format!("_{byte:02x}"),
    });
    folder.join(escaped.collect::<String>())
}

/// The token in a file without a name of its own yet, which nobody else may read.
fn written(folder: &Path, token: &str) -> Result<NamedTempFile> {
    let mut file = NamedTempFile::new_in(folder).with_context(|| told(folder))?;
    file.as_file().set_permissions(Permissions::from_mode(0o600)).with_context(|| told(folder))?;
    file.write_all(token.as_bytes()).with_context(|| told(folder))?;
    Ok(file)
}

fn told(path: &Path) -> String {
    format!("keeping the token in {}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_addresses_share_a_place_and_none_leaves_the_folder() {
        let folder = Path::new("/tokens");
        let addresses = ["http://a:1", "https://a:1", "http://a:11", "http://a_1", "http://a/../b", "../../etc/passwd"];
        let places: std::collections::BTreeSet<PathBuf> =
            addresses.iter().map(|address| place(folder, address)).collect();
        assert_eq!(places.len(), addresses.len());
        assert!(places.iter().all(|path| path.parent() == Some(folder)), "{places:?}");
        assert_eq!(place(folder, "http://a:1/"), place(folder, "http://a:1"));
    }

    #[test]
    fn a_kept_token_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = written(folder.path(), "secret").unwrap();
        let mode = file.as_file().metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode, std::fs::read_to_string(file.path()).unwrap().as_str()), (0o600, "secret"));
    }
}
