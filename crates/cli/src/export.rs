//! `slipway export`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use futures_util::StreamExt as _;
use slipway_sdk::name::{AliasName, ModelName, VersionName};
use slipway_sdk::pb;
use slipway_sdk::pb::resource::Resource;
use slipway_sdk::pb::watch_response::Event;

use crate::connect::Connect;
use crate::manifest::{Form, Kind, document};
use crate::output::{Output, line};

/// Write the registry as a manifest, which `slipway apply` reads.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  slipway export > fleet.yaml
  slipway export --all-namespaces --out fleet.yaml
  slipway export --form json > fleet.json
It is the state at one revision: teams, model types, models with their versions and aliases. What is deleted is left out, and
so is what no manifest says: traffic, attestations, quarantines, the ledger.")]
pub struct Export {
    /// Every namespace, with full names.
    #[arg(long)]
    all_namespaces: bool,
    /// Where to write it, in place of standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// How to write it; JSON has a document a line.
    #[arg(long, value_enum, default_value = "yaml")]
    form: Form,
}

/// By what documents are ordered: each model's versions and aliases stand behind it.
type Place = (String, Kind, String, u64);

impl Export {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let parent = if self.all_namespaces { String::new() } else { connect.parent() };
        let (resources, revision) = state(connect, parent).await?;
        let within = if self.all_namespaces { "" } else { connect.namespace().as_str() };
        let form = if output.is_json() { Form::Json } else { self.form };
        let mut text = String::new();
        let mut count = 0;
        for resource in living(resources).values() {
            if let Some(document) = document(resource, within, form)? {
                text.push_str(&document);
                count += 1;
            }
        }
        match &self.out {
            Some(path) => std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))?,
            None => line(text.trim_end())?,
        }
        // When standard error is gone there is nobody left to tell.
        let _ = writeln!(std::io::stderr(), "{count} resources, as they are at revision {revision}");
        Ok(())
    }
}

/// Everything at one revision: what a watch begins with.
async fn state(connect: &Connect, parent: String) -> Result<(Vec<Resource>, i64)> {
    let mut resources = Vec::new();
    let mut watch = connect.registry()?.watch(pb::WatchRequest { parent, ..Default::default() });
    while let Some(message) = watch.next().await {
        let Some(Event::InitialState(part)) = message?.event else { continue };
        resources.extend(part.resources.into_iter().filter_map(|resource| resource.resource));
        if part.complete {
            return Ok((resources, part.revision));
        }
    }
    bail!("the registry ended the stream before all of its state was there")
}

/// What is not deleted, nor lies below what is, in the order in which it is written.
fn living(resources: Vec<Resource>) -> BTreeMap<Place, Resource> {
    let is_gone = |resource: &Resource| match resource {
        Resource::Team(team) => team.delete_time.is_some(),
        Resource::ModelType(model_type) => model_type.delete_time.is_some(),
        Resource::Model(model) => model.delete_time.is_some(),
        Resource::Version(version) => version.delete_time.is_some(),
        Resource::Alias(_) => false,
        Resource::Traffic(_) | Resource::Namespace(_) | Resource::Policy(_) => true,
    };
    let model = |resource: &Resource| match resource {
        Resource::Model(model) => Some(model.name.clone()),
        _ => None,
    };
    let models: BTreeSet<String> = resources.iter().filter(|one| !is_gone(one)).filter_map(model).collect();
    let placed = resources.into_iter().filter(|one| !is_gone(one)).filter_map(|one| Some((place(&one)?, one)));
    let is_left = |((model, kind, ..), _): &(Place, Resource)| {
        !matches!(kind, Kind::Version | Kind::Alias) || models.contains(model)
    };
    placed.filter(is_left).collect()
}

fn place(resource: &Resource) -> Option<Place> {
    Some(match resource {
        // Before every model.
        Resource::Team(team) => (String::new(), Kind::Team, team.name.clone(), 0),
        Resource::ModelType(model_type) => (String::new(), Kind::ModelType, model_type.name.clone(), 0),
        Resource::Model(model) => (model.name.clone(), Kind::Model, String::new(), 0),
        Resource::Version(version) => {
            let VersionName { model, number } = version.name.parse().ok()?;
            (model.to_string(), Kind::Version, String::new(), number)
        }
        Resource::Alias(alias) => {
            let AliasName { model, .. } = alias.name.parse().ok()?;
            (ModelName::to_string(&model), Kind::Alias, alias.name.clone(), 0)
        }
        Resource::Traffic(_) | Resource::Namespace(_) | Resource::Policy(_) => return None,
    })
}
