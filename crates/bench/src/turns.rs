//! How everything is measured: a figure and its limit in turn, several rounds, medians.

use anyhow::Result;

/// In how many rounds a figure and its limit take turns.
pub const ROUNDS: u32 = 5;

/// What the rounds came to, in their order.
pub struct Turns<T> {
    ours: Vec<T>,
    limit: Vec<T>,
}

/// A figure of ours and its limit: the medians of all rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compared {
    /// Ours.
    pub ours: f64,
    /// What it is held against.
    pub limit: f64,
    /// The median of what ours divided by its limit came to in each round, which differs a little from the quotient of
    /// the two medians: what disturbs the machine for a while disturbs both of one round.
    pub ratio: f64,
}

/// Measures `ours` and `limit` in turn.
///
/// # Errors
/// The first failure of either.
pub async fn take_turns<T>(
    mut ours: impl AsyncFnMut() -> Result<T>,
    mut limit: impl AsyncFnMut() -> Result<T>,
) -> Result<Turns<T>> {
    // The first of each finds connections and caches cold, and does not count.
    ours().await?;
    limit().await?;
    let mut turns = Turns { ours: Vec::new(), limit: Vec::new() };
    for round in 0..ROUNDS {
        // Neither always follows the other.
        if round % 2 == 0 {
            turns.ours.push(ours().await?);
            turns.limit.push(limit().await?);
        } else {
            turns.limit.push(limit().await?);
            turns.ours.push(ours().await?);
        }
    }
    Ok(turns)
}

impl<T> Turns<T> {
    /// Compares one number of each round.
    pub fn compare(&self, number: impl Fn(&T) -> f64) -> Compared {
        let ratios = self.ours.iter().zip(&self.limit).map(|(ours, limit)| number(ours) / number(limit));
        Compared {
            ours: median(self.ours.iter().map(&number)),
            limit: median(self.limit.iter().map(&number)),
            ratio: median(ratios),
        }
    }
}

/// The number in the middle; of an even count, the upper one.
pub fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disturbed_round_changes_neither_the_median_nor_the_ratio() {
        let turns = Turns { ours: vec![10.0, 10.0, 1.0, 10.0, 10.0], limit: vec![20.0, 20.0, 2.0, 20.0, 900.0] };
        assert_eq!(turns.compare(|number| *number), Compared { ours: 10.0, limit: 20.0, ratio: 0.5 });
    }

    #[tokio::test]
    async fn rounds_alternate_and_the_first_of_each_does_not_count() {
        let order = std::cell::RefCell::new(String::new());
        let note = |letter: char| order.borrow_mut().push(letter);
        let mut count = 0.0;
        let ours = async || {
            note('o');
            count += 1.0;
            Ok(count)
        };
        let limit = async || {
            note('l');
            Ok(1.0)
        };
        let turns = take_turns(ours, limit).await.unwrap();
        assert_eq!(turns.ours, [2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(order.into_inner(), "ololloollool");
    }
}
