//! How figures are shown: a table for people, one object for programs.

use serde_json::{Map, Value};

use crate::machine::Machine;
use crate::options::Subject;
use crate::turns::Compared;

/// What was measured of one subject.
#[derive(Debug, Default)]
pub struct Figures {
    /// For people.
    pub lines: Vec<Line>,
    /// How it was measured, in whole sentences.
    pub notes: Vec<String>,
    /// For programs.
    pub json: Map<String, Value>,
}

impl Figures {
    /// These, and then those.
    #[must_use]
    pub fn and(mut self, those: Self) -> Self {
        self.lines.extend(those.lines);
        self.notes.extend(those.notes);
        self.json.extend(those.json);
        self
    }
}

/// One figure with what it is held against.
#[derive(Debug)]
pub struct Line {
    /// What it is, with its unit.
    pub what: String,
    /// The figure and its limit.
    pub figure: Compared,
    /// What the limit is.
    pub limit: &'static str,
    /// What is to be reached, if anything.
    pub goal: Option<Goal>,
}

/// What is to be reached.
#[derive(Debug, Clone, Copy)]
pub enum Goal {
    /// The figure is this or more.
    AtLeast(f64),
    /// The figure is this or less.
    AtMost(f64),
    /// The ratio of the figure to its limit is this or more.
    Ratio(f64),
    /// The ratio of the figure to its limit is below this.
    Factor(f64),
}

impl Goal {
    fn is_reached(self, figure: &Compared) -> bool {
        match self {
            Self::AtLeast(bound) => figure.ours >= bound,
            Self::AtMost(bound) => figure.ours <= bound,
            Self::Ratio(bound) => figure.ratio >= bound,
            Self::Factor(bound) => figure.ratio < bound,
        }
    }

    fn text(self, figure: &Compared) -> String {
        let bound = match self {
            Self::AtLeast(bound) => format!(">= {}", number(bound)),
            Self::AtMost(bound) => format!("<= {}", number(bound)),
            Self::Ratio(bound) => format!("ratio >= {bound}"),
            Self::Factor(bound) => format!("ratio < {bound}"),
        };
        format!("{bound}: {}", if self.is_reached(figure) { "reached" } else { "missed" })
    }
}

/// One JSON object: of one subject its figures, of all of them an object by subject.
pub fn json(asked: Subject, machine: &Machine, all: Vec<(Subject, Figures)>) -> String {
    let mut object = Map::new();
    for (subject, figures) in all {
        match asked {
            Subject::All => {
                object.insert(subject.name().to_owned(), Value::Object(figures.json));
            }
            _ => object.extend(figures.json),
        }
    }
    object.insert("machine".to_owned(), machine.json());
    format!("{}\n", Value::Object(object))
}

/// A table for each subject.
pub fn text(machine: &Machine, all: &[(Subject, Figures)]) -> String {
    let mut text = format!("{}\n", machine.text());
    if cfg!(debug_assertions) {
        text.push_str("Built without optimization: these figures say nothing about Slipway.\n");
    }
    for (subject, figures) in all {
        text.push_str(&format!("\n{}\n", table(subject.name(), &figures.lines)));
        for note in &figures.notes {
            text.push_str(&format!("  {note}\n"));
        }
    }
    text
}

fn table(name: &str, lines: &[Line]) -> String {
    let head = [name, "measured", "its limit", "", "ratio", "goal"].map(str::to_owned);
    let rows: Vec<[String; 6]> = std::iter::once(head).chain(lines.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; 6] = std::array::from_fn(width);
    let line = |row: &[String; 6]| {
        let [what, ours, limit, of, ratio, goal] = row;
        let [a, b, c, d, e, _] = widths;
        format!("{what:<a$}  {ours:>b$}  {limit:>c$}  {of:<d$}  {ratio:>e$}  {goal}").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn row(line: &Line) -> [String; 6] {
    let Line { what, figure, limit, goal } = line;
    let goal = goal.map(|goal| goal.text(figure)).unwrap_or_default();
    let [ours, beside] = [figure.ours, figure.limit].map(number);
    [what.clone(), ours, beside, (*limit).to_owned(), format!("{:.2}", figure.ratio), goal]
}

/// A number as people read it: 12,345 and 7.25 and 0.31.
fn number(number: f64) -> String {
    if number < 100.0 {
        return format!("{number:.2}");
    }
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let numbers = [0.314, 7.0, 99.5, 100.4, 1_234.0, 12_345_678.9];
        assert_eq!(numbers.map(number), ["0.31", "7.00", "99.50", "100", "1,234", "12,345,679"]);
    }

    #[test]
    fn a_goal_says_whether_it_is_reached() {
        let figure = Compared { ours: 50.0, limit: 100.0, ratio: 0.5 };
        assert_eq!(Goal::AtLeast(40_000.0).text(&figure), ">= 40,000: missed");
        assert_eq!(Goal::AtMost(50.0).text(&figure), "<= 50.00: reached");
        assert_eq!(Goal::Ratio(0.7).text(&figure), "ratio >= 0.7: missed");
        assert_eq!(Goal::Factor(0.5).text(&figure), "ratio < 0.5: missed");
    }
}
