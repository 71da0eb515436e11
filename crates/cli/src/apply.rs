//! `slipway apply`.

mod plan;

use std::collections::BTreeSet;
use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use prost::Message;
use slipway_sdk::pb::resource::Resource;
use slipway_sdk::{Error, Registry, Violation, pb};

use crate::connect::Connect;
use crate::exit::{self, Usage};
use crate::manifest::{self, Input, Item, Manifest};
use crate::output::Output;
use crate::value;

/// Whether something is done, or only shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// It is shown.
    Dry,
    /// It is done.
    Real,
}

const APPLIED: &str = "slipway.registry.v1.ApplyModelsResponse";

/// Make of a manifest what it asks for: in one revision, or not at all.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  slipway apply -f fleet.yaml --dry-run
  slipway apply -f fleet.yaml --reason 'the quarterly review'
  slipway apply -f teams.yaml -f models/ --prune 'labels.managed-by = \"fleet\"'
  slipway apply -f -       reads standard input
A manifest is one or many documents, YAML or JSON, each a resource:
  apiVersion: slipway/v1
  kind: Model              # or Team, ModelType, Version, Alias
  name: flight-delay       # a version is flight-delay/2, an alias flight-delay@champion
  owner: ops
  labels: {surface: app}
The other fields are those of `slipway model get -o json`; docs/manifest.md lists them. What a document leaves out stays as
it is, unless an application under the same --field-manager set it before: then it is emptied. A field that somebody else
set is not changed without --force.")]
pub struct Apply {
    /// A file, a folder with all manifests below it, or - for standard input; may be repeated.
    #[arg(short = 'f', long = "file", required = true, value_name = "FILE")]
    files: Vec<Input>,
    /// Show what would change, and what stands in its way, and change nothing.
    #[arg(long, visible_alias = "validate-only")]
    dry_run: bool,
    /// Take over fields that others set.
    #[arg(long)]
    force: bool,
    /// Delete the models of the namespace that this AIP-160 filter finds and the manifest does not name.
    #[arg(long, default_value = "", hide_default_value = true, value_parser = value::filter, value_name = "FILTER")]
    prune: String,
    /// The name under which fields are set: one for each place that manifests come from.
    #[arg(long, default_value = "apply", value_parser = value::identifier, value_name = "ID")]
    field_manager: String,
    /// Why, for the record.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    reason: String,
    /// A UUID (version 4) by which a repeated change is known and has no second effect.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "UUID")]
    request_id: String,
}

impl Apply {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<ExitCode> {
        let (manifest, faults) = manifest::read_all(&self.files, connect.namespace())?;
        if !faults.is_empty() {
            let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
            return Err(Usage(lines.join("\n")).into());
        }
        if manifest.items.is_empty() {
            return Err(Usage("the manifest is empty: it names no resource".to_owned()).into());
        }
        let (request, registry) = (self.request(&manifest, connect)?, connect.patient_registry()?);
        let size = request.encoded_len();
        let run = if self.dry_run { Run::Dry } else { Run::Real };
        match registry.apply_models(request.clone()).await {
            Ok(applied) if output.is_json() || applied.refusals.is_empty() => {
                output.write(APPLIED, &applied, |applied| plan::show(applied, run))?;
                Ok(code(&applied.refusals))
            }
            Ok(applied) => Ok(refused(&applied.refusals, &manifest)),
            Err(error) if output.is_json() => Err(error.into()),
            Err(error) => self.told(&registry, request, (error, &manifest, size)).await,
        }
    }

    fn request(&self, manifest: &Manifest, connect: &Connect) -> Result<pb::ApplyModelsRequest> {
        let namespaces: BTreeSet<&str> = manifest.items.iter().filter_map(namespace).collect();
        let is_here = namespaces.iter().all(|namespace| *namespace == connect.namespace().as_str());
        if !is_here && !self.prune.is_empty() {
            let told = "--prune is for one namespace: say which by --namespace, and name resources of it alone";
            return Err(Usage(told.to_owned()).into());
        }
        Ok(pb::ApplyModelsRequest {
            parent: if is_here { connect.parent() } else { "namespaces/-".to_owned() },
            resources: manifest.items.iter().map(|item| item.resource.clone()).collect(),
            field_manager: self.field_manager.clone(),
            force: self.force,
            prune: self.prune.clone(),
            request_id: self.request_id.clone(),
            validate_only: self.dry_run,
            reason: self.reason.clone(),
        })
    }

