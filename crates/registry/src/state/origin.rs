//! Where an effective tier comes from, as far as its reader may know.

use std::sync::Arc;

use slipway_domain::access::Grant;
use slipway_domain::name::ModelName;
use slipway_domain::tier::{Effective, Origin, Said};

use super::{ListedModel, State};

/// Where an effective tier comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TierOrigin {
    model: ModelName,
    effective: Arc<Effective>,
    shows: Shows,
}

/// How much of it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shows {
    /// Only that there is a dependent.
    Nothing,
    /// The dependent that it comes through, and not who says it in the end.
    Via,
    /// All.
    All,
}

impl TierOrigin {
    /// All that is known of it.
    #[must_use]
    pub fn of(model: &ModelName, effective: Arc<Effective>) -> Self {
        Self { model: model.clone(), effective, shows: Shows::All }
    }

    /// Whose it is.
    #[must_use]
    pub fn whose(&self) -> &Origin {
        &self.effective.origin
    }

    /// Who says it in the end; none if nobody does, or if that is not shown.
    #[must_use]
    pub fn source(&self) -> Option<String> {
        let source = self.effective.source(&self.model).filter(|_| self.shows == Shows::All);
        source.map(|source| source.to_string())
    }

    /// The dependent that it comes through, if that is shown.
    #[must_use]
    pub fn via(&self) -> Option<&ModelName> {
        match &self.effective.origin {
            Origin::Dependent { via, .. } if self.shows != Shows::Nothing => Some(via),
            _ => None,
        }
    }
}

impl ListedModel {
    /// The same, as somebody may know it who sees what `grant` covers, as `state` says whose it is.
    #[must_use]
    pub fn shown_to(mut self, grant: &Grant, state: &State) -> Self {
        let sees = |model: &ModelName| grant.covers(&state.subject(model));
        let whole = grant.covers_whole(self.model.value.name.namespace.as_str());
        if let (false, Origin::Dependent { via, source }) = (whole, self.tier_origin.whose()) {
            let shows = match source {
                _ if !sees(via) => Shows::Nothing,
                Said::Model(source) if !sees(source) => Shows::Via,
                Said::Model(_) | Said::ModelType(_) => Shows::All,
            };
            self.tier_origin.shows = shows.min(self.tier_origin.shows);
        }
        self
    }
}
