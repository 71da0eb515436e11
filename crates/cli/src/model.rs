//! `slipway model …`.

mod counts;
mod fields;

use anyhow::Result;
use clap::{Args, Subcommand};
use slipway_sdk::pb;

use crate::args::{self, AsOf, Deletion, Etag, Intent, LabelChanges, Labels, delete, undelete};
use crate::connect::Connect;
use crate::listing::{Limit, Look, Page};
use crate::output::Output;
use crate::table::facts;
use crate::{text, value};
use counts::{Counts, Told};
use fields::Fields;

const MODEL: &str = "slipway.registry.v1.Model";

/// Models.
#[derive(Debug, Subcommand)]
pub enum Model {
    /// Create a model.
    #[command(after_help = "Examples:
  slipway model create flight-delay --owner ops --label-window 12h
  slipway model create ctr --owner ads --tier 1 --tier-reason 'pays the bills' --label team=ads --validate-only
  slipway model create feed --owner feed --tier 0 --tier-review 2027-01-31 --depends-on ctr,embeddings")]
    Create(Box<Create>),
    /// Show a model.
    #[command(after_help = "Examples:
  slipway model get flight-delay
  slipway model get flight-delay --at 2026-03-03
  slipway model get namespaces/default/models/flight-delay --output json")]
    Get {
        /// The model, as flight-delay.
        model: value::Model,
        #[command(flatten)]
        as_of: AsOf,
    },
    /// List models.
    #[command(after_help = "Examples:
  slipway model ls
  slipway model ls --filter 'owner = ops AND effective_tier <= 1' --order-by 'effective_tier, update_time desc'
  slipway model ls --filter 'effective_tier = 0' --at 2026-03-03T14:02
  slipway model ls --all-namespaces --output json")]
    Ls(Ls),
    /// Count models, by any of their fields.
    #[command(after_help = "Examples:
  slipway model aggregate --by owner
  slipway model aggregate --by effective_tier,surface --filter 'labels.season = summer'
  slipway model aggregate --by owner --at 2026-03-03T14:02 --output json")]
    Aggregate(Counts),
    /// Say how well models are looked after: a live owner, somebody to page, evidence of the tier, a way back.
    #[command(after_help = "Examples:
  slipway model coverage
  slipway model coverage --by owner
  slipway model coverage --by surface,effective_tier --filter 'effective_tier <= 1' --all-namespaces
An owner is live when an attestation of theirs has not expired (`slipway model attest`); a model that serves has a way back
when an older version is neither deleted nor quarantined. The score is the share of all that is asked.")]
    Coverage(Counts),
    /// Change fields of a model: those that are given.
    #[command(after_help = "Examples:
  slipway model update flight-delay --on-call ops-night --reason 'new rota'
  slipway model update flight-delay --label season=summer --remove-label trial
  slipway model update flight-delay --clear label-window,on-call --etag 7")]
    Update(Box<Update>),
    /// Delete a model; it can be taken back for 30 days.
    #[command(after_help = "Examples:
  slipway model delete flight-delay --reason 'nobody asks it any more'
  slipway model delete flight-delay --validate-only")]
    Delete {
        /// What to delete, as flight-delay.
        model: value::Model,
        #[command(flatten)]
        deletion: Deletion,
    },
    /// Take the deletion of a model back.
    #[command(after_help = "Example:\n  slipway model undelete flight-delay")]
    Undelete {
        /// What to take back, as flight-delay.
        model: value::Model,
        #[command(flatten)]
        etag: Etag,
        #[command(flatten)]
        intent: Intent,
    },
    /// Say that a model is still its owner's, which counts for 180 days.
    #[command(after_help = "Example:\n  slipway model attest flight-delay")]
    Attest {
        /// The model, as flight-delay.
        model: value::Model,
        #[command(flatten)]
        intent: Intent,
    },
}

/// `slipway model create`.
#[derive(Debug, Args)]
pub struct Create {
    /// Its id: lower-case letters, digits and hyphens.
    #[arg(value_parser = value::identifier)]
    id: String,
    /// The team that owns it, which must be there: `slipway team create`.
    #[arg(long, value_parser = value::identifier, value_name = "ID")]
    owner: String,
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    labels: Labels,
    #[command(flatten)]
    intent: Intent,
}

/// `slipway model update`.
#[derive(Debug, Args)]
pub struct Update {
    /// The model, as flight-delay.
    model: value::Model,
    /// The team that owns it.
    #[arg(long, value_parser = value::identifier, value_name = "ID")]
    owner: Option<String>,
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    labels: LabelChanges,
    /// Fields to empty, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "FIELD", value_parser = fields::CLEARABLE)]
    clear: Vec<String>,
    #[command(flatten)]
    etag: Etag,
    #[command(flatten)]
    intent: Intent,
}

