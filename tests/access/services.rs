//! The three services in this process, each with a policy and tokens, and calls of any method as anybody.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use http::uri::PathAndQuery;
use prost::Message;
use slipway_chassis::access::tokens;
use slipway_chassis::env::Env;
use slipway_chassis::process::{self, Error, Plan};
use slipway_chassis::server::Listeners;
use slipway_chassis::settings::{Declaration, Request};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};
use tonic_prost::ProstCodec;

/// What each of the services serves beside its own.
pub const OPERATIONS: &str = "slipway.operations.v1.Operations";

const PATIENCE: Duration = Duration::from_secs(30);

/// The services with a policy that names principals `token:NAME`, whose tokens are made with it.
pub struct Services {
    channels: BTreeMap<&'static str, Channel>,
    tokens: BTreeMap<String, String>,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<Result<(), Error>>>,
    _folder: TempDir,
}

impl Services {
    /// Starts them. To each other they are nobody, whom the policy lets do what services do.
    pub async fn start(policy: &str, names: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let policy = format!("{policy}\n[[bindings]]\nrole = \"service\"\nmembers = [\"anonymous\"]\n");
        let tokens: BTreeMap<String, String> =
            names.iter().map(|name| ((*name).to_owned(), tokens::generate(&Env::system()))).collect();
        let entry = |(name, token): (&String, &String)| {
            format!("[[tokens]]\nname = \"{name}\"\nsha256 = \"{}\"\n", tokens::hash(token))
        };
        let (policy_file, tokens_file) = (folder.path().join("policy.toml"), folder.path().join("tokens.toml"));
        std::fs::write(&policy_file, policy).unwrap();
        std::fs::write(&tokens_file, tokens.iter().map(entry).collect::<String>()).unwrap();
        let access =
            [("access.policy", policy_file), ("access.tokens", tokens_file)].map(|(name, file)| option(name, &file));
        let mut starting = Starting { folder: folder.path().to_owned(), access, ..Starting::default() };
        let registry = starting
            .start(&slipway_registry::config::DECLARATION, &[], |plan, own| {
                process::serve(plan, own, slipway_registry::config::start)
            })
            .await;
        let asks = format!("--registry={registry}");
        let health = starting
            .start(&slipway_health::config::DECLARATION, std::slice::from_ref(&asks), |plan, own| {
                process::serve(plan, own, slipway_health::config::start)
            })
            .await;
        let asks = [asks, format!("--health={health}")];
        let launcher = starting
            .start(&slipway_launcher::config::DECLARATION, &asks, |plan, own| {
                process::serve(plan, own, slipway_launcher::config::start)
            })
            .await;
        let channel = |address: String| Endpoint::new(address).unwrap().connect_lazy();
        let channels = BTreeMap::from([
            // Each service has it; on the registry it stands for all of them.
            (OPERATIONS, channel(registry.clone())),
            ("slipway.registry.v1.Registry", channel(registry)),
            ("slipway.health.v1.Health", channel(health)),
            ("slipway.launcher.v1.Launcher", channel(launcher)),
        ]);
        let Starting { stop, tasks, .. } = starting;
        Self { channels, tokens, stop, tasks, _folder: folder }
    }

    /// The channel to a service.
    pub fn channel(&self, service: &str) -> Channel {
        self.channels[service].clone()
    }

    /// The header that proves to be `token:NAME`.
    pub fn header(&self, name: &str) -> String {
        format!("Bearer {}", self.tokens[name])
    }

    /// Calls any method, `service/method`, as `token:NAME`, or as nobody; the first answer, as bytes that are not looked
    /// at. On the wire a method with one answer is a stream of one.
    pub async fn call(&self, method: &str, message: &impl Message, name: Option<&str>) -> Result<(), Status> {
        self.call_bytes(method, message.encode_to_vec(), name).await
    }

    /// The same with a message that was encoded before.
    pub async fn call_bytes(&self, method: &str, message: Vec<u8>, name: Option<&str>) -> Result<(), Status> {
        let service = method.split('/').next().unwrap();
        let mut client = tonic::client::Grpc::new(self.channel(service));
        client.ready().await.unwrap();
        let mut request = tonic::Request::new(Encoded(message));
        request.set_timeout(PATIENCE);
        if let Some(name) = name {
            request.metadata_mut().insert("authorization", self.header(name).parse().unwrap());
        }
        let path: PathAndQuery = format!("/{method}").parse().unwrap();
        let codec = ProstCodec::<Encoded, ()>::default();
        let mut answers = client.server_streaming(request, path, codec).await?.into_inner();
        answers.message().await.map(|answer| assert!(answer.is_some(), "{method} said nothing"))
    }

    /// Stops them all.
    pub async fn stop(self) {
        let Self { channels, stop, tasks, .. } = self;
        drop(channels);
        stop.cancel();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    }
}

/// A message that was encoded before.
#[derive(Debug, Default, Clone)]
struct Encoded(Vec<u8>);

impl Message for Encoded {
    fn encode_raw(&self, buffer: &mut impl bytes::BufMut) {
        buffer.put_slice(&self.0);
    }

    fn merge_field(
        &mut self,
        _: u32,
        _: prost::encoding::WireType,
        _: &mut impl bytes::Buf,
        _: prost::encoding::DecodeContext,
    ) -> Result<(), prost::DecodeError> {
        unreachable!("it is only sent")
    }

    fn encoded_len(&self) -> usize {
        self.0.len()
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}

fn option(name: &str, file: &std::path::Path) -> String {
    format!("--{name}={}", file.display())
}

/// The services, one after the other.
#[derive(Default)]
struct Starting {
    folder: PathBuf,
    access: [String; 2],
    stop: CancellationToken,
    tasks: Vec<JoinHandle<Result<(), Error>>>,
}

impl Starting {
    /// Starts the service of `declaration` with the settings `asks`; its address.
    async fn start<C, F>(
        &mut self,
        declaration: &Declaration<C>,
        asks: &[String],
        serve: impl FnOnce(Plan, C) -> F,
    ) -> String
    where
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let data = option("data-dir", &self.folder.join(declaration.name));
        let arguments = asks.iter().chain(&self.access).cloned().chain([data, "--grace=1s".to_owned()]);
        let Request::Run(settings) = declaration.parse(arguments, []).unwrap() else { panic!("no settings") };
        let listeners = Listeners::loopback().await.unwrap();
        let address = format!("http://{}", listeners.grpc.local_addr().unwrap());
        let (env, stop) = (Env::system(), self.stop.clone());
        let plan = Plan { name: declaration.name, common: settings.common, listeners, env, stop };
        self.tasks.push(tokio::spawn(serve(plan, settings.own)));
        address
    }
}
