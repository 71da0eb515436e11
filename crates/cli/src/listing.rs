//! Lists: as many as were asked for, and a word when there are more.

use std::io::Write;

use anyhow::Result;
use clap::Args;
use prost::Message;

use crate::output::{Output, line};
use crate::table::Table;

/// So many are shown to a person who does not say how many.
const DEFAULT: usize = 100;

/// The most that one page holds.
const PAGE: usize = 500;

/// How many are listed.
#[derive(Debug, Args)]
pub struct Limit {
    /// List at most so many [default: 100 in a table, all as JSON].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

/// One page of a list.
#[derive(Debug)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// The token of the next page; empty on the last.
    pub next: String,
    /// How many there are in all, where the service counts them.
    pub total: Option<i64>,
}

/// How the items of a list look.
pub struct Look<T, const N: usize> {
    /// The full name of their message, for JSON.
    pub kind: &'static str,
    /// The headings of the table.
    pub headings: [&'static str; N],
    /// The row of an item.
    pub row: fn(&T) -> [String; N],
    /// What is said when there are none, and how one comes to be.
    pub nothing: &'static str,
}

impl Limit {
    /// Asks for page after page, with its size and its token, and shows what comes.
    pub async fn list<T: Message, const N: usize>(
        &self,
        output: Output,
        look: Look<T, N>,
        mut ask: impl AsyncFnMut(i32, String) -> Result<Page<T>>,
    ) -> Result<()> {
        let limit = match self.limit {
            Some(limit) => usize::try_from(limit)?,
            None if output.is_json() => usize::MAX,
            None => DEFAULT,
        };
        let mut table = Table::new(&look.headings);
        let (mut listed, mut token) = (0, String::new());
        let rest = loop {
            let page = ask(i32::try_from(PAGE.min(limit - listed))?, token).await?;
            for item in &page.items {
                match output.is_json() {
                    true => output.write(look.kind, item, |_| String::new())?,
                    false => table.add((look.row)(item)),
                }
            }
            listed += page.items.len();
            token = page.next;
            if token.is_empty() || listed >= limit {
                break Rest { listed, total: page.total, is_all: token.is_empty() };
            }
        };
        if !table.is_empty() {
            line(&table.to_string())?;
        }
        rest.tell(look.nothing);
        Ok(())
    }
}

/// What a list left out.
struct Rest {
    listed: usize,
    total: Option<i64>,
    is_all: bool,
}

impl Rest {
    /// What there is to say about it, on standard error so that nobody takes it for an item.
    fn note(&self, nothing: &str) -> Option<String> {
        let Self { listed, total, is_all } = *self;
        match (listed, is_all, total) {
            (0, true, _) => Some(nothing.to_owned()),
            (_, true, _) => None,
            (_, false, Some(total)) => Some(format!("{listed} of {total} listed; --limit {total} lists all")),
            (_, false, None) => {
                Some(format!("{listed} listed, and there are more; --limit {} lists more", listed * 10))
            }
        }
    }

    fn tell(&self, nothing: &str) {
        if let Some(note) = self.note(nothing) {
            // When standard error is gone there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "{note}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_says_when_it_is_empty_and_when_there_is_more() {
        let all = |listed| Rest { listed, total: None, is_all: true }.note("none");
        assert_eq!((all(0).as_deref(), all(3)), (Some("none"), None));
        let part = |total| Rest { listed: 100, total, is_all: false }.note("none").unwrap();
        assert_eq!(part(Some(1234)), "100 of 1234 listed; --limit 1234 lists all");
        assert!(part(None).contains("--limit 1000"));
    }
}
