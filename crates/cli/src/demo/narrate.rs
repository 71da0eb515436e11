//! What a person sees while the summer passes: the time, the launch, both arms, and every transition.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use slipway_chassis::env::{Driver, Env};
use slipway_sdk::pb;
use tokio::task::JoinHandle;

use super::stage::Stage;
use crate::launch::{phase, why};
use crate::text;

/// How often the view is drawn anew, in real time.
const EVERY: Duration = Duration::from_millis(250);
/// How many draws lie between two status lines where there is no terminal.
const QUIET: u32 = 20;

/// The view while it is drawn.
pub struct Narrator {
    task: JoinHandle<()>,
    bar: ProgressBar,
}

impl Narrator {
    /// Clears the view.
    pub fn finish(self) {
        self.task.abort();
        self.bar.finish_and_clear();
    }
}

/// Draws on standard error until it is finished: a bar on a terminal, now and then a line elsewhere.
pub fn start(stage: Arc<Stage>, clock: Driver, end: Timestamp) -> Narrator {
    let start = clock.now();
    let hours = move |at: Timestamp| u64::try_from(at.duration_since(start).as_hours()).unwrap_or(0);
    let bar = ProgressBar::new(hours(end));
    let style = ProgressStyle::with_template("{bar:30.cyan} {prefix}\n{msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let drawn = bar.clone();
    let task = tokio::spawn(async move {
        let mut told = HashMap::new();
        for turn in 0_u32.. {
            Env::system().sleep(EVERY).await;
            tell_transitions(&stage, &mut told, &drawn);
            let now = clock.now();
            let view = view(&stage).await;
            drawn.set_position(hours(now));
            drawn.set_prefix(now.strftime("%Y-%m-%d %H:%M").to_string());
            drawn.set_message(view.clone());
            if drawn.is_hidden() && turn % QUIET == QUIET - 1 {
                say(&drawn, &format!("{}\n{view}", now.strftime("%Y-%m-%d %H:%M")));
            }
        }
    });
    Narrator { task, bar }
}

#[allow(clippy::print_stderr, reason = "this is where the command speaks to a person")]
fn say(bar: &ProgressBar, text: &str) {
    bar.suspend(|| eprintln!("{text}"));
}

/// Says each transition once.
fn tell_transitions(stage: &Stage, told: &mut HashMap<String, usize>, bar: &ProgressBar) {
    for launch in stage.launches.borrow().iter() {
        let seen = told.entry(launch.name.clone()).or_default();
        for entry in launch.transitions.iter().skip(*seen) {
            let state = entry.state().as_str_name().trim_start_matches("LAUNCH_STATE_");
            let (when, share) = (text::instant(entry.time), text::percent(entry.share));
            say(bar, &format!("{when}  v{}  {state:<13} {share:>6}  {}", text::id(&launch.candidate), entry.reason));
        }
        *seen = launch.transitions.len();
    }
}

/// The launch that goes on, with both arms.
async fn view(stage: &Stage) -> String {
    let Some(launch) = stage.active() else { return "no launch goes on".to_owned() };
    let mut lines =
        vec![format!("v{}  {}  {}", text::id(&launch.candidate), phase(&launch), text::percent(launch.share))];
    for version in [&launch.candidate, &launch.baseline] {
        lines.extend(arm(stage, version).await);
    }
    if let Some(evidence) = &launch.evidence {
        let loss = text::estimate(evidence.relative_loss.as_ref());
        let ratio = text::estimate(evidence.calibration_ratio.as_ref());
        lines.push(format!("  candidate to baseline: loss {loss}, calibration {ratio}"));
    }
    lines.push(format!("  {}", why(&launch)));
    lines.join("\n")
}

/// Calibration and NE of what a version has served; nothing while it has served nobody.
async fn arm(stage: &Stage, version: &str) -> Option<String> {
    let request = pb::GetHealthRequest { name: version.to_owned(), ..Default::default() };
    let health = stage.health.get_health(request).await.ok()?;
    let calibration = text::estimate(health.calibration.as_ref());
    let ne = text::number(health.normalized_entropy);
    Some(format!("  v{} served {} flights: calibration {calibration}, NE {ne}", text::id(version), health.rows))
}
