//! `slipway model aggregate` and `slipway model coverage`.

use anyhow::Result;
use clap::Args;
use slipway_sdk::pb;

use crate::args::AsOf;
use crate::connect::Connect;
use crate::output::Output;
use crate::table::Table;
use crate::{text, value};

/// Which models are counted, and by what they are told apart.
#[derive(Debug, Args)]
pub struct Counts {
    /// What to tell them apart by: up to four fields, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "FIELDS")]
    by: Vec<String>,
    /// Which ones: an AIP-160 filter, as 'effective_tier <= 1'.
    #[arg(long, default_value = "", hide_default_value = true, value_parser = value::filter)]
    filter: String,
    /// Of all namespaces.
    #[arg(long, short = 'A')]
    all_namespaces: bool,
    #[command(flatten)]
    as_of: AsOf,
}

/// What is told of each group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// How many there are.
    Numbers,
    /// How they are looked after.
    Care,
}

impl Counts {
    /// Counts, and shows what was found.
    pub async fn run(self, connect: &Connect, output: Output, told: Told) -> Result<()> {
        let registry = connect.registry()?.as_of(self.as_of.moment());
        let parent = if self.all_namespaces { "namespaces/-".to_owned() } else { connect.parent() };
        let request = pb::AggregateModelsRequest {
            parent,
            filter: self.filter,
            group_by: self.by.clone(),
            ..pb::AggregateModelsRequest::default()
        };
        let found = registry.aggregate_models(request).await?;
        output.write("slipway.registry.v1.AggregateModelsResponse", &found, |found| show(found, &self.by, told))
    }
}

fn show(found: &pb::AggregateModelsResponse, by: &[String], told: Told) -> String {
    let figures: &[&str] = match told {
        Told::Numbers => &["models"],
        Told::Care => &["models", "score", "live owner", "on call", "evidence", "rollback target"],
    };
    let headings: Vec<&str> = by.iter().map(String::as_str).chain(figures.iter().copied()).collect();
    let mut table = Table::new(&headings);
    let groups = found.groups.iter().map(|group| (group.values.clone(), group.coverage.unwrap_or_default()));
    let all = (!by.is_empty() && found.groups.len() != 1).then(|| {
        let mut values = vec![String::new(); by.len()];
        values[0] = "all".to_owned();
        (values, found.total.unwrap_or_default())
    });
    for (values, coverage) in groups.chain(all) {
        let values = values.into_iter().map(|value| if value.is_empty() { "-".to_owned() } else { value });
        table.add(values.chain(figures_of(&coverage, told)).collect::<Vec<_>>());
    }
    let left_out = found.group_count - i64::try_from(found.groups.len()).unwrap_or(i64::MAX);
    let note = if left_out > 0 { format!("\nand {left_out} smaller groups") } else { String::new() };
    if found.groups.is_empty() { "there are no such models".to_owned() } else { format!("{table}{note}") }
}

fn figures_of(coverage: &pb::Coverage, told: Told) -> Vec<String> {
    let pb::Coverage { models, live_owner, on_call, evidence, serving, rollback_target, score } = *coverage;
    let share = |part: i64, of: i64| match of {
        0 => "-".to_owned(),
        of => text::percent((part as f64 / of as f64 * 1000.0).round() / 1000.0),
    };
    match told {
        Told::Numbers => vec![models.to_string()],
        Told::Care => vec![
            models.to_string(),
            text::percent((score * 1000.0).round() / 1000.0),
            share(live_owner, models),
            share(on_call, models),
            share(evidence, models),
            share(rollback_target, serving),
        ],
    }
}
