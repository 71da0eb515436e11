//! `slipway policy …`.

mod check;
mod install;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use slipway_sdk::pb;

use crate::args::{self, Deletion, Etag, Intent, LabelChanges, Labels, delete, undelete};
use crate::connect::Connect;
use crate::listing::{Limit, Look, Page};
use crate::output::Output;
use crate::table::facts;
use crate::{text, value};

pub use check::hear_findings;

const POLICY: &str = "slipway.registry.v1.Policy";

/// What models must be, and what happens when one is not.
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Create a policy.
    #[command(after_help = "Examples:
  slipway policy create documented --expression 'model.description != \"\"'
  slipway policy create no-orphans --expression 'model.owner != \"nobody\"' --enforcement deny --remedy 'name an owner'
An expression is true of a model that keeps the policy. Try it as dry-run and with `slipway policy check` first.")]
    Create(Create),
    /// Show a policy.
    #[command(after_help = "Example:\n  slipway policy get runbook")]
    Get {
        /// The policy, as runbook.
        policy: value::Policy,
    },
    /// List policies.
    #[command(after_help = "Example:\n  slipway policy ls --filter 'enforcement = DENY'")]
    Ls(Ls),
    /// Change fields of a policy: those that are given.
    #[command(after_help = "Example:\n  slipway policy update runbook --enforcement deny --reason 'all have one now'")]
    Update(Update),
    /// Delete a policy; it can be taken back for 30 days.
    #[command(after_help = "Example:\n  slipway policy delete runbook --reason 'kept elsewhere'")]
    Delete {
        /// The policy, as runbook.
        policy: value::Policy,
        #[command(flatten)]
        deletion: Deletion,
    },
    /// Take the deletion of a policy back.
    #[command(after_help = "Example:\n  slipway policy undelete runbook")]
    Undelete {
        /// The policy, as runbook.
        policy: value::Policy,
        #[command(flatten)]
        etag: Etag,
        #[command(flatten)]
        intent: Intent,
    },
    /// Show which models break which policies; ends with 1 if one breaks a policy that refuses that.
    #[command(after_help = "Examples:
  slipway policy check
  slipway policy check --filter 'effective_tier = 0 AND enforcement = DENY'
  slipway policy check --all-namespaces -o json")]
    Check(check::Check),
    /// Create the policies that come with the product, those that are not there yet.
    #[command(after_help = "Examples:
  slipway policy install
  slipway policy install --enforcement warn --reason 'a quarter to mend it'")]
    Install(install::Install),
}

/// What a policy does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Enforcement {
    /// A change by which a model breaks it is counted.
    DryRun,
    /// It is made, and its caller is told.
    Warn,
    /// It is refused.
    Deny,
}

impl From<Enforcement> for pb::Enforcement {
    fn from(enforcement: Enforcement) -> Self {
        match enforcement {
            Enforcement::DryRun => Self::DryRun,
            Enforcement::Warn => Self::Warn,
            Enforcement::Deny => Self::Deny,
        }
    }
}

/// The fields of a policy but its labels.
#[derive(Debug, Args)]
struct Fields {
    /// What it is called among people.
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    /// What it asks for, and why.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// What is true of a model that keeps it, in CEL.
    #[arg(long, value_name = "CEL")]
    expression: Option<String>,
    /// What happens to a change by which a model breaks it [default: dry-run].
    #[arg(long, value_enum)]
    enforcement: Option<Enforcement>,
    /// What to do about a model that breaks it.
    #[arg(long, value_name = "TEXT")]
    remedy: Option<String>,
}

/// `slipway policy create`.
#[derive(Debug, Args)]
pub struct Create {
    /// Its id: lower-case letters, digits and hyphens.
    #[arg(value_parser = value::identifier)]
    id: String,
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    labels: Labels,
    #[command(flatten)]
    intent: Intent,
}

/// `slipway policy update`.
#[derive(Debug, Args)]
pub struct Update {
    /// The policy, as runbook.
    policy: value::Policy,
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    labels: LabelChanges,
    /// Fields to empty, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "FIELD")]
    #[arg(value_parser = ["display-name", "description", "enforcement", "remedy", "labels"])]
    clear: Vec<String>,
    #[command(flatten)]
    etag: Etag,
    #[command(flatten)]
    intent: Intent,
}

/// `slipway policy ls`.
#[derive(Debug, Args)]
pub struct Ls {
    /// Which ones: an AIP-160 filter, as 'enforcement = DENY'.
    #[arg(long, default_value = "", hide_default_value = true, value_parser = value::filter)]
    filter: String,
    /// In which order: fields, each with ` desc` if wanted.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "FIELDS")]
    order_by: String,
    /// Those that are deleted, too.
    #[arg(long)]
    show_deleted: bool,
    #[command(flatten)]
    limit: Limit,
}

