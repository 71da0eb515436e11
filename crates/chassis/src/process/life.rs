//! One service from its bound sockets to its last answer, whether it has the process to itself or shares it.

use std::error::Error as StdError;
use std::io;

use opentelemetry_sdk::error::OTelSdkError;
use tokio_util::sync::CancellationToken;

use crate::access::{self, Access};
use crate::env::Env;
use crate::metrics::{Metrics, basics};
use crate::readiness::Readiness;
use crate::server::{self, Certificates, Listeners, Ops, Served, Server, Shared};
use crate::settings::Common;
use crate::tasks::Tasks;
use crate::{data_dir, telemetry};

/// What a service's life is made of.
#[derive(Debug)]
pub struct Plan {
    /// The name of the service, for its log.
    pub name: &'static str,
    /// What every service is told.
    pub common: Common,
    /// Its sockets.
    pub listeners: Listeners,
    /// Its clock and its chance.
    pub env: Env,
    /// Cancelled when it has to stop.
    pub stop: CancellationToken,
}

/// What a service gets when it starts.
#[derive(Clone)]
pub struct Start {
    /// What every service is told.
    pub common: Common,
    /// Its clock and its chance.
    pub env: Env,
    /// Who may do what.
    pub access: Access,
    /// Where it makes its instruments.
    pub metrics: Metrics,
    /// Where its components say whether they are ready.
    pub readiness: Readiness,
    /// Where it starts its background work.
    pub tasks: Tasks,
}

/// Why a service did not start, or came to a bad end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no place for its data.
    #[error(transparent)]
    DataDir(#[from] data_dir::Error),
    /// Its figures cannot be shown.
    #[error("metrics: {0}")]
    Metrics(#[from] OTelSdkError),
    /// Its log or its traces cannot be set up.
    #[error(transparent)]
    Telemetry(#[from] telemetry::Error),
    /// Its policy, tokens or keys cannot be used.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// Its certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] slipway_tls::Error),
    /// Its sockets cannot be had.
    #[error(transparent)]
    Listen(#[from] server::ListenError),
    /// It cannot be served, or serving failed.
    #[error(transparent)]
    Server(#[from] server::Error),
    /// Signals cannot be heard.
    #[error("signals cannot be heard: {0}")]
    Signals(#[from] io::Error),
    /// The service itself could not start.
    #[error("it could not start")]
    Start(#[source] Box<dyn StdError + Send + Sync>),
    /// A background task broke off; the log has said which.
    #[error("a background task broke off")]
    Broken,
}

/// Runs one service until `plan.stop`. Its data folder is made, its operators are answered from the first moment, it is
/// ready when `start` has returned and all its components say so, and its background tasks end after its last call.
///
/// # Errors
/// Why it did not start, or came to a bad end.
pub async fn serve<C, F, E>(plan: Plan, own: C, start: F) -> Result<(), Error>
where
    F: AsyncFnOnce(C, Start) -> Result<Served, E>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    let Plan { name, common, listeners, env, stop } = plan;
    let Listeners { grpc, ops } = listeners;
    let metrics = Metrics::new()?;
    let access = match common.access.clone() {
        Some(sources) => Access::guarded(sources, &env, &metrics)?,
        None => Access::open(&env, &metrics),
    };
    let certificates = common.tls.as_ref().map(Certificates::open).transpose()?;
    let shared = Shared { env: env.clone(), access, metrics, readiness: Readiness::new(), certificates };
    warn_of_open_tokens(&common);
    if let Some(certificates) = &shared.certificates {
        certificates.show_ends(&env, &shared.metrics);
    }
    basics::show(&shared.metrics, name, &shared.readiness, common.data_dir.clone());
    let service = shared.readiness.component("service");
    let _ops = Ops::start(ops, common.server.connections, &shared);
    data_dir::prepare(&common.data_dir)?;
    let tasks = Tasks::new(stop.clone(), shared.readiness.clone());
    let Shared { access, metrics, readiness, certificates, .. } = shared.clone();
    if let Some(certificates) = certificates {
        let (followed, stopping) = (certificates.follow(shared.clone()), tasks.stopping());
        tasks.spawn("certificates", async move {
            stopping.run_until_cancelled(followed).await;
        });
    }
    let (followed, stopping) = (access.clone(), tasks.stopping());
    tasks.spawn("access", async move {
        stopping.run_until_cancelled(followed.follow()).await;
    });
    let begun = Start { common: common.clone(), env: env.clone(), access, metrics, readiness, tasks: tasks.clone() };
    let result = match stop.run_until_cancelled(start(own, begun)).await {
        None => Ok(()),
        Some(Err(error)) => Err(Error::Start(error.into())),
        Some(Ok(served)) => {
            let server = Server::build(common.server, grpc, served, &shared)?;
            service.ready();
            tracing::info!(service = name, address = %server.address()?, data = %common.data_dir.display(), "serving");
            server.run(stop.cancelled()).await;
            Ok(())
        }
    };
    let whole = tasks.finish(&env, common.server.grace).await;
    tracing::info!(service = name, "stopped");
    result.and(if whole { Ok(()) } else { Err(Error::Broken) })
}

/// A token that somebody reads on its way is theirs until it ends, and only TLS keeps it from being read.
fn warn_of_open_tokens(common: &Common) {
    let Common { listen, access, tls, .. } = common;
    let tokens = access.as_ref().is_some_and(|sources| sources.tokens.is_some() || sources.jwt.is_some());
    if tokens && tls.is_none() && !listen.ip().is_loopback() {
        tracing::warn!(
            address = %listen,
            "tokens are accepted without TLS, and can be read and used by whoever is on their way: give tls.certificate \
             and tls.key, unless something in front of this service encrypts"
        );
    }
}
