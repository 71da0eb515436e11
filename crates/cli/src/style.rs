//! Colour, where a person looks at a terminal and has not asked for none.

use std::io::IsTerminal;

/// How a word is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Somebody has to look.
    Bad,
    /// It waits, or can't be told.
    Waiting,
    /// Neither.
    Plain,
}

/// What a state or a verdict means to whoever reads it.
pub fn tone(word: &str) -> Tone {
    match word.split_whitespace().next().unwrap_or_default().trim_end_matches(':') {
        "SUCCEEDED" | "STABLE" | "PASS" => Tone::Good,
        "UNSTABLE" | "FAIL" | "ERROR" | "ROLLING_BACK" | "ROLLED_BACK" | "REJECTED" | "EXPIRED" => Tone::Bad,
        "INCONCLUSIVE" | "NO_DATA" | "UNKNOWN" | "QUEUED" | "AWAITING_APPROVAL" => Tone::Waiting,
        _ => Tone::Plain,
    }
}

/// Whether standard output shows colour.
pub fn is_wanted() -> bool {
    let said = |name: &str| std::env::var_os(name).unwrap_or_default();
    std::io::stdout().is_terminal() && said("NO_COLOR").is_empty() && said("TERM") != "dumb"
}

/// `text` as it is written to a terminal, its first word in the colour of its meaning.
pub fn painted(text: &str) -> String {
    let end = text.find([' ', ':']).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let code = match tone(text) {
        Tone::Good => 32,
        Tone::Bad => 31,
        Tone::Waiting => 33,
        Tone::Plain => return text.to_owned(),
    };
    if is_wanted() { format!("\u{1b}[{code}m{word}\u{1b}[0m{rest}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_of_a_state_says_what_it_means() {
        assert_eq!(
            (tone("PASS: all is well"), tone("ROLLED_BACK"), tone("NO_DATA")),
            (Tone::Good, Tone::Bad, Tone::Waiting)
        );
        assert_eq!(tone("RAMPING 2/4 baking"), Tone::Plain);
    }
}
