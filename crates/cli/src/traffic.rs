//! `slipway traffic …`.

use anyhow::{Result, bail};
use clap::Subcommand;
use slipway_domain::traffic::BUCKETS;
use slipway_sdk::pb;

use crate::connect::Connect;
use crate::output::{Output, table};
use crate::text;

const TRAFFIC: &str = "slipway.type.v1.Traffic";

/// Which versions serve which share of a model's units.
#[derive(Debug, Subcommand)]
pub enum Traffic {
    /// Show the traffic of a model.
    Get {
        /// The model.
        model: String,
    },
    /// Set the traffic of a model by hand.
    #[command(after_help = "Examples:\n  slipway traffic set flight-delay 1=100%\n  slipway traffic set flight-delay \
                            1=95% 2=5% --override --reason 'the launcher is down'")]
    Set {
        /// The model.
        model: String,
        /// Version numbers and their shares, as 1=95% 2=5%; together 100 %.
        #[arg(required = true, value_name = "NUMBER=SHARE")]
        shares: Vec<String>,
        /// Take the traffic out of a launcher's hands.
        #[arg(long = "override")]
        take_over: bool,
        /// Why, for the ledger.
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Say which version serves a unit.
    Route {
        /// The model.
        model: String,
        /// The unit, as a user's or a flight's id.
        unit: String,
    },
}

impl Traffic {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let registry = connect.registry()?;
        match self {
            Self::Get { model } => {
                let traffic = registry.get_traffic(&connect.model(&model)?).await?;
                output.write(TRAFFIC, &traffic, show)
            }
            Self::Set { model, shares, take_over, reason } => {
                let model = connect.model(&model)?;
                let current = registry.get_traffic(&model).await?;
                let request = pb::SetTrafficRequest {
                    name: model.traffic(),
                    ranges: ranges(&model, &shares)?,
                    generation: current.generation,
                    override_epoch: take_over,
                    reason,
                    ..Default::default()
                };
                output.write(TRAFFIC, &registry.set_traffic(request).await?, show)
            }
            Self::Route { model, unit } => {
                let traffic = registry.get_traffic(&connect.model(&model)?).await?;
                let (_, traffic) = slipway_sdk::parse_traffic(&traffic)?;
                match traffic.route(&unit) {
                    Some(version) => crate::output::line(&version.to_string()),
                    None => bail!("{model} serves nothing; `slipway traffic set {model} 1=100%` lets version 1 serve"),
                }
            }
        }
    }
}

/// Ranges in the order of the shares; the last takes up what rounding leaves.
fn ranges(model: &slipway_sdk::name::ModelName, shares: &[String]) -> Result<Vec<pb::BucketRange>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    let mut total = 0.0;
    for share in shares {
        let Some((number, share)) = share.split_once('=') else { bail!("{share:?}: write 1=95%") };
        let Ok(number) = number.parse::<u64>() else { bail!("{number:?} is not the number of a version") };
        total += text::parse_share(share)?;
        let end = (total * f64::from(BUCKETS)).round() as i32;
        ranges.push(pb::BucketRange { start, end, version: model.version(number).to_string() });
        start = end;
    }
    if (total - 1.0).abs() > 1e-9 {
        bail!("the shares make {} together; they must make 100 %", text::percent(total));
    }
    ranges.retain(|range| range.start < range.end);
    Ok(ranges)
}

/// The traffic as a table.
fn show(traffic: &pb::Traffic) -> String {
    if traffic.ranges.is_empty() {
        return format!("{}: serves nothing", traffic.name);
    }
    let mut rows = table(&["version", "share", "buckets"]);
    for range in &traffic.ranges {
        let share = f64::from(range.end - range.start) / f64::from(BUCKETS);
        let buckets = format!("{} to {}", range.start, range.end - 1);
        rows.add_row([text::version(&range.version), text::percent(share), buckets]);
    }
    let since = text::instant(traffic.update_time);
    format!("{rows}\n\ngeneration {}, epoch {}, since {since}", traffic.generation, traffic.epoch)
}
