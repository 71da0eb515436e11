//! `slipway ledger …`.

mod checkpoint;
mod export;
mod file;
mod prove;
mod since;
mod trust;
mod verdict;
mod verify;

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use futures_util::StreamExt;
use slipway_sdk::pb;
use slipway_sdk::pb::watch_response::Event;

use crate::args::AsOf;
use crate::connect::Connect;
use crate::listing::{Limit, Look, Page};
use crate::output::{Output, line};
use crate::{text, value};

/// Who changed what, when and why.
#[derive(Debug, Subcommand)]
pub enum Ledger {
    /// List the changes, newest first.
    #[command(visible_alias = "changes")]
    #[command(after_help = "Examples:
  slipway ledger ls
  slipway ledger ls flight-delay --limit 20
  slipway ledger ls flight-delay --at 2026-03-03T14:02 --limit 5      the last changes before that moment
  slipway ledger ls flight-delay/2 --output json      with the resource before and after each change")]
    Ls(Ls),
    /// Follow the changes of the registry as they happen.
    #[command(after_help = "Examples:
  slipway ledger watch
  slipway ledger watch flight-delay --after 1200 --output json
  slipway ledger watch --kind model --filter 'owner = flights AND effective_tier <= 1'")]
    Watch(Watch),
    /// Write the whole ledger into a file, byte for byte, to keep it or to verify it elsewhere.
    #[command(after_help = "\
Example:
  slipway ledger export --out ledger-2026.jsonl
One JSON object a line: a header with the signed checkpoint, then the entries, each with the bytes that were signed.")]
    Export(export::Export),
    /// Print what the ledger is, signed: who keeps it can tell for ever whether the ledger was rewritten.
    #[command(after_help = "\
Examples:
  slipway ledger checkpoint --out ledger-2026-11-27.checkpoint
  slipway ledger checkpoint --revision 1200
Keep checkpoints where nobody can change both them and the registry's data.")]
    Checkpoint(checkpoint::Take),
    /// Print the key that checkpoints are verified with.
    #[command(after_help = "Example:\n  slipway ledger key > ledger.key")]
    Key,
    /// Verify an exported ledger, or that the registry's begins with what it was; exits with 1 if anything is wrong.
    #[command(after_help = "\
Examples:
  slipway ledger verify ledger-2026.jsonl --signed-by ledger.key
  slipway ledger verify ledger-2026.jsonl --checkpoint ledger-2025.checkpoint --signed-by ledger.key
  slipway ledger verify --against ledger-2025.checkpoint --signed-by ledger.key
A file is verified without a service. An entry that was changed, inserted, moved or cut is found; one that was changed before
the ledger was signed anew is found by an older checkpoint.")]
    Verify(verify::Verify),
    /// Prove that a change is in the ledger.
    #[command(after_help = "Example:\n  slipway ledger prove 1200 flight-delay/2 --signed-by ledger.key")]
    Prove(prove::Prove),
}

/// `slipway ledger ls`.
#[derive(Debug, Args)]
pub struct Ls {
    /// A model with all that is its own, a version, or any full name [default: the namespace].
    resource: Option<value::Resource>,
    #[command(flatten)]
    as_of: AsOf,
    #[command(flatten)]
    limit: Limit,
}

/// `slipway ledger watch`.
#[derive(Debug, Args)]
pub struct Watch {
    /// A model with all that is its own [default: the namespace].
    model: Option<value::Model>,
    /// Only what changed after this revision [default: what there is, and then what changes].
    #[arg(long, value_name = "REVISION", value_parser = clap::value_parser!(i64).range(0..))]
    after: Option<i64>,
    /// Only of these kinds, with commas between them.
    #[arg(long, value_enum, value_name = "KIND", value_delimiter = ',')]
    kind: Vec<Kind>,
    /// Only what matches an AIP-160 expression over fields that all the kinds have; what stops matching is told once more.
    #[arg(long, value_name = "EXPRESSION", default_value = "", hide_default_value = true)]
    filter: String,
}

/// What a resource is.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Kind {
    /// Model types.
    ModelType,
    /// Models.
    Model,
    /// Versions.
    Version,
    /// Traffic of models.
    Traffic,
    /// Teams.
    Team,
    /// Aliases.
    Alias,
    /// Namespaces.
    Namespace,
    /// Policies.
    Policy,
}

