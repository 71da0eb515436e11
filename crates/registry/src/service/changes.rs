//! The ledger, newest first.

use slipway_chassis::page::{self, Page};
use slipway_chassis::{Caller, record};
use slipway_domain::as_of::AsOf;
use slipway_domain::ledger::Change;
use slipway_store::Revision;

use super::Registry;
use super::access::{check_below, sees};
use crate::Error;
use crate::state::{Place, State};

/// Which changes a caller wants to see.
#[derive(Debug, Clone, Default)]
pub struct ListChanges {
    /// A resource's name, which takes in what lies below it; empty for everything.
    pub parent: String,
    /// At most so many a page; 0 for the usual number.
    pub page_size: i32,
    /// Where to go on; empty for the first page.
    pub page_token: String,
    /// Up to when.
    pub as_of: AsOf,
}

/// One change with the revision that it made.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The revision.
    pub revision: Revision,
    /// The resource that was changed.
    pub resource: String,
    /// The change.
    pub change: Change,
}

impl Registry {
    /// Lists the ledger. Returns the page, the token of the next one (empty on the last) and the revision.
    ///
    /// # Errors
    /// `INVALID_FIELDS` for a token that is not understood; `PAGE_TOKEN_EXPIRED`; `STORE_UNAVAILABLE`; `REVISION_AHEAD`,
    /// `TIME_AHEAD`, `TOO_OLD`.
    pub async fn list_changes(
        &self,
        caller: &Caller,
        query: &ListChanges,
    ) -> Result<(Vec<Entry>, String, Revision), Error> {
        check_below(caller, &query.parent)?;
        let page = self.page_of_changes(caller, query)?;
        let inside =
            |place: &&Place| below(&query.parent, place.resource()) && sees(caller, &page.picture, place.resource());
        let places = page.picture.ledger.places().rev().skip_while(|place| place.revision > page.revision);
        let mut found: Vec<_> = places.filter(inside).skip(page.offset).take(page.size + 1).collect();
        let next = if found.len() > page.size { self.pictures.next(&page) } else { String::new() };
        found.truncate(page.size);
        let mut entries = Vec::with_capacity(found.len());
        for place in found {
            let change = self.read_change(&place.key).await?;
            entries.push(Entry { revision: place.revision, resource: place.resource().to_owned(), change });
        }
        Ok((entries, next, page.revision))
    }

    /// The page that is asked for. The ledger up to a revision never changes, so that the newest picture has it for ever.
    fn page_of_changes(&self, caller: &Caller, query: &ListChanges) -> Result<Page<State>, Error> {
        let as_of = format!("{:?}", query.as_of);
        let question = ["ListChanges", caller.principal.as_str(), &query.parent, &as_of];
        let asked = (query.page_size, query.page_token.as_str());
        if query.as_of == AsOf::Now {
            return self.page(&question, asked);
        }
        let now = self.feed.current();
        let as_of = page::bound(&question, &query.page_token)?.map_or(query.as_of, AsOf::Revision);
        let revision = self.revision_as_of(&now, as_of)?;
        Ok(Page::made(&question, asked, (now, revision))?)
    }

    async fn read_change(&self, key: &[u8]) -> Result<Change, Error> {
        let entry = self.store.get(key).await?.entry;
        let entry = entry.ok_or_else(|| Error::damaged(key, &"the ledger has lost it"))?;
        record::decode(&entry.value).map_err(|error| Error::damaged(key, &error))
    }
}

/// Whether `resource` is `parent` or lies below it.
pub(super) fn below(parent: &str, resource: &str) -> bool {
    match resource.strip_prefix(parent) {
        Some(rest) => parent.is_empty() || rest.is_empty() || rest.starts_with('/'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_takes_in_its_versions_but_no_model_of_a_longer_name() {
        assert!(below("", "a/b") && below("a/b", "a/b") && below("a/b", "a/b/c"));
        assert!(!below("a/b", "a/bc") && !below("a/b", "a"));
    }
}
