//! What can be permitted: a noun and a verb each.

/// One thing that somebody may be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Permission {
    /// See model types, models, versions, traffic and their history.
    ReadModels,
    /// Create, change and delete model types and models.
    WriteModels,
    /// Create, change and delete teams.
    WriteTeams,
    /// Create, change and delete versions.
    WriteVersions,
    /// Move aliases.
    WriteAliases,
    /// Change protected aliases, and approve what others propose for them.
    ApproveAliases,
    /// Create, change and delete policies.
    WritePolicies,
    /// Mark a digest as not to be launched again.
    QuarantineVersions,
    /// Move traffic by hand, or as a launcher.
    WriteTraffic,
    /// Report predictions and outcomes.
    ReportObservations,
    /// See metrics, verdicts and what gates say.
    ReadHealth,
    /// See launches and what they wait for.
    ReadLaunches,
    /// Create launches.
    CreateLaunches,
    /// Pause, resume and abort launches.
    SteerLaunches,
    /// Skip what a plan asks for, with a reason.
    PromoteLaunches,
    /// Approve and reject launches.
    ApproveLaunches,
    /// Ask what others may do, and why.
    ExplainAccess,
    /// Take backups.
    BackUp,
    /// Read the whole ledger, byte for byte, and have it proven.
    ReadLedger,
    /// Report which models run where.
    ReportSightings,
    /// Create, change and delete namespaces.
    WriteNamespaces,
}

impl Permission {
    /// All permissions.
    pub const ALL: [Self; 21] = [
        Self::ReadModels,
        Self::WriteModels,
        Self::WriteTeams,
        Self::WriteVersions,
        Self::WriteAliases,
        Self::ApproveAliases,
        Self::WritePolicies,
        Self::QuarantineVersions,
        Self::WriteTraffic,
        Self::ReportObservations,
        Self::ReadHealth,
        Self::ReadLaunches,
        Self::CreateLaunches,
        Self::SteerLaunches,
        Self::PromoteLaunches,
        Self::ApproveLaunches,
        Self::ExplainAccess,
        Self::BackUp,
        Self::ReadLedger,
        Self::ReportSightings,
        Self::WriteNamespaces,
    ];

    /// The name, as `models.read`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadModels => "models.read",
            Self::WriteModels => "models.write",
            Self::WriteTeams => "teams.write",
            Self::WriteVersions => "versions.write",
            Self::WriteAliases => "aliases.write",
            Self::ApproveAliases => "aliases.approve",
            Self::WritePolicies => "policies.write",
            Self::QuarantineVersions => "versions.quarantine",
            Self::WriteTraffic => "traffic.write",
            Self::ReportObservations => "observations.report",
            Self::ReadHealth => "health.read",
            Self::ReadLaunches => "launches.read",
            Self::CreateLaunches => "launches.create",
            Self::SteerLaunches => "launches.steer",
            Self::PromoteLaunches => "launches.promote",
            Self::ApproveLaunches => "launches.approve",
            Self::ExplainAccess => "access.explain",
            Self::BackUp => "service.backup",
            Self::ReadLedger => "ledger.read",
            Self::ReportSightings => "sightings.report",
            Self::WriteNamespaces => "namespaces.write",
        }
    }

    /// Whether nobody can use it who has it on a part alone: what it is for takes in everything.
    #[must_use]
    pub fn is_on_everything(self) -> bool {
        matches!(self, Self::BackUp | Self::ReadLedger)
    }
}

impl std::fmt::Display for Permission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
