//! The examples of `--help`, all of them parsed: what people copy works.

use clap::{Command, CommandFactory};

use crate::Cli;

/// A verb, by its words, and the text after its help.
fn verbs(command: &Command, path: &[String], into: &mut Vec<(Vec<String>, String)>) {
    let inner: Vec<_> = command.get_subcommands().filter(|inner| inner.get_name() != "help").collect();
    let text = |help: Option<&clap::builder::StyledStr>| help.map(ToString::to_string).unwrap_or_default();
    into.push((path.to_vec(), text(command.get_after_help())));
    for command in inner {
        verbs(command, &[path, &[command.get_name().to_owned()]].concat(), into);
    }
}

/// The commands among the lines of a help, those that go on after a backslash as one.
fn commands(help: &str) -> Vec<String> {
    let joined = help.replace("\\\n    ", "");
    joined.lines().filter_map(|line| line.strip_prefix("  slipway")).map(|rest| format!("slipway{rest}")).collect()
}

/// The words of a command as a shell reads them, up to a redirection or a remark behind a gap.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    let said = command.split("    ").next().unwrap_or_default();
    let said = said.split(" > ").next().unwrap_or_default().trim_end_matches('&');
    for letter in said.chars().chain([' ']) {
        match letter {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty())),
            letter => word.push(letter),
        }
    }
    words
}

/// The verb that a command names.
fn verb(words: &[String]) -> Result<Vec<String>, clap::Error> {
    let matches = Cli::command().try_get_matches_from(words)?;
    let (mut path, mut below) = (Vec::new(), &matches);
    while let Some((name, inner)) = below.subcommand() {
        path.push(name.to_owned());
        below = inner;
    }
    Ok(path)
}

#[test]
fn every_verb_has_an_example_and_every_example_can_be_typed() {
    let mut all = Vec::new();
    verbs(&Cli::command(), &[], &mut all);
    assert!(all.len() > 30, "{} verbs", all.len());
    for (path, help) in &all {
        let parsed: Vec<_> = commands(help)
            .iter()
            .map(|command| verb(&words(command)).unwrap_or_else(|error| panic!("{path:?}: {command}\n{error}")))
            .collect();
        let is_noun = all.iter().any(|(other, _)| other.len() > path.len() && other.starts_with(path));
        assert!(is_noun || parsed.contains(path), "{path:?} has no example of its own");
    }
}

#[test]
fn what_stands_behind_an_example_is_no_part_of_it() {
    assert_eq!(words("slipway up     all three"), ["slipway", "up"]);
    assert_eq!(words("slipway completions bash > /etc/x"), ["slipway", "completions", "bash"]);
    assert_eq!(words("slipway model ls --filter 'a = b'"), ["slipway", "model", "ls", "--filter", "a = b"]);
}
