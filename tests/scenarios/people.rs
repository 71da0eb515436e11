//! Three people of different rights and a pipeline, under TLS: what each may do, from the first certificate to a rotation
//! and a right that is taken back.

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
const POLICY: &str = r#"
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
struct Place {
    folder: tempfile::TempDir,
    child: Child,
    addresses: [String; 3],
}

fn free() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn slipway(folder: &Path) -> Command {
    let mut command = Command::new(binary("slipway"));
    command.current_dir(folder).env_clear().env("HOME", folder);
    command
}

fn done(output: &Output) -> bool {
    output.status.success()
}

impl Place {
    fn start() -> Self {
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

    fn command(&self, arguments: &[&str]) -> Command {
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
    fn person(&self, name: &str, arguments: &[&str]) -> Output {
        let (certificate, key) = (format!("certs/{name}.crt"), format!("certs/{name}.key"));
        let mut command = self.command(arguments);
        command.env("SLIPWAY_CERTIFICATE", certificate).env("SLIPWAY_KEY", key).output().unwrap()
    }

    fn pipeline(&self, arguments: &[&str]) -> Output {
        self.command(arguments).env("SLIPWAY_TOKEN_FILE", "pipeline.token").output().unwrap()
    }

    /// Waits until `fact`.
    fn until(&self, what: &str, fact: impl Fn(&Self) -> bool) {
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

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

#[test]
fn people_of_different_rights_do_what_they_may_and_nobody_else_does_anything() {
    let place = Place::start();
    for (model, team) in [("ctr", "ads"), ("feed", "social")] {
        assert!(done(&place.person("ada", &["team", "create", team])));
        let created = place.person("ada", &["model", "create", model, "--owner", team]);
        assert!(done(&created), "{}", said(&created));
    }
    let digest = format!("sha256:{}", "1".repeat(64));
    for model in ["ctr", "feed"] {
        let version = ["version", "create", model, "--artifact-uri", "s3://models/1", "--digest", &digest];
        assert!(done(&place.pipeline(&version)), "the pipeline registers");
        assert!(!done(&place.person("cleo", &version)), "a viewer does not");
    }
    assert!(!done(&place.pipeline(&["traffic", "set", "ctr", "1=100%"])), "a pipeline moves no traffic");
    let moved = place.person("ben", &["traffic", "set", "ctr", "1=100%"]);
    assert!(done(&moved), "{}", said(&moved));
    // What is not Ben's is refused in the same words whether it is there or not.
    let theirs = said(&place.person("ben", &["traffic", "set", "feed", "1=100%"]));
    let nobodys = said(&place.person("ben", &["traffic", "set", "gone", "1=100%"]));
    let bare = |text: &str| text.split(", request ").next().unwrap().replace("feed", "X").replace("gone", "X");
    assert_eq!(bare(&theirs), bare(&nobodys));
    assert!(theirs.contains("PERMISSION_DENIED"), "{theirs}");
    let seen = said(&place.person("ben", &["model", "ls"]));
    assert!(seen.contains("ctr") && !seen.contains("feed"), "{seen}");
    assert!(said(&place.person("cleo", &["model", "ls"])).contains("feed"));
    for nobody in [place.person("mallory", &["model", "ls"]), place.command(&["model", "ls"]).output().unwrap()] {
        let told = said(&nobody);
        assert!(!done(&nobody) && !told.contains("ctr") && !told.contains("feed"), "{told}");
    }
    whoever_can_t_connect_is_told_what_to_do(&place);
    a_right_is_taken_back(&place);
    a_certificate_is_rotated(&place);
}

fn whoever_can_t_connect_is_told_what_to_do(place: &Place) {
    let with = |variable: &str, value: &str| place.command(&["model", "ls"]).env(variable, value).output().unwrap();
    let foreign = said(&with("SLIPWAY_CA", "foreign/ca.crt"));
    assert!(foreign.contains("--ca"), "{foreign}");
    let plain = said(&with("SLIPWAY_REGISTRY", &place.addresses[0].replace("https", "http")));
    assert!(plain.contains("begins with https://"), "{plain}");
    let mut stranger = place.command(&["model", "ls"]);
    stranger.env("SLIPWAY_CERTIFICATE", "foreign/ada.crt").env("SLIPWAY_KEY", "foreign/ada.key");
    let stranger = said(&stranger.output().unwrap());
    assert!(stranger.contains("--certificate"), "{stranger}");
}

fn a_right_is_taken_back(place: &Place) {
    std::fs::write(place.folder.path().join("policy.toml"), POLICY).unwrap();
    place.until("Cleo may still look", |place| !done(&place.person("cleo", &["model", "ls"])));
    std::fs::write(place.folder.path().join("tokens.toml"), "").unwrap();
    place.until("a revoked token is still good", |place| !done(&place.pipeline(&["model", "ls"])));
    assert!(done(&place.person("ada", &["model", "ls"])), "others keep theirs");
}

fn a_certificate_is_rotated(place: &Place) {
    let ca = place.folder.path().join("certs/ca.crt");
    let old = std::fs::read(&ca).unwrap();
    // A new authority beside the old one, as rotations go: first everybody trusts both.
    let output = slipway(place.folder.path()).args(["certs", "ca", "next"]).output().unwrap();
    assert!(done(&output), "{}", said(&output));
    let new = std::fs::read(place.folder.path().join("next/ca.crt")).unwrap();
    std::fs::write(&ca, [old, new.clone()].concat()).unwrap();
    let issue = ["certs", "issue", "next", "ada", "--uri", "spiffe://acme/ada"];
    assert!(done(&slipway(place.folder.path()).args(issue).output().unwrap()));
    for file in ["ada.crt", "ada.key"] {
        std::fs::copy(place.folder.path().join("next").join(file), place.folder.path().join("certs").join(file))
            .unwrap();
    }
    place.until("the next authority is not trusted", |place| done(&place.person("ada", &["model", "ls"])));
}
