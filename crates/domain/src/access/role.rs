//! Roles: named bundles of permissions.

use super::Permission;

/// What somebody is to Slipway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Looks at everything.
    Viewer,
    /// Routes units and reports what became of them: a serving fleet.
    Reporter,
    /// Registers models and versions: a training pipeline, the owner of a model.
    Registrar,
    /// Launches versions.
    Launcher,
    /// Approves and rejects launches, and approves changes of protected aliases.
    Approver,
    /// Is on call: moves traffic, steers launches, quarantines.
    Operator,
    /// May everything.
    Admin,
    /// One of Slipway's own services, towards the others.
    Service,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 8] = [
        Self::Viewer,
        Self::Reporter,
        Self::Registrar,
        Self::Launcher,
        Self::Approver,
        Self::Operator,
        Self::Admin,
        Self::Service,
    ];

    /// The name in a policy.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Reporter => "reporter",
            Self::Registrar => "registrar",
            Self::Launcher => "launcher",
            Self::Approver => "approver",
            Self::Operator => "operator",
            Self::Admin => "admin",
            Self::Service => "service",
        }
    }

    /// The role of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// What it allows.
    #[must_use]
    pub fn permissions(self) -> &'static [Permission] {
        use Permission as P;
        match self {
            Self::Viewer => &[P::ReadModels, P::ReadHealth, P::ReadLaunches, P::ReadLedger],
            Self::Reporter => &[P::ReadModels, P::ReportObservations, P::ReportSightings],
            Self::Registrar => &[
                P::ReadModels,
                P::ReadHealth,
                P::ReadLaunches,
                P::WriteModels,
                P::WriteTeams,
                P::WriteVersions,
                P::WriteAliases,
            ],
            Self::Launcher => &[
                P::ReadModels,
                P::ReadHealth,
                P::ReadLaunches,
                P::CreateLaunches,
                P::SteerLaunches,
                P::PromoteLaunches,
            ],
            Self::Approver => {
                &[P::ReadModels, P::ReadHealth, P::ReadLaunches, P::ApproveAliases, P::ApproveLaunches, P::ReadLedger]
            }
            Self::Operator => &[
                P::ReadModels,
                P::ReadHealth,
                P::ReadLaunches,
                P::WriteAliases,
                P::ApproveAliases,
                P::WriteTraffic,
                P::QuarantineVersions,
                P::SteerLaunches,
                P::PromoteLaunches,
                P::ExplainAccess,
                P::BackUp,
                P::ReadLedger,
            ],
            Self::Admin => &Permission::ALL,
            Self::Service => &[P::ReadModels, P::ReadHealth, P::WriteTraffic, P::QuarantineVersions],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_is_known_by_its_name() {
        assert!(Role::ALL.into_iter().all(|role| Role::named(role.name()) == Some(role)));
        assert_eq!(Role::named("root"), None);
    }

    #[test]
    fn who_approves_explains_and_reports_is_told_apart() {
        let with = |permission| Role::ALL.into_iter().filter(move |role| role.permissions().contains(&permission));
        assert_eq!(with(Permission::ApproveLaunches).collect::<Vec<_>>(), [Role::Approver, Role::Admin]);
        assert_eq!(with(Permission::ExplainAccess).collect::<Vec<_>>(), [Role::Operator, Role::Admin]);
        assert_eq!(with(Permission::ReportObservations).collect::<Vec<_>>(), [Role::Reporter, Role::Admin]);
        assert_eq!(with(Permission::ReportSightings).collect::<Vec<_>>(), [Role::Reporter, Role::Admin]);
    }
}
