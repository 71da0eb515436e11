//! Tables that fit the terminal, and facts a line each.

use std::fmt;

use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, presets};

use crate::style::{self, Tone};

/// Columns as narrow as this are never broken: an id, a state, an age.
const RIGID: u16 = 26;

/// A table: headings, rows, no lines.
#[derive(Debug)]
pub struct Table(comfy_table::Table);

impl Table {
    /// A table with these headings.
    pub fn new(headings: &[&str]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(
            headings.iter().map(|heading| Cell::new(heading.to_uppercase()).add_attribute(Attribute::Bold)),
        );
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        Self(table)
    }

    /// Adds a row. A state or a verdict gets the colour of its meaning.
    pub fn add(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        self.0.add_row(cells.into_iter().map(|cell| painted(cell.into())));
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn painted(text: String) -> Cell {
    match style::tone(&text) {
        Tone::Good => Cell::new(text).fg(Color::DarkGreen),
        Tone::Bad => Cell::new(text).fg(Color::DarkRed),
        Tone::Waiting => Cell::new(text).fg(Color::DarkYellow),
        Tone::Plain => Cell::new(text),
    }
}

impl fmt::Display for Table {
    /// The table at the width of the terminal, or as wide as it is where there is none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = self.0.clone();
        let asked = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        if let Some(width) = asked.or_else(|| table.width()).filter(|width| *width > 0) {
            table.set_width(width);
        }
        for (column, width) in self.0.column_max_content_widths().into_iter().enumerate() {
            if let (true, Some(column)) = (width <= RIGID, table.column_mut(column)) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        match style::is_wanted() {
            true => table.enforce_styling(),
            false => table.force_no_tty(),
        };
        f.write_str(&table.trim_fmt())
    }
}

/// Facts and their values, a line each; facts without a value are left out.
pub fn facts(facts: &[(&str, String)]) -> String {
    let shown = facts.iter().filter(|(_, value)| !value.is_empty());
    shown.map(|(fact, value)| format!("{fact:<18} {}\n", style::painted(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_no_blanks_at_the_end_of_a_line() {
        let mut table = Table::new(&["model", "owner"]);
        table.add(["flight-delay", "ops"]);
        table.add(["ctr", ""]);
        assert_eq!(table.to_string(), "MODEL         OWNER\nflight-delay  ops\nctr");
    }

    #[test]
    fn facts_without_a_value_are_left_out() {
        assert_eq!(facts(&[("owner", "ops".to_owned()), ("on call", String::new())]), "owner              ops\n");
    }
}
