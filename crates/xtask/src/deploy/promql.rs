//! Which series an expression of PromQL asks for.

/// Words of the language that are not names of series.
const KEYWORDS: [&str; 9] = ["and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring"];
/// Words that are followed by a list of labels in parentheses.
const BEFORE_LABELS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];

/// The names of the series in `expression`, each as often as it stands there.
pub fn series(expression: &str) -> Vec<String> {
    let plain = without_selectors(expression);
    let letters: Vec<char> = plain.chars().collect();
    let mut names = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let end = (at..letters.len()).find(|&end| !of_a_word(letters[end])).unwrap_or(letters.len());
        if end == at {
            at += 1;
            continue;
        }
        let word: String = letters[at..end].iter().collect();
        let rest: String = letters[end..].iter().collect();
        let rest = rest.trim_start();
        // A function is followed by what it is called with, or by the labels that it keeps.
        let called = ["(", "by ", "by(", "without ", "without("].iter().any(|next| rest.starts_with(next));
        at = end;
        if BEFORE_LABELS.contains(&word.as_str()) {
            at = (end..letters.len()).find(|&close| letters[close] == ')').unwrap_or(letters.len());
        } else if !called && !KEYWORDS.contains(&word.as_str()) && begins_a_name(&word) {
            names.push(word);
        }
    }
    names
}

/// `expression` without what stands in quotes, braces and brackets.
fn without_selectors(expression: &str) -> String {
    let mut plain = String::new();
    let (mut quote, mut depth) = (None, 0_usize);
    for letter in expression.chars() {
        match (quote, letter) {
            (Some(open), _) => quote = Some(open).filter(|open| *open != letter),
            (None, '"' | '\'') => quote = Some(letter),
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') => {
                depth = depth.saturating_sub(1);
                plain.push(' ');
            }
            (None, _) if depth == 0 => plain.push(letter),
            (None, _) => {}
        }
    }
    plain
}

fn of_a_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == ':'
}

/// Numbers, and durations behind `offset`, begin with a digit.
fn begins_a_name(word: &str) -> bool {
    !word.starts_with(|letter: char| letter.is_ascii_digit()) && word != "inf" && word != "nan"
}

#[cfg(test)]
mod tests {
    use super::series;

    #[test]
    fn functions_labels_texts_and_numbers_are_no_series() {
        let expression = r#"sum by (method, code) (rate(requests_total{code!~"OK|a_b", x="}"}[5m])) / on (job)
            group_left (version) (histogram_quantile(0.99, took_bucket offset 1h)) > bool 1e3 and job:up:ratio == 1"#;
        assert_eq!(series(expression), ["requests_total", "took_bucket", "job:up:ratio"]);
    }

    #[test]
    fn a_series_behind_a_list_of_labels_is_found() {
        assert_eq!(series("max without (instance) (a) - max(b) by (instance)"), ["a", "b"]);
    }
}
