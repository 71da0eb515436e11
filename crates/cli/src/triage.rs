//! `slipway triage`: one page for whoever was just paged for a model.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde_json::Value;
use slipway_sdk::{Error, pb};

use crate::args::AsOf;
use crate::connect::Connect;
use crate::launch::{phase, why};
use crate::output::{Output, json, line};
use crate::table::{Table, facts};
use crate::{text, value};

const TRIAGE: &str = "slipway.registry.v1.TriageModelResponse";
const LAUNCH: &str = "slipway.launcher.v1.Launch";
const HEALTH: &str = "slipway.health.v1.GetHealthResponse";

/// How long the launcher and the health monitor are waited for: who was paged has no time.
const PATIENCE: Duration = Duration::from_secs(2);

/// `slipway triage`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  slipway triage flight-delay
  slipway triage flight-delay --changes 30 --output json
  slipway triage flight-delay --at 2026-03-03T14:02      what was known then, without launch and health
Tells whose the model is, who is paged and who next, what it is for, why it matters, what serves, what changed last, whether
it can be turned off, and, if they answer within two seconds, what the launcher and the health monitor say.")]
pub struct Triage {
    /// The model, as flight-delay.
    model: value::Model,
    /// How many of the last changes.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(i32).range(0..=100))]
    changes: i32,
    #[command(flatten)]
    as_of: AsOf,
}

/// What others say, or why they don't.
struct Others {
    launch: Option<pb::Launch>,
    health: Vec<pb::GetHealthResponse>,
    /// Versions of which nothing was ever reported.
    unobserved: Vec<String>,
    /// Who could not be asked, and why.
    silent: Vec<String>,
}

impl Triage {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let name = connect.model(&self.model).to_string();
        let moment = self.as_of.moment();
        let request =
            pb::TriageModelRequest { name, change_count: Some(self.changes), ..pb::TriageModelRequest::default() };
        let known = connect.registry()?.as_of(moment).triage_model(request).await?;
        let others = match moment {
            slipway_sdk::AsOf::Now => ask(connect, &known).await?,
            _ => Others { launch: None, health: vec![], unobserved: vec![], silent: vec![] },
        };
        match output.is_json() {
            true => line(&as_json(&known, &others)?),
            false => line(&page(&known, &others)),
        }
    }
}

/// Asks the launcher and the health monitor at once, and waits for neither for long.
async fn ask(connect: &Connect, known: &pb::TriageModelResponse) -> Result<Others> {
    let (launcher, health) = (connect.launcher()?.with_deadline(PATIENCE), connect.health()?.with_deadline(PATIENCE));
    let model = known.model.clone().unwrap_or_default().name;
    let parent = format!("namespaces/{}", text::namespace(&model));
    let launches = pb::ListLaunchesRequest { parent, page_size: 5, model, ..pb::ListLaunchesRequest::default() };
    let verdicts = known.serving.iter().map(|version| {
        let request = pb::GetHealthRequest { name: version.name.clone(), ..pb::GetHealthRequest::default() };
        health.get_health(request)
    });
    let (launches, verdicts) =
        futures_util::future::join(launcher.list_launches(launches), futures_util::future::join_all(verdicts)).await;
    let mut silent = Vec::new();
    let told = |who: &str, error: Error| format!("the {who} says nothing: {error}");
    let launch = match launches {
        Ok(page) => page.launches.into_iter().find(|launch| launch.end_time.is_none()),
        Err(error) => {
            silent.push(told("launcher", error));
            None
        }
    };
    let (mut heard, mut unobserved) = (Vec::new(), Vec::new());
    for (version, verdict) in known.serving.iter().zip(verdicts) {
        match verdict {
            Ok(verdict) => heard.push(verdict),
            Err(error) if error.reason() == "VERSION_NEVER_REPORTED" => unobserved.push(text::version(&version.name)),
            Err(error) => {
                silent.push(told(&format!("health monitor, asked for {},", text::version(&version.name)), error));
            }
        }
    }
    Ok(Others { launch, health: heard, unobserved, silent })
}

fn as_json(known: &pb::TriageModelResponse, others: &Others) -> Result<String> {
    let value = |text: String| serde_json::from_str::<Value>(&text).map_err(anyhow::Error::from);
    let health: Vec<Value> =
        others.health.iter().map(|one| json(HEALTH, one).and_then(value)).collect::<Result<_>>()?;
    let launch = others.launch.as_ref().map(|launch| json(LAUNCH, launch).and_then(value)).transpose()?;
    let registry = value(json(TRIAGE, known)?)?;
    Ok(serde_json::json!({
        "registry": registry,
        "launch": launch,
        "health": health,
        "unobserved": others.unobserved,
        "silent": others.silent,
    })
    .to_string())
}