impl Fields {
    /// Writes the fields that were given into `policy`, and says the paths of those.
    fn write(&self, policy: &mut pb::Policy) -> Vec<&'static str> {
        let mut paths = Vec::new();
        for (path, given, field) in [
            ("display_name", &self.display_name, &mut policy.display_name),
            ("description", &self.description, &mut policy.description),
            ("expression", &self.expression, &mut policy.expression),
            ("remedy", &self.remedy, &mut policy.remedy),
        ] {
            if let Some(given) = given {
                field.clone_from(given);
                paths.push(path);
            }
        }
        if let Some(enforcement) = self.enforcement {
            policy.set_enforcement(enforcement.into());
            paths.push("enforcement");
        }
        paths
    }
}

impl Policy {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<ExitCode> {
        let registry = connect.registry()?;
        let policy = match self {
            Self::Create(create) => registry.create_policy(create.request(connect)).await?,
            Self::Get { policy } => registry.get_policy(&connect.policy(&policy)).await?,
            Self::Ls(ls) => return ls.run(connect, output).await.map(|()| ExitCode::SUCCESS),
            Self::Check(check) => return check.run(connect, output).await,
            Self::Install(install) => return install.run(connect, output).await.map(|()| ExitCode::SUCCESS),
            Self::Update(update) => registry.update_policy(update.request(connect).await?).await?,
            Self::Delete { policy, deletion } => {
                let name = connect.policy(&policy);
                registry.delete_policy(delete!(DeletePolicyRequest, name, deletion)).await?
            }
            Self::Undelete { policy, etag, intent } => {
                let name = connect.policy(&policy);
                registry.undelete_policy(undelete!(UndeletePolicyRequest, name, etag, intent)).await?
            }
        };
        output.write(POLICY, &policy, show).map(|()| ExitCode::SUCCESS)
    }
}

impl Create {
    fn request(self, connect: &Connect) -> pb::CreatePolicyRequest {
        let mut policy = pb::Policy { labels: self.labels.map(), ..pb::Policy::default() };
        self.fields.write(&mut policy);
        pb::CreatePolicyRequest {
            parent: connect.parent(),
            policy_id: self.id,
            policy: Some(policy),
            validate_only: self.intent.attempt.validate_only,
            reason: self.intent.reason,
            request_id: self.intent.attempt.request_id,
        }
    }
}

impl Update {
    async fn request(self, connect: &Connect) -> Result<pb::UpdatePolicyRequest> {
        let name = connect.policy(&self.policy);
        let mut policy = pb::Policy { name: name.to_string(), etag: self.etag.etag, ..pb::Policy::default() };
        let mut paths = self.fields.write(&mut policy);
        if !self.labels.is_empty() {
            let present = connect.registry()?.get_policy(&name).await?;
            // Labels are changed as a whole: whoever changes others meanwhile is not undone.
            policy.etag = if policy.etag.is_empty() { present.etag } else { policy.etag };
            policy.labels = self.labels.applied(present.labels);
            paths.push("labels");
        }
        Ok(pb::UpdatePolicyRequest {
            policy: Some(policy),
            update_mask: Some(args::mask(&paths, &self.clear)?),
            allow_missing: false,
            validate_only: self.intent.attempt.validate_only,
            reason: self.intent.reason,
            request_id: self.intent.attempt.request_id,
        })
    }
}

impl Ls {
    async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let registry = connect.registry()?;
        let request = pb::ListPoliciesRequest {
            parent: connect.parent(),
            filter: self.filter,
            order_by: self.order_by,
            show_deleted: self.show_deleted,
            ..pb::ListPoliciesRequest::default()
        };
        let ask = async |page_size, page_token| {
            let request = pb::ListPoliciesRequest { page_size, page_token, ..request.clone() };
            let page = registry.list_policies(request).await?;
            Ok(Page { items: page.policies, next: page.next_page_token, total: Some(page.total_size) })
        };
        let look = Look {
            kind: POLICY,
            headings: ["policy", "does", "updated", "description"],
            row,
            nothing: "no such policies; `slipway policy install` makes those that come with the product",
        };
        self.limit.list(output, look, ask).await
    }
}

fn does(enforcement: pb::Enforcement) -> String {
    text::word(enforcement.as_str_name(), "ENFORCEMENT_").to_lowercase().replace('_', "-")
}

fn row(policy: &pb::Policy) -> [String; 4] {
    [
        text::id(&policy.name).to_owned(),
        does(policy.enforcement()),
        text::age(policy.update_time),
        policy.description.clone(),
    ]
}

/// A policy, a field a line.
fn show(policy: &pb::Policy) -> String {
    facts(&[
        ("name", policy.name.clone()),
        ("display name", policy.display_name.clone()),
        ("description", policy.description.clone()),
        ("expression", policy.expression.clone()),
        ("does", does(policy.enforcement())),
        ("remedy", policy.remedy.clone()),
        ("labels", text::labels(&policy.labels)),
        ("created", text::since(policy.create_time)),
        ("updated", text::since(policy.update_time)),
        ("deleted", text::since(policy.delete_time)),
        ("etag", policy.etag.clone()),
    ])
}
