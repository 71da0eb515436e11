//! A last look at a world that has healed: what its services show of what they keep.

use std::collections::BTreeMap;

use jiff::Timestamp;
use slipway_chassis::{Caller, RequestId};
use slipway_domain::principal::Principal;
use slipway_health::Health;
use slipway_health::service::{Cohorts, HealthQuery};
use slipway_health::window::{Minute, Window};
use slipway_registry::service::{ListChanges, Moment};

use crate::books::{Count, Subject};
use crate::history::Last;
use crate::reader::reader;
use crate::world::World;

/// What the services of `world` show.
pub async fn look(world: &World) -> Last {
    let mut last = Last::default();
    let subjects: Vec<Subject> = {
        let pages = world.books.open();
        let all = pages.sent.iter().flat_map(|sent| sent.counts.keys().cloned());
        all.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
    };
    match world.health.place.living() {
        Some(health) => last.shown = shown(&health.service, world, subjects),
        None => last.broken.push("the health monitor does not come back".to_owned()),
    }
    match world.launcher.place.living() {
        Some(launcher) => {
            let state = launcher.service.state();
            let active = state.active.values().filter_map(|name| state.launches.get(name));
            last.left = active.map(|kept| format!("{:?}", kept.value.launch)).collect();
        }
        None => last.broken.push("the launcher does not come back".to_owned()),
    }
    match world.registry.place.living() {
        Some(registry) => {
            last.listed = listed(&registry.service).await;
            let signed = registry.service.get_checkpoint(&reader(), Moment::Now).ok();
            last.root = signed.map(|signed| signed.head.root);
        }
        None => last.broken.push("the registry does not come back".to_owned()),
    }
    last
}

fn shown(health: &Health, world: &World, subjects: Vec<Subject>) -> BTreeMap<Subject, Count> {
    let caller = Caller::inside(Principal::anonymous(), RequestId::new(&world.env));
    let snapshot = health.snapshot();
    let mut shown = BTreeMap::new();
    for subject in subjects {
        let count = match &subject {
            Subject::Served(version) => {
                let query = HealthQuery { name: version.to_string(), start: None, end: None, cohorts: Cohorts::All };
                health.get_health(&caller, &query).ok().map(|found| Count {
                    rows: found.metrics.labelled,
                    positives: found.metrics.positives,
                    predicted: found.metrics.predicted,
                })
            }
            Subject::Paired(candidate, baseline) => {
                let all = Window { from: Minute::FIRST, until: Minute::of(Timestamp::MAX) };
                let model = snapshot.model(&candidate.model);
                let series = model.and_then(|model| model.paired(candidate.number, *baseline));
                series.and_then(|series| series.strata(all).ok()).map(|hours| {
                    let mut count = Count::default();
                    for cell in hours.iter().map(|(_, cell)| cell.candidate()) {
                        let (rows, positives, predicted) = (cell.labelled(), cell.positives(), cell.predicted());
                        count.add(Count { rows, positives, predicted });
                    }
                    count
                })
            }
        };
        shown.extend(count.map(|count| (subject, count)));
    }
    shown
}

/// How many changes the registry lists, page by page.
async fn listed(registry: &slipway_registry::Registry) -> usize {
    let mut query = ListChanges { page_size: 100, ..ListChanges::default() };
    let mut listed = 0;
    loop {
        let (entries, next, _) =
            registry.list_changes(&reader(), &query).await.expect("a store without faults is read");
        listed += entries.len();
        if next.is_empty() {
            return listed;
        }
        query.page_token = next;
    }
}
