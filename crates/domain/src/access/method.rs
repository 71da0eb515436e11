//! What each method asks of its caller. A method without an entry is closed to everybody.

use super::Permission;

/// What a method asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Nothing: it tells whether the service is well, or what the API looks like.
    Open,
    /// To be somebody.
    Authenticated,
    /// A permission.
    Needs(Permission),
    /// What nobody has: there is no rule for it.
    Closed,
}

/// The rule of a method, by the full name of its service.
#[must_use]
pub fn rule(service: &str, method: &str) -> Rule {
    let rule = match service {
        "grpc.health.v1.Health"
        | "grpc.reflection.v1.ServerReflection"
        | "grpc.reflection.v1alpha.ServerReflection" => Some(Rule::Open),
        "slipway.registry.v1.Registry" => registry(method).map(Rule::Needs),
        "slipway.health.v1.Health" => health(method).map(Rule::Needs),
        "slipway.launcher.v1.Launcher" => launcher(method).map(Rule::Needs),
        "slipway.operations.v1.Operations" => operations(method),
        _ => None,
    };
    rule.unwrap_or(Rule::Closed)
}

fn registry(method: &str) -> Option<Permission> {
    Some(match method {
        "GetModelType" | "ListModelTypes" | "GetModel" | "ListModels" | "BatchGetModels" | "GetVersion"
        | "ListVersions" | "BatchGetVersions" | "GetAlias" | "ListAliases" | "GetTeam" | "ListTeams" | "GetTraffic"
        | "Watch" | "ListChanges" | "DiffRevisions" | "AggregateModels" | "TriageModel" | "ListSightings"
        | "GetNamespace" | "ListNamespaces" | "GetPolicy" | "ListPolicies" | "CheckPolicies" => Permission::ReadModels,
        "CreateModelType" | "UpdateModelType" | "DeleteModelType" | "UndeleteModelType" | "CreateModel"
        | "UpdateModel" | "DeleteModel" | "UndeleteModel" | "AttestModel" | "ApplyModels" => Permission::WriteModels,
        "CreatePolicy" | "UpdatePolicy" | "DeletePolicy" | "UndeletePolicy" => Permission::WritePolicies,
        "CreateTeam" | "UpdateTeam" | "DeleteTeam" | "UndeleteTeam" => Permission::WriteTeams,
        "CreateVersion" | "UpdateVersion" | "DeleteVersion" | "UndeleteVersion" => Permission::WriteVersions,
        // What is protected asks for more: the use case does.
        "SetAliases" | "ProposeAlias" => Permission::WriteAliases,
        "ApproveAlias" => Permission::ApproveAliases,
        "QuarantineVersion" => Permission::QuarantineVersions,
        "SetTraffic" => Permission::WriteTraffic,
        "ReportSightings" => Permission::ReportSightings,
        "CreateNamespace" | "UpdateNamespace" | "DeleteNamespace" | "UndeleteNamespace" => Permission::WriteNamespaces,
        // On everything: what they tell is of the whole ledger.
        "GetCheckpoint" | "ProveInclusion" | "ProveConsistency" | "ExportLedger" => Permission::ReadLedger,
        _ => return None,
    })
}

fn health(method: &str) -> Option<Permission> {
    Some(match method {
        "Report" => Permission::ReportObservations,
        "GetHealth" | "Evaluate" => Permission::ReadHealth,
        _ => return None,
    })
}

fn launcher(method: &str) -> Option<Permission> {
    Some(match method {
        "GetLaunch" | "ListLaunches" | "WatchLaunches" | "ExplainLaunch" => Permission::ReadLaunches,
        "CreateLaunch" => Permission::CreateLaunches,
        "PauseLaunch" | "ResumeLaunch" | "AbortLaunch" => Permission::SteerLaunches,
        "PromoteLaunch" => Permission::PromoteLaunches,
        _ => return None,
    })
}

fn operations(method: &str) -> Option<Rule> {
    Some(match method {
        // About others, only who has the permission for it: the use case asks.
        "GetCaller" | "ExplainAccess" => Rule::Authenticated,
        "Backup" => Rule::Needs(Permission::BackUp),
        _ => return None,
    })
}
