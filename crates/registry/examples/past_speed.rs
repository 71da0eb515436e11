//! Measures the past and counts on a registry of so many models and changes: an alias and a list as of a moment, what is
//! different between two, and counts of all models.
//!
//! `cargo run --release -p slipway-registry --example past_speed -- 10000 20000`

#![allow(clippy::print_stdout, reason = "an example that prints its measurement")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use slipway_chassis::env::Env;
use slipway_chassis::{Caller, RequestId, record};
use slipway_domain::alias::Alias;
use slipway_domain::as_of::AsOf;
use slipway_domain::ledger::{Change, Resource};
use slipway_domain::model::{DEFAULT_LABEL_WINDOW, FunnelStage, HealthPolicy, Model};
use slipway_domain::name::{AliasName, ModelName};
use slipway_domain::principal::Principal;
use slipway_registry::record::ROWS;
use slipway_registry::service::{Aggregate, Diff, ListQuery};
use slipway_registry::{Error, Registry, keys};
use slipway_store::embedded::{Embedded, Options};
use slipway_store::{Store, Txn};

/// How many entries a transaction writes while the store is filled.
const GROUP: usize = 500;

fn name(number: usize) -> ModelName {
    ModelName::parse(&format!("namespaces/default/models/m-{number}")).expect("a name of a model")
}

fn model(number: usize, surface: &str) -> Resource {
    Resource::Model(Model {
        name: name(number),
        display_name: String::new(),
        description: "predicts whether somebody will want what is shown to them".to_owned(),
        model_type: None,
        owner: format!("team-{}", number % 40),
        on_call: String::new(),
        runbook_uri: String::new(),
        surface: surface.to_owned(),
        funnel_stage: FunnelStage::Unspecified,
        business_function: String::new(),
        predicted_event: String::new(),
        label_window: DEFAULT_LABEL_WINDOW,
        criticality: None,
        depends_on: Default::default(),
        health_policy: HealthPolicy::default(),
        attestation: None,
        labels: BTreeMap::new(),
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        deletion: None,
    })
}

fn alias(number: usize, version: u64) -> Resource {
    let name = AliasName::parse(&format!("{}/aliases/champion", name(number))).expect("a name of an alias");
    Resource::Alias(Alias {
        name,
        number: version,
        protected: false,
        proposal: None,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    })
}

/// Writes changes as the registry does, each from what was to what is.
async fn write(store: &dyn Store, env: &Env, changes: Vec<(Option<Resource>, Resource)>) -> Result<u64, Error> {
    let mut revision = 0;
    for group in changes.chunks(GROUP) {
        let mut txn = Txn::new();
        for (before, after) in group {
            let change = Change {
                principal: Principal::anonymous(),
                at: env.now(),
                reason: String::new(),
                request_id: String::new(),
                changed_fields: vec![],
                before: before.clone(),
                after: Some(after.clone()),
            };
            let name = after.name();
            txn = txn.put(keys::resource(&name), record::encode(after));
            txn = txn.put(keys::ledger(&name, env.new_id()), record::encode(&change));
        }
        if let slipway_store::Outcome::Committed(committed) = store.txn(txn).await? {
            revision = committed;
        }
    }
    Ok(revision)
}

/// How long `ask` takes in milliseconds: the first time, and the middle of many more.
async fn timed<T>(what: &str, mut ask: impl AsyncFnMut() -> Result<T, Error>) -> Result<T, Error> {
    let begun = Instant::now();
    let mut answer = ask().await?;
    let first = begun.elapsed().as_secs_f64() * 1000.0;
    let mut more = Vec::new();
    for _ in 0..21 {
        let begun = Instant::now();
        answer = ask().await?;
        more.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    more.sort_by(f64::total_cmp);
    println!("  {what}: the first time {first:.3} ms, then {:.3} ms", more[more.len() / 2]);
    Ok(answer)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let number = |at, usual| std::env::args().nth(at).and_then(|number| number.parse().ok()).unwrap_or(usual);
    let (models, changes): (usize, usize) = (number(1, 10_000), number(2, 20_000));
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let env = Env::system();
    let store = Arc::new(Embedded::open(folder.path(), Options { rows: ROWS, ..Options::default() })?);
    write(&*store, &env, (0..models).map(|at| (None, model(at, "feed"))).collect()).await?;
    let then = write(&*store, &env, (0..models).map(|at| (None, alias(at, 1))).collect()).await?;
    let moved = (0..changes).map(|at| (Some(alias(at % models, 1)), alias(at % models, 2)));
    let moved = moved.chain((0..models / 10).map(|at| (Some(model(at, "feed")), model(at, "search"))));
    write(&*store, &env, moved.collect()).await?;
    let begun = Instant::now();
    let registry = Registry::open(Arc::clone(&store) as Arc<dyn Store>, "measured", env.clone()).await?;
    println!("{models} models, {changes} moves of aliases: a registry opens in {:.2} s", begun.elapsed().as_secs_f64());
    let caller = Caller::inside(Principal::anonymous(), RequestId::new(&env));
    let past = AsOf::Revision(then);
    let champion = AliasName::parse(&format!("{}/aliases/champion", name(7))).expect("a name of an alias");
    timed("an alias as of then", async || registry.get_alias(&caller, &champion, past).await).await?;
    timed("a model as of then", async || registry.get_model(&caller, &name(7), past).await).await?;
    let query = ListQuery { parent: "namespaces/default".to_owned(), as_of: past, ..ListQuery::default() };
    timed("a page of models as of then", async || registry.list_models(&caller, &query).await).await?;
    let diff = |parent: String| Diff { parent, page_size: 0, page_token: String::new(), from: past, to: AsOf::Now };
    let (one, all) = (diff(name(7).to_string()), diff(String::new()));
    timed("what is different in a model", async || registry.diff_revisions(&caller, &one).await).await?;
    timed("what is different at all", async || registry.diff_revisions(&caller, &all).await).await?;
    let by = |fields: &[&str], filter: &str| Aggregate {
        parent: "namespaces/default".to_owned(),
        group_by: fields.iter().map(|field| (*field).to_owned()).collect(),
        filter: filter.to_owned(),
        as_of: AsOf::Now,
    };
    for (fields, filter) in [
        (&["owner"][..], ""),
        (&["owner", "surface", "effective_tier"], ""),
        (&["owner"], "surface = \"search\" AND effective_tier <= 4"),
    ] {
        let what = format!("counts by {} {filter}", fields.join(", "));
        timed(&what, async || registry.aggregate_models(&caller, &by(fields, filter)).await).await?;
    }
    Ok(())
}
