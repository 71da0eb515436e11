//! `slipway alias …`.

mod history;
mod protected;

use anyhow::Result;
use clap::{Args, Subcommand};
use slipway_sdk::pb;

use crate::args::{AsOf, Intent};
use crate::connect::Connect;
use crate::listing::{Limit, Look, Page};
use crate::output::Output;
use crate::table::{Table, facts};
use crate::{text, value};

const ALIAS: &str = "slipway.registry.v1.Alias";

/// Names for versions that callers follow, as champion.
#[derive(Debug, Subcommand)]
pub enum Alias {
    /// Show an alias.
    #[command(after_help = "Examples:
  slipway alias get flight-delay@champion
  slipway alias get flight-delay@champion --at 2026-03-03T14:02
  slipway alias get flight-delay@champion --at-revision 1200")]
    Get {
        /// The alias, as flight-delay@champion.
        alias: value::Alias,
        #[command(flatten)]
        as_of: AsOf,
    },
    /// List the aliases of a model, or of all.
    #[command(after_help = "Examples:
  slipway alias ls flight-delay
  slipway alias ls --filter 'alias = champion'
  slipway alias ls flight-delay --at '2d ago'")]
    Ls(Ls),
    /// Move, make or take away aliases: all of them at once, or none.
    #[command(after_help = "Examples:
  slipway alias set flight-delay@champion=2
  slipway alias set flight-delay@champion=2:1 flight-delay@challenger=none --reason 'it won'
  slipway alias set ctr@champion=7 cvr@champion=4 --validate-only
  slipway alias set flight-delay@champion=2 --protect --reason 'passengers see it'
With `:1` it must name version 1 now, with `:none` there must be no such alias; otherwise nothing is moved. One that is
protected is changed only by who has aliases.approve; others propose a change.")]
    Set(Set),
    /// Propose what a protected alias is to become, for somebody else to approve.
    #[command(after_help = "Examples:
  slipway alias propose flight-delay@champion=3 --reason 'it won for a week'
  slipway alias propose flight-delay@champion=none
  slipway alias propose flight-delay@champion=2 --unprotect
A proposal waits for 7 days, and ends when the alias changes. To propose what it is already takes a proposal back.")]
    Propose(protected::Propose),
    /// Approve what somebody else proposes for a protected alias.
    #[command(after_help = "Examples:
  slipway alias ls --filter 'proposal.author:ada'
  slipway alias approve flight-delay@champion=3 --reason 'looked at the evaluation'
What is named must be what is proposed: whoever changes the proposal meanwhile is not approved.")]
    Approve(protected::Approve),
    /// Show what an alias named, since when and why, newest first.
    #[command(after_help = "Example:\n  slipway alias history flight-delay@champion")]
    History(history::History),
}

/// `slipway alias ls`.
#[derive(Debug, Args)]
pub struct Ls {
    /// The model, as flight-delay; all of the namespace if not given.
    model: Option<value::Model>,
    /// Which ones: an AIP-160 filter, as 'alias = champion'.
    #[arg(long, default_value = "", hide_default_value = true, value_parser = value::filter)]
    filter: String,
    /// In which order: fields, each with ` desc` if wanted.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "FIELDS")]
    order_by: String,
    #[command(flatten)]
    as_of: AsOf,
    #[command(flatten)]
    limit: Limit,
}

/// `slipway alias set`.
#[derive(Debug, Args)]
pub struct Set {
    /// What each is to name: a model, an alias, and the number of a version or `none`.
    #[arg(required = true, value_name = "MODEL@ALIAS=NUMBER")]
    moves: Vec<value::AliasMove>,
    /// Protect them: from then on they change only with an approval.
    #[arg(long, conflicts_with = "unprotect")]
    protect: bool,
    /// Protect them no longer.
    #[arg(long)]
    unprotect: bool,
    #[command(flatten)]
    intent: Intent,
}

