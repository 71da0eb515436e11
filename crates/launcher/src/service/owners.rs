//! Whose a launch is, for whoever explains the policy. Of models the launcher knows nothing: the registry explains those.

use slipway_domain::name::LaunchName;
use slipway_operations::{Owner, Owners};

use super::{Launcher, access};

impl Owners for Launcher {
    fn owner(&self, resource: &str) -> Option<Owner> {
        let state = self.feed.current();
        let found = state.launches.get(&LaunchName::parse(resource).ok()?)?;
        let subject = access::subject(&found.value);
        Some(Owner { team: subject.team.map(str::to_owned), tier: subject.tier? })
    }
}
