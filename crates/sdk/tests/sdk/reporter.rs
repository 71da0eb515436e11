//! The reporter through breaks, kills, losses and floods: every row it took is counted once, every other is told of.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use slipway_sdk::name::{ModelName, VersionName};
use slipway_sdk::{
    Code, Columns, Health, Observation, PairedColumns, PairedObservation, Reporter, ReporterSettings, RetryPolicy,
};

use crate::fake_health::{Cell, FakeHealth};
use crate::serving::{PATIENCE, Serving, endpoint, nowhere};

fn version(number: u64) -> VersionName {
    ModelName::parse("namespaces/default/models/m").unwrap().version(number)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_040 + second).unwrap()
}

fn minute(second: i64) -> i64 {
    at(second).as_second() / 60 * 60
}

fn settings() -> ReporterSettings {
    let settings = ReporterSettings::new("ranker-7");
    ReporterSettings { epoch: 5, interval: Duration::from_millis(1), rows_per_report: 10, ..settings }
}

const POSITIVE: Observation = Observation { prediction: 0.25, outcome: true, weight: 1.0 };
const NEGATIVE: Observation = Observation { outcome: false, ..POSITIVE };

fn columns(rows: usize) -> Columns {
    Columns { predictions: vec![0.25; rows], outcomes: vec![true; rows], weights: Vec::new() }
}

fn start(serving: &Serving, settings: ReporterSettings) -> Reporter {
    Reporter::start(&Health::new(&serving.endpoint()), settings)
}

#[tokio::test]
async fn rows_arrive_by_version_and_minute() {
    let fake = FakeHealth::new();
    let serving = Serving::start(fake.routes());
    let reporter = start(&serving, settings());
    reporter.predicted(&version(1), at(0));
    reporter.predicted_many(&version(1), at(3), 4);
    reporter.observed(&version(1), at(0), POSITIVE);
    reporter.observed(&version(1), at(19), Observation { weight: 2.5, ..NEGATIVE });
    reporter.observed(&version(1), at(60), POSITIVE);
    reporter.observed(&version(2), at(1), POSITIVE);
    reporter.paired_predicted(&version(2), &version(1), at(2));
    let both = PairedObservation { candidate: 0.5, baseline: 0.25, outcome: true, weight: 1.0 };
    reporter.paired_observed(&version(2), &version(1), at(4), both);
    reporter.flush(PATIENCE).await.unwrap();
    let cell =
        |rows, positives, predictions, weights, predicted| Cell { rows, positives, predictions, weights, predicted };
    let pair = format!("{}|{}", version(2), version(1));
    let expected = [
        ((version(1).to_string(), minute(0)), cell(2, 1, 0.5, 3.5, 5)),
        ((version(1).to_string(), minute(60)), cell(1, 1, 0.25, 1.0, 0)),
        ((version(2).to_string(), minute(0)), cell(1, 1, 0.25, 1.0, 0)),
        ((pair, minute(0)), cell(1, 1, 0.5, 1.0, 1)),
    ];
    assert_eq!(fake.durable().cells, expected.into());
    assert_eq!(fake.durable().producers["ranker-7"].0, 5);
}

