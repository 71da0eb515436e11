//! The serving fleet: it routes units by the last traffic it saw, observes them, and reports, each report again and again
//! until it is acknowledged or the reporting process dies.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use slipway_chassis::env::Env;
use slipway_chassis::{Caller, RequestId};
use slipway_domain::as_of::AsOf;
use slipway_domain::launch::Stage;
use slipway_domain::name::{ModelName, VersionName};
use slipway_domain::principal::Principal;
use slipway_domain::traffic::Traffic;
use slipway_health::Health;
use slipway_health::service::report::{Columns, Draft, PairedColumns};
use slipway_launcher::Launcher;
use slipway_registry::Registry;

use crate::books::{Books, Count, Quality, Sent, Subject};
use crate::chance::Chance;
use crate::chronicle::Chronicle;
use crate::defect::Defect;
use crate::place::{Away, Place};
use crate::reader::{at_once, reader};

/// How often units are routed and observations reported.
pub const TICK: Duration = Duration::from_secs(30 * 60);
/// How many units of a model one process routes at once.
const UNITS: u64 = 24;
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the fleet knows and whom it asks.
pub struct Surroundings {
    /// The clock of the world.
    pub env: Env,
    /// Units, outcomes and delays follow from this.
    pub chance: Chance,
    /// Where the registry is.
    pub registry: Arc<Place<Registry>>,
    /// Where the health monitor is.
    pub health: Arc<Place<Health>>,
    /// Where the launcher is.
    pub launcher: Arc<Place<Launcher>>,
    /// What is known outside.
    pub books: Arc<Books>,
    /// Where everything is written down.
    pub chronicle: Chronicle,
    /// What is broken on purpose.
    pub defect: Defect,
}

/// Rows of one subject and one minute.
#[derive(Clone, Default)]
struct Rows {
    predictions: Vec<f32>,
    baseline: Vec<f32>,
    outcomes: Vec<bool>,
    predicted: i64,
}

/// Rows that wait to be reported, by subject and minute.
type Gathered = BTreeMap<(Subject, Timestamp), Rows>;

/// One process of the fleet.
pub struct Process {
    around: Arc<Surroundings>,
    name: String,
    epoch: i64,
    sequence: i64,
    /// How often it dies: once in so many ticks.
    dies: u64,
    traffic: BTreeMap<ModelName, Traffic>,
    /// The outcomes that are not known yet, by when they will be.
    ahead: BTreeMap<Timestamp, Gathered>,
    gathered: Gathered,
    /// The report that is not acknowledged yet, and where it stands in the books.
    pending: Option<(Draft, usize)>,
}

impl Process {
    /// A process that has not reported yet.
    pub fn new(around: Arc<Surroundings>, name: &str, dies: u64) -> Self {
        Self {
            around,
            name: name.to_owned(),
            epoch: 1,
            sequence: 0,
            dies,
            traffic: BTreeMap::new(),
            ahead: BTreeMap::new(),
            gathered: Gathered::new(),
            pending: None,
        }
    }

    /// Works for ever as the successor of a process of the same name.
    pub async fn succeed(mut self) {
        let pages = self.around.books.open().sent.clone();
        let epochs = pages.iter().filter(|sent| sent.producer == self.name).map(|sent| sent.epoch);
        self.epoch = i64::try_from(epochs.max().unwrap_or(0)).unwrap_or(0) + 1;
        self.run().await;
    }

    /// Works for ever.
    pub async fn run(mut self) {
        loop {
            self.around.env.sleep(TICK).await;
            self.route();
            self.learn();
            if self.around.chance.one_in(self.dies) {
                self.die();
            }
            self.report().await;
        }
    }

    /// The process is gone with all that it had not brought home; its successor has a newer epoch.
    fn die(&mut self) {
        self.around.chronicle.note(format!("process {} dies in epoch {}", self.name, self.epoch));
        self.epoch += 1;
        self.sequence = 0;
        self.pending = None;
        self.ahead.clear();
        self.gathered.clear();
    }

