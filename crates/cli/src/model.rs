//! `slipway model …`.

use anyhow::Result;
use clap::{Args, Subcommand};
use slipway_sdk::pb;

use crate::connect::{Connect, labels};
use crate::output::{Output, line, table};
use crate::text;

const MODEL: &str = "slipway.registry.v1.Model";

/// Models.
#[derive(Debug, Subcommand)]
pub enum Model {
    /// Create a model.
    #[command(after_help = "Example:\n  slipway model create flight-delay --owner ops --label-window 12h --tier 1 \
                            --tier-reason 'shown to every passenger'")]
    Create(Create),
    /// Show a model.
    Get {
        /// The model: its id, or its full name.
        model: String,
    },
    /// List models.
    #[command(after_help = "Examples:\n  slipway model ls --filter 'owner = ops AND effective_tier <= 1'\n  \
                            slipway model ls --order-by 'effective_tier, update_time desc'")]
    Ls(Ls),
    /// Change fields of a model: those that are given.
    #[command(after_help = "Example:\n  slipway model update flight-delay --on-call ops-night --reason 'new rota'")]
    Update(Update),
}

/// The fields of a model.
#[derive(Debug, Args)]
struct Fields {
    /// What it is called among people.
    #[arg(long)]
    display_name: Option<String>,
    /// What it does.
    #[arg(long)]
    description: Option<String>,
    /// Its type: an id or a full name.
    #[arg(long)]
    model_type: Option<String>,
    /// The team that owns it.
    #[arg(long)]
    owner: Option<String>,
    /// Who is paged when it breaks.
    #[arg(long)]
    on_call: Option<String>,
    /// Where its predictions are used.
    #[arg(long)]
    surface: Option<String>,
    /// What it is for in the terms of the business.
    #[arg(long)]
    business_function: Option<String>,
    /// The event whose probability it predicts.
    #[arg(long)]
    predicted_event: Option<String>,
    /// How long after a prediction its outcome is known at most, as 12h.
    #[arg(long)]
    label_window: Option<String>,
    /// How much it matters: 0 most, 4 least.
    #[arg(long)]
    tier: Option<i32>,
    /// Why this tier.
    #[arg(long, requires = "tier")]
    tier_reason: Option<String>,
    /// Where the proof of the tier stands.
    #[arg(long, requires = "tier")]
    tier_evidence: Option<String>,
    /// A label, as key=value; may be repeated.
    #[arg(long = "label", value_name = "KEY=VALUE")]
    labels: Vec<String>,
    /// Why, for the ledger.
    #[arg(long, default_value = "")]
    reason: String,
    /// Check everything, change nothing.
    #[arg(long)]
    validate_only: bool,
}

/// `slipway model create`.
#[derive(Debug, Args)]
pub struct Create {
    /// Its id: lower-case letters, digits and hyphens.
    id: String,
    #[command(flatten)]
    fields: Fields,
}

/// `slipway model update`.
#[derive(Debug, Args)]
pub struct Update {
    /// The model: its id, or its full name.
    model: String,
    /// Refuse unless this is its present etag.
    #[arg(long, default_value = "")]
    etag: String,
    #[command(flatten)]
    fields: Fields,
}

/// `slipway model ls`.
#[derive(Debug, Args)]
pub struct Ls {
    /// Which ones: an AIP-160 filter.
    #[arg(long, default_value = "")]
    filter: String,
    /// In which order: fields, each with ` desc` if wanted.
    #[arg(long, default_value = "")]
    order_by: String,
    /// Of all namespaces.
    #[arg(long, short = 'A')]
    all_namespaces: bool,
}

impl Fields {
    fn message(&self, connect: &Connect) -> Result<pb::Model> {
        let or_empty = |value: &Option<String>| value.clone().unwrap_or_default();
        let full_type = |id: &String| match id.contains('/') {
            true => id.clone(),
            false => format!("{}/modelTypes/{id}", connect.parent()),
        };
        let window = self.label_window.as_deref().map(text::parse_duration).transpose()?;
        let criticality = self.tier.map(|tier| pb::Criticality {
            tier,
            reason: or_empty(&self.tier_reason),
            evidence_uri: or_empty(&self.tier_evidence),
        });
        Ok(pb::Model {
            display_name: or_empty(&self.display_name),
            description: or_empty(&self.description),
            model_type: self.model_type.as_ref().map(full_type).unwrap_or_default(),
            owner: or_empty(&self.owner),
            on_call: or_empty(&self.on_call),
            surface: or_empty(&self.surface),
            business_function: or_empty(&self.business_function),
            predicted_event: or_empty(&self.predicted_event),
            label_window: window.and_then(text::wire),
            criticality,
            labels: labels(&self.labels)?.into_iter().collect(),
            ..pb::Model::default()
        })
    }