#[tokio::test]
async fn what_was_applied_and_not_acknowledged_is_sent_again_and_counted_once() {
    let fake = FakeHealth::new();
    fake.break_after(&[1, 3, 3, 7]);
    let serving = Serving::start(fake.routes());
    let reporter = start(&serving, settings());
    for row_number in 0..95 {
        reporter.observed(&version(1), at(row_number % 120), if row_number % 2 == 0 { POSITIVE } else { NEGATIVE });
    }
    reporter.flush(PATIENCE).await.unwrap();
    let (durable, stats) = (fake.durable(), reporter.stats());
    assert_eq!((durable.rows(), stats.acknowledged_rows, stats.taken_rows), (95, 95, 95));
    assert!(stats.resent_reports >= 2, "{stats:?}");
    assert!(durable.sequences.iter().filter(|sequence| **sequence == 3).count() >= 2);
    assert_eq!((stats.pending_bytes, stats.queued_rows), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_monitor_that_is_killed_again_and_again_counts_every_row_of_all_threads_once() {
    let fake = FakeHealth::new();
    let serving = Serving::start(fake.routes());
    let reporter = start(&serving, settings());
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let reporter = reporter.clone();
            std::thread::spawn(move || {
                for row_number in 0..5_000 {
                    reporter.observed(&version(thread + 1), at(row_number % 600), POSITIVE);
                }
            })
        })
        .collect();
    let mut serving = Some(serving);
    for _ in 0..5 {
        let address = serving.take().unwrap().kill();
        serving = Some(Serving::start_at(fake.routes(), address));
        reporter.observed(&version(9), at(0), POSITIVE);
        reporter.flush(PATIENCE).await.unwrap();
    }
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    reporter.flush(PATIENCE).await.unwrap();
    assert_eq!((fake.durable().rows(), reporter.stats().dropped.rows()), (20_005, 0));
}

#[tokio::test]
async fn memory_is_bounded_and_what_it_can_not_hold_is_counted() {
    let fake = FakeHealth::new();
    fake.stop_reading();
    let serving = Serving::start(fake.routes());
    let bound = 64 << 10;
    let reporter = start(&serving, ReporterSettings { most_pending_bytes: bound, ..settings() });
    for number in 0..100_000 {
        reporter.observed(&version(number % 3 + 1), at(0), POSITIVE);
        reporter.predicted(&version(1), at(0));
    }
    let stats = reporter.stats();
    assert!(stats.pending_bytes <= bound + 1024, "{} bytes", stats.pending_bytes);
    assert!(stats.dropped.full_rows > 50_000 && stats.dropped.predictions > 0, "{stats:?}");
    assert_eq!(stats.taken_rows + stats.dropped.full_rows, 100_000);
    assert_eq!(stats.queued_rows + stats.gathered_rows, stats.taken_rows);
    fake.go_on_reading();
    reporter.flush(PATIENCE).await.unwrap();
    assert_eq!(fake.durable().rows(), reporter.stats().taken_rows);
}

#[tokio::test]
async fn columns_that_do_not_fit_are_refused_whole_and_room_can_be_waited_for() {
    let fake = FakeHealth::new();
    fake.stop_reading();
    let serving = Serving::start(fake.routes());
    let reporter = start(&serving, ReporterSettings { most_pending_bytes: 64 << 10, ..settings() });
    reporter.observed_columns(&version(1), at(0), columns(700)).unwrap();
    let error = reporter.observed_columns(&version(1), at(0), columns(12_000)).unwrap_err();
    assert_eq!((error.reason(), reporter.stats().dropped.full_rows), ("REPORTER_FULL", 12_000));
    fake.go_on_reading();
    tokio::time::timeout(PATIENCE, reporter.room()).await.unwrap();
    reporter.observed_columns(&version(1), at(0), columns(300)).unwrap();
    reporter.flush(PATIENCE).await.unwrap();
    assert_eq!(fake.durable().rows(), 1_000);
}

#[tokio::test]
async fn large_columns_are_cut_into_reports_that_the_monitor_takes() {
    let fake = FakeHealth::new();
    let serving = Serving::start(fake.routes());
    let reporter = start(&serving, ReporterSettings { rows_per_report: 1_000, ..settings() });
    let rows = 10_500;
    reporter.observed_columns(&version(1), at(0), columns(rows)).unwrap();
    let Columns { predictions, outcomes, weights } = columns(rows);
    let both = PairedColumns { candidate: predictions.clone(), baseline: predictions, outcomes, weights };
    reporter.paired_observed_columns(&version(2), &version(1), at(0), both).unwrap();
    reporter.flush(PATIENCE).await.unwrap();
    let durable = fake.durable();
    assert_eq!((durable.rows(), durable.largest_report), (21_000, 1_000));
    assert_eq!(durable.sequences, (1..=22).collect::<Vec<_>>());
}