/// `slipway model ls`.
#[derive(Debug, Args)]
pub struct Ls {
    /// Which ones: an AIP-160 filter, as 'owner = ops'.
    #[arg(long, default_value = "", hide_default_value = true, value_parser = value::filter)]
    filter: String,
    /// In which order: fields, each with ` desc` if wanted.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "FIELDS")]
    order_by: String,
    /// Of all namespaces.
    #[arg(long, short = 'A')]
    all_namespaces: bool,
    /// Those that are deleted, too.
    #[arg(long)]
    show_deleted: bool,
    #[command(flatten)]
    as_of: AsOf,
    #[command(flatten)]
    limit: Limit,
}

impl Model {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        match self {
            Self::Create(create) => create.run(connect, output).await,
            Self::Get { model, as_of } => output.write(
                MODEL,
                &connect.registry()?.as_of(as_of.moment()).get_model(&connect.model(&model)).await?,
                show,
            ),
            Self::Ls(ls) => ls.run(connect, output).await,
            Self::Aggregate(counts) => counts.run(connect, output, Told::Numbers).await,
            Self::Coverage(counts) => counts.run(connect, output, Told::Care).await,
            Self::Update(update) => update.run(connect, output).await,
            Self::Delete { model, deletion } => {
                let request = delete!(DeleteModelRequest, connect.model(&model), deletion);
                output.write(MODEL, &connect.registry()?.delete_model(request).await?, show)
            }
            Self::Undelete { model, etag, intent } => {
                let request = undelete!(UndeleteModelRequest, connect.model(&model), etag, intent);
                output.write(MODEL, &connect.registry()?.undelete_model(request).await?, show)
            }
            Self::Attest { model, intent } => {
                let request = pb::AttestModelRequest {
                    name: connect.model(&model).to_string(),
                    request_id: intent.attempt.request_id,
                    validate_only: intent.attempt.validate_only,
                    reason: intent.reason,
                };
                output.write(MODEL, &connect.registry()?.attest_model(request).await?, show)
            }
        }
    }
}

impl Create {
    async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let mut model = pb::Model { owner: self.owner, labels: self.labels.map(), ..pb::Model::default() };
        self.fields.write(&mut model, connect);
        model.health_policy = self.fields.has_policy().then(|| self.fields.policy(None));
        let request = pb::CreateModelRequest {
            parent: connect.parent(),
            model_id: self.id,
            model: Some(model),
            validate_only: self.intent.attempt.validate_only,
            reason: self.intent.reason,
            request_id: self.intent.attempt.request_id,
        };
        output.write(MODEL, &connect.registry()?.create_model(request).await?, show)
    }
}

impl Update {
    async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let registry = connect.registry()?;
        let name = connect.model(&self.model);
        let mut model = pb::Model { name: name.to_string(), etag: self.etag.etag.clone(), ..pb::Model::default() };
        let mut paths = self.fields.write(&mut model, connect);
        if let Some(owner) = &self.owner {
            model.owner.clone_from(owner);
            paths.push("owner");
        }
        if self.fields.has_policy() || !self.labels.is_empty() {
            self.onto(registry.get_model(&name).await?, &mut model, &mut paths);
        }
        let request = pb::UpdateModelRequest {
            model: Some(model),
            update_mask: Some(args::mask(&paths, &self.clear)?),
            allow_missing: false,
            validate_only: self.intent.attempt.validate_only,
            reason: self.intent.reason,
            request_id: self.intent.attempt.request_id,
        };
        output.write(MODEL, &registry.update_model(request).await?, show)
    }
}

impl Update {
    /// Labels and the health policy are changed as a whole: what was not given stays as it is at `present`, and whoever
    /// changes it meanwhile is not undone.
    fn onto(&self, present: pb::Model, model: &mut pb::Model, paths: &mut Vec<&'static str>) {
        if self.fields.has_policy() {
            model.health_policy = Some(self.fields.policy(present.health_policy));
            paths.push("health_policy");
        }
        if !self.labels.is_empty() {
            model.labels = self.labels.applied(present.labels);
            paths.push("labels");
        }
        if model.etag.is_empty() {
            model.etag = present.etag;
        }
    }
}

