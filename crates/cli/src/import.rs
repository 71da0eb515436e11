//! `slipway import …`.

mod carry;
mod convert;
mod mlflow;
mod report;
mod web;

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use futures_util::StreamExt as _;
use indicatif::{ProgressBar, ProgressStyle};
use slipway_sdk::{Registry, pb};

use crate::apply::Run;
use crate::connect::Connect;
use crate::exit::Usage;
use crate::output::Output;
use crate::value;

use carry::Carrier;
use convert::Terms;
use mlflow::Mlflow;
use report::Report;
use web::{Credentials, Web};

/// How many questions are under way at once.
const AT_ONCE: usize = 8;

/// Bring models in from another registry.
#[derive(Debug, Subcommand)]
pub enum Import {
    /// Bring the registered models of a running MLflow in: models, versions with their numbers, aliases, tags.
    #[command(after_help = "Examples:
  slipway team create ranking
  slipway import mlflow --uri http://127.0.0.1:5000 --owner ranking --dry-run
  slipway import mlflow --uri https://mlflow.acme --owner ranking --owner-tag team --report report.txt
It may be broken off and begun again at any time, and done again later: what is there already is left as it is. Fields that
somebody changed here are kept, and told in the report, unless --force takes them over.
MLflow's tags become labels, its times, runs and users labels that begin with mlflow-. It keeps no digests of artifacts: the
digest of a version is of its address, and says so by the label digest-of, unless --digest-tag names a tag that has it.
Who asks MLflow is said by MLFLOW_TRACKING_TOKEN, or by MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or by files.
What is not carried over: runs, metrics, parameters, artifacts, webhooks, permissions.")]
    Mlflow(FromMlflow),
}

/// `slipway import mlflow`.
#[derive(Debug, Args)]
pub struct FromMlflow {
    /// Where MLflow is.
    #[arg(long, env = "MLFLOW_TRACKING_URI", value_parser = value::uri, value_name = "URL")]
    uri: String,
    /// The team that owns the models, which must be there.
    #[arg(long, value_parser = value::identifier, value_name = "TEAM")]
    owner: String,
    /// The tag of a model that names its team; where there is no such team the one of --owner has it.
    #[arg(long, value_name = "TAG")]
    owner_tag: Option<String>,
    /// The tag of a version that has the SHA-256 of its artifact.
    #[arg(long, value_name = "TAG")]
    digest_tag: Option<String>,
    /// Show what would change, and change nothing.
    #[arg(long, visible_alias = "validate-only")]
    dry_run: bool,
    /// Take over fields that were changed here.
    #[arg(long)]
    force: bool,
    /// Where everything is written that can't be carried over, a line each.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// A file with the token that MLflow asks for.
    #[arg(long, value_name = "FILE", conflicts_with = "login_file")]
    mlflow_token_file: Option<PathBuf>,
    /// A file with USER:PASSWORD for MLflow.
    #[arg(long = "mlflow-login-file", id = "login_file", value_name = "FILE")]
    mlflow_login_file: Option<PathBuf>,
    /// The certificates of who certified MLflow, in PEM, in place of whom this machine trusts.
    #[arg(long, value_name = "FILE")]
    mlflow_ca: Option<PathBuf>,
    /// Send a token or a password to another machine without TLS.
    #[arg(long)]
    allow_plain_http: bool,
    /// Why, for the record.
    #[arg(long, default_value = "brought in from MLflow", value_name = "TEXT")]
    reason: String,
}

impl Import {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let Self::Mlflow(from) = self;
        from.run(connect, output).await
    }
}

impl FromMlflow {
    async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let run = if self.dry_run { Run::Dry } else { Run::Real };
        let mlflow = Mlflow::new(self.web()?);
        let registry = connect.patient_registry()?;
        let teams = teams(&registry, &connect.parent()).await?;
        if !teams.contains(&self.owner) {
            let told = format!("there is no team {0}: create it first, as by `slipway team create {0}`", self.owner);
            return Err(Usage(told).into());
        }
        let models = mlflow.models().await?;
        let terms = Terms {
            parent: connect.parent(),
            owner: self.owner.clone(),
            owner_tag: self.owner_tag.clone(),
            digest_tag: self.digest_tag.clone(),
            teams,
        };
        let (mut report, ids) = (Report::default(), convert::ids(models.iter().map(|model| &*model.name)));
        let mut carrier = Carrier::new(
            registry,
            &terms.parent,
            carry::Way { run, is_forced: self.force, reason: self.reason.clone() },
        );
        let bar = bar(models.len());
        let whole = models.into_iter().map(|model| mlflow.whole(model));
        let mut whole = futures_util::stream::iter(whole).buffered(AT_ONCE);
        while let Some(found) = whole.next().await {
            let found = found?;
            let id = ids.get(&found.model.name).map(String::as_str).unwrap_or_default();
            let resources = convert::resources(&found, id, &terms, &mut report);
            carrier.take(resources, &mut report).await?;
            bar.inc(1);
        }
        carrier.finish(&mut report).await?;
        bar.finish_and_clear();
        if let Some(path) = &self.report {
            std::fs::write(path, report.lines()).with_context(|| format!("writing {}", path.display()))?;
        }
        report.tell(output, run)
    }

    fn web(&self) -> Result<Web> {
        let read = |path: &PathBuf| {
            let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
            Ok::<_, anyhow::Error>(text.trim().to_owned())
        };
        let said = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let credentials = match (&self.mlflow_token_file, &self.mlflow_login_file) {
            (Some(path), _) => Some(Credentials::Bearer(read(path)?)),
            (None, Some(path)) => Some(Credentials::Basic(read(path)?)),
            (None, None) => match (said("MLFLOW_TRACKING_TOKEN"), said("MLFLOW_TRACKING_USERNAME")) {
                (Some(token), _) => Some(Credentials::Bearer(token)),
                (None, Some(user)) => {
                    let password = said("MLFLOW_TRACKING_PASSWORD").unwrap_or_default();
                    Some(Credentials::Basic(format!("{user}:{password}")))
                }
                (None, None) => None,
            },
        };
        let plain = if self.allow_plain_http { web::Plain::Anywhere } else { web::Plain::Here };
        Web::new(&self.uri, credentials, plain, self.mlflow_ca.as_deref())
    }
}

/// The teams that there are.
async fn teams(registry: &Registry, parent: &str) -> Result<BTreeSet<String>> {
    let (mut teams, mut page_token) = (BTreeSet::new(), String::new());
    loop {
        let parent = parent.to_owned();
        let request = pb::ListTeamsRequest { parent, page_size: 1000, page_token, ..Default::default() };
        let page = registry.list_teams(request).await?;
        teams.extend(page.teams.iter().map(|team| crate::text::id(&team.name).to_owned()));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(teams);
        }
    }
}

fn bar(models: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} models, {eta} left");
    let bar = ProgressBar::new(models as u64);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