#[tokio::test]
async fn columns_of_different_lengths_are_refused() {
    let reporter = Reporter::start(&Health::new(&endpoint(nowhere())), settings());
    let short = Columns { outcomes: vec![true], ..columns(2) };
    let unweighted = Columns { weights: vec![1.0], ..columns(2) };
    for broken in [short, unweighted] {
        let error = reporter.observed_columns(&version(1), at(0), broken).unwrap_err();
        assert_eq!((error.reason(), error.code()), ("COLUMN_LENGTH", Code::InvalidArgument));
    }
    assert_eq!(reporter.stats().taken_rows, 0);
}

#[tokio::test]
async fn a_fenced_producer_stops_and_says_so() {
    let fake = FakeHealth::new();
    fake.fence("ranker-7", 6);
    let serving = Serving::start(fake.routes());
    let reporter = start(&serving, settings());
    reporter.observed(&version(1), at(0), POSITIVE);
    let error = reporter.flush(PATIENCE).await.unwrap_err();
    assert_eq!(error.reason(), "PRODUCER_FENCED");
    reporter.observed(&version(1), at(0), POSITIVE);
    assert_eq!(reporter.observed_columns(&version(1), at(0), columns(8)), Err(error.clone()));
    let stats = reporter.stats();
    assert_eq!((stats.stopped, stats.dropped.stopped_rows, stats.pending_bytes), (Some(error), 10, 0));
    assert_eq!(fake.durable().rows(), 0);
    assert_eq!(reporter.flush(PATIENCE).await.unwrap_err().reason(), "PRODUCER_FENCED", "nothing is durable any more");
}

/// A reporter whose waits are drawn from up to `first`, and from twice as much after each failure up to `longest`.
fn patient(serving: &Serving, first: Duration, longest: Duration) -> Reporter {
    let policy = RetryPolicy { attempts: 1, first, longest };
    Reporter::start(&Health::new(&serving.endpoint().with_retry(policy)), settings())
}

#[tokio::test]
async fn waits_begin_anew_after_each_report_that_was_taken() {
    let fake = FakeHealth::new();
    fake.break_after(&(1..=20).collect::<Vec<_>>());
    let serving = Serving::start(fake.routes());
    let reporter = patient(&serving, Duration::from_millis(40), Duration::from_secs(1 << 20));
    reporter.observed_columns(&version(1), at(0), columns(200)).unwrap();
    // Twenty breaks in a row without a success between them would be waited for by the hour.
    reporter.flush(PATIENCE).await.unwrap();
    assert_eq!(fake.durable().rows(), 200);
}

