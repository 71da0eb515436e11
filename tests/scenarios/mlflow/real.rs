//! MLflow itself, filled by its own client: tried wherever `mlflow` is a program that can be run.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use slipway_chassis::env::Env;

use super::json;
use crate::newcomer::{fleet, good};

/// How long MLflow may take to begin.
const PATIENCE: Duration = Duration::from_secs(180);

/// What its client does.
const FILL: &str = "
import sys
from mlflow import MlflowClient
client = MlflowClient(tracking_uri=sys.argv[1], registry_uri=sys.argv[1])
for name in ['churn', 'Fraud Model']:
    client.create_registered_model(name, tags={'team': 'Ads'}, description='of ' + name)
    for number in range(1, 6):
        client.create_model_version(name, f's3://bucket/{name}/{number}'.replace(' ', '-'), tags={'round': str(number)})
    client.delete_model_version(name, '2')
    client.delete_model_version(name, '5')
    client.set_registered_model_alias(name, 'Champion', '3')
";

/// The program, from the variable that names one or the search path.
fn program() -> Option<PathBuf> {
    let named = std::env::var_os("SLIPWAY_MLFLOW").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    named
        .into_iter()
        .chain(std::env::split_paths(&path).map(|folder| folder.join("mlflow")))
        .find(|path| path.is_file())
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // Its workers are a group of their own with it.
        let group = rustix::process::Pid::from_child(&self.0);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _ = self.0.wait();
    }
}

fn start(program: &Path, folder: &Path, port: u16) -> Server {
    use std::os::unix::process::CommandExt;
    let store = format!("sqlite:///{}", folder.join("mlflow.db").display());
    let mut command = Command::new(program);
    command.args(["server", "--host", "127.0.0.1", "--port", &port.to_string(), "--workers", "1"]);
    command.args(["--backend-store-uri", &store]).current_dir(folder).process_group(0);
    Server(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

/// Waits until it answers.
async fn is_up(address: &str) {
    let begun = Instant::now();
    let port = address.rsplit(':').next().unwrap().parse().unwrap();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < PATIENCE, "mlflow does not begin");
        Env::system().pause(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_mlflows_own_client_has_registered_comes_in() {
    let Some(program) = program() else {
        println!("there is no mlflow here: only what answers as it does is tried");
        return;
    };
    let python = program.parent().unwrap().join("python");
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("http://127.0.0.1:{port}");
    let _server = start(&program, folder.path(), port);
    is_up(&address).await;
    let filled = Command::new(python).args(["-c", FILL, &address]).output().unwrap();
    assert!(filled.status.success(), "{}", String::from_utf8_lossy(&filled.stderr));
    let fleet = fleet().await;
    good(&fleet, &["team", "create", "ads"]);
    let import = ["import", "mlflow", "--uri", &address, "--owner", "ads", "--owner-tag", "team"];
    let first = json(&fleet, &import);
    assert_eq!((&first["models"], &first["versions"]), (&2.into(), &6.into()), "{first}");
    assert_eq!(json(&fleet, &import)["resources"], serde_json::json!({ "unchanged": 10 }));
    for model in ["churn", "fraud-model"] {
        let found = json(&fleet, &["model", "get", model]);
        assert_eq!((&found["owner"], &found["latestVersion"]), (&"ads".into(), &"4".into()), "{found}");
        let alias = json(&fleet, &["alias", "get", &format!("{model}@champion")]);
        assert_eq!(alias["version"], format!("namespaces/default/models/{model}/versions/3"));
        let version = json(&fleet, &["version", "get", &format!("{model}/4")]);
        assert_eq!(version["labels"]["round"], "4");
    }
}