    fn route(&mut self) {
        let now = self.around.env.now();
        let models = self.around.books.open().models.clone();
        for model in models {
            if let Some(registry) = self.around.registry.living()
                && let Ok(traffic) = at_once(registry.service.get_traffic(&reader(), &model, AsOf::Now))
            {
                self.traffic.insert(model.clone(), (*traffic.value).clone());
            }
            let shadowed = self.shadowed(&model);
            for _ in 0..UNITS {
                self.serve(&model, shadowed.as_ref(), now);
            }
        }
    }

    /// The candidate and the baseline that score every unit of `model` now, if they do.
    fn shadowed(&self, model: &ModelName) -> Option<(VersionName, VersionName)> {
        let launcher = self.around.launcher.living()?;
        let state = launcher.service.state();
        let launch = &state.launches.get(state.active.get(model)?)?.value.launch;
        let shadowing = matches!(launch.stage, Stage::Shadowing { .. });
        Some((launch.candidate.clone(), launch.baseline.clone().filter(|_| shadowing)?))
    }

    fn serve(&mut self, model: &ModelName, shadowed: Option<&(VersionName, VersionName)>, now: Timestamp) {
        let chance = &self.around.chance;
        let unit = format!("unit-{}", chance.number());
        let truth = 0.05 + 0.6 * chance.fraction();
        let outcome = chance.happens(truth);
        let late = TICK * u32::try_from(chance.below(3)).unwrap_or(0);
        let known = now.saturating_add(late).unwrap_or(Timestamp::MAX);
        let served = self.traffic.get(model).and_then(|traffic| traffic.route(&unit)).cloned();
        if let Some(version) = served {
            let predicted = self.predict(&version, truth, Score::Served);
            self.note((Subject::Served(version), now), known, (predicted, predicted, outcome));
        }
        if let Some((candidate, baseline)) = shadowed {
            let both = (self.predict(candidate, truth, Score::Shadow), self.predict(baseline, truth, Score::Shadow));
            let subject = Subject::Paired(candidate.clone(), baseline.number);
            self.note((subject, now), known, (both.0, both.1, outcome));
        }
    }

    fn predict(&self, version: &VersionName, truth: f64, score: Score) -> f32 {
        let quality = self.around.books.open().versions.get(version).copied().unwrap_or(Quality::Good);
        let guess = 0.05 + 0.6 * self.around.chance.fraction();
        let predicted = match (quality, score) {
            (Quality::Good, _) | (Quality::WorseServed, Score::Shadow) => truth,
            (Quality::Miscalibrated, _) => (1.7 * truth).min(0.98),
            (Quality::Worse, _) | (Quality::WorseServed, Score::Served) => guess,
        };
        predicted as f32
    }

    fn note(&mut self, place: (Subject, Timestamp), known: Timestamp, row: (f32, f32, bool)) {
        self.gathered.entry(place.clone()).or_default().predicted += 1;
        let rows = self.ahead.entry(known).or_default().entry(place).or_default();
        rows.predictions.push(row.0);
        rows.baseline.push(row.1);
        rows.outcomes.push(row.2);
    }

    /// Outcomes become known.
    fn learn(&mut self) {
        let now = self.around.env.now();
        while let Some(first) = self.ahead.first_entry().filter(|first| *first.key() <= now) {
            for (place, mut rows) in first.remove() {
                let gathered = self.gathered.entry(place).or_default();
                gathered.predictions.append(&mut rows.predictions);
                gathered.baseline.append(&mut rows.baseline);
                gathered.outcomes.append(&mut rows.outcomes);
            }
        }
    }

