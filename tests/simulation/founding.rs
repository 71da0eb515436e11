//! How a world begins: models with versions of known quality, one of which serves; and the one launch of a calm world.

use std::sync::Arc;
use std::time::Duration;

use slipway_chassis::intent::{Intent, Mode};
use slipway_chassis::{Caller, RequestId};
use slipway_domain::as_of::AsOf;
use slipway_domain::gate::Policy;
use slipway_domain::launch::{Plan, RampStep, Shadow};
use slipway_domain::model::Model;
use slipway_domain::name::{Identifier, ModelName, TeamName};
use slipway_domain::principal::Principal;
use slipway_domain::team::Team;
use slipway_domain::traffic::{Share, Writer, split};
use slipway_registry::service as registry;

use crate::books::Quality;
use crate::people::People;
use crate::reader::{at_once, reader};

const HOUR: Duration = Duration::from_secs(3600);

/// How a model begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    /// Its first version serves everything.
    Serving,
    /// It serves nothing yet.
    Idle,
}

/// Makes a model with two good versions.
pub fn found(people: &Arc<People>, number: u64, begins: Begins) -> impl Future<Output = ()> + Send + use<> {
    let people = Arc::clone(people);
    async move {
        let name = ModelName::parse(&format!("namespaces/default/models/model-{number}")).expect("a model's name");
        let wanted = model(&people, &name);
        found_team(&people, &name).await;
        loop {
            let (intent, wanted) = (founding(&people), wanted.clone());
            let made = people.registry.call(|registry| async move { registry.create_model(&intent, wanted).await });
            let _ = made.await;
            if people
                .registry
                .living()
                .is_some_and(|registry| at_once(registry.service.get_model(&reader(), &name, AsOf::Now)).is_ok())
            {
                break;
            }
            people.env.sleep(Duration::from_secs(1)).await;
        }
        people.books.open().models.push(name.clone());
        for quality in [Quality::Good, Quality::Good] {
            while !people.make_version(&name, quality).await {}
        }
        if begins == Begins::Serving {
            serve_first(&people, &name).await;
        }
    }
}

fn founding(people: &People) -> Intent {
    let caller = Caller::inside(Principal::anonymous(), RequestId::new(&people.env));
    let (mode, reason) = (Mode::Commit, "founded".to_owned());
    Intent { caller, request_id: Some(people.chance.id()), mode, reason }
}

/// Makes the team that owns `model`, if nobody has yet.
async fn found_team(people: &People, model: &ModelName) {
    let team = Identifier::parse("ranking").expect("an identifier");
    let name = TeamName { namespace: model.namespace.clone(), team };
    loop {
        let (intent, wanted) = (founding(people), Team::blank(&name));
        let made = people.registry.call(|registry| async move { registry.create_team(&intent, wanted).await });
        let _ = made.await;
        if people
            .registry
            .living()
            .is_some_and(|registry| at_once(registry.service.get_team(&reader(), &name, AsOf::Now)).is_ok())
        {
            return;
        }
        people.env.sleep(Duration::from_secs(1)).await;
    }
}

async fn serve_first(people: &People, name: &ModelName) {
    let first = name.version(1);
    loop {
        if let Some(registry) = people.registry.living()
            && let Ok(traffic) = at_once(registry.service.get_traffic(&reader(), name, AsOf::Now))
        {
            if !traffic.value.ranges.is_empty() {
                return;
            }
            let ranges = split(Some(&first), &name.version(2), Share::NONE);
            let (model, generation) = (name.clone(), traffic.value.generation);
            people.set_traffic(registry::SetTraffic { model, ranges, generation, writer: Writer::Unstated }).await;
        }
        people.env.sleep(Duration::from_secs(1)).await;
    }
}

/// Launches the second version of the first model by a plan with every stage.
pub async fn launch(people: &People) {
    let model = people.books.open().models[0].clone();
    let step = |share: f64, hours: u32| RampStep { share, bake: hours * HOUR };
    let plan = Plan {
        shadow: Some(Shadow { bake: 5 * HOUR }),
        steps: vec![step(0.25, 7), step(1.0, 3)],
        gate: Policy {
            calibration_tolerance: 0.25,
            ne_tolerance: 0.1,
            harm_budget: 0.35,
            minimum_rows: Some(40),
            minimum_positives: Some(8),
            ..Policy::default()
        },
        watch: 4 * HOUR,
        evaluate_interval: 2 * HOUR,
        ..Plan::default()
    };
    while people.active().is_empty() {
        people.launch(&model, 2, plan.clone()).await;
    }
}

fn model(people: &People, name: &ModelName) -> Model {
    Model {
        owner: "ranking".to_owned(),
        label_window: crate::fleet::TICK * 3,
        created_at: people.env.now(),
        updated_at: people.env.now(),
        ..Model::blank(name)
    }
}