    /// Tells all that stands in the way, of which an error names the first few alone.
    async fn told(
        &self,
        registry: &Registry,
        request: pb::ApplyModelsRequest,
        (error, manifest, size): (Error, &Manifest, usize),
    ) -> Result<ExitCode> {
        if error.reason() == "MESSAGE_TOO_LARGE" {
            let told = "divide it, or raise max-message-size of the registry";
            say(&format!("the manifest makes a message of {:.1} MiB: {told}", size as f64 / f64::from(1 << 20)));
        }
        if !matches!(error.reason(), "INVALID_FIELDS" | "APPLY_REFUSED") {
            return Err(error.into());
        }
        let request = pb::ApplyModelsRequest { validate_only: true, request_id: String::new(), ..request };
        let told = match registry.apply_models(request).await {
            Ok(applied) => applied.refusals,
            Err(error) => error.violations().iter().filter_map(|wrong| refusal(wrong, manifest)).collect(),
        };
        if told.is_empty() { Err(error.into()) } else { Ok(refused(&told, manifest)) }
    }
}

/// What is wrong with one of the resources, as `resources[3].model.owner`.
fn refusal(wrong: &Violation, manifest: &Manifest) -> Option<pb::PlanRefusal> {
    let (index, field) = wrong.field.strip_prefix("resources[")?.split_once(']')?;
    let index: i32 = index.parse().ok()?;
    let item = manifest.items.get(usize::try_from(index).ok()?)?;
    Some(pb::PlanRefusal {
        index,
        name: name(&item.resource).unwrap_or_default().to_owned(),
        field: field.trim_start_matches('.').split_once('.').map_or("", |(_, field)| field).to_owned(),
        reason: wrong.reason.clone(),
        description: wrong.description.clone(),
    })
}

/// The namespace of an item.
fn namespace(item: &Item) -> Option<&str> {
    name(&item.resource)?.split('/').nth(1)
}

fn name(resource: &pb::Resource) -> Option<&str> {
    Some(match resource.resource.as_ref()? {
        Resource::Team(team) => &team.name,
        Resource::ModelType(model_type) => &model_type.name,
        Resource::Model(model) => &model.name,
        Resource::Version(version) => &version.name,
        Resource::Alias(alias) => &alias.name,
        Resource::Traffic(traffic) => &traffic.name,
        Resource::Namespace(namespace) => &namespace.name,
        Resource::Policy(policy) => &policy.name,
    })
}

/// Says on standard error what stands in the way, each with its place.
fn refused(refusals: &[pb::PlanRefusal], manifest: &Manifest) -> ExitCode {
    let count = refusals.len();
    say(&format!(
        "error: nothing was changed: {count} {} in the way",
        if count == 1 { "thing stands" } else { "things stand" }
    ));
    for refusal in refusals {
        let item = usize::try_from(refusal.index).ok().and_then(|index| manifest.items.get(index));
        let place = item.map_or_else(String::new, |item| format!("{}: ", item.place.of(&refusal.field)));
        let name = plan::named(&refusal.name);
        let field = if refusal.field.is_empty() { String::new() } else { format!("{} ", refusal.field) };
        say(&format!("  {place}{name}: {field}{} [{}]", refusal.description, refusal.reason));
    }
    code(refusals)
}

fn code(refusals: &[pb::PlanRefusal]) -> ExitCode {
    let is_others = |refusal: &pb::PlanRefusal| {
        matches!(&*refusal.reason, "FIELD_CONFLICT" | "IN_USE" | "ETAG_MISMATCH" | "POLICY_BROKEN")
    };
    match refusals.is_empty() {
        true => ExitCode::SUCCESS,
        false if refusals.iter().all(is_others) => ExitCode::from(exit::REFUSED),
        false => ExitCode::from(exit::USAGE),
    }
}

fn say(text: &str) {
    // When standard error is gone there is nobody left to tell.
    let _ = writeln!(std::io::stderr(), "{text}");
}
