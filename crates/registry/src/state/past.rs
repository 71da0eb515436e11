//! Making a picture of another moment: one step for each resource that was different then.

use imbl::OrdMap;
use slipway_domain::ledger::Resource;
use slipway_domain::name::{ModelName, VersionName};
use slipway_store::Revision;
use slipway_store::picture::Kept;

use super::{Ledger, Recent, State};

/// What a resource was at a moment.
#[derive(Debug, Clone)]
pub enum Then {
    /// It had never been there.
    Unborn,
    /// It had been forgotten for good.
    Gone,
    /// It was this, last changed at the revision.
    Was(Box<Resource>, Revision),
}

impl State {
    /// A copy to make a picture of another moment of: without what only writers look at, and without the ledger, which
    /// the newest picture has.
    #[must_use]
    pub fn for_reading(&self) -> Self {
        Self {
            answers: OrdMap::new(),
            quarantines: OrdMap::new(),
            ledger: Ledger::default(),
            recent: Recent::default(),
            ..self.clone()
        }
    }

    /// Shows the resource called `name` as it was at another moment.
    pub fn show(&mut self, name: &str, then: Then) {
        match then {
            Then::Unborn => {
                if let Ok(version) = VersionName::parse(name) {
                    // Numbers are given in order, and none twice.
                    let newest = self.latest_version(&version.model).min(version.number.saturating_sub(1));
                    self.set_latest(version.model, newest);
                }
                self.forget(name);
            }
            Then::Gone => {
                if let Ok(version) = VersionName::parse(name) {
                    // Its number was given, and is not given again.
                    let newest = self.latest_version(&version.model).max(version.number);
                    self.set_latest(version.model, newest);
                }
                self.forget(name);
            }
            Then::Was(resource, revision) => {
                if let Resource::Version(version) = &*resource {
                    let newest = self.latest_version(&version.name.model).max(version.name.number);
                    self.set_latest(version.name.model.clone(), newest);
                }
                self.put_resource(*resource, revision);
            }
        }
    }

    /// All that was different at the other moment is shown: what is computed of it can be.
    pub fn made(&mut self) {
        drop(self.settle_tiers());
    }

    fn set_latest(&mut self, model: ModelName, number: u64) {
        match number {
            0 => self.latest.remove(&model),
            number => self.latest.insert(model, Kept::new(number, self.revision)),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_is_gone_counts_whichever_way_its_moment_is_reached() {
        let version = VersionName::parse("namespaces/default/models/m/versions/3").unwrap();
        let (mut state, name) = (State::default(), version.to_string());
        let mut newest = |then| {
            state.show(&name, then);
            state.latest_version(&version.model)
        };
        assert_eq!(newest(Then::Gone), 3, "from before it was there");
        assert_eq!(newest(Then::Gone), 3, "from when it was there");
        assert_eq!(newest(Then::Unborn), 2);
    }
}
