//! A registry under TLS with a policy and a secret, and somebody honest whose calls are answered whatever others do.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use slipway_chassis::access::tokens;
use slipway_chassis::env::Env;
use slipway_sdk::{ClientFiles, Endpoint, Registry, RetryPolicy, pb};
use slipway_tls::Client;
use tokio::task::JoinHandle;

use super::authority::{Authority, Holds, uri, write};
use super::issuer::key_set;
use crate::binaries::binary;

/// How long anything may take that is no attack.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The most memory that the service may hold, in mebibytes: what it takes to run, and what one attack may have it hold.
const MOST_MEBIBYTES: u64 = 128;

/// The files that a service may have open at its start on most systems, of which it may have more if it asks for them.
const FEW_FILES: &str = "ulimit -Sn 1024";

/// The model of another team, whose name no answer to an attacker may hold.
pub const SECRET: &str = "crown-jewel";

/// Ada runs it. Ben's rights end at the team ads, by whatever he proves himself.
const POLICY: &str = r#"
[[bindings]]
role = "admin"
members = ["cert:spiffe://acme/ada"]

[[bindings]]
role = "admin"
members = ["cert:spiffe://acme/ben", "jwt:ben", "token:ben"]
teams = ["ads"]
"#;

/// A registry, its folder, and who certifies its callers.
pub struct Place {
    pub folder: tempfile::TempDir,
    pub listen: SocketAddr,
    pub ops: SocketAddr,
    pub authority: Authority,
    /// Ben's static token.
    pub token: String,
    child: Child,
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl Place {
    /// Starts the registry with these flags, and creates a model of each team.
    pub async fn start(flags: &[&str]) -> Self {
        Self::start_under(FEW_FILES, flags).await
    }

    /// The same under the limits that this command of the shell sets.
    pub async fn start_under(limits: &str, flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        file("ca.crt", &authority.pem);
        file("policy.toml", POLICY);
        file("keys.json", &key_set(&[(1, "one"), (2, "two")]));
        let token = tokens::generate(&Env::system());
        file("tokens.toml", &format!("[[tokens]]\nname = \"ben\"\nsha256 = \"{}\"\n", tokens::hash(&token)));
        let own = vec![rcgen::SanType::IpAddress([127, 0, 0, 1].into())];
        write(folder.path(), "server", &authority.certify(own, Holds::Now));
        for person in ["ada", "ben"] {
            let named = vec![uri(&format!("spiffe://acme/{person}"))];
            write(folder.path(), person, &authority.certify(named, Holds::Now));
        }
        let (listen, ops) = (free(), free());
        let log = File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{limits}; exec \"$0\" \"$@\"")]).arg(binary("slipway-registry"));
        command
            .current_dir(folder.path())
            .env_clear()
            .args([&format!("--listen={listen}"), &format!("--ops-listen={ops}")]);
        command.args(["--data-dir=data", "--log-format=json", "--ops-plain", "--jwt.algorithms=EdDSA"]);
        command.args(["--tls.certificate=server.crt", "--tls.key=server.key", "--tls.client-ca=ca.crt"]);
        command.args(["--access.policy=policy.toml", "--access.tokens=tokens.toml", "--jwt.keys=keys.json"]);
        command.args(["--jwt.issuer=https://id.acme", "--jwt.audience=slipway"]).args(flags);
        let child = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let place = Self { folder, listen, ops, authority, token, child };
        place.wait_until_ready().await;
        let ada = place.honest_client();
        for (model_id, owner) in [("ctr", "ads"), (SECRET, "social")] {
            let model = pb::Model { owner: owner.to_owned(), ..Default::default() };
            let (parent, model_id) = ("namespaces/default".to_owned(), model_id.to_owned());
            let request = pb::CreateModelRequest { parent, model_id, model: Some(model), ..Default::default() };
            ada.ensure_team(&format!("namespaces/default/teams/{owner}").parse().unwrap()).await.unwrap();
            ada.create_model(request).await.unwrap();
        }
        place
    }

    async fn wait_until_ready(&self) {
        let begun = Instant::now();
        while !self.page("/readyz").is_some_and(|page| page.starts_with("HTTP/1.1 200")) {
            assert!(begun.elapsed() < PATIENCE, "it is not ready:\n{}", self.log());
            Env::system().pause(Duration::from_millis(10)).await;
        }
    }

    /// A page for operators; none while nobody answers.
    fn page(&self, path: &str) -> Option<String> {
        let mut socket = TcpStream::connect(self.ops).ok()?;
        write!(socket, "GET {path} HTTP/1.1\r\nHost: slipway\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// What a figure says, named as on the page.
    pub fn figure(&self, name: &str) -> f64 {
        let page = self.page("/metrics").unwrap();
        let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("there is no {name}")).trim().parse().unwrap()
    }

    /// The most memory that the service has held at any moment, in mebibytes; none where nobody knows.
    pub fn mebibytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(line.trim().strip_suffix(" kB")?.parse::<u64>().unwrap() / 1024)
    }

    /// All that the service has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// The lines of its log about refusals for `reason`.
    pub fn refusals(&self, reason: &str) -> Vec<serde_json::Value> {
        let lines = self.log();
        let lines = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        lines.filter(|line| line["fields"]["reason"] == reason).collect()
    }

    fn files(&self, person: Option<&str>) -> ClientFiles {
        let path = |name: String| self.folder.path().join(name);
        let identity = person.map(|name| (path(format!("{name}.crt")), path(format!("{name}.key"))));
        ClientFiles { ca: Some(path("ca.crt".to_owned())), identity }
    }

    /// One end of connections to the service, with the certificate of this name, or with none.
    pub fn client(&self, person: Option<&str>) -> Client {
        let ClientFiles { ca, identity } = self.files(person);
        Client::new(slipway_tls::ClientFiles { ca, identity })
    }

    /// One end of connections that shows this certificate.
    pub fn client_showing(&self, own: &(String, String)) -> Client {
        let identity: (PathBuf, PathBuf) = write(self.folder.path(), "attacker", own);
        Client::new(slipway_tls::ClientFiles { ca: Some(self.folder.path().join("ca.crt")), identity: Some(identity) })
    }

    /// Ada's client, which tries every call once.
    pub fn honest_client(&self) -> Registry {
        let endpoint = Endpoint::new(&format!("https://{}", self.listen)).unwrap().with_tls(self.files(Some("ada")));
        let endpoint = endpoint.with_deadline(PATIENCE).with_connect_timeout(PATIENCE);
        Registry::new(&endpoint.with_retry(RetryPolicy::NEVER))
    }

    /// Somebody honest, who calls from now on.
    pub fn honest_caller(&self) -> Honest {
        let (calls, enough) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
        let lasting = self.honest_client();
        let (counted, stop) = (Arc::clone(&calls), Arc::clone(&enough));
        let name: slipway_sdk::name::ModelName = "namespaces/default/models/ctr".parse().unwrap();
        let running = tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                lasting.get_model(&name).await.unwrap();
                counted.fetch_add(1, Ordering::Relaxed);
                Env::system().pause(Duration::from_millis(20)).await;
            }
        });
        Honest { calls, enough, running }
    }

    /// Makes sure that the service is as well as before: it answers somebody who comes now, and writes, and has held
    /// no more memory than it may.
    pub async fn is_well(&self, after: &str) {
        let ada = self.honest_client();
        let name: slipway_sdk::name::ModelName = "namespaces/default/models/ctr".parse().unwrap();
        let model = ada.get_model(&name).await.unwrap_or_else(|error| panic!("after {after}: {error:?}"));
        let mask = prost_types::FieldMask { paths: vec!["description".to_owned()] };
        let model = pb::Model { description: format!("after {after}"), ..model };
        let request = pb::UpdateModelRequest { model: Some(model), update_mask: Some(mask), ..Default::default() };
        ada.update_model(request).await.unwrap_or_else(|error| panic!("after {after}: {error:?}"));
        let held = self.mebibytes().unwrap_or_default();
        assert!(held <= MOST_MEBIBYTES, "up to the end of {after} the service has held {held} MiB");
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to tell anybody then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Somebody who calls over one connection, whose every call must be answered.
pub struct Honest {
    calls: Arc<AtomicU32>,
    enough: Arc<AtomicBool>,
    running: JoinHandle<()>,
}

impl Honest {
    /// Waits for one more answer than there were.
    pub async fn is_answered(&self, during: &str) {
        let (before, begun) = (self.calls.load(Ordering::Relaxed), Instant::now());
        while self.calls.load(Ordering::Relaxed) == before {
            assert!(begun.elapsed() < PATIENCE && !self.running.is_finished(), "{during}: nobody is answered");
            Env::system().pause(Duration::from_millis(10)).await;
        }
    }

    /// Makes sure that the last call is answered as well, and that none has failed.
    pub async fn end(self) {
        self.is_answered("the end").await;
        self.enough.store(true, Ordering::Relaxed);
        self.running.await.unwrap();
    }
}
