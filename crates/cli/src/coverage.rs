//! Every method of the API has its verb: whoever adds a method is told here that the command can't call it yet.

use clap::{Command, CommandFactory};
use prost_reflect::DescriptorPool;
use slipway_sdk::pb::FILE_DESCRIPTOR_SET;

use crate::Cli;

/// The verb of each method. Reports are columns of figures from programs: nobody types them.
const VERBS: [(&str, &str); 74] = [
    ("CreateModelType", "model-type create"),
    ("GetModelType", "model-type get"),
    ("ListModelTypes", "model-type ls"),
    ("UpdateModelType", "model-type update"),
    ("CreateModel", "model create"),
    ("GetModel", "model get"),
    ("ListModels", "model ls"),
    ("UpdateModel", "model update"),
    ("CreateVersion", "version create"),
    ("GetVersion", "version get"),
    ("ListVersions", "version ls"),
    ("UpdateVersion", "version update"),
    ("QuarantineVersion", "version quarantine"),
    ("DeleteModelType", "model-type delete"),
    ("UndeleteModelType", "model-type undelete"),
    ("DeleteModel", "model delete"),
    ("UndeleteModel", "model undelete"),
    ("AttestModel", "model attest"),
    ("DeleteVersion", "version delete"),
    ("UndeleteVersion", "version undelete"),
    ("GetAlias", "alias get"),
    ("ListAliases", "alias ls"),
    ("SetAliases", "alias set"),
    ("ProposeAlias", "alias propose"),
    ("ApproveAlias", "alias approve"),
    ("CreateTeam", "team create"),
    ("GetTeam", "team get"),
    ("ListTeams", "team ls"),
    ("UpdateTeam", "team update"),
    ("DeleteTeam", "team delete"),
    ("UndeleteTeam", "team undelete"),
    ("CreatePolicy", "policy create"),
    ("GetPolicy", "policy get"),
    ("ListPolicies", "policy ls"),
    ("UpdatePolicy", "policy update"),
    ("DeletePolicy", "policy delete"),
    ("UndeletePolicy", "policy undelete"),
    ("CheckPolicies", "policy check"),
    ("BatchGetModels", "model get"),
    ("BatchGetVersions", "version get"),
    ("ApplyModels", "apply"),
    ("GetTraffic", "traffic get"),
    ("SetTraffic", "traffic set"),
    ("Watch", "ledger watch"),
    ("ListChanges", "ledger ls"),
    ("DiffRevisions", "diff"),
    ("AggregateModels", "model aggregate"),
    ("TriageModel", "triage"),
    ("GetCheckpoint", "ledger checkpoint"),
    ("ProveInclusion", "ledger prove"),
    ("ProveConsistency", "ledger verify"),
    ("ExportLedger", "ledger export"),
    ("CreateNamespace", "namespace create"),
    ("GetNamespace", "namespace get"),
    ("ListNamespaces", "namespace ls"),
    ("UpdateNamespace", "namespace update"),
    ("DeleteNamespace", "namespace delete"),
    ("UndeleteNamespace", "namespace undelete"),
    ("ReportSightings", "sighting report"),
    ("ListSightings", "sighting ls"),
    ("GetHealth", "health show"),
    ("Evaluate", "health evaluate"),
    ("CreateLaunch", "launch start"),
    ("GetLaunch", "launch show"),
    ("ListLaunches", "launch ls"),
    ("WatchLaunches", "launch watch"),
    ("PauseLaunch", "launch pause"),
    ("ResumeLaunch", "launch resume"),
    ("PromoteLaunch", "launch promote"),
    ("AbortLaunch", "launch abort"),
    ("ExplainLaunch", "launch explain"),
    ("GetCaller", "auth whoami"),
    ("ExplainAccess", "auth explain"),
    ("Backup", "backup"),
];

/// The method without a verb.
const TYPED_BY_NOBODY: &str = "Report";

fn is_there(root: &Command, verb: &str) -> bool {
    verb.split(' ').try_fold(root, |command, word| command.find_subcommand(word)).is_some()
}

#[test]
fn every_method_of_the_api_has_a_verb() {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    let root = Cli::command();
    let services = pool.services().filter(|service| service.package_name().starts_with("slipway."));
    let methods: Vec<_> = services.flat_map(|service| service.methods().collect::<Vec<_>>()).collect();
    assert!(methods.len() > VERBS.len(), "{methods:?}");
    for method in methods.iter().filter(|method| method.name() != TYPED_BY_NOBODY) {
        let verb = VERBS.iter().find(|(name, _)| *name == method.name()).map(|(_, verb)| *verb);
        let verb = verb.unwrap_or_else(|| panic!("{} has no verb: add it, and name it here", method.full_name()));
        assert!(is_there(&root, verb), "there is no `slipway {verb}`");
    }
}
