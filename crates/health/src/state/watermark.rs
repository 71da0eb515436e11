//! How far the reports of a model are complete: the cohorts behind it can be judged once their labels are in.

use jiff::{SignedDuration, Timestamp};
use slipway_domain::name::ModelName;

use super::Snapshot;
use crate::record::{Producer, ProducerId};
use crate::window::Minute;

impl Snapshot {
    /// The instant before which every prediction and every outcome of `model` has been reported: the least of what its
    /// producers promise, and never after `now`. None if nobody reports the model.
    ///
    /// A producer that has been silent for `idle` holds nothing back any more; when all are silent, the furthest of
    /// their promises stands. Who never promised anything is taken to be complete up to the newest minute it reported.
    #[must_use]
    pub fn watermark(&self, model: &ModelName, now: Timestamp, idle: SignedDuration) -> Option<Timestamp> {
        let members = &self.model(model)?.members;
        // A row from before principals were kept stands in the order of names before those that go on from it.
        let successor = |id: &ProducerId| members.range(id.clone()..).nth(1).map(|(next, _)| next);
        let goes_on = |id: &ProducerId| successor(id).is_some_and(|next| next.as_str() == id.as_str());
        let present = members.iter().filter(|(id, _)| id.principal().is_some() || !goes_on(id));
        let known = present.filter_map(|(id, newest)| Some((self.producer(id)?, *newest)));
        let (mut least_active, mut furthest): (Option<Timestamp>, Option<Timestamp>) = (None, None);
        for (producer, newest) in known {
            let promise = promise(producer, newest);
            furthest = furthest.max(Some(promise));
            if now.duration_since(producer.reported_at) < idle {
                least_active = Some(least_active.map_or(promise, |least| least.min(promise)));
            }
        }
        least_active.or(furthest).map(|watermark| watermark.min(now))
    }
}

fn promise(producer: &Producer, newest: Minute) -> Timestamp {
    producer.complete_through.unwrap_or_else(|| newest.start())
}

#[cfg(test)]
mod tests {
    use slipway_domain::principal::Principal;

    use super::*;

    const IDLE: SignedDuration = SignedDuration::from_hours(24);

    fn model() -> ModelName {
        ModelName::parse("namespaces/default/models/m").unwrap()
    }

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_370_000_000 / 3600 * 3600 + hour * 3600).unwrap()
    }

    /// A snapshot with producers, each with (newest minute's hour, promise, hour of its last report).
    fn snapshot(producers: &[(i64, Option<i64>, i64)]) -> Snapshot {
        let mut snapshot = Snapshot::default();
        for (number, (newest, promise, reported)) in producers.iter().enumerate() {
            let id = ProducerId::parse(&format!("p{number}")).unwrap();
            snapshot.put_member(&model(), id.clone(), Minute::of(at(*newest)));
            let complete_through = promise.map(at);
            let reported_at = at(*reported);
            let standing = Producer { epoch: 1, sequence: 1, complete_through, reported_at, recent: Vec::new() };
            snapshot.put_producer(id, standing);
        }
        snapshot
    }

    fn hours(producers: &[(i64, Option<i64>, i64)], now: i64) -> Option<Timestamp> {
        snapshot(producers).watermark(&model(), at(now), IDLE)
    }

    #[test]
    fn the_slowest_active_producer_decides() {
        assert_eq!(hours(&[(9, Some(9), 10), (9, Some(4), 10)], 10), Some(at(4)));
    }

    #[test]
    fn a_producer_that_never_promised_counts_by_its_newest_minute() {
        assert_eq!(hours(&[(7, None, 10), (9, Some(9), 10)], 10), Some(at(7)));
    }

    #[test]
    fn a_producer_that_fell_silent_holds_nothing_back() {
        assert_eq!(hours(&[(9, Some(4), 5), (40, Some(40), 40)], 40), Some(at(40)));
    }

    #[test]
    fn when_all_fell_silent_the_furthest_promise_stands() {
        assert_eq!(hours(&[(9, Some(4), 5), (9, Some(8), 9)], 100), Some(at(8)));
    }

    #[test]
    fn a_row_from_before_principals_were_kept_counts_until_somebody_goes_on_from_it() {
        let mut old = snapshot(&[(9, Some(4), 10), (9, Some(8), 10)]);
        assert_eq!(old.watermark(&model(), at(10), IDLE), Some(at(4)));
        let id = ProducerId::parse("p0").unwrap().of(Principal::anonymous());
        old.put_member(&model(), id.clone(), Minute::of(at(9)));
        let known = old.producer(&id).expect("it goes on from the row of its name").clone();
        old.put_producer(id, Producer { complete_through: Some(at(9)), ..known });
        assert_eq!(old.watermark(&model(), at(10), IDLE), Some(at(8)));
    }

    #[test]
    fn nobody_can_promise_the_future() {
        assert_eq!(hours(&[(9, Some(50), 10)], 10), Some(at(10)));
    }

    #[test]
    fn a_model_that_nobody_reports_has_no_watermark() {
        assert_eq!(hours(&[], 10), None);
    }
}