impl Alias {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        match self {
            Self::Get { alias, as_of } => output.write(
                ALIAS,
                &connect.registry()?.as_of(as_of.moment()).get_alias(&connect.alias(&alias)).await?,
                show,
            ),
            Self::Ls(ls) => ls.run(connect, output).await,
            Self::Set(set) => set.run(connect, output).await,
            Self::Propose(propose) => propose.run(connect, output).await,
            Self::Approve(approve) => approve.run(connect, output).await,
            Self::History(history) => history.run(connect, output).await,
        }
    }
}

impl Ls {
    async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let registry = connect.registry()?.as_of(self.as_of.moment());
        let parent = match &self.model {
            Some(model) => connect.model(model).to_string(),
            None => format!("{}/models/-", connect.parent()),
        };
        let request = pb::ListAliasesRequest {
            parent,
            filter: self.filter,
            order_by: self.order_by,
            ..pb::ListAliasesRequest::default()
        };
        let ask = async |page_size, page_token| {
            let request = pb::ListAliasesRequest { page_size, page_token, ..request.clone() };
            let page = registry.list_aliases(request).await?;
            Ok(Page { items: page.aliases, next: page.next_page_token, total: Some(page.total_size) })
        };
        let nothing = "no such aliases; `slipway alias set` makes one";
        self.limit.list(output, Look { kind: ALIAS, headings: HEADINGS, row, nothing }, ask).await
    }
}

impl Set {
    async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let protected = (self.protect || self.unprotect).then_some(self.protect);
        let one = |wanted: &value::AliasMove| {
            let name = connect.alias(&wanted.alias);
            let version = |number: Option<u64>| number.map(|number| name.model.version(number).to_string());
            pb::AliasMove {
                name: name.to_string(),
                version: version(wanted.to).unwrap_or_default(),
                expected_version: wanted.expected.map(|number| version(number).unwrap_or_default()),
                protected,
            }
        };
        let request = pb::SetAliasesRequest {
            parent: "namespaces/-".to_owned(),
            moves: self.moves.iter().map(one).collect(),
            request_id: self.intent.attempt.request_id,
            validate_only: self.intent.attempt.validate_only,
            reason: self.intent.reason,
        };
        let moved = connect.registry()?.set_aliases(request).await?;
        output.write("slipway.registry.v1.SetAliasesResponse", &moved, after)
    }
}

const HEADINGS: [&str; 5] = ["model", "alias", "version", "state", "changed"];

fn row(alias: &pb::Alias) -> [String; 5] {
    [
        text::model(&alias.name),
        text::id(&alias.name).to_owned(),
        text::id(&alias.version).to_owned(),
        state(alias),
        text::age(alias.update_time),
    ]
}

/// Whether it moves freely.
fn state(alias: &pb::Alias) -> String {
    match (&alias.proposal, alias.protected) {
        (Some(proposal), _) if proposal.version.is_empty() => "to be taken away".to_owned(),
        (Some(proposal), _) => format!("to name {}", text::id(&proposal.version)),
        (None, true) => "protected".to_owned(),
        (None, false) => String::new(),
    }
}

fn after(moved: &pb::SetAliasesResponse) -> String {
    let mut table = Table::new(&HEADINGS);
    moved.aliases.iter().for_each(|alias| table.add(row(alias)));
    match table.is_empty() {
        true => "they name nothing any more".to_owned(),
        false => table.to_string(),
    }
}

/// An alias, a field a line.
fn show(alias: &pb::Alias) -> String {
    facts(&[
        ("name", alias.name.clone()),
        ("version", alias.version.clone()),
        ("protected", if alias.protected { "yes".to_owned() } else { String::new() }),
        ("proposed", alias.proposal.as_ref().map(protected::proposed).unwrap_or_default()),
        ("created", text::since(alias.create_time)),
        ("moved", text::since(alias.update_time)),
        ("etag", alias.etag.clone()),
    ])
}
