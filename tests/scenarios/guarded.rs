//! The services under TLS with a policy, and people and a pipeline who call them.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use slipway_chassis::access::tokens;
use slipway_chassis::env::Env;

use crate::binaries::binary;

const PATIENCE: Duration = Duration::from_secs(30);

/// Ada runs it, Ben is on call for the team ads, Cleo looks on; the pipeline registers versions.
pub const POLICY: &str = r#"
[[bindings]]
role = "admin"
members = ["cert:spiffe://acme/ada"]

[[bindings]]
role = "operator"
members = ["cert:spiffe://acme/ben"]
teams = ["ads"]

[[bindings]]
role = "registrar"
members = ["token:pipeline"]

[[bindings]]
role = "service"
members = ["cert:spiffe://acme/slipway"]
"#;

const CLEO: &str = r#"
[[bindings]]
role = "viewer"
members = ["cert:spiffe://acme/cleo"]
"#;

/// `slipway up` under TLS with a policy.
pub struct Place {
    pub folder: tempfile::TempDir,
    child: Child,
    pub addresses: [String; 3],
}

/// A port that nobody uses.
pub fn free() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The command, as nobody.
pub fn slipway(folder: &Path) -> Command {
    let mut command = Command::new(binary("slipway"));
    command.current_dir(folder).env_clear().env("HOME", folder);
    command
}

/// Whether a command has done what it was told.
pub fn done(output: &Output) -> bool {
    output.status.success()
}

impl Place {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certs = |arguments: &[&str]| {
            let output = slipway(folder.path()).arg("certs").args(arguments).output().unwrap();
            assert!(done(&output), "{arguments:?}: {output:?}");
        };
        certs(&["ca", "certs"]);
        certs(&["issue", "certs", "server", "--ip", "127.0.0.1", "--uri", "spiffe://acme/slipway"]);
        certs(&["ca", "foreign"]);
        certs(&["issue", "foreign", "ada", "--uri", "spiffe://acme/ada"]);
        for person in ["ada", "ben", "cleo", "mallory"] {
            certs(&["issue", "certs", person, "--uri", &format!("spiffe://acme/{person}")]);
        }
        std::fs::write(folder.path().join("policy.toml"), format!("{POLICY}{CLEO}")).unwrap();
        let token = tokens::generate(&Env::system());
        let entry = format!("[[tokens]]\nname = \"pipeline\"\nsha256 = \"{}\"\n", tokens::hash(&token));
        std::fs::write(folder.path().join("tokens.toml"), entry).unwrap();
        std::fs::write(folder.path().join("pipeline.token"), token).unwrap();
        let ports: Vec<u16> = (0..6).map(|_| free()).collect();
        let mut command = slipway(folder.path());
        command.args(["up", "--output", "json", "--data-dir", "data"]);
        let flags =
            ["listen-registry", "listen-health", "listen-launcher", "ops-registry", "ops-health", "ops-launcher"];
        for (flag, port) in flags.iter().zip(&ports) {
            command.arg(format!("--{flag}=127.0.0.1:{port}"));
        }
        for (variable, file) in [
            ("SLIPWAY_TLS_CERTIFICATE", "certs/server.crt"),
            ("SLIPWAY_TLS_KEY", "certs/server.key"),
            ("SLIPWAY_TLS_CLIENT_CA", "certs/ca.crt"),
            ("SLIPWAY_PEERS_CA", "certs/ca.crt"),
            ("SLIPWAY_ACCESS_POLICY", "policy.toml"),
            ("SLIPWAY_ACCESS_TOKENS", "tokens.toml"),
        ] {
            command.env(variable, file);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let ready: Value = serde_json::from_str(&ready).expect("where it listens, once it is ready");
        let address = |name: &str| ready[name].as_str().unwrap().to_owned();
        let addresses = [address("registry"), address("health"), address("launcher")];
        assert!(addresses.iter().all(|address| address.starts_with("https://")), "{addresses:?}");
        Self { folder, child, addresses }
    }

    /// The command as nobody types it.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = slipway(self.folder.path());
        command.args(arguments).env("SLIPWAY_CA", "certs/ca.crt");
        for (variable, address) in
            ["SLIPWAY_REGISTRY", "SLIPWAY_HEALTH", "SLIPWAY_LAUNCHER"].iter().zip(&self.addresses)
        {
            command.env(variable, address);
        }
        command
    }

    /// The command as somebody with a certificate types it.
    pub fn person(&self, name: &str, arguments: &[&str]) -> Output {
        let (certificate, key) = (format!("certs/{name}.crt"), format!("certs/{name}.key"));
        let mut command = self.command(arguments);
        command.env("SLIPWAY_CERTIFICATE", certificate).env("SLIPWAY_KEY", key).output().unwrap()
    }

    pub fn pipeline(&self, arguments: &[&str]) -> Output {
        self.command(arguments).env("SLIPWAY_TOKEN_FILE", "pipeline.token").output().unwrap()
    }

    /// Waits until `fact`.
    pub fn until(&self, what: &str, fact: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !fact(self) {
            assert!(begun.elapsed() < PATIENCE, "{what}");
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to tell anybody then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// All that a command has said.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}
