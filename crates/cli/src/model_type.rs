//! `slipway model-type …`.

use anyhow::Result;
use clap::{Args, Subcommand};
use slipway_sdk::pb;

use crate::args::{self, AsOf, Deletion, Etag, Intent, LabelChanges, Labels, Tier, delete, undelete};
use crate::connect::Connect;
use crate::listing::{Limit, Look, Page};
use crate::output::Output;
use crate::table::facts;
use crate::{text, value};

const MODEL_TYPE: &str = "slipway.registry.v1.ModelType";

/// Kinds of models with common defaults.
#[derive(Debug, Subcommand)]
pub enum ModelType {
    /// Create a model type.
    #[command(after_help = "Example:
  slipway model-type create click-through-rate --tier 1 --tier-reason 'every auction asks it'")]
    Create(Create),
    /// Show a model type.
    #[command(after_help = "Examples:
  slipway model-type get click-through-rate
  slipway model-type get click-through-rate --at 2026-03-03T14:02")]
    Get {
        /// The model type, as click-through-rate.
        model_type: value::ModelType,
        #[command(flatten)]
        as_of: AsOf,
    },
    /// List model types.
    #[command(after_help = "Example:\n  slipway model-type ls --filter 'criticality.tier <= 1'")]
    Ls(Ls),
    /// Change fields of a model type: those that are given.
    #[command(after_help = "Examples:
  slipway model-type update click-through-rate --tier 0 --tier-reason 'revenue' --reason 'after the review'
  slipway model-type update click-through-rate --clear tier")]
    Update(Update),
    /// Delete a model type; it can be taken back for 30 days.
    #[command(after_help = "Examples:
  slipway model-type delete click-through-rate --reason 'nobody asks it any more'
  slipway model-type delete click-through-rate --validate-only")]
    Delete {
        /// What to delete, as click-through-rate.
        model_type: value::ModelType,
        #[command(flatten)]
        deletion: Deletion,
    },
    /// Take the deletion of a model type back.
    #[command(after_help = "Example:\n  slipway model-type undelete click-through-rate")]
    Undelete {
        /// What to take back, as click-through-rate.
        model_type: value::ModelType,
        #[command(flatten)]
        etag: Etag,
        #[command(flatten)]
        intent: Intent,
    },
}

/// The fields of a model type but its labels.
#[derive(Debug, Args)]
struct Fields {
    /// What it is called among people.
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    /// What models of this type do.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    tier: Tier,
}

/// `slipway model-type create`.
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

/// `slipway model-type update`.
#[derive(Debug, Args)]
pub struct Update {
    /// The model type, as click-through-rate.
    model_type: value::ModelType,
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    labels: LabelChanges,
    /// Fields to empty, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "FIELD")]
    #[arg(value_parser = ["display-name", "description", "tier", "labels"])]
    clear: Vec<String>,
    #[command(flatten)]
    etag: Etag,
    #[command(flatten)]
    intent: Intent,
}

/// `slipway model-type ls`.
#[derive(Debug, Args)]
pub struct Ls {
    /// Which ones: an AIP-160 filter, as 'criticality.tier <= 1'.
    #[arg(long, default_value = "", hide_default_value = true, value_parser = value::filter)]
    filter: String,
    /// In which order: fields, each with ` desc` if wanted.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "FIELDS")]
    order_by: String,
    /// Those that are deleted, too.
    #[arg(long)]
    show_deleted: bool,
    #[command(flatten)]
    as_of: AsOf,
    #[command(flatten)]
    limit: Limit,
}

impl Fields {
    /// Writes the fields that were given into `model_type`, and says the paths of those.
    fn write(&self, model_type: &mut pb::ModelType) -> Vec<&'static str> {
        let mut paths = Vec::new();
        for (path, given, field) in [
            ("display_name", &self.display_name, &mut model_type.display_name),
            ("description", &self.description, &mut model_type.description),
        ] {
            if let Some(given) = given {
                field.clone_from(given);
                paths.push(path);
            }
        }
        if let Some(criticality) = self.tier.message() {
            model_type.criticality = Some(criticality);
            paths.push("criticality");
        }
        paths
    }
}

