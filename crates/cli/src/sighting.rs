//! `slipway sighting …`.

use anyhow::Result;
use clap::{Args, Subcommand};
use slipway_sdk::pb;

use crate::connect::Connect;
use crate::listing::{Limit, Look, Page};
use crate::output::Output;
use crate::table::facts;
use crate::{text, value};

/// What really runs, held against what is registered.
#[derive(Debug, Subcommand)]
pub enum Sighting {
    /// Say that a model runs. Fleets say so themselves, through the SDK.
    #[command(after_help = "Examples:
  slipway sighting report flight-delay --number 2 --endpoint eu-west --rate 120
  slipway sighting report Legacy_Ranker --digest sha256:9f86d081884c7d65 --endpoint batch-7")]
    Report(Report),
    /// List what runs, and what is registered and does not run.
    #[command(
        visible_alias = "list",
        after_help = "Examples:
  slipway sighting ls
  slipway sighting ls --filter 'finding != AS_REGISTERED' --order-by 'last_seen_time desc'
  slipway sighting ls --filter 'finding = UNREGISTERED_MODEL' --output json"
    )]
    Ls(Ls),
}

/// `slipway sighting report`.
#[derive(Debug, Args)]
pub struct Report {
    /// What the fleet calls the model; it need not be registered.
    model: String,
    /// The number of its version, if that is known.
    #[arg(long, value_name = "NUMBER", default_value_t = 0, hide_default_value = true)]
    #[arg(value_parser = clap::value_parser!(i64).range(0..))]
    number: i64,
    /// The digest of its artifact, if that is known.
    #[arg(long, value_name = "DIGEST", default_value = "", hide_default_value = true)]
    digest: String,
    /// Where it serves.
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    endpoint: String,
    /// Predictions a second.
    #[arg(long, value_name = "NUMBER", default_value_t = 0.0, hide_default_value = true)]
    rate: f64,
}

/// `slipway sighting ls`.
#[derive(Debug, Args)]
pub struct Ls {
    /// Which ones: an AIP-160 filter, as 'finding != AS_REGISTERED'.
    #[arg(long, default_value = "", hide_default_value = true, value_parser = value::filter)]
    filter: String,
    /// In which order: fields, each with ` desc` if wanted.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "FIELDS")]
    order_by: String,
    #[command(flatten)]
    limit: Limit,
}

impl Sighting {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        match self {
            Self::Report(report) => report.run(connect, output).await,
            Self::Ls(ls) => ls.run(connect, output).await,
        }
    }
}

impl Report {
    async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let Self { model, number, digest, endpoint, rate } = self;
        let running = vec![pb::Running { model, version: number, digest, endpoint, rate }];
        let request = pb::ReportSightingsRequest { parent: connect.parent(), running };
        let answer = connect.registry()?.report_sightings(request).await?;
        output.write("slipway.registry.v1.ReportSightingsResponse", &answer, |answer| {
            let expiry = answer.expiry.map_or_else(String::new, |expiry| format!("{} h", expiry.seconds / 3600));
            facts(&[
                ("kept", answer.taken.to_string()),
                ("left out", answer.left_out.to_string()),
                ("forgotten after", expiry),
            ])
        })
    }
}

impl Ls {
    async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let registry = connect.registry()?;
        let request = pb::ListSightingsRequest {
            parent: connect.parent(),
            filter: self.filter,
            order_by: self.order_by,
            ..pb::ListSightingsRequest::default()
        };
        let ask = async |page_size, page_token| {
            let page =
                registry.list_sightings(pb::ListSightingsRequest { page_size, page_token, ..request.clone() }).await?;
            Ok(Page { items: page.sightings, next: page.next_page_token, total: Some(page.total_size) })
        };
        let look = Look {
            kind: "slipway.registry.v1.Sighting",
            headings: ["model", "version", "finding", "endpoint", "rate", "first seen", "last seen", "reporter"],
            row,
            nothing: "nothing is seen, and nothing is registered; fleets report through the SDK",
        };
        self.limit.list(output, look, ask).await
    }
}

fn row(sighting: &pb::Sighting) -> [String; 8] {
    let version = if sighting.version == 0 { String::new() } else { sighting.version.to_string() };
    [
        sighting.model.clone(),
        version,
        text::word(sighting.finding().as_str_name(), "SIGHTING_FINDING_").to_lowercase(),
        sighting.endpoint.clone(),
        if sighting.rate > 0.0 { format!("{:.1}", sighting.rate) } else { String::new() },
        text::age(sighting.first_seen_time),
        text::age(sighting.last_seen_time),
        sighting.reporter.clone(),
    ]
}
