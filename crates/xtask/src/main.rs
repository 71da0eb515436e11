//! The repository's own chores: `cargo xtask verify` checks everything and changes nothing, `cargo xtask fix` writes
//! what is derived: the format of the code, `proto/wire.lock`, the generated tables in the documents, and the example
//! files of settings.

#![allow(clippy::print_stdout, reason = "a tool for people at a terminal")]

mod case;
mod contract;
mod dependencies;
mod deploy;
mod fix;
mod tables;
mod verify;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::contract::wire;
use crate::fix::Part;
use crate::verify::Step;
use crate::workspace::Workspace;

/// Chores of the Slipway repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Checks everything and changes nothing. All steps run, also after one has failed.
    Verify {
        /// Runs this step alone; may be given several times.
        #[arg(long, value_name = "STEP")]
        only: Vec<Step>,
        /// Leaves this step out; may be given several times.
        #[arg(long, value_name = "STEP")]
        skip: Vec<Step>,
    },
    /// Writes what is derived: formats the code, updates proto/wire.lock, the generated tables and the example files.
    Fix {
        /// Writes this part alone; may be given several times.
        #[arg(long, value_name = "PART")]
        only: Vec<Part>,
        /// Also writes a wire.lock that breaks clients built against the old one.
        #[arg(long)]
        break_wire: bool,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    let workspace = Workspace::of_this_tool();
    match Arguments::parse().command {
        Command::Verify { only, skip } => {
            let steps = Step::chosen(&only, &skip);
            Ok(verify::run(&workspace, &steps))
        }
        Command::Fix { only, break_wire } => {
            let policy = if break_wire { wire::Policy::Break } else { wire::Policy::Keep };
            fix::run(&workspace, &only, policy)
        }
    }
}
