//! The command line of a service, made from its table of settings.

use clap::error::{ContextKind, ErrorKind};
use clap::{Arg, Command};

use super::fault::Fault;
use super::{Audience, Form, Row};

/// What a command line says.
pub(super) enum Parsed {
    /// Texts by the names of their settings.
    Flags(Vec<(String, String)>),
    /// The same, as far as it could be understood, and what is wrong.
    Faulty(Vec<(String, String)>, Fault),
    /// A text to print.
    Print(clap::Error),
}

/// What `arguments`, without the program's name, say.
pub(super) fn parse(
    name: &'static str,
    about: &'static str,
    examples: &'static str,
    rows: &[Row],
    arguments: impl IntoIterator<Item = String>,
) -> Parsed {
    let command = Command::new(name)
        .about(about)
        .version(env!("CARGO_PKG_VERSION"))
        .after_help(examples)
        .no_binary_name(true)
        .args(rows.iter().map(argument));
    let arguments: Vec<String> = arguments.into_iter().collect();
    let matches = match command.clone().try_get_matches_from(&arguments) {
        Ok(matches) => return Parsed::Flags(flags(rows, &matches)),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            return Parsed::Print(error);
        }
        Err(error) => (command.ignore_errors(true).try_get_matches_from(&arguments), error),
    };
    let understood = matches.0.map(|matches| flags(rows, &matches)).unwrap_or_default();
    Parsed::Faulty(understood, Fault::CommandLine(told(&matches.1)))
}

fn argument(row: &Row) -> Arg {
    let default = if row.default.is_empty() { "none" } else { row.default };
    let help = format!("{}: {} [default: {default}] [env: {}]", row.doc, row.allowed, row.variable());
    let argument = Arg::new(row.name).long(row.name).help(help).hide(row.audience == Audience::Developer);
    // Every flag may be repeated, as when a script adds its own at the end: the last one holds.
    let argument = argument.action(clap::ArgAction::Append).allow_negative_numbers(true);
    match row.form {
        Form::Value => argument.value_name("VALUE"),
        Form::Switch => argument.value_name("BOOL").num_args(0..=1).require_equals(true).default_missing_value("true"),
    }
}

fn flags(rows: &[Row], matches: &clap::ArgMatches) -> Vec<(String, String)> {
    let given = |row: &Row| {
        let texts = matches.try_get_many::<String>(row.name).ok().flatten().into_iter().flatten();
        texts.map(|text| (row.name.to_owned(), text.clone())).collect::<Vec<_>>()
    };
    rows.iter().flat_map(given).collect()
}

/// The fault of a command line in one line.
fn told(error: &clap::Error) -> String {
    let of = |kind| error.get(kind).map(ToString::to_string);
    let cause = error.kind().as_str().unwrap_or("the command line is not understood");
    match of(ContextKind::InvalidArg) {
        Some(argument) => format!("{argument}: {cause}"),
        None => cause.to_owned(),
    }
}
