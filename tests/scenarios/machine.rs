//! A machine as deploy/README.md makes it: three services with certificates, three people of different rights. It is lost
//! with everything on it, and another one takes its place from the backups and the folder of settings that were kept.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::binaries::binary;

const PATIENCE: Duration = Duration::from_secs(60);
const SERVICES: [&str; 3] = ["registry", "health", "launcher"];
/// The settings that an installation begins from.
const GIVEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/etc");

/// What outlives a machine: the name by which clients know it, and what its people keep elsewhere.
struct Place {
    kept: tempfile::TempDir,
    /// Where the services listen, and where they answer to operators, in the order of [`SERVICES`].
    ports: Vec<(u16, u16)>,
}

/// One machine: a folder for its settings, a folder for its data, three processes.
struct Machine {
    root: tempfile::TempDir,
    running: Vec<Child>,
}

fn free() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

#[track_caller]
fn succeeded(output: &Output) -> Value {
    assert!(output.status.success(), "{}", said(output));
    serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
}

impl Place {
    fn new() -> Self {
        let ports = SERVICES.iter().map(|_| (free(), free())).collect();
        Self { kept: tempfile::tempdir().unwrap(), ports }
    }

    fn pki(&self) -> PathBuf {
        self.kept.path().join("pki")
    }

    fn slipway(&self) -> Command {
        let mut command = Command::new(binary("slipway"));
        command.current_dir(self.kept.path()).env_clear().env("HOME", self.kept.path());
        command
    }

    /// The command as somebody types it who has a token.
    fn person(&self, name: &str, arguments: &[&str]) -> Output {
        let mut command = self.slipway();
        command.args(arguments).args(["--output", "json"]);
        for (service, (port, _)) in SERVICES.iter().zip(&self.ports) {
            let variable = format!("SLIPWAY_{}", service.to_uppercase());
            command.env(variable, format!("https://localhost:{port}"));
        }
        command.env("SLIPWAY_CA", self.pki().join("ca.crt"));
        command.env("SLIPWAY_TOKEN_FILE", self.kept.path().join(format!("{name}.token")));
        command.output().unwrap()
    }

    /// The folder of settings, from the one that is given with the product.
    fn settings(&self) -> PathBuf {
        let folder = self.kept.path().join("etc");
        copy_folder(Path::new(GIVEN), &folder);
        let pki = self.pki();
        let pki = pki.to_str().unwrap();
        succeeded(&self.slipway().args(["certs", "ca", pki]).output().unwrap());
        std::fs::create_dir(folder.join("tls")).unwrap();
        for service in SERVICES {
            let uri = format!("spiffe://slipway/{service}");
            let issue = ["certs", "issue", pki, service, "--uri", &uri, "--dns", "localhost"];
            succeeded(&self.slipway().args(issue).output().unwrap());
        }
        for file in
            ["ca.crt", "registry.crt", "registry.key", "health.crt", "health.key", "launcher.crt", "launcher.key"]
        {
            std::fs::copy(self.pki().join(file), folder.join("tls").join(file)).unwrap();
        }
        let mut hashes = String::new();
        for person in ["ada", "ben", "cleo"] {
            let create = ["auth", "token", "create", "--name", person, "--output", "json"];
            let created = succeeded(&self.slipway().args(create).output().unwrap());
            let field = |name: &str| created[name].as_str().unwrap_or_else(|| panic!("{created}")).to_owned();
            std::fs::write(self.kept.path().join(format!("{person}.token")), field("token")).unwrap();
            hashes += &format!("[[tokens]]\nname = \"{person}\"\nsha256 = \"{}\"\n", field("sha256"));
        }
        std::fs::write(folder.join("tokens.toml"), hashes).unwrap();
        folder
    }

    /// Another machine with these settings; it keeps its data in a folder that is not there yet.
    fn machine(&self, settings: &Path) -> Machine {
        let root = tempfile::tempdir().unwrap();
        let etc = root.path().join("etc");
        copy_folder(settings, &etc);
        for service in SERVICES {
            let file = etc.join(format!("{service}.toml"));
            let mut text = std::fs::read_to_string(&file).unwrap().replace("/etc/slipway", etc.to_str().unwrap());
            for (index, (port, ops)) in self.ports.iter().enumerate() {
                text = text.replace(&format!(":{}\"", 7701 + index), &format!(":{port}\""));
                text = text.replace(&format!(":{}\"", 7711 + index), &format!(":{ops}\""));
            }
            std::fs::write(file, text).unwrap();
        }
        Machine { root, running: Vec::new() }
    }