#[tokio::test]
async fn a_monitor_that_breaks_again_and_again_is_left_alone_between() {
    let fake = FakeHealth::new();
    fake.break_after(&[1; 20]);
    let serving = Serving::start(fake.routes());
    let longest = Duration::from_millis(200);
    let reporter = patient(&serving, longest, longest);
    let begun = Instant::now();
    reporter.observed(&version(1), at(0), POSITIVE);
    reporter.flush(PATIENCE).await.unwrap();
    // Twenty waits, each drawn from nothing to the longest, come to less than a third of their mean once in a million.
    assert!(begun.elapsed() > longest * 20 / 2 * 35 / 100, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_monitor_that_lost_what_it_had_acknowledged_gets_the_rest_under_a_new_epoch() {
    let fake = FakeHealth::new();
    let serving = Serving::start(fake.routes());
    let reporter = start(&serving, settings());
    reporter.observed_columns(&version(1), at(0), columns(25)).unwrap();
    reporter.flush(PATIENCE).await.unwrap();
    fake.lose_producers();
    reporter.observed_columns(&version(2), at(0), columns(25)).unwrap();
    reporter.flush(PATIENCE).await.unwrap();
    assert_eq!((fake.durable().rows(), fake.durable().producers["ranker-7"].0), (50, 6));
    assert_eq!((reporter.stats().epoch, reporter.stats().acknowledged_rows), (6, 50));
}

#[tokio::test]
async fn a_gap_that_is_none_when_it_is_looked_at_again_begins_no_new_epoch() {
    let fake = FakeHealth::new();
    let serving = Serving::start(fake.routes());
    let reporter = start(&serving, settings());
    // Again and again: each time the first report that is not acknowledged closes it.
    for _ in 0..3 {
        fake.miss_one();
        reporter.observed_columns(&version(1), at(0), columns(25)).unwrap();
        reporter.flush(PATIENCE).await.unwrap();
    }
    assert_eq!((fake.durable().rows(), fake.durable().producers["ranker-7"]), (75, (5, 9)));
    assert_eq!(reporter.stats().epoch, 5);
}

#[tokio::test]
async fn a_report_that_is_refused_for_good_does_not_hold_up_the_others() {
    let fake = FakeHealth::new();
    fake.refuse(&version(13).to_string());
    let serving = Serving::start(fake.routes());
    let reporter = start(&serving, settings());
    for number in [1, 13, 2] {
        reporter.observed_columns(&version(number), at(0), columns(10)).unwrap();
    }
    reporter.flush(PATIENCE).await.unwrap();
    assert_eq!((fake.durable().rows(), reporter.stats().dropped.refused_rows), (20, 10));
}

#[tokio::test]
async fn a_promise_of_completeness_comes_after_all_that_was_handed_over_before_it() {
    let fake = FakeHealth::new();
    let serving = Serving::start(fake.routes());
    let reporter = start(&serving, settings());
    for _ in 0..5 {
        reporter.observed(&version(1), at(0), POSITIVE);
    }
    reporter.complete_through(at(60));
    reporter.observed_columns(&version(2), at(0), columns(95)).unwrap();
    reporter.flush(PATIENCE).await.unwrap();
    reporter.complete_through(at(120));
    reporter.flush(PATIENCE).await.unwrap();
    let promises = fake.durable().promises;
    let counted = |promise: usize, number| promises[promise].1.get(&version(number).to_string()).copied();
    assert_eq!((promises[0].0, counted(0, 1)), (at(60).as_second(), Some(5)));
    assert_eq!((promises[1].0, counted(1, 2)), (at(120).as_second(), Some(95)));
}

#[tokio::test]
async fn a_flush_that_runs_out_of_time_says_why_and_can_be_repeated() {
    let address = nowhere();
    let reporter = Reporter::start(&Health::new(&endpoint(address)), settings());
    reporter.observed_columns(&version(1), at(0), columns(20)).unwrap();
    let error = reporter.flush(Duration::from_millis(50)).await.unwrap_err();
    assert_eq!((error.reason(), error.is_retryable()), ("FLUSH_INCOMPLETE", true));
    let fake = FakeHealth::new();
    let _serving = Serving::start_at(fake.routes(), address);
    reporter.flush(PATIENCE).await.unwrap();
    assert_eq!(fake.durable().rows(), 20);
}

#[tokio::test]
async fn nothing_to_report_is_flushed_at_once() {
    let reporter = Reporter::start(&Health::new(&endpoint(nowhere())), settings());
    reporter.flush(Duration::from_secs(1)).await.unwrap();
}

#[tokio::test]
async fn rows_are_sent_without_being_asked_for() {
    let fake = FakeHealth::new();
    let serving = Serving::start(fake.routes());
    let reporter = start(&serving, settings());
    reporter.observed(&version(1), at(0), POSITIVE);
    let arrived = async {
        while fake.durable().rows() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, arrived).await.expect("the row is sent after the interval");
}
