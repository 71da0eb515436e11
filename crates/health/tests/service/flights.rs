//! A summer of real flights, scored by four versions of one model, against figures that scikit-learn gives.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use slipway_proto::health::v1 as pb;
use slipway_store::memory::Memory;

use crate::support::{Running, instant, start_at};

/// Of each version: calibration, log loss, NE, AUC, to the digits given with the data.
const REFERENCE: [(f64, f64, f64, f64); 4] = [
    (0.9807, 0.302_027, 0.501_51, 0.899_56),
    (0.9975, 0.299_150, 0.496_74, 0.905_02),
    (1.3929, 0.356_352, 0.591_72, 0.906_25),
    (0.8405, 0.608_538, 1.010_47, 0.542_43),
];

fn version(number: usize) -> String {
    format!("namespaces/default/models/flight-delay/versions/{number}")
}

fn data() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../cli/data/flights.csv.gz");
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text
}

/// All flights as reports of a day each, with columns by version and hour of take-off.
fn reports(text: &str) -> Vec<pb::ReportRequest> {
    let mut days: BTreeMap<&str, BTreeMap<(usize, &str), pb::Columns>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let (day, hour) = (&fields[1][..10], &fields[1][..13]);
        for number in 1..=4 {
            let columns = days.entry(day).or_default().entry((number, hour)).or_insert_with(|| pb::Columns {
                version: version(number),
                minute: instant(format!("{hour}:00Z").parse().unwrap()),
                ..Default::default()
            });
            columns.predictions.push(fields[3 + number].parse().unwrap());
            columns.outcomes.push(fields[3] == "1");
        }
    }
    let report = |(sequence, columns): (i64, BTreeMap<_, _>)| pb::ReportRequest {
        producer: "summer".to_owned(),
        epoch: 1,
        sequence,
        columns: columns.into_values().collect(),
        ..Default::default()
    };
    (1..).zip(days.into_values()).map(report).collect()
}

async fn after_the_summer() -> Running {
    let now: Timestamp = "2013-09-10T00:00:00Z".parse().unwrap();
    start_at(Arc::new(Memory::new()), now, None).await
}

#[tokio::test]
async fn all_figures_agree_with_the_reference_to_every_digit_that_it_has() {
    let service = after_the_summer().await;
    let reports = reports(&data());
    let last = reports.len() as i64;
    let mut stream = service.stream().await;
    let outgoing = stream.reports.clone();
    let sending = tokio::spawn(async move {
        for report in reports {
            outgoing.send(report).await.unwrap();
        }
    });
    let (mut sequence, mut rows) = (0, 0);
    while sequence < last {
        let answer = stream.answer().await.unwrap();
        (sequence, rows) = (answer.sequence, rows + answer.accepted_rows);
    }
    sending.await.unwrap();
    assert_eq!(rows, 4 * 84_560);
    for (number, (calibration, log_loss, normalized_entropy, auc)) in (1..).zip(REFERENCE) {
        let health = service.health(&version(number)).await;
        assert_eq!(health.rows, 84_560);
        assert_eq!(format!("{:.4}", health.base_rate.unwrap()), "0.2901");
        near(health.calibration.unwrap().value, calibration, 0.5e-4);
        near(health.log_loss, log_loss, 0.5e-6);
        near(health.normalized_entropy, normalized_entropy, 0.5e-5);
        let shown = health.auc.unwrap();
        assert!(shown.lower.unwrap() <= auc + 0.5e-5 && auc - 0.5e-5 <= shown.upper.unwrap(), "v{number}: {shown:?}");
        near(shown.value, auc, 2e-4);
    }
    young_cohorts_only_when_asked_for(&service).await;
}

/// The newest hour of the data is all that was promised, and its labels take a day.
async fn young_cohorts_only_when_asked_for(service: &Running) {
    let whole = service.health(&version(1)).await;
    let mature = service.ask_health(crate::support::query(&version(1))).await.unwrap();
    assert!(mature.rows < whole.rows && mature.rows > 80_000, "{}", mature.rows);
    let day = SignedDuration::from_hours(24).as_secs();
    let newest = whole.end_time.unwrap().seconds - 60;
    assert_eq!(mature.mature_through.unwrap().seconds, newest - day);
}

fn near(value: Option<f64>, expected: f64, within: f64) {
    let value = value.expect("the figure is defined");
    assert!((value - expected).abs() <= within, "{value} is not {expected}");
}