/// All of it, as a person reads it.
fn page(known: &pb::TriageModelResponse, others: &Others) -> String {
    let model = known.model.clone().unwrap_or_default();
    let turn_off = known.turn_off.clone().unwrap_or_default();
    let sources: Vec<_> = raised(&model).into_iter().chain(known.tier_sources.iter().map(source)).collect();
    let next: Vec<_> = known.escalation.iter().map(|team| reached(Some(team))).collect();
    let held = known.traffic.as_ref().is_some_and(|traffic| traffic.epoch > 0);
    let mut page = facts(&[
        ("model", format!("{}{}", model.name, if model.delete_time.is_some() { " (DELETED)" } else { "" })),
        ("what it does", model.description.clone()),
        ("function", model.business_function.clone()),
        ("surface", model.surface.clone()),
        ("paged", reached(known.on_call.as_ref())),
        ("then", next.join(", then ")),
        ("owner", reached(known.owner.as_ref())),
        ("runbook", model.runbook_uri.clone()),
        ("effective tier", format!("{}{}", model.effective_tier, because(&sources))),
        ("serves", known.traffic.as_ref().map(shares).unwrap_or_default()),
        ("set by", if held { "a launcher, or a person after one".to_owned() } else { String::new() }),
        (
            "return to",
            if known.rollback_target.is_empty() { "no version".into() } else { text::version(&known.rollback_target) },
        ),
        ("aliases", known.aliases.iter().map(named).collect::<Vec<_>>().join(", ")),
        ("launch", others.launch.as_ref().map(launch).unwrap_or_default()),
        ("health", others.health.iter().map(verdict).collect::<Vec<_>>().join("\n")),
        ("not observed", others.unobserved.join(", ")),
        ("not reached", others.silent.join("\n")),
        (
            "turn it off?",
            format!("{}: {}", text::word(turn_off.safety().as_str_name(), "SAFETY_"), turn_off.reasons.join("; ")),
        ),
    ]);
    if !known.changes.is_empty() {
        let mut table = Table::new(&["last changes", "who", "what", "resource", "fields", "why"]);
        known.changes.iter().for_each(|change| table.add(row(change)));
        page += &format!("\n\n{table}");
    }
    page
}

/// A team, and how it is reached.
fn reached(team: Option<&pb::Team>) -> String {
    let Some(team) = team else { return "nobody: the team is gone".to_owned() };
    let ways: Vec<_> = [&team.pager_uri, &team.contact].into_iter().filter(|way| !way.is_empty()).cloned().collect();
    let gone = if team.delete_time.is_some() { ", deleted" } else { "" };
    match ways.is_empty() {
        true => format!("{}{gone} (says not how it is reached)", text::id(&team.name)),
        false => format!("{}{gone} ({})", text::id(&team.name), ways.join(", ")),
    }
}

/// Which dependent the effective tier comes from, if it does come from one.
fn raised(model: &pb::Model) -> Option<String> {
    let origin = model.tier_origin.clone().unwrap_or_default();
    if origin.kind() != pb::TierOriginKind::Dependent {
        return None;
    }
    let via = match origin.via.is_empty() {
        true => "a model that you may not see".to_owned(),
        false => text::resource(&origin.via),
    };
    let source = match origin.source.is_empty() || origin.source == origin.via {
        true => String::new(),
        false => format!(" with the tier of {}", text::resource(&origin.source)),
    };
    Some(format!("{via} depends on it{source}"))
}

fn source(source: &pb::TierSource) -> String {
    let said = source.criticality.clone().unwrap_or_default();
    let words = [said.reason, said.evidence_uri].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>();
    format!("{} says {}{}", text::resource(&source.resource), said.tier, because(&words))
}

/// Words in brackets, if there are any.
fn because(words: &[String]) -> String {
    if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) }
}

fn shares(traffic: &pb::Traffic) -> String {
    let share = |range: &pb::BucketRange| {
        let share = f64::from(range.end - range.start) / f64::from(slipway_domain::traffic::BUCKETS);
        format!("{} {}", text::version(&range.version), text::percent(share))
    };
    match traffic.ranges.is_empty() {
        true => "nothing".to_owned(),
        false => traffic.ranges.iter().map(share).collect::<Vec<_>>().join(", "),
    }
}

fn named(alias: &pb::Alias) -> String {
    format!("{} is version {}", text::id(&alias.name), text::id(&alias.version))
}

fn launch(launch: &pb::Launch) -> String {
    let (name, candidate) = (text::id(&launch.name), text::version(&launch.candidate));
    format!("{name} of {candidate}: {}, at {}; {}", phase(launch), text::percent(launch.share), why(launch))
}

fn verdict(health: &pb::GetHealthResponse) -> String {
    let verdict = text::word(health.verdict().as_str_name(), "HEALTH_VERDICT_");
    format!("{}: {verdict}: {}", text::version(&health.name), health.explanation)
}

fn row(change: &pb::Change) -> [String; 6] {
    [
        text::age(change.time),
        change.principal.clone(),
        text::word(change.action().as_str_name(), "CHANGE_ACTION_").to_lowercase(),
        text::resource(&change.resource),
        change.changed_fields.join(", "),
        change.reason.clone(),
    ]
}
