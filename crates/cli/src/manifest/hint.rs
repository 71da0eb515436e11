//! What somebody may have meant who wrote something else.

/// The word of `known` that is nearest to `written`, if it is near enough to be meant.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written: String = written.chars().take(64).collect::<String>().to_lowercase();
    let distances = known.into_iter().map(|word| (distance(&written, &word.to_lowercase()), word));
    let (distance, word) = distances.min()?;
    (distance <= 1 + word.len() / 4).then_some(word)
}

/// How many letters must be changed, added, taken away or swapped with the next one to make one word of another.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut rows = vec![(0..=other.len()).collect::<Vec<usize>>()];
    for (row, letter) in one.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, wanted) in other.iter().enumerate() {
            let changed = rows[row][column] + usize::from(letter != wanted);
            let mut best = changed.min(next[column] + 1).min(rows[row][column + 1] + 1);
            let swapped = row > 0 && column > 0 && *letter == other[column - 1] && one[row - 1] == *wanted;
            if swapped {
                best = best.min(rows[row - 1][column - 1] + 1);
            }
            next.push(best);
        }
        rows.push(next);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let known = ["owner", "onCall", "displayName", "labels"];
        assert_eq!(nearest("onwer", known), Some("owner"));
        assert_eq!(nearest("oncall", known), Some("onCall"));
        assert_eq!(nearest("displaynam", known), Some("displayName"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(distance("ab", "ba"), 1);
    }
}
