//! `slipway version …`.

use anyhow::Result;
use clap::{Args, Subcommand};
use slipway_sdk::pb;

use crate::connect::{Connect, labels};
use crate::model::fields_of;
use crate::output::{Output, line, table};
use crate::text;

const VERSION: &str = "slipway.registry.v1.Version";

/// Versions of models.
#[derive(Debug, Subcommand)]
pub enum Version {
    /// Create the next version of a model.
    #[command(after_help = "Example:\n  slipway version create flight-delay --display-name v2 \\\n    --artifact-uri \
                            s3://models/fd/2 --digest sha256:$(sha256sum model.onnx | cut -d' ' -f1)")]
    Create(Create),
    /// Show a version.
    Get {
        /// The version, as flight-delay/2.
        version: String,
    },
    /// List the versions of a model.
    Ls {
        /// The model.
        model: String,
        /// Which ones: an AIP-160 filter, as 'number > 10'.
        #[arg(long, default_value = "")]
        filter: String,
    },
    /// Change the name or the description of a version.
    Update(Update),
    /// Keep a version's artifact from being launched.
    Quarantine {
        /// The version, as flight-delay/2.
        version: String,
        /// What it did.
        #[arg(long)]
        reason: String,
    },
}

/// `slipway version create`.
#[derive(Debug, Args)]
pub struct Create {
    /// The model.
    model: String,
    /// Where the artifact is stored.
    #[arg(long)]
    artifact_uri: String,
    /// Its digest: sha256: and 64 hexadecimal digits.
    #[arg(long)]
    digest: String,
    /// What it is called among people.
    #[arg(long, default_value = "")]
    display_name: String,
    /// What is new in it.
    #[arg(long, default_value = "")]
    description: String,
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

/// `slipway version update`.
#[derive(Debug, Args)]
pub struct Update {
    /// The version, as flight-delay/2.
    version: String,
    /// What it is called among people.
    #[arg(long, default_value = "")]
    display_name: String,
    /// What is new in it.
    #[arg(long, default_value = "")]
    description: String,
    /// Why, for the ledger.
    #[arg(long, default_value = "")]
    reason: String,
}

impl Version {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let registry = connect.registry()?;
        let version = match self {
            Self::Create(create) => registry.create_version(create.request(connect)?).await?,
            Self::Get { version } => registry.get_version(&connect.version(&version)?).await?,
            Self::Ls { model, filter } => return list(connect, output, &model, filter).await,
            Self::Update(Update { version, display_name, description, reason }) => {
                let name = connect.version(&version)?.to_string();
                let version = pb::Version { name, display_name, description, ..Default::default() };
                let request = pb::UpdateVersionRequest { version: Some(version), reason, ..Default::default() };
                registry.update_version(request).await?
            }
            Self::Quarantine { version, reason } => {
                let name = connect.version(&version)?.to_string();
                let request = pb::QuarantineVersionRequest { name, reason, ..Default::default() };
                registry.quarantine_version(request).await?
            }
        };
        output.write(VERSION, &version, show)
    }
}

impl Create {
    fn request(self, connect: &Connect) -> Result<pb::CreateVersionRequest> {
        let version = pb::Version {
            display_name: self.display_name,
            description: self.description,
            artifact_uri: self.artifact_uri,
            artifact_digest: self.digest,
            labels: labels(&self.labels)?.into_iter().collect(),
            ..Default::default()
        };
        Ok(pb::CreateVersionRequest {
            parent: connect.model(&self.model)?.to_string(),
            version: Some(version),
            validate_only: self.validate_only,
            reason: self.reason,
            ..Default::default()
        })
    }
}

async fn list(connect: &Connect, output: Output, model: &str, filter: String) -> Result<()> {
    let registry = connect.registry()?;
    let parent = connect.model(model)?.to_string();
    let mut request = pb::ListVersionsRequest { parent, filter, page_size: 500, ..Default::default() };
    let mut rows = table(&["version", "called", "artifact", "created", "quarantine"]);
    loop {
        let page = registry.list_versions(request.clone()).await?;
        for version in &page.versions {
            if output.is_json() {
                output.write(VERSION, version, show)?;
            }
            rows.add_row([
                text::version(&version.name),
                version.display_name.clone(),
                version.artifact_uri.clone(),
                text::instant(version.create_time),
                version.quarantine.as_ref().map(|mark| mark.reason.clone()).unwrap_or_default(),
            ]);
        }
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    match (output.is_json(), rows.row_count()) {
        (true, _) => Ok(()),
        (false, 0) => line("no versions; `slipway version create` makes one"),
        (false, _) => line(&rows.to_string()),
    }
}

/// A version, a field a line.
fn show(version: &pb::Version) -> String {
    let mark = |mark: &pb::Quarantine| format!("since {}: {}", text::instant(mark.start_time), mark.reason);
    let labels: Vec<_> = version.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    fields_of(&[
        ("name", version.name.clone()),
        ("display name", version.display_name.clone()),
        ("description", version.description.clone()),
        ("artifact", version.artifact_uri.clone()),
        ("digest", version.artifact_digest.clone()),
        ("quarantine", version.quarantine.as_ref().map(mark).unwrap_or_default()),
        ("labels", labels.join(", ")),
        ("created", text::instant(version.create_time)),
        ("etag", version.etag.clone()),
    ])
}
