//! `fix`: writes everything that is derived from something else in the repository.

use std::process::ExitCode;

use clap::ValueEnum;

use crate::contract::wire;
use crate::workspace::Workspace;
use crate::{deploy, tables};

/// One kind of thing that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// The format of the code.
    Format,
    /// proto/wire.lock.
    Wire,
    /// The generated tables in the documents.
    Tables,
    /// The example files of settings in deploy/config.
    Examples,
}

impl Part {
    /// Writes it; returns what could not be mended.
    fn write(self, workspace: &Workspace, policy: wire::Policy) -> anyhow::Result<Vec<String>> {
        match self {
            Self::Format => {
                let formatted = workspace.cargo(&["fmt", "--all"]).status()?.success();
                Ok(if formatted { Vec::new() } else { vec!["`cargo fmt --all` failed".to_owned()] })
            }
            Self::Wire => wire::write(workspace, policy),
            Self::Tables => {
                tables::write(workspace)?.iter().for_each(|path| println!("wrote {path}"));
                Ok(Vec::new())
            }
            Self::Examples => {
                deploy::write(workspace)?.iter().for_each(|path| println!("wrote {path}"));
                Ok(Vec::new())
            }
        }
    }
}

/// Writes the parts named by `only`, all if it is empty. What can't be mended is printed and makes it fail.
///
/// # Errors
///
/// A file can't be read or written, or cargo can't be started.
pub fn run(workspace: &Workspace, only: &[Part], policy: wire::Policy) -> anyhow::Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for part in Part::value_variants().iter().filter(|part| only.is_empty() || only.contains(part)) {
        for finding in part.write(workspace, policy)? {
            println!("{finding}");
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}
