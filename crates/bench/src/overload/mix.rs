//! The calls that a registry gets in life: most of them read one model, some list, few write.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use slipway_proto::registry::v1 as pb;
use slipway_proto::registry::v1::registry_client::RegistryClient;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use super::DEADLINE;
use crate::load::{self, IN_FLIGHT};
use crate::registry::{create_all, model_name};

/// What it is, for people.
pub const WORDS: &str = "Of 20 calls 16 read a model, 3 list a filtered page of 50 of 4000, 1 changes a model durably.";

/// How many models are known: so many that a list takes milliseconds, so that the service is at its end long before the
/// load is, whose calls cost it as much as a model that is read costs the service.
const MODELS: usize = 4000;

/// How many calls it takes until all kinds have come in their shares.
const TURN: usize = 20;

/// Connections to a service, and what is asked through them.
#[derive(Clone)]
pub struct Mix {
    clients: Arc<[RegistryClient<Channel>]>,
    names: Arc<[String]>,
}

impl Mix {
    /// Opens `connections` to the service at `address` and creates the models that are asked for.
    ///
    /// # Errors
    /// When the service fails.
    pub async fn start(address: &str, connections: usize) -> Result<Self> {
        let channels = load::connect(address, connections).await?;
        let clients: Arc<[_]> = channels.into_iter().map(RegistryClient::new).collect();
        create_all(&clients[0], MODELS).await?;
        Ok(Self { clients, names: (0..MODELS).map(model_name).collect() })
    }

    /// Calls as the one with `number`, which is given up after `patience`.
    ///
    /// # Errors
    /// What the service answers instead.
    pub async fn call(&self, number: usize, patience: Duration) -> Result<(), Status> {
        let client = self.clients[number % self.clients.len()].clone();
        // Far from one call to the next, so that neighbours don't meet at one model. The factor is prime.
        let name = self.names[number * 7919 % self.names.len()].clone();
        ask(client, number, name, patience).await
    }

    /// Answers a second within the deadline, with so many calls `under_way` at every moment.
    ///
    /// # Errors
    /// When the load can't be made.
    pub async fn goodput(&self, under_way: usize, time: Duration) -> Result<f64> {
        let good = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&good);
        let lanes = vec![self.clone(); under_way / IN_FLIGHT];
        let began = Instant::now();
        let call = move |mix: Self, number: usize| {
            let good = Arc::clone(&counted);
            async move {
                match mix.call(number, DEADLINE).await {
                    Ok(()) => _ = good.fetch_add(1, Ordering::Relaxed),
                    Err(status) if is_for_load(status.code()) => {}
                    Err(status) => return Err(status.into()),
                }
                Ok(())
            }
        };
        load::run(&lanes, time, call).await?;
        Ok(good.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64())
    }
}

/// Whether a call may end so because there are too many; everything else is a fault of the measurement.
fn is_for_load(code: Code) -> bool {
    matches!(code, Code::ResourceExhausted | Code::DeadlineExceeded | Code::Unavailable | Code::Cancelled)
}

async fn ask(
    mut client: RegistryClient<Channel>,
    number: usize,
    name: String,
    patience: Duration,
) -> Result<(), Status> {
    fn within<T>(message: T, patience: Duration) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(patience);
        request
    }
    // The kinds alternate: connections and moments get all of them.
    match number / 3 % TURN {
        0 => client.update_model(within(change(name, number), patience)).await.map(|_| ()),
        1..=3 => client.list_models(within(page(), patience)).await.map(|_| ()),
        _ => {
            let request = pb::GetModelRequest { name, ..Default::default() };
            client.get_model(within(request, patience)).await.map(|_| ())
        }
    }
}

fn page() -> pb::ListModelsRequest {
    pb::ListModelsRequest {
        parent: "namespaces/default".to_owned(),
        page_size: 50,
        filter: "owner = \"ranking\" AND surface = \"feed\"".to_owned(),
        ..Default::default()
    }
}

/// A change and no creation: so the lists of the last second cost what those of the first one did.
fn change(name: String, number: usize) -> pb::UpdateModelRequest {
    pb::UpdateModelRequest {
        model: Some(pb::Model { name, description: format!("Change {number}."), ..Default::default() }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["description".to_owned()] }),
        reason: "measured".to_owned(),
        ..Default::default()
    }
}
