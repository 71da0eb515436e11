//! `slipway diff`: what is different between two moments.

use anyhow::Result;
use clap::Args;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use slipway_chassis::env::Env;
use slipway_sdk::pb;

use crate::connect::Connect;
use crate::exit::Usage;
use crate::listing::{Limit, Look, Page};
use crate::output::Output;
use crate::{text, value};

/// `slipway diff`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  slipway diff flight-delay --day yesterday
  slipway diff flight-delay --from 2026-03-03T14:02 --to 2026-03-03T18:00
  slipway diff --from 7d                                  all of the namespace, in the last seven days
  slipway diff --from-revision 1200 --to-revision 1300 --output json
What only came of a change elsewhere is told too, as another effective tier after a change of the model's type.")]
pub struct Diff {
    /// A model with all that is its own, a version, or any full name [default: the namespace].
    resource: Option<value::Resource>,
    /// From this moment (UTC) on, as 2026-03-03T14:02, 2026-03-03 or 2d ago.
    #[arg(long, value_name = "TIME", required_unless_present_any = ["from_revision", "day"])]
    from: Option<value::Instant>,
    /// From this revision on; 0 is before everything.
    #[arg(long, value_name = "N", conflicts_with = "from", value_parser = clap::value_parser!(i64).range(0..))]
    from_revision: Option<i64>,
    /// Up to this moment [default: now].
    #[arg(long, value_name = "TIME")]
    to: Option<value::Instant>,
    /// Up to this revision.
    #[arg(long, value_name = "N", conflicts_with = "to", value_parser = clap::value_parser!(i64).range(0..))]
    to_revision: Option<i64>,
    /// In this day (UTC), as 2026-03-03, today or yesterday.
    #[arg(long, value_name = "DAY", value_parser = day)]
    #[arg(conflicts_with_all = ["from", "from_revision", "to", "to_revision"])]
    day: Option<Day>,
    #[command(flatten)]
    limit: Limit,
}

/// A day as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Day {
    /// So many days ago.
    Ago(i64),
    /// This one.
    On(Date),
}

fn day(text: &str) -> Result<Day, value::Refused> {
    let refused = |_| "write a day (UTC) as 2026-03-03, today or yesterday".to_owned();
    match text {
        "today" => Ok(Day::Ago(0)),
        "yesterday" => Ok(Day::Ago(1)),
        text => text.parse().map(Day::On).map_err(refused),
    }
}

impl Day {
    /// Its first moment and that of the next day, but none that is still to come at `now`.
    fn bounds(self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let midnight = |date: Date| date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
        let length = SignedDuration::from_hours(24);
        let start = match self {
            Self::Ago(days) => {
                let today = midnight(now.to_zoned(TimeZone::UTC).date())?;
                today.checked_sub(SignedDuration::from_hours(24 * days)).ok()?
            }
            Self::On(date) => midnight(date)?,
        };
        // The last instant of the day: what is changed at midnight belongs to the next.
        let last = start.checked_add(length).ok()?.checked_sub(SignedDuration::from_nanos(1)).ok()?;
        let before = start.checked_sub(SignedDuration::from_nanos(1)).ok()?;
        (start <= now).then_some((before, last.min(now)))
    }
}

impl Diff {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let registry = connect.registry()?;
        let (request, limit) = self.request(connect, Env::system().now())?;
        let ask = async |page_size, page_token| {
            let page =
                registry.diff_revisions(pb::DiffRevisionsRequest { page_size, page_token, ..request.clone() }).await?;
            Ok(Page { items: page.diffs, next: page.next_page_token, total: None })
        };
        let look = Look {
            kind: "slipway.registry.v1.ResourceDiff",
            headings: ["resource", "what", "difference", "who", "age", "why"],
            row,
            nothing: "nothing is different there",
        };
        limit.list(output, look, ask).await
    }

    /// The question, whose moments stand still from page to page.
    fn request(self, connect: &Connect, now: Timestamp) -> Result<(pb::DiffRevisionsRequest, Limit), Usage> {
        let parent = self.resource.as_ref().map_or_else(|| connect.parent(), |resource| connect.resource(resource));
        let wire = |at: Timestamp| prost_types::Timestamp { seconds: at.as_second(), nanos: at.subsec_nanosecond() };
        let (mut from, mut to) = (self.from.map(|at| at.at(now)), self.to.map(|at| at.at(now)));
        if let Some(day) = self.day {
            let bounds = day.bounds(now).ok_or_else(|| Usage("that day is still to come".to_owned()))?;
            (from, to) = (Some(bounds.0), Some(bounds.1));
        }
        let request = pb::DiffRevisionsRequest {
            parent,
            from_revision: self.from_revision,
            from_time: from.map(wire),
            to_revision: self.to_revision,
            to_time: to.map(wire),
            ..pb::DiffRevisionsRequest::default()
        };
        Ok((request, self.limit))
    }
}

fn row(diff: &pb::ResourceDiff) -> [String; 6] {
    let field = |field: &pb::FieldDiff| {
        let pb::FieldDiff { path, before, after } = field;
        match (before.is_empty(), after.is_empty()) {
            (true, _) => format!("{path}: {after}"),
            (false, true) => format!("{path}: no longer {before}"),
            (false, false) => format!("{path}: {before} → {after}"),
        }
    };
    let fields: Vec<_> = diff.fields.iter().map(field).collect();
    let last = diff.last_change.clone().unwrap_or_default();
    [
        text::resource(&diff.resource),
        text::word(diff.action().as_str_name(), "CHANGE_ACTION_").to_lowercase(),
        fields.join("\n"),
        last.principal,
        if last.time.is_some() { text::age(last.time) } else { String::new() },
        last.reason,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_from_its_first_instant_to_its_last_or_to_now() {
        let now: Timestamp = "2026-03-04T09:30:00Z".parse().unwrap();
        let bounds = |text: &str| day(text).unwrap().bounds(now).map(|(from, to)| (from.to_string(), to.to_string()));
        let yesterday = ("2026-03-02T23:59:59.999999999Z".to_owned(), "2026-03-03T23:59:59.999999999Z".to_owned());
        assert_eq!(bounds("yesterday"), Some(yesterday.clone()));
        assert_eq!(bounds("2026-03-03"), Some(yesterday));
        assert_eq!(bounds("today").unwrap().1, "2026-03-04T09:30:00Z");
        assert_eq!(bounds("2026-03-05"), None);
        assert!(day("tomorrow").unwrap_err().contains("yesterday"));
    }
}
