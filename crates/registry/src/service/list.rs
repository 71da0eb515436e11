//! Listings: filter, order, and pages that all come from one picture.

use std::sync::Arc;

use slipway_domain::filter::{Fields, Filter, Order};
use slipway_store::Revision;

use super::Registry;
use crate::Error;
use crate::page::{self, Token};
use crate::state::State;

/// What a caller wants to see.
#[derive(Debug, Clone, Default)]
pub struct ListQuery {
    /// Where the resources lie, as the caller wrote it.
    pub parent: String,
    /// At most so many a page; 0 for the usual number.
    pub page_size: i32,
    /// Where to go on; empty for the first page.
    pub page_token: String,
    /// Which ones; empty for all.
    pub filter: String,
    /// In which order; empty for the order of names.
    pub order_by: String,
}

/// One page.
#[derive(Debug, Clone)]
pub struct Listed<T> {
    /// The resources.
    pub items: Vec<T>,
    /// Fetches the next page; empty on the last.
    pub next_page_token: String,
    /// The revision of the picture.
    pub revision: Revision,
    /// How many match over all pages.
    pub total: usize,
}

impl Registry {
    /// Pages through what `select` finds in the picture, by the query's filter and order.
    pub(super) fn list<T: Fields>(
        &self,
        method: &str,
        query: &ListQuery,
        select: impl Fn(&State) -> Vec<T>,
    ) -> Result<Listed<T>, Error> {
        let size = page::size(query.page_size)?;
        let refused = |error: slipway_domain::filter::Error, field: &str| {
            Error::invalid(field, "NOT_UNDERSTOOD", error.to_string())
        };
        let filter = Filter::parse::<T>(&query.filter).map_err(|error| refused(error, "filter"))?;
        let order = Order::parse::<T>(&query.order_by).map_err(|error| refused(error, "order_by"))?;
        let question = page::question(&[method, &query.parent, &query.filter, &query.order_by]);
        let (state, offset) = self.picture(&query.page_token, question)?;
        let mut found = select(&state);
        found.retain(|item| filter.matches(item));
        if !order.is_empty() {
            found.sort_by(|a, b| order.compare(a, b));
        }
        let total = found.len();
        let items: Vec<T> = found.into_iter().skip(offset).take(size).collect();
        let end = offset + items.len();
        let next_page_token = if end < total { self.token(&state, question, end) } else { String::new() };
        Ok(Listed { items, next_page_token, revision: state.revision, total })
    }

    /// The picture that a page is read from, and how many items come before it.
    pub(super) fn picture(&self, token: &str, question: u64) -> Result<(Arc<State>, usize), Error> {
        if token.is_empty() {
            return Ok((self.feed.current(), 0));
        }
        let token = Token::read(token, question)?;
        let offset = usize::try_from(token.offset).unwrap_or(usize::MAX);
        Ok((self.pictures.at(token.revision)?, offset))
    }

    /// Keeps the picture for the pages to come and gives out the token of the next one.
    pub(super) fn token(&self, state: &Arc<State>, question: u64, offset: usize) -> String {
        self.pictures.keep(state);
        Token { revision: state.revision, question, offset: offset as u64 }.write()
    }
}

/// A parent that may stand for all namespaces.
pub(super) fn namespace_matches(parent: &str, namespace: &str) -> bool {
    parent.strip_prefix("namespaces/").is_some_and(|wanted| wanted == "-" || wanted == namespace)
}