impl Kind {
    fn message(self) -> pb::ResourceKind {
        match self {
            Self::ModelType => pb::ResourceKind::ModelType,
            Self::Model => pb::ResourceKind::Model,
            Self::Version => pb::ResourceKind::Version,
            Self::Traffic => pb::ResourceKind::Traffic,
            Self::Team => pb::ResourceKind::Team,
            Self::Alias => pb::ResourceKind::Alias,
            Self::Namespace => pb::ResourceKind::Namespace,
            Self::Policy => pb::ResourceKind::Policy,
        }
    }
}

impl Ledger {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<ExitCode> {
        let done = match self {
            Self::Ls(ls) => ls.run(connect, output).await,
            Self::Watch(watch) => watch.run(connect, output).await,
            Self::Export(export) => export.run(connect, output).await,
            Self::Checkpoint(take) => take.run(connect, output).await,
            Self::Key => checkpoint::key(connect, output).await,
            Self::Verify(verify) => return verify.run(connect, output).await,
            Self::Prove(prove) => prove.run(connect, output).await,
        };
        done.map(|()| ExitCode::SUCCESS)
    }
}

impl Ls {
    async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let registry = connect.registry()?.as_of(self.as_of.moment());
        let parent = self.resource.map_or_else(|| connect.parent(), |resource| connect.resource(&resource));
        let ask = async |page_size, page_token| {
            let request = pb::ListChangesRequest {
                parent: parent.clone(),
                page_size,
                page_token,
                ..pb::ListChangesRequest::default()
            };
            let page = registry.list_changes(request).await?;
            Ok(Page { items: page.changes, next: page.next_page_token, total: None })
        };
        let look = Look {
            kind: "slipway.registry.v1.Change",
            headings: ["revision", "age", "who", "what", "resource", "fields", "why"],
            row,
            nothing: "nothing was changed there",
        };
        self.limit.list(output, look, ask).await
    }
}

fn row(change: &pb::Change) -> [String; 7] {
    [
        change.revision.to_string(),
        text::age(change.time),
        change.principal.clone(),
        action(change.action()),
        text::resource(&change.resource),
        change.changed_fields.join(", "),
        change.reason.clone(),
    ]
}

fn action(action: pb::ChangeAction) -> String {
    text::word(action.as_str_name(), "CHANGE_ACTION_").to_lowercase()
}

impl Watch {
    async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let parent = self.model.map_or_else(|| connect.parent(), |model| connect.model(&model).to_string());
        let kinds = self.kind.iter().map(|kind| kind.message().into()).collect();
        let request =
            pb::WatchRequest { after_revision: self.after, parent, history: String::new(), kinds, filter: self.filter };
        let mut stream = connect.registry()?.watch(request);
        let mut is_first = true;
        while let Some(step) = stream.next().await {
            let step = match step {
                Ok(step) => step,
                // Who never got through is told; a break later is mended by the stream itself.
                Err(error) if error.is_retryable() && !is_first => continue,
                Err(error) => return Err(error.into()),
            };
            is_first = false;
            if output.is_json() {
                output.write("slipway.registry.v1.WatchResponse", &step, |_| String::new())?;
            } else {
                step.event.iter().flat_map(lines).try_for_each(|text| line(&text))?;
            }
        }
        bail!("the registry ended the stream; `slipway ledger ls` tells what changed")
    }
}

/// What a step of the watch says to a person.
fn lines(event: &Event) -> Vec<String> {
    match event {
        Event::InitialState(part) => part
            .resources
            .iter()
            .map(|resource| format!("{:>10}  there    {}", part.revision, named(resource)))
            .collect(),
        Event::Changes(changes) => {
            let told = |change: &pb::ResourceChange| {
                format!("{:>10}  {:<8} {}", changes.revision, action(change.action()), text::resource(&change.name))
            };
            changes.changes.iter().map(told).collect()
        }
        Event::Progress(_) | Event::Ending(_) => Vec::new(),
    }
}

fn named(resource: &pb::Resource) -> String {
    let name = match &resource.resource {
        Some(pb::resource::Resource::ModelType(model_type)) => &model_type.name,
        Some(pb::resource::Resource::Model(model)) => &model.name,
        Some(pb::resource::Resource::Version(version)) => &version.name,
        Some(pb::resource::Resource::Traffic(traffic)) => &traffic.name,
        Some(pb::resource::Resource::Team(team)) => &team.name,
        Some(pb::resource::Resource::Alias(alias)) => &alias.name,
        Some(pb::resource::Resource::Namespace(namespace)) => &namespace.name,
        Some(pb::resource::Resource::Policy(policy)) => &policy.name,
        None => return "something that this command does not know".to_owned(),
    };
    text::resource(name)
}
