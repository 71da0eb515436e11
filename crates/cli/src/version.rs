//! `slipway version …`.

use anyhow::Result;
use clap::{Args, Subcommand};
use slipway_sdk::pb;

use crate::args::{self, AsOf, Attempt, Deletion, Etag, Intent, LabelChanges, Labels, delete, undelete};
use crate::connect::Connect;
use crate::listing::{Limit, Look, Page};
use crate::output::Output;
use crate::table::facts;
use crate::{text, value};

const VERSION: &str = "slipway.registry.v1.Version";

/// Versions of models.
#[derive(Debug, Subcommand)]
pub enum Version {
    /// Create the next version of a model.
    #[command(after_help = "Example:
  slipway version create flight-delay --display-name v2 --artifact-uri s3://models/fd/2 \\
    --digest sha256:2222222222222222222222222222222222222222222222222222222222222222
`sha256sum FILE` prints the digits of the digest.")]
    Create(Create),
    /// Show a version.
    #[command(after_help = "Examples:
  slipway version get flight-delay/2
  slipway version get flight-delay/2 --at-revision 1200")]
    Get {
        /// The version, as flight-delay/2.
        version: value::Version,
        #[command(flatten)]
        as_of: AsOf,
    },
    /// List the versions of a model.
    #[command(after_help = "Examples:
  slipway version ls flight-delay
  slipway version ls flight-delay --order-by 'create_time desc' --limit 10")]
    Ls(Ls),
    /// Change the name, the description or the labels of a version.
    #[command(after_help = "Examples:
  slipway version update flight-delay/2 --description 'trained on July' --label trained-on=july
  slipway version update flight-delay/2 --clear description --remove-label trained-on")]
    Update(Update),
    /// Keep a version's artifact from being launched.
    #[command(
        after_help = "Example:\n  slipway version quarantine flight-delay/2 --reason 'predicts too high at night'"
    )]
    Quarantine(Quarantine),
    /// Delete a version; it can be taken back for 30 days.
    #[command(after_help = "Examples:
  slipway version delete flight-delay/2 --reason 'nobody asks it any more'
  slipway version delete flight-delay/2 --validate-only")]
    Delete {
        /// What to delete, as flight-delay/2.
        version: value::Version,
        #[command(flatten)]
        deletion: Deletion,
    },
    /// Take the deletion of a version back.
    #[command(after_help = "Example:\n  slipway version undelete flight-delay/2")]
    Undelete {
        /// What to take back, as flight-delay/2.
        version: value::Version,
        #[command(flatten)]
        etag: Etag,
        #[command(flatten)]
        intent: Intent,
    },
}

/// `slipway version create`.
#[derive(Debug, Args)]
pub struct Create {
    /// The model, as flight-delay.
    model: value::Model,
    /// Where the artifact is stored.
    #[arg(long, value_parser = value::uri, value_name = "URI")]
    artifact_uri: String,
    /// Its digest: sha256: and 64 hexadecimal digits.
    #[arg(long, value_parser = value::digest, value_name = "SHA256")]
    digest: String,
    /// What it is called among people.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    display_name: String,
    /// What is new in it.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    description: String,
    /// Its number, above every one before; the next one if not given.
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..), value_name = "N")]
    version_number: Option<i64>,
    #[command(flatten)]
    labels: Labels,
    #[command(flatten)]
    intent: Intent,
}

/// `slipway version ls`.
#[derive(Debug, Args)]
pub struct Ls {
    /// The model, as flight-delay.
    model: value::Model,
    /// Which ones: an AIP-160 filter, as 'display_name = "v2"'.
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

/// `slipway version update`.
#[derive(Debug, Args)]
pub struct Update {
    /// The version, as flight-delay/2.
    version: value::Version,
    /// What it is called among people.
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    /// What is new in it.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    labels: LabelChanges,
    /// Fields to empty, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "FIELD")]
    #[arg(value_parser = ["display-name", "description", "labels"])]
    clear: Vec<String>,
    #[command(flatten)]
    etag: Etag,
    #[command(flatten)]
    intent: Intent,
}

/// `slipway version quarantine`.
#[derive(Debug, Args)]
pub struct Quarantine {
    /// The version, as flight-delay/2.
    version: value::Version,
    /// What it did.
    #[arg(long, value_parser = value::reason, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    attempt: Attempt,
}

impl Version {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let registry = connect.registry()?;
        let version = match self {
            Self::Create(create) => registry.create_version(create.request(connect)).await?,
            Self::Get { version, as_of } => {
                registry.as_of(as_of.moment()).get_version(&connect.version(&version)).await?
            }
            Self::Ls(ls) => return ls.run(connect, output).await,
            Self::Update(update) => registry.update_version(update.request(connect).await?).await?,
            Self::Delete { version, deletion } => {
                registry.delete_version(delete!(DeleteVersionRequest, connect.version(&version), deletion)).await?
            }
            Self::Undelete { version, etag, intent } => {
                let name = connect.version(&version);
                registry.undelete_version(undelete!(UndeleteVersionRequest, name, etag, intent)).await?
            }
            Self::Quarantine(Quarantine { version, reason, attempt: Attempt { validate_only, request_id } }) => {
                let name = connect.version(&version).to_string();
                let request = pb::QuarantineVersionRequest { name, reason, request_id, validate_only };
                registry.quarantine_version(request).await?
            }
        };
        output.write(VERSION, &version, show)
    }
}

