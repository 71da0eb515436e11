//! Listings: filter, order, and pages that all come from one picture.

use slipway_chassis::Caller;
use slipway_chassis::page::{self, Page};
use slipway_domain::as_of::AsOf;
use slipway_domain::filter::{Fields, Filter, Order};
use slipway_store::Revision;
use slipway_store::picture::Kept;

use super::Registry;
use super::access::check_below;
use super::past::Sight;
use crate::Error;
use crate::kind::Kind;
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
    /// Which of the living and the deleted.
    pub show: Show,
    /// As of when.
    pub as_of: AsOf,
}

/// Whether what is deleted is listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Show {
    /// It is left out.
    #[default]
    Living,
    /// It is listed too.
    All,
}

impl From<bool> for Show {
    /// What `show_deleted` says.
    fn from(deleted: bool) -> Self {
        if deleted { Self::All } else { Self::Living }
    }
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

/// A resource that is listed as it is kept, and filtered and ordered by its own fields.
pub(super) struct Itself<T>(pub Kept<T>);

impl<T> Listed<Itself<T>> {
    /// The resources as they are kept.
    pub(super) fn kept(self) -> Listed<Kept<T>> {
        let Self { items, next_page_token, revision, total } = self;
        Listed { items: items.into_iter().map(|Itself(kept)| kept).collect(), next_page_token, revision, total }
    }
}

impl Registry {
    /// Pages through what `select` finds that the caller may see, by the query's filter and order.
    pub(super) async fn list<T: Fields>(
        &self,
        caller: &Caller,
        method: &str,
        query: &ListQuery,
        select: impl Fn(&Sight<'_>) -> Vec<T>,
    ) -> Result<Listed<T>, Error> {
        check_below(caller, &query.parent)?;
        let refused = |error: slipway_domain::filter::Error, field: &str| {
            Error::invalid(field, "NOT_UNDERSTOOD", error.to_string())
        };
        let filter = Filter::parse::<T>(&query.filter).map_err(|error| refused(error, "filter"))?;
        let order = Order::parse::<T>(&query.order_by).map_err(|error| refused(error, "order_by"))?;
        let (show, as_of) = (format!("{:?}", query.show), format!("{:?}", query.as_of));
        let question =
            [method, caller.principal.as_str(), &query.parent, &query.filter, &query.order_by, &show, &as_of];
        let page = self.page_as_of(query.as_of, &question, (query.page_size, &query.page_token)).await?;
        let mut found = select(&self.sight(caller, query.as_of, &page.picture));
        found.retain(|item| filter.matches(item));
        if !order.is_empty() {
            found.sort_by(|a, b| order.compare(a, b));
        }
        let total = found.len();
        let more = total.saturating_sub(page.offset) > page.size;
        let next_page_token = if more { self.pictures.next(&page) } else { String::new() };
        let items = found.into_iter().skip(page.offset).take(page.size).collect();
        Ok(Listed { items, next_page_token, revision: page.revision, total })
    }

    /// The page that is asked for, of the picture as of a moment. A past one can be made again for each page.
    async fn page_as_of(&self, as_of: AsOf, question: &[&str], asked: (i32, &str)) -> Result<Page<State>, Error> {
        if as_of == AsOf::Now {
            return self.page(question, asked);
        }
        let as_of = page::bound(question, asked.1)?.map_or(as_of, AsOf::Revision);
        Ok(Page::made(question, asked, self.picture_as_of(as_of).await?)?)
    }

    /// The page that is asked for; the first one is of the newest picture.
    pub(super) fn page(&self, question: &[&str], (size, token): (i32, &str)) -> Result<Page<State>, Error> {
        let newest = || {
            let state = self.feed.current();
            let revision = state.revision;
            (state, revision)
        };
        Ok(self.pictures.page(question, (size, token), newest)?)
    }
}

/// Whether a query wants to see `value`, living or deleted.
pub(super) fn shown<K: Kind>(value: &K, query: &ListQuery) -> bool {
    query.show == Show::All || value.deletion().is_none()
}

/// A parent that may stand for all namespaces.
pub(super) fn namespace_matches(parent: &str, namespace: &str) -> bool {
    parent.strip_prefix("namespaces/").is_some_and(|wanted| wanted == "-" || wanted == namespace)
}
