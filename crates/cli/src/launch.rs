//! `slipway launch …`.

mod show;
mod start;
mod watch;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use slipway_sdk::pb;

use crate::connect::Connect;
use crate::output::{Output, line, table};
use crate::text;

pub use show::{evidence as show_evidence, phase, why};

/// The message that most of these answer with.
const LAUNCH: &str = "slipway.launcher.v1.Launch";

/// Launches.
#[derive(Debug, Subcommand)]
pub enum Launch {
    /// Launch a version.
    Start(start::Start),
    /// List launches, newest first.
    #[command(after_help = "Examples:\n  slipway launch ls --active\n  slipway launch ls --model flight-delay")]
    Ls(Ls),
    /// Show a launch.
    Show(Named),
    /// Follow a launch until it ends. Exits with 0 only if it succeeded.
    Watch(Named),
    /// Hold a launch where it is.
    Pause(Told),
    /// Let a paused launch go on.
    Resume(Told),
    /// Skip the rest of the current bake; the gate is still asked.
    Promote(Told),
    /// End a launch; rolls back if anybody may be exposed.
    #[command(after_help = "Example:\n  slipway launch abort 0f3a… --reason 'wrong artifact'")]
    Abort(Told),
    /// Say what a launch waits for, since when, and what would move it.
    Explain {
        #[command(flatten)]
        launch: Named,
        /// How many of its last events to show.
        #[arg(long, default_value_t = 10)]
        events: i32,
    },
}

/// Which launches are listed.
#[derive(Debug, Args)]
pub struct Ls {
    /// Only those of this model.
    #[arg(long)]
    model: Option<String>,
    /// Only those that go on.
    #[arg(long)]
    active: bool,
}

/// One launch.
#[derive(Debug, Args)]
pub struct Named {
    /// The launch: its id, or its full name.
    launch: String,
}

/// A word to one launch.
#[derive(Debug, Args)]
pub struct Told {
    /// The launch: its id, or its full name.
    launch: String,
    /// Why, for its log.
    #[arg(long, default_value = "")]
    reason: String,
    /// Refuse unless this is its present etag.
    #[arg(long, default_value = "")]
    etag: String,
}

/// Builds the four requests that are alike.
macro_rules! told {
    ($kind:ident, $connect:expr, $told:expr) => {{
        let Told { launch, reason, etag } = $told;
        pb::$kind { name: $connect.launch(&launch)?.to_string(), reason, etag, ..Default::default() }
    }};
}

impl Launch {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<ExitCode> {
        let launcher = connect.launcher()?;
        let launch = match self {
            Self::Start(start) => return start.run(connect, output).await,
            Self::Watch(named) => return watch::run(connect, output, &connect.launch(&named.launch)?).await,
            Self::Ls(ls) => return list(connect, output, ls).await,
            Self::Explain { launch, events } => return explain(connect, output, &launch, events).await,
            Self::Show(named) => launcher.get_launch(&connect.launch(&named.launch)?).await?,
            Self::Pause(told) => launcher.pause_launch(told!(PauseLaunchRequest, connect, told)).await?,
            Self::Resume(told) => launcher.resume_launch(told!(ResumeLaunchRequest, connect, told)).await?,
            Self::Promote(told) => launcher.promote_launch(told!(PromoteLaunchRequest, connect, told)).await?,
            Self::Abort(told) => launcher.abort_launch(told!(AbortLaunchRequest, connect, told)).await?,
        };
        output.write(LAUNCH, &launch, show::launch)?;
        Ok(ExitCode::SUCCESS)
    }
}

async fn list(connect: &Connect, output: Output, ls: Ls) -> Result<ExitCode> {
    let launcher = connect.launcher()?;
    let model = ls.model.map(|model| connect.model(&model)).transpose()?;
    let mut request = pb::ListLaunchesRequest {
        parent: connect.parent(),
        page_size: 500,
        model: model.map(|model| model.to_string()).unwrap_or_default(),
        ..Default::default()
    };
    let mut rows = table(&["launch", "version", "state", "share", "since", "why"]);
    loop {
        let page = launcher.list_launches(request.clone()).await?;
        for launch in page.launches.iter().filter(|launch| !ls.active || launch.end_time.is_none()) {
            if output.is_json() {
                output.write(LAUNCH, launch, show::launch)?;
            }
            rows.add_row([
                text::id(&launch.name).to_owned(),
                text::version(&launch.candidate),
                show::phase(launch),
                text::percent(launch.share),
                text::instant(launch.transitions.last().and_then(|last| last.time)),
                show::why(launch),
            ]);
        }
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    match (output.is_json(), rows.row_count()) {
        (true, _) => {}
        (false, 0) => line("no launches; `slipway launch start MODEL/NUMBER` begins one")?,
        (false, _) => line(&rows.to_string())?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn explain(connect: &Connect, output: Output, named: &Named, events: i32) -> Result<ExitCode> {
    let name = connect.launch(&named.launch)?.to_string();
    let request = pb::ExplainLaunchRequest { name, events: Some(events) };
    let answer = connect.launcher()?.explain_launch(request).await?;
    output.write("slipway.launcher.v1.ExplainLaunchResponse", &answer, show::explanation)?;
    Ok(ExitCode::SUCCESS)
}
