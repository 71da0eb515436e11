//! A health monitor that counts each report once, keeps that through restarts, and fails as it is told to.

use std::collections::{BTreeMap, HashMap};
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use futures_util::{Stream, StreamExt as _};
use slipway_proto::health::v1::health_server::{Health, HealthServer};
use slipway_sdk::pb;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::service::Routes;
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_types::{ErrorDetails, StatusExt as _};

/// What was counted under one key: `version` or `candidate|baseline`, and the minute in seconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cell {
    pub rows: u64,
    pub positives: u64,
    pub predictions: f64,
    pub weights: f64,
    pub predicted: i64,
}

/// What has been made durable.
#[derive(Debug, Clone, Default)]
pub struct Durable {
    pub producers: HashMap<String, (i64, i64)>,
    pub cells: BTreeMap<(String, i64), Cell>,
    pub largest_report: usize,
    /// The rows that had been counted of each version when each promise came.
    pub promises: Vec<(i64, BTreeMap<String, u64>)>,
    /// Every number that came, repeats included.
    pub sequences: Vec<i64>,
}

impl Durable {
    pub fn rows(&self) -> u64 {
        self.cells.values().map(|cell| cell.rows).sum()
    }
}

/// Shared by the test and the server.
#[derive(Clone)]
pub struct FakeHealth(Arc<Inner>);

struct Inner {
    durable: Mutex<Durable>,
    /// Breaks the stream after having applied the report with this number and before acknowledging it.
    break_after: Mutex<Vec<i64>>,
    /// The next report is taken for one that leaves a gap.
    gap: Mutex<bool>,
    /// Reports of this version are refused.
    refused: Mutex<Option<String>>,
    /// While false, reports are not read.
    open: watch::Sender<bool>,
}

impl FakeHealth {
    pub fn new() -> Self {
        let (open, _) = watch::channel(true);
        Self(Arc::new(Inner {
            durable: Mutex::default(),
            break_after: Mutex::default(),
            gap: Mutex::default(),
            refused: Mutex::default(),
            open,
        }))
    }

    pub fn routes(&self) -> Routes {
        Routes::new(HealthServer::new(self.clone()).max_decoding_message_size(64 << 20))
    }

    pub fn durable(&self) -> Durable {
        self.0.durable.lock().unwrap().clone()
    }

    pub fn break_after(&self, sequences: &[i64]) {
        self.0.break_after.lock().unwrap().extend(sequences);
    }

    /// Takes the next report for one that leaves a gap.
    pub fn miss_one(&self) {
        *self.0.gap.lock().unwrap() = true;
    }

    pub fn refuse(&self, version: &str) {
        *self.0.refused.lock().unwrap() = Some(version.to_owned());
    }

    pub fn stop_reading(&self) {
        self.0.open.send_replace(false);
    }

    pub fn go_on_reading(&self) {
        self.0.open.send_replace(true);
    }

    /// Forgets what it had made durable about producers.
    pub fn lose_producers(&self) {
        self.0.durable.lock().unwrap().producers.clear();
    }

    /// Lets `producer` begin a newer epoch somewhere else.
    pub fn fence(&self, producer: &str, epoch: i64) {
        self.0.durable.lock().unwrap().producers.insert(producer.to_owned(), (epoch, 0));
    }

    /// Applies a report, once.
    fn apply(&self, report: &pb::ReportRequest) -> Result<pb::ReportResponse, Status> {
        let mut durable = self.0.durable.lock().unwrap();
        durable.sequences.push(report.sequence);
        let known = durable.producers.get(&report.producer).copied();
        let (epoch, last) = known.filter(|known| known.0 >= report.epoch).unwrap_or((report.epoch, 0));
        if epoch > report.epoch {
            return Err(refusal(Code::FailedPrecondition, "PRODUCER_FENCED"));
        }
        let missed = std::mem::take(&mut *self.0.gap.lock().unwrap());
        if missed || report.sequence > last + 1 {
            return Err(refusal(Code::OutOfRange, "SEQUENCE_GAP"));
        }
        let refused = self.0.refused.lock().unwrap().clone();
        if report.columns.iter().any(|columns| refused.as_deref() == Some(&columns.version)) {
            return Err(refusal(Code::InvalidArgument, "INVALID_FIELDS"));
        }
        if report.sequence == last + 1 {
            durable.producers.insert(report.producer.clone(), (epoch, report.sequence));
            durable.fold(report);
        }
        let sequence = report.sequence.max(last);
        Ok(pb::ReportResponse { sequence, epoch, accepted_rows: 1, ..Default::default() })
    }

