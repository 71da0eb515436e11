//! `slipway launch …`.

mod show;
mod start;
mod watch;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use slipway_sdk::pb;

use crate::args::{Attempt, Etag};
use crate::connect::Connect;
use crate::listing::{Limit, Look, Page};
use crate::output::Output;
use crate::{text, value};

pub use show::{evidence as show_evidence, phase, why};

/// The message that most of these answer with.
const LAUNCH: &str = "slipway.launcher.v1.Launch";

/// Launches.
#[derive(Debug, Subcommand)]
pub enum Launch {
    /// Launch a version.
    Start(Box<start::Start>),
    /// List launches, newest first.
    #[command(after_help = "Examples:
  slipway launch ls --active
  slipway launch ls --model flight-delay --state succeeded,rolled-back --limit 10")]
    Ls(Ls),
    /// Show a launch.
    #[command(after_help = "Example:\n  slipway launch show flight-delay-v2-0af1fc50")]
    Show(Named),
    /// Follow a launch until it ends, or all of them. Exits with 0 only if it succeeded.
    #[command(
        after_help = "Examples:\n  slipway launch watch flight-delay-v2-0af1fc50\n  slipway launch watch --output json"
    )]
    Watch {
        /// The launch, by the id that `slipway launch ls` shows [default: all of the namespace].
        launch: Option<value::Launch>,
    },
    /// Hold a launch where it is.
    #[command(after_help = "Example:\n  slipway launch pause flight-delay-v2-0af1fc50 --reason 'looking at the night'")]
    Pause(Told),
    /// Let a paused launch go on.
    #[command(after_help = "Example:\n  slipway launch resume flight-delay-v2-0af1fc50")]
    Resume(Resumed),
    /// Skip the rest of the current bake; the gate is still asked.
    #[command(
        after_help = "Example:\n  slipway launch promote flight-delay-v2-0af1fc50 --reason 'a fix for the outage'"
    )]
    Promote(Told),
    /// End a launch; rolls back if anybody may be exposed.
    #[command(after_help = "Example:\n  slipway launch abort flight-delay-v2-0af1fc50 --reason 'wrong artifact'")]
    Abort(Told),
    /// Say what a launch waits for, since when, and what would move it.
    #[command(after_help = "Example:\n  slipway launch explain flight-delay-v2-0af1fc50 --events 50")]
    Explain {
        #[command(flatten)]
        launch: Named,
        /// How many of its last events to show.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(i32).range(0..=1000), value_name = "N")]
        events: i32,
    },
}

/// Which launches are listed.
#[derive(Debug, Args)]
pub struct Ls {
    /// Only those of this model.
    #[arg(long)]
    model: Option<value::Model>,
    /// Only those that go on.
    #[arg(long, conflicts_with = "states")]
    active: bool,
    /// Only those in these states, separated by commas.
    #[arg(long = "state", value_enum, value_delimiter = ',', value_name = "STATE")]
    states: Vec<State>,
    /// Of all namespaces.
    #[arg(long, short = 'A')]
    all_namespaces: bool,
    #[command(flatten)]
    limit: Limit,
}

/// Where a launch stands.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[allow(missing_docs, reason = "the glossary of states is the API's")]
enum State {
    Draft,
    Estimating,
    AwaitingApproval,
    Queued,
    Preparing,
    Shadowing,
    Ramping,
    Finalizing,
    Watching,
    RollingBack,
    Succeeded,
    RolledBack,
    Rejected,
    Aborted,
    Superseded,
    Expired,
}

/// The states of a launch that goes on.
const ACTIVE: [State; 10] = [
    State::Draft,
    State::Estimating,
    State::AwaitingApproval,
    State::Queued,
    State::Preparing,
    State::Shadowing,
    State::Ramping,
    State::Finalizing,
    State::Watching,
    State::RollingBack,
];

impl From<State> for pb::LaunchState {
    fn from(state: State) -> Self {
        match state {
            State::Draft => Self::Draft,
            State::Estimating => Self::Estimating,
            State::AwaitingApproval => Self::AwaitingApproval,
            State::Queued => Self::Queued,
            State::Preparing => Self::Preparing,
            State::Shadowing => Self::Shadowing,
            State::Ramping => Self::Ramping,
            State::Finalizing => Self::Finalizing,
            State::Watching => Self::Watching,
            State::RollingBack => Self::RollingBack,
            State::Succeeded => Self::Succeeded,
            State::RolledBack => Self::RolledBack,
            State::Rejected => Self::Rejected,
            State::Aborted => Self::Aborted,
            State::Superseded => Self::Superseded,
            State::Expired => Self::Expired,
        }
    }
}

