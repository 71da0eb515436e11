//! What a caller may see and report. Asked before anything is said about what was reported.

use slipway_chassis::Caller;
use slipway_domain::access::Subject;
use slipway_domain::name::ModelName;

use super::report::Report;
use super::{Health, Ownership};
use crate::error::Error;

impl Health {
    /// Makes sure that the caller may do on a model what its method does.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`; `PERMISSION_UNDECIDED` while it depends on the model's team or tier, and the registry was
    /// not heard yet.
    pub(super) fn check_access(&self, caller: &Caller, model: &ModelName) -> Result<(), Error> {
        let namespace = model.namespace.as_str();
        if caller.granted.grant.covers_whole(namespace) {
            return Ok(());
        }
        let subject = |team, tier| Subject { namespace, team, tier };
        let allowed = match self.policies.ownership(model) {
            Ownership::Unheard if caller.granted.grant.touches(namespace) => Err(caller.undecided(model)),
            Ownership::Unheard | Ownership::NoModel => caller.check(&subject(None, None), model),
            Ownership::Known { team, tier } => {
                let team = Some(team.as_str()).filter(|team| !team.is_empty());
                caller.check(&subject(team, Some(tier)), model)
            }
        };
        Ok(allowed?)
    }

    /// Makes sure that the caller may report all that is in a report.
    ///
    /// # Errors
    /// As for each of its models.
    pub(super) fn check_report(&self, caller: &Caller, report: &Report) -> Result<(), Error> {
        let served = report.columns.iter().map(|(version, ..)| &version.model);
        let paired = report.paired_columns.iter().map(|(version, ..)| &version.model);
        served.chain(paired).try_for_each(|model| self.check_access(caller, model))
    }
}