    /// Starts the services as their units do.
    fn start(&self, machine: &mut Machine) {
        for service in SERVICES {
            let mut command = Command::new(binary(&format!("slipway-{service}")));
            command.arg("--config").arg(machine.root.path().join(format!("etc/{service}.toml")));
            command.arg("--data-dir").arg(machine.data(service)).env_clear();
            let log = std::fs::File::create(machine.root.path().join(format!("{service}.log"))).unwrap();
            machine.running.push(command.stdout(Stdio::null()).stderr(log).spawn().unwrap());
        }
        let begun = Instant::now();
        for service in SERVICES {
            let ask = || self.person("ada", &["auth", "whoami", "--service", service]);
            let mut last = ask();
            while !last.status.success() {
                assert!(begun.elapsed() < PATIENCE, "{service}: {}\n{}", said(&last), machine.log(service));
                last = ask();
            }
        }
    }

    /// What everybody may see of what is known, and who changed it.
    fn known(&self) -> Vec<Value> {
        let asked: [&[&str]; 4] =
            [&["model", "ls"], &["version", "ls", "ranker"], &["traffic", "get", "ranker"], &["ledger", "ls"]];
        asked.iter().map(|arguments| succeeded(&self.person("cleo", arguments))).collect()
    }
}

impl Machine {
    fn data(&self, service: &str) -> PathBuf {
        self.root.path().join("var").join(service)
    }

    fn log(&self, service: &str) -> String {
        std::fs::read_to_string(self.root.path().join(format!("{service}.log"))).unwrap()
    }
}

impl Drop for Machine {
    /// It burns: nothing of it is told to anybody, and nothing is left.
    fn drop(&mut self) {
        for child in &mut self.running {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

/// What the three may and may not do, whichever machine it is.
fn everybody_does_what_they_may(place: &Place) {
    assert!(place.person("ben", &["model", "get", "ranker"]).status.success());
    for (person, arguments) in [
        ("cleo", ["model", "update", "ranker", "--description", "mine"]),
        ("ben", ["model", "update", "feed", "--description", "mine"]),
        ("nobody", ["model", "update", "feed", "--description", "mine"]),
    ] {
        let told = place.person(person, &arguments);
        assert!(!told.status.success(), "{person}: {}", said(&told));
    }
    let explain = ["auth", "explain", "token:cleo", "UpdateModel", "ranker"];
    let explained = place.person("ada", &explain);
    assert!(said(&explained).contains("line"), "{}", said(&explained));
    assert!(!place.person("ben", &explain).status.success(), "who may what is for Ada to ask");
}

#[test]
fn a_machine_is_installed_and_lost_and_another_one_goes_on() {
    let place = Place::new();
    let settings = place.settings();
    let mut first = place.machine(&settings);
    place.start(&mut first);
    std::fs::write(place.kept.path().join("nobody.token"), "slw_nobody").unwrap();
    succeeded(&place.person("ada", &["team", "create", "social"]));
    succeeded(&place.person("ada", &["model", "create", "feed", "--owner", "social"]));
    succeeded(&place.person("ben", &["team", "create", "ranking"]));
    succeeded(&place.person("ben", &["model", "create", "ranker", "--owner", "ranking", "--label-window", "1h"]));
    for number in ["1", "2"] {
        let digest = format!("sha256:{}", number.repeat(64));
        let create = ["version", "create", "ranker", "--artifact-uri", "s3://models/ranker", "--digest", &digest];
        succeeded(&place.person("ben", &create));
    }
    succeeded(&place.person("ada", &["traffic", "set", "ranker", "1=100%"]));
    let launched = succeeded(&place.person("ben", &["launch", "start", "ranker/2", "--shadow", "3d"]));
    everybody_does_what_they_may(&place);

    let backups = place.kept.path().join("backups");
    std::fs::create_dir(&backups).unwrap();
    let taken = place.person("ada", &["backup", "--service", "all", "--out", backups.to_str().unwrap()]);
    assert!(taken.status.success(), "{}", said(&taken));
    let known = place.known();
    assert!(!place.person("ben", &["backup", "--out", backups.to_str().unwrap()]).status.success(), "Ben took one");
    drop(first);

    let mut second = place.machine(&settings);
    for service in SERVICES {
        let is_of = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with(service);
        let mut files = std::fs::read_dir(&backups).unwrap().map(|entry| entry.unwrap().path());
        let file = files.find(is_of).unwrap();
        succeeded(&place.slipway().args(["backup", "verify"]).arg(&file).output().unwrap());
        let mut restore = place.slipway();
        restore.arg("restore").arg(&file).arg("--data-dir").arg(second.data(service));
        succeeded(&restore.output().unwrap());
    }
    place.start(&mut second);
    assert_eq!(place.known(), known, "the second machine does not know what the first one knew");
    let name = launched["name"].as_str().unwrap();
    let found = succeeded(&place.person("ben", &["launch", "show", name]));
    assert_eq!(found["candidate"], launched["candidate"]);
    assert_eq!(found["createTime"], launched["createTime"]);
    everybody_does_what_they_may(&place);
    succeeded(&place.person("ben", &["launch", "abort", name, "--reason", "enough"]));
}