/// One launch.
#[derive(Debug, Args)]
pub struct Named {
    /// The launch, by the id that `slipway launch ls` shows.
    launch: value::Launch,
}

/// A word to one launch that needs a reason.
#[derive(Debug, Args)]
pub struct Told {
    #[command(flatten)]
    named: Named,
    /// Why, for its log.
    #[arg(long, value_parser = value::reason, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    etag: Etag,
    #[command(flatten)]
    attempt: Attempt,
}

/// A word to one launch that speaks for itself.
#[derive(Debug, Args)]
pub struct Resumed {
    #[command(flatten)]
    named: Named,
    /// Why, for its log.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    etag: Etag,
    #[command(flatten)]
    attempt: Attempt,
}

/// Builds the four requests that are alike.
macro_rules! request {
    ($kind:ident, $connect:expr, $told:expr) => {
        pb::$kind {
            name: $connect.launch(&$told.named.launch).to_string(),
            reason: $told.reason,
            etag: $told.etag.etag,
            request_id: $told.attempt.request_id,
            validate_only: $told.attempt.validate_only,
        }
    };
}

impl Launch {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<ExitCode> {
        let launcher = connect.launcher()?;
        let launch = match self {
            Self::Start(start) => return start.run(connect, output).await,
            Self::Watch { launch: Some(launch) } => return watch::one(connect, output, &connect.launch(&launch)).await,
            Self::Watch { launch: None } => return watch::all(connect, output).await,
            Self::Ls(ls) => return ls.run(connect, output).await.map(|()| ExitCode::SUCCESS),
            Self::Explain { launch, events } => return explain(connect, output, &launch, events).await,
            Self::Show(named) => launcher.get_launch(&connect.launch(&named.launch)).await?,
            Self::Pause(told) => launcher.pause_launch(request!(PauseLaunchRequest, connect, told)).await?,
            Self::Resume(told) => launcher.resume_launch(request!(ResumeLaunchRequest, connect, told)).await?,
            Self::Promote(told) => launcher.promote_launch(request!(PromoteLaunchRequest, connect, told)).await?,
            Self::Abort(told) => launcher.abort_launch(request!(AbortLaunchRequest, connect, told)).await?,
        };
        output.write(LAUNCH, &launch, show::launch)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Ls {
    async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let launcher = connect.launcher()?;
        let states = if self.active { ACTIVE.to_vec() } else { self.states };
        let request = pb::ListLaunchesRequest {
            parent: if self.all_namespaces { "namespaces/-".to_owned() } else { connect.parent() },
            model: self.model.map(|model| connect.model(&model).to_string()).unwrap_or_default(),
            states: states.into_iter().map(|state| pb::LaunchState::from(state).into()).collect(),
            ..pb::ListLaunchesRequest::default()
        };
        let ask = async |page_size, page_token| {
            let request = pb::ListLaunchesRequest { page_size, page_token, ..request.clone() };
            let page = launcher.list_launches(request).await?;
            Ok(Page { items: page.launches, next: page.next_page_token, total: None })
        };
        let look = Look {
            kind: LAUNCH,
            headings: ["launch", "version", "state", "share", "since", "why"],
            row,
            nothing: "no such launches; `slipway launch start MODEL/NUMBER` begins one",
        };
        self.limit.list(output, look, ask).await
    }
}

fn row(launch: &pb::Launch) -> [String; 6] {
    [
        text::id(&launch.name).to_owned(),
        text::version(&launch.candidate),
        show::phase(launch),
        text::percent(launch.share),
        text::age(launch.transitions.last().and_then(|last| last.time)),
        show::why(launch),
    ]
}

async fn explain(connect: &Connect, output: Output, named: &Named, events: i32) -> Result<ExitCode> {
    let name = connect.launch(&named.launch).to_string();
    let request = pb::ExplainLaunchRequest { name, events: Some(events) };
    let answer = connect.launcher()?.explain_launch(request).await?;
    output.write("slipway.launcher.v1.ExplainLaunchResponse", &answer, show::explanation)?;
    Ok(ExitCode::SUCCESS)
}
