//! Listings: newest first, in pages that all come from one picture.

use slipway_chassis::Caller;
use slipway_domain::launch::{Launch, Stage};
use slipway_domain::name::{Identifier, ModelName};
use slipway_store::Revision;
use slipway_store::picture::Kept;

use super::Launcher;
use super::access::sees;
use crate::Error;
use crate::record::Record;

/// What a caller wants to see.
#[derive(Debug, Clone, Default)]
pub struct ListQuery {
    /// The namespace; none for all.
    pub namespace: Option<Identifier>,
    /// At most so many a page; 0 for the usual number.
    pub page_size: i32,
    /// Where to go on; empty for the first page.
    pub page_token: String,
    /// Only launches of this model.
    pub model: Option<ModelName>,
    /// Only launches in these states, as `RAMPING`; all if empty.
    pub states: Vec<&'static str>,
}

/// One page.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The launches.
    pub launches: Vec<Kept<Record>>,
    /// Fetches the next page; empty on the last.
    pub next_page_token: String,
    /// The revision of the picture.
    pub revision: Revision,
}

impl ListQuery {
    fn takes(&self, launch: &Launch) -> bool {
        let stage: Stage = launch.stage;
        self.namespace.as_ref().is_none_or(|wanted| *wanted == launch.name.namespace)
            && self.model.as_ref().is_none_or(|wanted| *wanted == launch.candidate.model)
            && (self.states.is_empty() || self.states.contains(&stage.name()))
    }

    fn question(&self, caller: &Caller) -> [String; 5] {
        let Self { namespace, page_size: _, page_token: _, model, states } = self;
        [
            "ListLaunches".to_owned(),
            caller.principal.to_string(),
            format!("{namespace:?}"),
            format!("{model:?}"),
            states.join(","),
        ]
    }
}

impl Launcher {
    /// Lists launches, newest first.
    ///
    /// # Errors
    /// `INVALID_FIELDS` for a size or a token that is not understood; `PAGE_TOKEN_EXPIRED`.
    pub fn list_launches(&self, caller: &Caller, query: &ListQuery) -> Result<Listed, Error> {
        let namespace = query.namespace.as_ref().map_or("-", |namespace| namespace.as_str());
        caller.check_listing(namespace, &format!("namespaces/{namespace}"))?;
        let newest = || {
            let state = self.feed.current();
            let revision = state.revision;
            (state, revision)
        };
        let question = query.question(caller);
        let question = question.each_ref().map(String::as_str);
        let page = self.pictures.page(&question, (query.page_size, &query.page_token), newest)?;
        let state = &page.picture;
        let by_age = state.by_age.iter().rev().filter_map(|(_, name)| state.launches.get(name));
        let matching = by_age.filter(|kept| query.takes(&kept.value.launch) && sees(caller, &kept.value));
        let mut launches: Vec<_> = matching.skip(page.offset).take(page.size + 1).cloned().collect();
        let next_page_token = if launches.len() > page.size { self.pictures.next(&page) } else { String::new() };
        launches.truncate(page.size);
        Ok(Listed { launches, next_page_token, revision: page.revision })
    }
}