impl ModelType {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let registry = connect.registry()?;
        let model_type = match self {
            Self::Create(create) => registry.create_model_type(create.request(connect)).await?,
            Self::Get { model_type, as_of } => {
                registry.as_of(as_of.moment()).get_model_type(&connect.model_type(&model_type)).await?
            }
            Self::Ls(ls) => return ls.run(connect, output).await,
            Self::Update(update) => registry.update_model_type(update.request(connect).await?).await?,
            Self::Delete { model_type, deletion } => {
                let name = connect.model_type(&model_type);
                registry.delete_model_type(delete!(DeleteModelTypeRequest, name, deletion)).await?
            }
            Self::Undelete { model_type, etag, intent } => {
                let name = connect.model_type(&model_type);
                registry.undelete_model_type(undelete!(UndeleteModelTypeRequest, name, etag, intent)).await?
            }
        };
        output.write(MODEL_TYPE, &model_type, show)
    }
}

impl Create {
    fn request(self, connect: &Connect) -> pb::CreateModelTypeRequest {
        let mut model_type = pb::ModelType { labels: self.labels.map(), ..pb::ModelType::default() };
        self.fields.write(&mut model_type);
        pb::CreateModelTypeRequest {
            parent: connect.parent(),
            model_type_id: self.id,
            model_type: Some(model_type),
            validate_only: self.intent.attempt.validate_only,
            reason: self.intent.reason,
            request_id: self.intent.attempt.request_id,
        }
    }
}

impl Update {
    async fn request(self, connect: &Connect) -> Result<pb::UpdateModelTypeRequest> {
        let name = connect.model_type(&self.model_type);
        let etag = self.etag.etag;
        let mut model_type = pb::ModelType { name: name.to_string(), etag, ..pb::ModelType::default() };
        let mut paths = self.fields.write(&mut model_type);
        if !self.labels.is_empty() {
            let present = connect.registry()?.get_model_type(&name).await?;
            // Labels are changed as a whole: whoever changes others meanwhile is not undone.
            model_type.etag = if model_type.etag.is_empty() { present.etag } else { model_type.etag };
            model_type.labels = self.labels.applied(present.labels);
            paths.push("labels");
        }
        Ok(pb::UpdateModelTypeRequest {
            model_type: Some(model_type),
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
        let registry = connect.registry()?.as_of(self.as_of.moment());
        let request = pb::ListModelTypesRequest {
            parent: connect.parent(),
            filter: self.filter,
            order_by: self.order_by,
            show_deleted: self.show_deleted,
            ..pb::ListModelTypesRequest::default()
        };
        let ask = async |page_size, page_token| {
            let request = pb::ListModelTypesRequest { page_size, page_token, ..request.clone() };
            let page = registry.list_model_types(request).await?;
            Ok(Page { items: page.model_types, next: page.next_page_token, total: Some(page.total_size) })
        };
        let look = Look {
            kind: MODEL_TYPE,
            headings: ["type", "tier", "updated", "description"],
            row,
            nothing: "no such model types; `slipway model-type create` makes one",
        };
        self.limit.list(output, look, ask).await
    }
}

fn row(model_type: &pb::ModelType) -> [String; 4] {
    [
        text::id(&model_type.name).to_owned(),
        model_type.criticality.as_ref().map_or("-".to_owned(), |own| own.tier.to_string()),
        text::age(model_type.update_time),
        model_type.description.clone(),
    ]
}

/// A model type, a field a line.
fn show(model_type: &pb::ModelType) -> String {
    facts(&[
        ("name", model_type.name.clone()),
        ("display name", model_type.display_name.clone()),
        ("description", model_type.description.clone()),
        ("tier", model_type.criticality.as_ref().map(text::criticality).unwrap_or_default()),
        ("labels", text::labels(&model_type.labels)),
        ("created", text::since(model_type.create_time)),
        ("updated", text::since(model_type.update_time)),
        ("deleted", text::since(model_type.delete_time)),
        ("etag", model_type.etag.clone()),
    ])
}
