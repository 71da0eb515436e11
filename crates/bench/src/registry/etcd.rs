//! The peer of durable writes: etcd, on one node, with nothing else to do.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Result, bail};
use bytes::Bytes;
use slipway_chassis::server::Listeners;
use tonic::Request;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic_prost::ProstCodec;

use crate::load::{self, CONNECTIONS};

/// How long it may take to start.
const PATIENCE: u32 = 300;
const NAP: Duration = Duration::from_millis(100);

/// An etcd that is running; it ends when this is dropped.
pub struct Etcd {
    clients: Vec<Channel>,
    value: Bytes,
    child: Child,
}

/// As in `etcdserverpb.PutRequest`.
#[derive(Clone, PartialEq, prost::Message)]
struct PutRequest {
    #[prost(bytes = "bytes", tag = "1")]
    key: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    value: Bytes,
}

/// As in `etcdserverpb.PutResponse`, of which nothing is looked at.
#[derive(Clone, PartialEq, prost::Message)]
struct PutResponse {}

impl Etcd {
    /// Starts an etcd with its data in `folder`, into which values of so many `bytes` are put; none where it is not
    /// installed.
    ///
    /// # Errors
    /// When it is installed and does not start.
    pub async fn start(folder: &Path, bytes: usize) -> Result<Option<Self>> {
        let Listeners { grpc, ops } = Listeners::loopback().await?;
        let [client, peer] = [grpc.local_addr()?, ops.local_addr()?].map(|address| format!("http://{address}"));
        drop((grpc, ops));
        let mut command = Command::new("etcd");
        command.arg("--data-dir").arg(folder.join("etcd")).args(["--log-level", "error"]);
        command.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
        command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
        command.args(["--initial-cluster", &format!("default={peer}"), "--quota-backend-bytes", "8589934592"]);
        let Ok(child) = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn() else {
            return Ok(None);
        };
        let mut etcd = Self { clients: Vec::new(), value: vec![b'7'; bytes].into(), child };
        for _ in 0..PATIENCE {
            tokio::time::sleep(NAP).await;
            if let Ok(clients) = load::connect(&client, CONNECTIONS).await
                && put(clients[0].clone(), 0, etcd.value.clone()).await.is_ok()
            {
                etcd.clients = clients;
                return Ok(Some(etcd));
            }
        }
        bail!("etcd is installed and does not start")
    }

    /// Puts a second, each of a key of its own, over `time`.
    ///
    /// # Errors
    /// The first put that fails.
    pub async fn puts(&self, time: Duration) -> Result<f64> {
        let value = self.value.clone();
        let call = move |client, number| put(client, number, value.clone());
        Ok(load::run(&self.clients, time, call).await?.per_second)
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn put(client: Channel, number: usize, value: Bytes) -> Result<()> {
    let mut client = Grpc::new(client);
    client.ready().await?;
    let request = PutRequest { key: format!("/versions/{number:012}").into(), value };
    let codec = ProstCodec::<PutRequest, PutResponse>::default();
    client.unary(Request::new(request), PathAndQuery::from_static("/etcdserverpb.KV/Put"), codec).await?;
    Ok(())
}
