//! `slipway traffic …`.

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use slipway_domain::traffic::BUCKETS;
use slipway_sdk::name::ModelName;
use slipway_sdk::pb;

use crate::args::{AsOf, Intent};
use crate::connect::Connect;
use crate::exit::Usage;
use crate::output::{Output, line};
use crate::table::{Table, facts};
use crate::{text, value};

const TRAFFIC: &str = "slipway.type.v1.Traffic";

/// Which versions serve which share of a model's units.
#[derive(Debug, Subcommand)]
pub enum Traffic {
    /// Show the traffic of a model.
    #[command(after_help = "Examples:
  slipway traffic get flight-delay
  slipway traffic get flight-delay --at 2026-03-03T14:02")]
    Get {
        /// The model, as flight-delay.
        model: value::Model,
        #[command(flatten)]
        as_of: AsOf,
    },
    /// Set the traffic of a model by hand.
    #[command(after_help = "Examples:
  slipway traffic set flight-delay 1=100%
  slipway traffic set flight-delay 1=95% 2=5% --override --reason 'the launcher is down'
  slipway traffic set flight-delay --none --reason 'retired'")]
    Set(Set),
    /// Say which version serves a unit.
    #[command(after_help = "Examples:
  slipway traffic route flight-delay passenger-7
  slipway traffic route flight-delay passenger-7 --at 2026-03-03T14:02")]
    Route {
        /// The model, as flight-delay.
        model: value::Model,
        /// The unit, as a user's or a flight's id.
        unit: String,
        #[command(flatten)]
        as_of: AsOf,
    },
}

/// `slipway traffic set`.
#[derive(Debug, Args)]
pub struct Set {
    /// The model, as flight-delay.
    model: value::Model,
    /// Version numbers and their shares, as 1=95% 2=5%; together 100 %.
    #[arg(required_unless_present = "none", value_name = "NUMBER=SHARE", value_parser = value::slice)]
    shares: Vec<value::Slice>,
    /// Serve nothing.
    #[arg(long, conflicts_with = "shares")]
    none: bool,
    /// Refuse unless this is its present generation [default: the one that is read before].
    #[arg(long, value_parser = clap::value_parser!(i64).range(0..), value_name = "N")]
    generation: Option<i64>,
    /// Take the traffic out of a launcher's hands.
    #[arg(long = "override")]
    take_over: bool,
    #[command(flatten)]
    intent: Intent,
}

impl Traffic {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let registry = connect.registry()?;
        match self {
            Self::Get { model, as_of } => {
                let traffic = registry.as_of(as_of.moment()).get_traffic(&connect.model(&model)).await?;
                output.write(TRAFFIC, &traffic, show)
            }
            Self::Set(set) => set.run(connect, output).await,
            Self::Route { model, unit, as_of } => {
                let name = connect.model(&model);
                let traffic = registry.as_of(as_of.moment()).get_traffic(&name).await?;
                route(&name, &traffic, &unit, output)
            }
        }
    }
}

fn route(model: &ModelName, traffic: &pb::Traffic, unit: &str, output: Output) -> Result<()> {
    let (_, traffic) = slipway_sdk::parse_traffic(traffic)?;
    let id = model.model.as_str();
    let Some(version) = traffic.route(unit) else {
        bail!("{id} serves nothing; `slipway traffic set {id} 1=100%` lets version 1 serve");
    };
    match output.is_json() {
        true => line(&serde_json::json!({ "version": version.to_string(), "unit": unit }).to_string()),
        false => line(&text::version(&version.to_string())),
    }
}

impl Set {
    async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let registry = connect.registry()?;
        let model = connect.model(&self.model);
        let ranges = if self.none { Vec::new() } else { ranges(&model, &self.shares)? };
        let generation = match self.generation {
            Some(generation) => generation,
            None => registry.get_traffic(&model).await?.generation,
        };
        let request = pb::SetTrafficRequest {
            name: model.traffic(),
            ranges,
            generation,
            epoch: 0,
            override_epoch: self.take_over,
            request_id: self.intent.attempt.request_id,
            validate_only: self.intent.attempt.validate_only,
            reason: self.intent.reason,
        };
        output.write(TRAFFIC, &registry.set_traffic(request).await?, show)
    }
}

/// Ranges in the order of the shares; the last takes up what rounding leaves.
fn ranges(model: &ModelName, shares: &[value::Slice]) -> Result<Vec<pb::BucketRange>, Usage> {
    let mut ranges = Vec::new();
    let mut start = 0;
    let mut total = 0.0;
    for value::Slice { number, share } in shares {
        total += share;
        let end = (total * f64::from(BUCKETS)).round() as i32;
        ranges.push(pb::BucketRange { start, end, version: model.version(*number).to_string() });
        start = end;
    }
    if (total - 1.0).abs() > 1e-9 {
        return Err(Usage(format!("the shares make {} together; they must make 100 %", text::percent(total))));
    }
    ranges.retain(|range| range.start < range.end);
    Ok(ranges)
}

/// The traffic as a table.
fn show(traffic: &pb::Traffic) -> String {
    if traffic.ranges.is_empty() {
        return facts(&[("serves", "nothing".to_owned()), ("generation", traffic.generation.to_string())]);
    }
    let mut table = Table::new(&["version", "share", "buckets"]);
    for range in &traffic.ranges {
        let share = f64::from(range.end - range.start) / f64::from(BUCKETS);
        let buckets = format!("{} to {}", range.start, range.end - 1);
        table.add([text::version(&range.version), text::percent(share), buckets]);
    }
    let set = facts(&[
        ("generation", traffic.generation.to_string()),
        ("epoch", traffic.epoch.to_string()),
        ("set", text::since(traffic.update_time)),
    ]);
    format!("{table}\n\n{set}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(shares: &[&str]) -> Result<Vec<pb::BucketRange>, Usage> {
        let model = ModelName::parse("namespaces/default/models/m").unwrap();
        let slices: Vec<_> = shares.iter().map(|share| value::slice(share).unwrap()).collect();
        ranges(&model, &slices)
    }

    #[test]
    fn shares_that_make_the_whole_become_ranges_without_a_gap() {
        let ends = |shares: &[&str]| set(shares).unwrap().iter().map(|range| range.end).collect::<Vec<_>>();
        assert_eq!(ends(&["1=95%", "2=5%"]), [95_000, 100_000]);
        assert_eq!(ends(&["1=0.333333", "2=0.333333", "3=0.333334"]), [33_333, 66_667, 100_000]);
        assert_eq!(ends(&["1=100%", "2=0%"]), [100_000]);
    }

    #[test]
    fn shares_that_make_less_or_more_are_told_their_sum() {
        assert!(set(&["1=50%"]).unwrap_err().to_string().contains("50 %"));
        assert!(set(&["1=50%", "2=60%"]).unwrap_err().to_string().contains("110 %"));
    }
}
