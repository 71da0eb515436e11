//! `slipway namespace …`.

use anyhow::Result;
use clap::{Args, Subcommand};
use slipway_sdk::name::NamespaceName;
use slipway_sdk::pb;

use crate::args::{self, AsOf, Deletion, Etag, Intent, LabelChanges, Labels, delete, undelete};
use crate::connect::Connect;
use crate::listing::{Limit, Look, Page};
use crate::output::Output;
use crate::table::facts;
use crate::{text, value};

const NAMESPACE: &str = "slipway.registry.v1.Namespace";

/// Parts of the registry with models, model types and teams of their own.
#[derive(Debug, Subcommand)]
pub enum Namespace {
    /// Create a namespace.
    #[command(after_help = "Examples:
  slipway namespace create eu
  slipway namespace create eu --description 'what is served from Dublin' --label region=eu")]
    Create(Create),
    /// Show a namespace.
    #[command(after_help = "Example:\n  slipway namespace get eu")]
    Get {
        /// The namespace, as eu.
        #[arg(value_parser = value::identifier)]
        id: String,
        #[command(flatten)]
        as_of: AsOf,
    },
    /// List namespaces.
    #[command(after_help = "Example:\n  slipway namespace ls --filter 'labels.region = eu'")]
    Ls(Ls),
    /// Change fields of a namespace: those that are given.
    #[command(after_help = "Example:\n  slipway namespace update eu --display-name Europe --reason 'for people'")]
    Update(Update),
    /// Delete a namespace that holds nothing; it can be taken back for 30 days.
    #[command(after_help = "Example:\n  slipway namespace delete eu --reason 'moved to default'")]
    Delete {
        /// The namespace, as eu.
        #[arg(value_parser = value::identifier)]
        id: String,
        #[command(flatten)]
        deletion: Deletion,
    },
    /// Take the deletion of a namespace back.
    #[command(after_help = "Example:\n  slipway namespace undelete eu")]
    Undelete {
        /// The namespace, as eu.
        #[arg(value_parser = value::identifier)]
        id: String,
        #[command(flatten)]
        etag: Etag,
        #[command(flatten)]
        intent: Intent,
    },
}

/// The fields of a namespace but its labels.
#[derive(Debug, Args)]
struct Fields {
    /// What it is called among people.
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    /// What it is for.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

/// `slipway namespace create`.
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

/// `slipway namespace update`.
#[derive(Debug, Args)]
pub struct Update {
    /// The namespace, as eu.
    #[arg(value_parser = value::identifier)]
    id: String,
    #[command(flatten)]
    fields: Fields,
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

/// `slipway namespace ls`.
#[derive(Debug, Args)]
pub struct Ls {
    /// Which ones: an AIP-160 filter, as 'labels.region = eu'.
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

fn named(id: &str) -> Result<NamespaceName> {
    Ok(NamespaceName::parse(&format!("namespaces/{id}"))?)
}

impl Fields {
    /// Writes the fields that were given into `namespace`, and says the paths of those.
    fn write(&self, namespace: &mut pb::Namespace) -> Vec<&'static str> {
        let mut paths = Vec::new();
        for (path, given, field) in [
            ("display_name", &self.display_name, &mut namespace.display_name),
            ("description", &self.description, &mut namespace.description),
        ] {
            if let Some(given) = given {
                field.clone_from(given);
                paths.push(path);
            }
        }
        paths
    }
}

impl Namespace {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let registry = connect.registry()?;
        let namespace = match self {
            Self::Create(create) => registry.create_namespace(create.request()).await?,
            Self::Get { id, as_of } => registry.as_of(as_of.moment()).get_namespace(&named(&id)?).await?,
            Self::Ls(ls) => return ls.run(connect, output).await,
            Self::Update(update) => registry.update_namespace(update.request(connect).await?).await?,
            Self::Delete { id, deletion } => {
                registry.delete_namespace(delete!(DeleteNamespaceRequest, named(&id)?, deletion)).await?
            }
            Self::Undelete { id, etag, intent } => {
                let name = named(&id)?;
                registry.undelete_namespace(undelete!(UndeleteNamespaceRequest, name, etag, intent)).await?
            }
        };
        output.write(NAMESPACE, &namespace, show)
    }
}

impl Create {
    fn request(self) -> pb::CreateNamespaceRequest {
        let mut namespace = pb::Namespace { labels: self.labels.map(), ..pb::Namespace::default() };
        self.fields.write(&mut namespace);
        pb::CreateNamespaceRequest {
            namespace_id: self.id,
            namespace: Some(namespace),
            validate_only: self.intent.attempt.validate_only,
            reason: self.intent.reason,
            request_id: self.intent.attempt.request_id,
        }
    }
}

impl Update {
    async fn request(self, connect: &Connect) -> Result<pb::UpdateNamespaceRequest> {
        let name = named(&self.id)?;
        let mut namespace = pb::Namespace { name: name.to_string(), etag: self.etag.etag, ..pb::Namespace::default() };
        let mut paths = self.fields.write(&mut namespace);
        if !self.labels.is_empty() {
            let present = connect.registry()?.get_namespace(&name).await?;
            // Labels are changed as a whole: whoever changes others meanwhile is not undone.
            namespace.etag = if namespace.etag.is_empty() { present.etag } else { namespace.etag };
            namespace.labels = self.labels.applied(present.labels);
            paths.push("labels");
        }
        Ok(pb::UpdateNamespaceRequest {
            namespace: Some(namespace),
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
        let request = pb::ListNamespacesRequest {
            filter: self.filter,
            order_by: self.order_by,
            show_deleted: self.show_deleted,
            ..pb::ListNamespacesRequest::default()
        };
        let ask = async |page_size, page_token| {
            let page = registry
                .list_namespaces(pb::ListNamespacesRequest { page_size, page_token, ..request.clone() })
                .await?;
            Ok(Page { items: page.namespaces, next: page.next_page_token, total: Some(page.total_size) })
        };
        let look = Look {
            kind: NAMESPACE,
            headings: ["namespace", "display name", "updated", "description"],
            row,
            nothing: "no such namespaces; `slipway namespace create` makes one",
        };
        self.limit.list(output, look, ask).await
    }
}

fn row(namespace: &pb::Namespace) -> [String; 4] {
    [
        text::id(&namespace.name).to_owned(),
        namespace.display_name.clone(),
        text::age(namespace.update_time),
        namespace.description.clone(),
    ]
}

/// A namespace, a field a line.
fn show(namespace: &pb::Namespace) -> String {
    facts(&[
        ("name", namespace.name.clone()),
        ("display name", namespace.display_name.clone()),
        ("description", namespace.description.clone()),
        ("labels", text::labels(&namespace.labels)),
        ("created", text::since(namespace.create_time)),
        ("updated", text::since(namespace.update_time)),
        ("deleted", text::since(namespace.delete_time)),
        ("etag", namespace.etag.clone()),
    ])
}
