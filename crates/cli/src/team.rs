//! `slipway team …`.

use anyhow::Result;
use clap::{Args, Subcommand};
use slipway_sdk::pb;

use crate::args::{self, AsOf, Deletion, Etag, Intent, LabelChanges, Labels, delete, undelete};
use crate::connect::Connect;
use crate::listing::{Limit, Look, Page};
use crate::output::Output;
use crate::table::facts;
use crate::{text, value};

const TEAM: &str = "slipway.registry.v1.Team";

/// Groups of people who own models.
#[derive(Debug, Subcommand)]
pub enum Team {
    /// Create a team.
    #[command(after_help = "Examples:
  slipway team create ops
  slipway team create ranking --contact '#ranking' --pager-uri https://pager.example.org/ranking --escalation ops")]
    Create(Create),
    /// Show a team.
    #[command(after_help = "Examples:
  slipway team get ranking
  slipway team get ranking --at 2026-03-03T14:02")]
    Get {
        /// The team, as ranking.
        team: value::Team,
        #[command(flatten)]
        as_of: AsOf,
    },
    /// List teams.
    #[command(after_help = "Example:\n  slipway team ls --filter 'escalation = ops'")]
    Ls(Ls),
    /// Change fields of a team: those that are given.
    #[command(after_help = "Examples:
  slipway team update ranking --contact '#ranking-help' --reason 'the channel moved'
  slipway team update ranking --clear escalation")]
    Update(Update),
    /// Delete a team that owns nothing; it can be taken back for 30 days.
    #[command(after_help = "Example:\n  slipway team delete ranking --reason 'merged into ads'")]
    Delete {
        /// The team, as ranking.
        team: value::Team,
        #[command(flatten)]
        deletion: Deletion,
    },
    /// Take the deletion of a team back.
    #[command(after_help = "Example:\n  slipway team undelete ranking")]
    Undelete {
        /// The team, as ranking.
        team: value::Team,
        #[command(flatten)]
        etag: Etag,
        #[command(flatten)]
        intent: Intent,
    },
}

/// The fields of a team but its labels.
#[derive(Debug, Args)]
struct Fields {
    /// What it is called among people.
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    /// What it does.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Where it is written to, as a channel.
    #[arg(long, value_name = "TEXT")]
    contact: Option<String>,
    /// How whoever is on call for it is paged.
    #[arg(long, value_parser = value::uri, value_name = "URL")]
    pager_uri: Option<String>,
    /// The team that is asked when this one does not answer.
    #[arg(long, value_parser = value::identifier, value_name = "TEAM")]
    escalation: Option<String>,
}

/// `slipway team create`.
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

/// `slipway team update`.
#[derive(Debug, Args)]
pub struct Update {
    /// The team, as ranking.
    team: value::Team,
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    labels: LabelChanges,
    /// Fields to empty, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "FIELD")]
    #[arg(value_parser = ["display-name", "description", "contact", "pager-uri", "escalation", "labels"])]
    clear: Vec<String>,
    #[command(flatten)]
    etag: Etag,
    #[command(flatten)]
    intent: Intent,
}

/// `slipway team ls`.
#[derive(Debug, Args)]
pub struct Ls {
    /// Which ones: an AIP-160 filter, as 'escalation = ops'.
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
    /// Writes the fields that were given into `team`, and says the paths of those.
    fn write(&self, team: &mut pb::Team) -> Vec<&'static str> {
        let mut paths = Vec::new();
        for (path, given, field) in [
            ("display_name", &self.display_name, &mut team.display_name),
            ("description", &self.description, &mut team.description),
            ("contact", &self.contact, &mut team.contact),
            ("pager_uri", &self.pager_uri, &mut team.pager_uri),
            ("escalation", &self.escalation, &mut team.escalation),
        ] {
            if let Some(given) = given {
                field.clone_from(given);
                paths.push(path);
            }
        }
        paths
    }
}

impl Team {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let registry = connect.registry()?;
        let team = match self {
            Self::Create(create) => registry.create_team(create.request(connect)).await?,
            Self::Get { team, as_of } => registry.as_of(as_of.moment()).get_team(&connect.team(&team)).await?,
            Self::Ls(ls) => return ls.run(connect, output).await,
            Self::Update(update) => registry.update_team(update.request(connect).await?).await?,
            Self::Delete { team, deletion } => {
                registry.delete_team(delete!(DeleteTeamRequest, connect.team(&team), deletion)).await?
            }
            Self::Undelete { team, etag, intent } => {
                let name = connect.team(&team);
                registry.undelete_team(undelete!(UndeleteTeamRequest, name, etag, intent)).await?
            }
        };
        output.write(TEAM, &team, show)
    }
}

impl Create {
    fn request(self, connect: &Connect) -> pb::CreateTeamRequest {
        let mut team = pb::Team { labels: self.labels.map(), ..pb::Team::default() };
        self.fields.write(&mut team);
        pb::CreateTeamRequest {
            parent: connect.parent(),
            team_id: self.id,
            team: Some(team),
            validate_only: self.intent.attempt.validate_only,
            reason: self.intent.reason,
            request_id: self.intent.attempt.request_id,
        }
    }
}

impl Update {
    async fn request(self, connect: &Connect) -> Result<pb::UpdateTeamRequest> {
        let name = connect.team(&self.team);
        let mut team = pb::Team { name: name.to_string(), etag: self.etag.etag, ..pb::Team::default() };
        let mut paths = self.fields.write(&mut team);
        if !self.labels.is_empty() {
            let present = connect.registry()?.get_team(&name).await?;
            // Labels are changed as a whole: whoever changes others meanwhile is not undone.
            team.etag = if team.etag.is_empty() { present.etag } else { team.etag };
            team.labels = self.labels.applied(present.labels);
            paths.push("labels");
        }
        Ok(pb::UpdateTeamRequest {
            team: Some(team),
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
        let request = pb::ListTeamsRequest {
            parent: connect.parent(),
            filter: self.filter,
            order_by: self.order_by,
            show_deleted: self.show_deleted,
            ..pb::ListTeamsRequest::default()
        };
        let ask = async |page_size, page_token| {
            let page = registry.list_teams(pb::ListTeamsRequest { page_size, page_token, ..request.clone() }).await?;
            Ok(Page { items: page.teams, next: page.next_page_token, total: Some(page.total_size) })
        };
        let look = Look {
            kind: TEAM,
            headings: ["team", "contact", "escalation", "updated", "description"],
            row,
            nothing: "no such teams; `slipway team create` makes one",
        };
        self.limit.list(output, look, ask).await
    }
}

fn row(team: &pb::Team) -> [String; 5] {
    [
        text::id(&team.name).to_owned(),
        team.contact.clone(),
        team.escalation.clone(),
        text::age(team.update_time),
        team.description.clone(),
    ]
}

/// A team, a field a line.
fn show(team: &pb::Team) -> String {
    facts(&[
        ("name", team.name.clone()),
        ("display name", team.display_name.clone()),
        ("description", team.description.clone()),
        ("contact", team.contact.clone()),
        ("pager", team.pager_uri.clone()),
        ("escalation", team.escalation.clone()),
        ("labels", text::labels(&team.labels)),
        ("created", text::since(team.create_time)),
        ("updated", text::since(team.update_time)),
        ("deleted", text::since(team.delete_time)),
        ("etag", team.etag.clone()),
    ])
}
