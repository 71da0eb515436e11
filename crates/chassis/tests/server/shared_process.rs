//! Several services in one process, each with a life of its own.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use slipway_chassis::env::Env;
use slipway_chassis::process::{Error, Plan, Start, serve};
use slipway_chassis::server::{Listeners, Served};
use slipway_chassis::settings::{Declaration, Sources};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use crate::support::client::say_text;
use crate::support::echo::Echo;
use crate::support::fixture::page;

const DECLARATION: Declaration<()> = Declaration {
    name: "slipway-echo",
    about: "Echoes.",
    listen: "127.0.0.1:7799",
    ops_listen: "127.0.0.1:7798",
    data_dir: "./echo-data",
    settings: &[],
    read: |_| (),
    examples: "",
};

struct Service {
    channel: Channel,
    ops: SocketAddr,
    stop: CancellationToken,
    running: JoinHandle<Result<(), Error>>,
    folder: tempfile::TempDir,
}

/// Starts a service whose background task notes in `ended` that it was asked to end.
async fn service(ended: Arc<AtomicBool>) -> Service {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("a/b").to_str().unwrap().to_owned();
    let flags = vec![("data-dir".to_owned(), data_dir)];
    let common = DECLARATION.read(Sources { flags, ..Sources::default() }).unwrap().common;
    let listeners = Listeners::loopback().await.unwrap();
    let address = listeners.grpc.local_addr().unwrap();
    let ops = listeners.ops.local_addr().unwrap();
    let stop = CancellationToken::new();
    let plan = Plan { name: DECLARATION.name, common, listeners, env: Env::system(), stop: stop.clone() };
    let start = async move |(), start: Start| {
        let stopping = start.tasks.stopping();
        start.tasks.spawn("noter", async move {
            stopping.cancelled().await;
            ended.store(true, Ordering::SeqCst);
        });
        Ok::<Served, Infallible>(Echo::default().served())
    };
    let running = tokio::spawn(serve(plan, (), start));
    let channel = Channel::from_shared(format!("http://{address}")).unwrap().connect_lazy();
    Service { channel, ops, stop, running, folder }
}

#[tokio::test]
async fn one_stops_and_the_other_goes_on_with_figures_of_its_own() {
    let (one, other) = (service(Arc::default()).await, service(Arc::default()).await);
    say_text(&one.channel, "hello").await.unwrap();
    one.stop.cancel();
    one.running.await.unwrap().unwrap();
    assert_eq!(say_text(&other.channel, "still here").await.unwrap(), "still here");
    let (_, text) = page(other.ops, "/metrics").await;
    assert!(text.contains(r#"{code="OK",method="Say",service="test.v1.Echo"} 1"#), "{text}");
}

#[tokio::test]
async fn background_tasks_are_asked_to_end_and_waited_for() {
    let ended = Arc::new(AtomicBool::new(false));
    let service = service(ended.clone()).await;
    say_text(&service.channel, "hello").await.unwrap();
    assert!(!ended.load(Ordering::SeqCst));
    service.stop.cancel();
    service.running.await.unwrap().unwrap();
    assert!(ended.load(Ordering::SeqCst));
}

#[tokio::test]
async fn the_data_folder_is_made_with_all_that_leads_to_it() {
    let service = service(Arc::default()).await;
    say_text(&service.channel, "hello").await.unwrap();
    assert!(service.folder.path().join("a/b").is_dir());
}