    async fn answer(&self, report: &pb::ReportRequest) -> Result<pb::ReportResponse, Status> {
        let mut open = self.0.open.subscribe();
        open.wait_for(|open| *open).await.map_err(|_| Status::internal("the test has ended"))?;
        let answer = self.apply(report)?;
        let mut breaks = self.0.break_after.lock().unwrap();
        match breaks.iter().position(|sequence| *sequence == report.sequence) {
            Some(at) => {
                breaks.remove(at);
                Err(Status::unavailable("broken between applying and acknowledging"))
            }
            None => Ok(answer),
        }
    }
}

impl Durable {
    fn fold(&mut self, report: &pb::ReportRequest) {
        let mut rows = 0;
        for columns in &report.columns {
            let cell = self.cell(columns.version.clone(), columns.minute.as_ref());
            cell.fold(&columns.predictions, &columns.outcomes, &columns.weights, columns.predicted);
            rows += columns.predictions.len();
        }
        for columns in &report.paired_columns {
            let key = format!("{}|{}", columns.candidate, columns.baseline);
            let cell = self.cell(key, columns.minute.as_ref());
            assert_eq!(columns.candidate_predictions.len(), columns.baseline_predictions.len());
            cell.fold(&columns.candidate_predictions, &columns.outcomes, &columns.weights, columns.predicted);
            rows += columns.outcomes.len();
        }
        self.largest_report = self.largest_report.max(rows);
        if let Some(promise) = &report.complete_through {
            let counted = self.cells.iter().map(|((version, _), cell)| (version.clone(), cell.rows)).collect();
            self.promises.push((promise.seconds, counted));
        }
    }

    fn cell(&mut self, key: String, minute: Option<&prost_types::Timestamp>) -> &mut Cell {
        let minute = minute.expect("every column has a minute").seconds;
        assert_eq!(minute % 60, 0);
        self.cells.entry((key, minute)).or_default()
    }
}

impl Cell {
    fn fold(&mut self, predictions: &[f32], outcomes: &[bool], weights: &[f32], predicted: i64) {
        assert_eq!(predictions.len(), outcomes.len());
        assert!(weights.is_empty() || weights.len() == predictions.len());
        self.rows += predictions.len() as u64;
        self.positives += outcomes.iter().filter(|outcome| **outcome).count() as u64;
        self.predictions += predictions.iter().map(|prediction| f64::from(*prediction)).sum::<f64>();
        let ones = predictions.len() - weights.len();
        self.weights += ones as f64 + weights.iter().map(|weight| f64::from(*weight)).sum::<f64>();
        self.predicted += predicted;
    }
}

fn refusal(code: Code, reason: &str) -> Status {
    Status::with_error_details(code, "no", ErrorDetails::with_error_info(reason, "slipway.dev", HashMap::new()))
}

#[tonic::async_trait]
impl Health for FakeHealth {
    type ReportStream = Pin<Box<dyn Stream<Item = Result<pb::ReportResponse, Status>> + Send>>;

    async fn report(
        &self,
        request: Request<Streaming<pb::ReportRequest>>,
    ) -> Result<Response<Self::ReportStream>, Status> {
        let (answers, stream) = mpsc::channel(1);
        let (fake, mut reports) = (self.clone(), request.into_inner());
        tokio::spawn(async move {
            while let Some(Ok(report)) = reports.next().await {
                let answer = fake.answer(&report).await;
                let broken = answer.is_err();
                if answers.send(answer).await.is_err() || broken {
                    return;
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }

    async fn get_health(&self, _: Request<pb::GetHealthRequest>) -> Result<Response<pb::GetHealthResponse>, Status> {
        Ok(Response::new(pb::GetHealthResponse::default()))
    }

    async fn evaluate(&self, _: Request<pb::EvaluateRequest>) -> Result<Response<pb::Evidence>, Status> {
        Ok(Response::new(pb::Evidence::default()))
    }
}
