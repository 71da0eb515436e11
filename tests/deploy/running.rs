//! One service in this process, on the embedded store, and what its operators are shown.

use std::future::Future;
use std::net::SocketAddr;

use slipway_chassis::env::Env;
use slipway_chassis::process::{Error, Plan};
use slipway_chassis::server::Listeners;
use slipway_chassis::settings::{Declaration, Sources};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A service that runs until it is stopped.
pub struct Running {
    /// Where it serves gRPC.
    pub address: String,
    ops: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<Result<(), Error>>,
    _folder: TempDir,
}

impl Running {
    /// Starts the service of `declaration` with `settings`.
    pub async fn start<C, F>(
        declaration: &Declaration<C>,
        settings: &[(&str, &str)],
        serve: impl FnOnce(Plan, C) -> F,
    ) -> Self
    where
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data").display().to_string();
        let settings = settings.iter().copied().chain([("data-dir", data.as_str()), ("grace", "1s")]);
        let flags = settings.map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
        let settings = declaration.read(Sources { flags, ..Sources::default() }).unwrap();
        let listeners = Listeners::loopback().await.unwrap();
        let address = format!("http://{}", listeners.grpc.local_addr().unwrap());
        let ops = listeners.ops.local_addr().unwrap();
        let stop = CancellationToken::new();
        let plan =
            Plan { name: declaration.name, common: settings.common, listeners, env: Env::system(), stop: stop.clone() };
        let task = tokio::spawn(serve(plan, settings.own));
        Self { address, ops, stop, task, _folder: folder }
    }

    /// What `/metrics` shows.
    pub async fn figures(&self) -> String {
        let mut socket = tokio::net::TcpStream::connect(self.ops).await.unwrap();
        socket.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").await.unwrap();
        let mut page = String::new();
        socket.read_to_string(&mut page).await.unwrap();
        assert!(page.starts_with("HTTP/1.0 200"), "{page}");
        page.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    /// Stops it.
    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }
}