impl Create {
    fn request(self, connect: &Connect) -> pb::CreateVersionRequest {
        let version = pb::Version {
            display_name: self.display_name,
            description: self.description,
            artifact_uri: self.artifact_uri,
            artifact_digest: self.digest,
            labels: self.labels.map(),
            ..pb::Version::default()
        };
        pb::CreateVersionRequest {
            parent: connect.model(&self.model).to_string(),
            version: Some(version),
            version_number: self.version_number.unwrap_or_default(),
            validate_only: self.intent.attempt.validate_only,
            reason: self.intent.reason,
            request_id: self.intent.attempt.request_id,
        }
    }
}

impl Update {
    async fn request(self, connect: &Connect) -> Result<pb::UpdateVersionRequest> {
        let name = connect.version(&self.version);
        let mut version = pb::Version { name: name.to_string(), etag: self.etag.etag, ..pb::Version::default() };
        let mut paths = Vec::new();
        for (path, given, field) in [
            ("display_name", &self.display_name, &mut version.display_name),
            ("description", &self.description, &mut version.description),
        ] {
            if let Some(given) = given {
                field.clone_from(given);
                paths.push(path);
            }
        }
        if !self.labels.is_empty() {
            let present = connect.registry()?.get_version(&name).await?;
            // Labels are changed as a whole: whoever changes others meanwhile is not undone.
            version.etag = if version.etag.is_empty() { present.etag } else { version.etag };
            version.labels = self.labels.applied(present.labels);
            paths.push("labels");
        }
        Ok(pb::UpdateVersionRequest {
            version: Some(version),
            update_mask: Some(args::mask(&paths, &self.clear)?),
            validate_only: self.intent.attempt.validate_only,
            reason: self.intent.reason,
            request_id: self.intent.attempt.request_id,
        })
    }
}

impl Ls {
    async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let registry = connect.registry()?.as_of(self.as_of.moment());
        let request = pb::ListVersionsRequest {
            parent: connect.model(&self.model).to_string(),
            filter: self.filter,
            order_by: self.order_by,
            show_deleted: self.show_deleted,
            ..pb::ListVersionsRequest::default()
        };
        let ask = async |page_size, page_token| {
            let request = pb::ListVersionsRequest { page_size, page_token, ..request.clone() };
            let page = registry.list_versions(request).await?;
            Ok(Page { items: page.versions, next: page.next_page_token, total: None })
        };
        let look = Look {
            kind: VERSION,
            headings: ["version", "called", "artifact", "digest", "age", "quarantine"],
            row,
            nothing: "no such versions; `slipway version create` makes one",
        };
        self.limit.list(output, look, ask).await
    }
}

fn row(version: &pb::Version) -> [String; 6] {
    [
        text::version(&version.name),
        version.display_name.clone(),
        version.artifact_uri.clone(),
        text::digest(&version.artifact_digest),
        text::age(version.create_time),
        version.quarantine.as_ref().map(|mark| mark.reason.clone()).unwrap_or_default(),
    ]
}

/// A version, a field a line.
fn show(version: &pb::Version) -> String {
    let mark = |mark: &pb::Quarantine| format!("since {}: {}", text::since(mark.start_time), mark.reason);
    facts(&[
        ("name", version.name.clone()),
        ("display name", version.display_name.clone()),
        ("description", version.description.clone()),
        ("artifact", version.artifact_uri.clone()),
        ("digest", version.artifact_digest.clone()),
        ("quarantine", version.quarantine.as_ref().map(mark).unwrap_or_default()),
        ("labels", text::labels(&version.labels)),
        ("created", text::since(version.create_time)),
        ("updated", text::since(version.update_time)),
        ("deleted", text::since(version.delete_time)),
        ("etag", version.etag.clone()),
    ])
}