impl Ls {
    async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let registry = connect.registry()?.as_of(self.as_of.moment());
        let parent = if self.all_namespaces { "namespaces/-".to_owned() } else { connect.parent() };
        let request = pb::ListModelsRequest {
            parent,
            filter: self.filter,
            order_by: self.order_by,
            show_deleted: self.show_deleted,
            ..pb::ListModelsRequest::default()
        };
        let ask = async |page_size, page_token| {
            let page = registry.list_models(pb::ListModelsRequest { page_size, page_token, ..request.clone() }).await?;
            Ok(Page { items: page.models, next: page.next_page_token, total: Some(page.total_size) })
        };
        let nothing = "no such models; `slipway model create` makes one";
        if self.all_namespaces {
            let headings = ["namespace", "model", "owner", "tier", "versions", "updated", "description"];
            let row = |model: &pb::Model| {
                let [id, owner, tier, _, versions, updated, description] = row(model);
                [text::namespace(&model.name), id, owner, tier, versions, updated, description]
            };
            return self.limit.list(output, Look { kind: MODEL, headings, row, nothing }, ask).await;
        }
        let headings = ["model", "owner", "tier", "surface", "versions", "updated", "description"];
        self.limit.list(output, Look { kind: MODEL, headings, row, nothing }, ask).await
    }
}

fn row(model: &pb::Model) -> [String; 7] {
    [
        text::id(&model.name).to_owned(),
        model.owner.clone(),
        model.effective_tier.to_string(),
        model.surface.clone(),
        model.latest_version.to_string(),
        text::age(model.update_time),
        model.description.clone(),
    ]
}

/// A model, a field a line; fields without a value are left out.
fn show(model: &pb::Model) -> String {
    let window = model.label_window.and_then(|window| std::time::Duration::try_from(window).ok());
    let stage = text::word(model.funnel_stage().as_str_name(), "FUNNEL_STAGE_");
    facts(&[
        ("name", model.name.clone()),
        ("display name", model.display_name.clone()),
        ("description", model.description.clone()),
        ("type", model.model_type.clone()),
        ("owner", model.owner.clone()),
        ("on call", model.on_call.clone()),
        ("runbook", model.runbook_uri.clone()),
        ("surface", model.surface.clone()),
        ("funnel stage", if stage == "UNSPECIFIED" { String::new() } else { stage }),
        ("business function", model.business_function.clone()),
        ("predicts", model.predicted_event.clone()),
        ("label window", window.map(text::duration).unwrap_or_default()),
        ("effective tier", effective_tier(model)),
        ("own tier", model.criticality.as_ref().map(text::criticality).unwrap_or_default()),
        ("depends on", model.depends_on.iter().map(|name| text::id(name)).collect::<Vec<_>>().join(", ")),
        ("tolerated", model.health_policy.as_ref().map(tolerated).unwrap_or_default()),
        ("latest version", model.latest_version.to_string()),
        ("labels", text::labels(&model.labels)),
        ("created", text::since(model.create_time)),
        ("updated", text::since(model.update_time)),
        ("attested", model.attestation.as_ref().map(attested).unwrap_or_default()),
        ("deleted", text::since(model.delete_time)),
        ("etag", model.etag.clone()),
    ])
}

/// The effective tier, and whom it comes from.
fn effective_tier(model: &pb::Model) -> String {
    let origin = model.tier_origin.clone().unwrap_or_default();
    let whose = |source: &str| if source.is_empty() { String::new() } else { format!(", the tier of {source}") };
    let why = match origin.kind() {
        pb::TierOriginKind::Unspecified | pb::TierOriginKind::Model => return model.effective_tier.to_string(),
        pb::TierOriginKind::Nobody => "nobody says one".to_owned(),
        pb::TierOriginKind::ModelType => format!("of its type {}", text::id(&origin.source)),
        pb::TierOriginKind::Dependent if origin.via.is_empty() => {
            "a model that you may not see depends on it".to_owned()
        }
        pb::TierOriginKind::Dependent if origin.via == origin.source => {
            format!("{} depends on it", text::id(&origin.via))
        }
        pb::TierOriginKind::Dependent => {
            format!("{} depends on it{}", text::id(&origin.via), whose(text::id(&origin.source)))
        }
    };
    format!("{} ({why})", model.effective_tier)
}

fn attested(attestation: &pb::Attestation) -> String {
    let pb::Attestation { principal, time, expire_time } = attestation;
    format!("by {principal}, {}, until {}", text::since(*time), text::instant(*expire_time))
}

fn tolerated(policy: &pb::HealthPolicy) -> String {
    let pb::HealthPolicy { calibration_tolerance, ne_tolerance, alpha } = policy;
    let [calibration, ne, alpha] = [calibration_tolerance, ne_tolerance, alpha].map(|share| text::percent(*share));
    format!("calibration {calibration}, NE {ne}, at an error probability of {alpha}")
}