    /// The paths of the fields that were given, even if empty.
    fn paths(&self) -> Vec<String> {
        let given = [
            ("display_name", self.display_name.is_some()),
            ("description", self.description.is_some()),
            ("model_type", self.model_type.is_some()),
            ("owner", self.owner.is_some()),
            ("on_call", self.on_call.is_some()),
            ("surface", self.surface.is_some()),
            ("business_function", self.business_function.is_some()),
            ("predicted_event", self.predicted_event.is_some()),
            ("label_window", self.label_window.is_some()),
            ("criticality", self.tier.is_some()),
            ("labels", !self.labels.is_empty()),
        ];
        given.into_iter().filter(|(_, given)| *given).map(|(path, _)| path.to_owned()).collect()
    }
}

impl Model {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let registry = connect.registry()?;
        match self {
            Self::Create(create) => {
                let request = pb::CreateModelRequest {
                    parent: connect.parent(),
                    model_id: create.id.clone(),
                    model: Some(create.fields.message(connect)?),
                    validate_only: create.fields.validate_only,
                    reason: create.fields.reason.clone(),
                    ..Default::default()
                };
                output.write(MODEL, &registry.create_model(request).await?, show)
            }
            Self::Get { model } => output.write(MODEL, &registry.get_model(&connect.model(&model)?).await?, show),
            Self::Ls(ls) => ls.run(connect, output).await,
            Self::Update(update) => {
                let mut model = update.fields.message(connect)?;
                model.name = connect.model(&update.model)?.to_string();
                model.etag.clone_from(&update.etag);
                let request = pb::UpdateModelRequest {
                    model: Some(model),
                    update_mask: Some(prost_types::FieldMask { paths: update.fields.paths() }),
                    validate_only: update.fields.validate_only,
                    reason: update.fields.reason.clone(),
                    ..Default::default()
                };
                output.write(MODEL, &registry.update_model(request).await?, show)
            }
        }
    }
}

impl Ls {
    async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let registry = connect.registry()?;
        let parent = if self.all_namespaces { "namespaces/-".to_owned() } else { connect.parent() };
        let mut request = pb::ListModelsRequest {
            parent,
            filter: self.filter,
            order_by: self.order_by,
            page_size: 500,
            ..Default::default()
        };
        let mut rows = table(&["model", "owner", "tier", "surface", "versions", "updated", "description"]);
        loop {
            let page = registry.list_models(request.clone()).await?;
            for model in &page.models {
                if output.is_json() {
                    output.write(MODEL, model, show)?;
                }
                rows.add_row([
                    text::id(&model.name).to_owned(),
                    model.owner.clone(),
                    model.effective_tier.to_string(),
                    model.surface.clone(),
                    model.latest_version.to_string(),
                    text::instant(model.update_time),
                    model.description.clone(),
                ]);
            }
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
        match (output.is_json(), rows.row_count()) {
            (true, _) => Ok(()),
            (false, 0) => line("no models; `slipway model create` makes one"),
            (false, _) => line(&rows.to_string()),
        }
    }
}

/// A model, a field a line; fields without a value are left out.
fn show(model: &pb::Model) -> String {
    let tier = match &model.criticality {
        Some(own) if !own.reason.is_empty() => format!("{} ({})", model.effective_tier, own.reason),
        _ => model.effective_tier.to_string(),
    };
    let window = model.label_window.and_then(|window| std::time::Duration::try_from(window).ok());
    let labels: Vec<_> = model.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let fields = [
        ("name", model.name.clone()),
        ("display name", model.display_name.clone()),
        ("description", model.description.clone()),
        ("type", model.model_type.clone()),
        ("owner", model.owner.clone()),
        ("on call", model.on_call.clone()),
        ("surface", model.surface.clone()),
        ("business function", model.business_function.clone()),
        ("predicts", model.predicted_event.clone()),
        ("label window", window.map(text::duration).unwrap_or_default()),
        ("effective tier", tier),
        ("latest version", model.latest_version.to_string()),
        ("labels", labels.join(", ")),
        ("created", text::instant(model.create_time)),
        ("updated", text::instant(model.update_time)),
        ("etag", model.etag.clone()),
    ];
    fields_of(&fields)
}

/// Fields and values, a line each; fields without a value are left out.
pub fn fields_of(fields: &[(&str, String)]) -> String {
    let shown = fields.iter().filter(|(_, value)| !value.is_empty());
    shown.map(|(field, value)| format!("{field:<18} {value}\n")).collect()
}
