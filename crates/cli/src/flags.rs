//! Fields of requests in the words of the command line.

use clap::{ArgMatches, Command};

/// The fields whose flag is called otherwise, or that have none of their own; a field within one of them counts too.
const RENAMED: [(&str, &str); 17] = [
    ("criticality.reason", "--tier-reason"),
    ("criticality.evidence_uri", "--tier-evidence"),
    ("criticality.review_time", "--tier-review"),
    ("criticality", "--tier"),
    ("artifact_digest", "--digest"),
    ("labels", "--label"),
    ("update_mask", "--clear"),
    ("steps", "--steps"),
    ("shadow", "--shadow"),
    ("plan.watch", "--watch-for"),
    ("states", "--state"),
    ("events", "--events"),
    ("start_time", "--from"),
    ("end_time", "--to"),
    ("page_size", "--limit"),
    ("after_revision", "--after"),
    ("ranges", "NUMBER=SHARE"),
];

/// The flags of the command that was matched.
pub fn of(root: &Command, matches: &ArgMatches) -> Vec<String> {
    let (mut command, mut matches) = (root, matches);
    let mut flags = Vec::new();
    loop {
        flags
            .extend(command.get_arguments().filter_map(|argument| argument.get_long()).map(|long| format!("--{long}")));
        let Some((name, below)) = matches.subcommand() else { return flags };
        let Some(inner) = command.find_subcommand(name) else { return flags };
        (command, matches) = (inner, below);
    }
}

/// What `field`, as `plan.steps[1].share`, is called on a command line with these flags; the field itself if nothing
/// there stands for it.
pub fn spoken(field: &str, flags: &[String]) -> String {
    let (path, place) = without_index(field);
    let known = |word: &str| !word.starts_with("--") || flags.iter().any(|flag| flag == word);
    let renamed = RENAMED.iter().find(|(name, word)| lies_in(&path, name) && known(word)).map(|(_, word)| *word);
    let own = || path.rsplit('.').map(|part| format!("--{}", part.replace('_', "-"))).find(|flag| known(flag));
    match (renamed.map(str::to_owned).or_else(own), place) {
        (None, _) => field.to_owned(),
        (Some(word), None) => word,
        (Some(word), Some(place)) => format!("{word}, number {}", place + 1),
    }
}

/// The path without its first index, and the index.
fn without_index(field: &str) -> (String, Option<usize>) {
    let index = |from: usize| Some((from, from + field[from..].find(']')?));
    let Some((from, to)) = field.find('[').and_then(index) else { return (field.to_owned(), None) };
    let place = field[from + 1..to].parse().ok();
    (format!("{}{}", &field[..from], &field[to + 1..]), place)
}

/// Whether `name` is a part of `path`, segment by segment.
fn lies_in(path: &str, name: &str) -> bool {
    format!(".{path}.").contains(&format!(".{name}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(field: &str) -> String {
        let flags = ["--owner", "--tier", "--tier-reason", "--label", "--steps", "--next-share", "--harm-budget"];
        spoken(field, &flags.map(str::to_owned))
    }

    #[test]
    fn a_field_is_told_as_the_flag_that_sets_it() {
        assert_eq!((said("model.owner"), said("next_share")), ("--owner".to_owned(), "--next-share".to_owned()));
        assert_eq!(said("model.criticality.tier"), "--tier");
        assert_eq!(said("model.criticality.reason"), "--tier-reason");
        assert_eq!(said("model.labels.Bad"), "--label");
        assert_eq!(said("policy.harm_budget"), "--harm-budget");
    }

    #[test]
    fn one_of_several_is_told_by_its_place() {
        assert_eq!(said("plan.steps[1].share"), "--steps, number 2");
        assert_eq!(said("ranges[0].version"), "NUMBER=SHARE, number 1");
    }

    #[test]
    fn a_field_without_a_flag_keeps_its_name() {
        assert_eq!((said("parent"), said("plan.approvals")), ("parent".to_owned(), "plan.approvals".to_owned()));
        assert_eq!((said("version.artifact_digest"), said("")), ("version.artifact_digest".to_owned(), String::new()));
    }
}