    /// Brings home what there is, as far as the health monitor takes it.
    async fn report(&mut self) {
        for _ in 0..3 {
            if self.pending.is_none() {
                self.seal();
            }
            let Some((draft, place)) = self.pending.clone() else { return };
            match self.send(draft).await {
                Ok(()) => {
                    self.around.books.open().sent[place].acknowledged = true;
                    self.pending = None;
                }
                Err(reason) => {
                    self.around.chronicle.note(format!("{}: report {} is open: {reason}", self.name, self.sequence));
                    self.count_again();
                }
            }
        }
    }

    /// The defect of a fleet that takes an unknown outcome for a failure.
    fn count_again(&mut self) {
        if self.around.defect == Defect::CountedAgain
            && let Some((draft, place)) = self.pending.take()
        {
            self.sequence += 1;
            let mut pages = self.around.books.open();
            pages.sent[place].sequence = self.sequence.unsigned_abs();
            self.pending = Some((Draft { sequence: self.sequence, ..draft }, place));
        }
    }

    /// Makes a report of everything that was gathered.
    fn seal(&mut self) {
        let gathered = std::mem::take(&mut self.gathered);
        if gathered.is_empty() {
            return;
        }
        self.sequence += 1;
        let mut draft = Draft {
            producer: self.name.clone(),
            epoch: self.epoch,
            sequence: self.sequence,
            complete_through: Some(self.around.env.now()),
            ..Draft::default()
        };
        let mut counts: BTreeMap<Subject, Count> = BTreeMap::new();
        for ((subject, minute), rows) in gathered {
            let positives = rows.outcomes.iter().filter(|outcome| **outcome).count() as u64;
            let count = Count { rows: rows.outcomes.len() as u64, positives, predicted: rows.predicted.unsigned_abs() };
            counts.entry(subject.clone()).or_default().add(count);
            add(&mut draft, subject, minute, rows);
        }
        let sent = Sent {
            producer: self.name.clone(),
            epoch: self.epoch.unsigned_abs(),
            sequence: self.sequence.unsigned_abs(),
            counts,
            acknowledged: false,
        };
        let mut pages = self.around.books.open();
        pages.sent.push(sent);
        self.pending = Some((draft, pages.sent.len() - 1));
    }

    /// Sends a report once; an answer that does not come in time is not waited for, and the report may still arrive.
    async fn send(&self, draft: Draft) -> Result<(), String> {
        let (env, health) = (self.around.env.clone(), Arc::clone(&self.around.health));
        let late = self.around.chance.one_in(12).then(|| Duration::from_secs(self.around.chance.below(60)));
        let caller = Caller::inside(Principal::anonymous(), RequestId::new(&self.around.env));
        let travel = tokio::spawn(async move {
            if let Some(late) = late {
                env.sleep(late).await;
            }
            health.call(|health| async move { health.report(&caller, draft).await }).await
        });
        tokio::select! {
            biased;
            answer = travel => match answer.unwrap_or_else(|broken| panic!("a report broke off: {broken}")) {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(error.to_string()),
                Err(Away) => Err("nobody answers".to_owned()),
            },
            () = self.around.env.sleep(PATIENCE) => Err("no answer in time".to_owned()),
        }
    }
}

/// What a score is for.
#[derive(Clone, Copy)]
enum Score {
    Served,
    Shadow,
}

fn add(draft: &mut Draft, subject: Subject, minute: Timestamp, rows: Rows) {
    let Rows { predictions, baseline, outcomes, predicted } = rows;
    match subject {
        Subject::Served(version) => draft.columns.push(Columns {
            version: version.to_string(),
            minute: Some(minute),
            predictions,
            outcomes,
            weights: Vec::new(),
            predicted,
        }),
        Subject::Paired(candidate, number) => draft.paired_columns.push(PairedColumns {
            baseline: candidate.model.version(number).to_string(),
            candidate: candidate.to_string(),
            minute: Some(minute),
            candidate_predictions: predictions,
            baseline_predictions: baseline,
            outcomes,
            weights: Vec::new(),
            predicted,
        }),
    }
}
