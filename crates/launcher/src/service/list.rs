//! Listings: newest first, in pages that all come from one picture.

use std::sync::Arc;

use slipway_domain::launch::{Launch, Stage};
use slipway_domain::name::{Identifier, ModelName};
use slipway_store::Revision;

use super::{Found, Launcher};
use crate::Error;
use crate::page::{self, Token};
use crate::state::State;

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
    pub launches: Vec<Found>,
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

    fn question(&self) -> u64 {
        let Self { namespace, page_size: _, page_token: _, model, states } = self;
        page::question(&["ListLaunches", &format!("{namespace:?}"), &format!("{model:?}"), &states.join(",")])
    }
}

impl Launcher {
    /// Lists launches, newest first.
    ///
    /// # Errors
    /// `INVALID_FIELDS` for a size or a token that is not understood; `PAGE_TOKEN_EXPIRED`.
    pub fn list_launches(&self, query: &ListQuery) -> Result<Listed, Error> {
        let size = page::size(query.page_size)?;
        let question = query.question();
        let (state, offset) = self.picture(&query.page_token, question)?;
        let newest = state.by_age.iter().rev().filter_map(|(_, name)| state.launches.get(name));
        let matching = newest.filter(|kept| query.takes(&kept.value.launch));
        let mut found: Vec<_> = matching.skip(offset).take(size + 1).collect();
        let more = found.len() > size;
        found.truncate(size);
        let launches =
            found.into_iter().map(|kept| Found { record: Arc::clone(&kept.value), revision: kept.revision }).collect();
        let next_page_token = if more { self.token(&state, question, offset + size) } else { String::new() };
        Ok(Listed { launches, next_page_token, revision: state.revision })
    }

    /// The picture that a page is read from, and how many launches come before it.
    fn picture(&self, token: &str, question: u64) -> Result<(Arc<State>, usize), Error> {
        if token.is_empty() {
            return Ok((self.feed.current(), 0));
        }
        let token = Token::read(token, question)?;
        let offset = usize::try_from(token.offset).unwrap_or(usize::MAX);
        Ok((self.pictures.at(token.revision)?, offset))
    }

    /// Keeps the picture for the pages to come and gives out the token of the next one.
    fn token(&self, state: &Arc<State>, question: u64, offset: usize) -> String {
        self.pictures.keep(state);
        Token { revision: state.revision, question, offset: offset as u64 }.write()
    }
}
