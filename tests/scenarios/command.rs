//! What a person types: the services in one process, each noun, the demo; and what the exit code says.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::binaries::binary;

/// `slipway up` on free ports in a folder of its own.
struct Up {
    child: Child,
    ports: [u16; 6],
    folder: tempfile::TempDir,
}

fn free() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Up {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ports = [free(), free(), free(), free(), free(), free()];
        let mut command = Command::new(binary("slipway"));
        command.arg("up").arg("--data-dir").arg(folder.path().join("data"));
        let flags =
            ["listen-registry", "listen-health", "listen-launcher", "ops-registry", "ops-health", "ops-launcher"];
        for (flag, port) in flags.iter().zip(ports) {
            command.arg(format!("--{flag}=127.0.0.1:{port}"));
        }
        let mut child =
            command.args(["--output", "json"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let ready: Value = serde_json::from_str(&ready).expect("where it listens, once it is ready");
        assert_eq!(ready["registry"], format!("http://127.0.0.1:{}", ports[0]));
        let up = Self { child, ports, folder };
        for team in ["ads", "feed", "night"] {
            up.good(&["team", "create", team]);
        }
        up
    }

    /// The command against these services.
    fn command(&self, arguments: &[&str]) -> Command {
        let address = |port: u16| format!("http://127.0.0.1:{port}");
        let mut command = Command::new(binary("slipway"));
        command.args(arguments).env("SLIPWAY_REGISTRY", address(self.ports[0]));
        command.env("SLIPWAY_HEALTH", address(self.ports[1])).env("SLIPWAY_LAUNCHER", address(self.ports[2]));
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn good(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.good(&[arguments, &["--output", "json"]].concat())).unwrap()
    }

    /// The exit code and what was said on standard error.
    fn bad(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.run(arguments);
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    }

    fn version(&self, digit: &str) {
        let digest = format!("sha256:{}", digit.repeat(64));
        self.good(&["version", "create", "ctr", "--artifact-uri", "s3://models/ctr", "--digest", &digest]);
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to tell anybody then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_model_goes_from_its_creation_to_its_launch_by_typing() {
    let up = Up::start();
    let created = up.json(&["model", "create", "ctr", "--owner", "ads", "--label-window", "1h", "--tier", "1"]);
    assert_eq!((&created["owner"], &created["effectiveTier"]), (&"ads".into(), &1.into()));
    up.version("1");
    up.version("2");
    assert!(up.good(&["traffic", "set", "ctr", "1=100%"]).contains("100 %"));
    assert!(up.good(&["traffic", "route", "ctr", "user-7"]).contains("ctr/1"));
    assert!(up.good(&["model", "ls", "--filter", "owner = ads"]).contains("ctr"));
    let dry = up.json(&["launch", "start", "ctr/2", "--shadow", "1h", "--validate-only"]);
    assert_eq!(dry["plan"]["shadow"]["bake"], "3600s");
    let none = up.run(&["launch", "ls"]);
    assert!(none.stdout.is_empty() && String::from_utf8_lossy(&none.stderr).contains("no such launches"));
    let launch = up.json(&["launch", "start", "ctr/2", "--steps", "50%:1h,100%", "--reason", "better"]);
    let name = launch["name"].as_str().unwrap();
    assert!(up.good(&["launch", "ls", "--active"]).contains("ctr/2"));
    assert!(up.good(&["launch", "explain", name]).contains("Since"));
    assert!(up.good(&["launch", "pause", name, "--reason", "lunch"]).contains("PAUSED"));
    up.good(&["launch", "resume", name]);
    assert!(up.good(&["ledger", "ls", "ctr"]).contains("traffic of ctr"));
    up.good(&["launch", "abort", name, "--reason", "enough"]);
    let begun = Instant::now();
    while up.json(&["launch", "show", name])["endTime"].is_null() {
        assert!(begun.elapsed() < Duration::from_secs(30), "the abort does not end");
    }
    let traffic = up.json(&["traffic", "get", "ctr"]);
    assert_eq!(traffic["ranges"][0]["end"], 100_000);
    assert!(traffic["ranges"][0]["version"].as_str().unwrap().ends_with("versions/1"));
}

#[test]
fn whoever_is_paged_learns_what_is_what_was_and_what_changed_by_typing() {
    let up = Up::start();
    up.good(&["model", "create", "ctr", "--owner", "ads", "--tier", "1", "--tier-reason", "pays the bills"]);
    up.version("1");
    up.version("2");
    up.good(&["alias", "set", "ctr@champion=1"]);
    let before = up.json(&["ledger", "ls", "--limit", "1"])["revision"].as_str().unwrap().to_owned();
    up.good(&["alias", "set", "ctr@champion=2", "--reason", "it won"]);
    up.good(&["traffic", "set", "ctr", "2=100%"]);
    let champion = |at: &[&str]| {
        let alias = up.json(&[&["alias", "get", "ctr@champion"], at].concat());
        alias["version"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
    };
    assert_eq!((champion(&[]), champion(&["--at-revision", &before])), ("2".to_owned(), "1".to_owned()));
    let (code, old) = up.bad(&["alias", "get", "ctr@champion", "--at", "2013-06-03T14:02"]);
    assert!(code != 0 && old.contains("the oldest that is known"), "{old}");
    let diff = up.good(&["diff", "ctr", "--from-revision", &before]);
    assert!(diff.contains("it won") && diff.contains("versions/1 → "), "{diff}");
    assert!(up.good(&["diff", "ctr", "--day", "today"]).contains("create"));
    let page = up.good(&["triage", "ctr"]);
    for part in ["ads", "pays the bills", "ctr/2 100 %", "champion is version 2", "ctr/1", "UNSAFE", "it won"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains("says nothing"), "all services answer: {page}");
    assert!(page.contains("not observed       ctr/2") && page.contains("ctr@champion"), "{page}");
    let alone = up.command(&["triage", "ctr"]).env("SLIPWAY_LAUNCHER", "http://127.0.0.1:1").output().unwrap();
    assert!(alone.status.success());
    assert!(String::from_utf8(alone.stdout).unwrap().contains("the launcher says nothing"));
    assert_eq!(up.json(&["triage", "ctr"])["registry"]["turnOff"]["safety"], "SAFETY_UNSAFE");
    assert!(
        up.good(&["model", "coverage", "--by", "owner"]).contains("25 %"),
        "of four things asked there is a way back"
    );
    assert_eq!(up.json(&["model", "aggregate", "--by", "owner"])["groups"][0]["values"][0], "ads");
}

#[test]
fn fields_are_changed_one_by_one_and_the_others_stay() {
    let up = Up::start();
    up.good(&["model-type", "create", "click-rate", "--tier", "1", "--tier-reason", "auctions"]);
    up.good(&[
        "model",
        "create",
        "ctr",
        "--owner",
        "ads",
        "--model-type",
        "click-rate",
        "--label",
        "a=1",
        "--label",
        "b=2",
    ]);
    let model = up.json(&["model", "update", "ctr", "--label", "b=3", "--alpha", "1%", "--on-call", "night"]);
    assert_eq!((&model["labels"]["a"], &model["labels"]["b"]), (&"1".into(), &"3".into()));
    assert_eq!((&model["healthPolicy"]["alpha"], &model["healthPolicy"]["neTolerance"]), (&0.01.into(), &0.02.into()));
    let model = up.json(&["model", "update", "ctr", "--clear", "on-call,model-type", "--remove-label", "a"]);
    assert_eq!(
        (&model["onCall"], &model["effectiveTier"], &model["labels"]["a"]),
        (&"".into(), &4.into(), &Value::Null)
    );
    let (code, said) = up.bad(&["model", "update", "ctr", "--owner", "feed", "--etag", "1"]);
    assert!(code == 4 && said.contains("read it again"), "{said}");
    assert_eq!(up.bad(&["model", "update", "ctr"]).0, 2);
    up.version("1");
    let version = up.json(&["version", "update", "ctr/1", "--label", "trained-on=july", "--description", "new"]);
    assert_eq!((&version["description"], &version["labels"]["trained-on"]), (&"new".into(), &"july".into()));
    let version = up.json(&["version", "update", "ctr/1", "--clear", "description", "--validate-only"]);
    assert_eq!(version["description"], "");
    assert_eq!(up.json(&["version", "get", "ctr/1"])["description"], "new");
    let model_type = up.json(&["model-type", "update", "click-rate", "--tier", "0", "--tier-reason", "revenue"]);
    assert_eq!(model_type["criticality"]["tier"], 0);
}

#[test]
fn what_is_deleted_is_taken_back_and_aliases_move_together() {
    let up = Up::start();
    up.good(&["model", "create", "ctr", "--owner", "ads"]);
    up.version("1");
    up.version("2");
    let moved = up.json(&["alias", "set", "ctr@champion=1", "ctr@challenger=2", "--reason", "the first"]);
    assert_eq!(moved["aliases"].as_array().map(Vec::len), Some(2));
    let (code, said) = up.bad(&["alias", "set", "ctr@champion=2:2", "ctr@challenger=none"]);
    assert!(code == 4 && said.contains("versions/1"), "{said}");
    up.good(&["alias", "set", "ctr@champion=2:1", "ctr@challenger=none"]);
    let listed = up.good(&["alias", "ls", "ctr"]);
    assert!(listed.contains("champion") && !listed.contains("challenger"), "{listed}");
    assert!(up.good(&["ledger", "ls", "ctr"]).contains("champion"));
    let (code, said) = up.bad(&["version", "delete", "ctr/2"]);
    assert!(code == 4 && said.contains("aliases/champion"), "{said}");
    up.good(&["model", "delete", "ctr", "--reason", "retired"]);
    assert!(!up.good(&["model", "ls"]).contains("ctr") && up.good(&["model", "ls", "--show-deleted"]).contains("ctr"));
    let (code, said) = up.bad(&["model", "update", "ctr", "--surface", "feed"]);
    assert!(code == 4 && said.contains("undelete"), "{said}");
    up.good(&["model", "undelete", "ctr"]);
    let attested = up.json(&["model", "attest", "ctr"]);
    assert_eq!(attested["attestation"]["principal"], "anonymous");
    let (code, said) = up.bad(&["team", "delete", "ads"]);
    assert!(code == 4 && said.contains("models/ctr"), "{said}");
}

#[test]
fn a_wrong_request_is_told_once_in_the_words_of_the_flags() {
    let up = Up::start();
    up.good(&["model", "create", "ctr", "--owner", "ads"]);
    let long = "x".repeat(5000);
    let (code, said) = up.bad(&["model", "update", "ctr", "--description", &long, "--label-window", "300d"]);
    assert_eq!(code, 2, "{said}");
    assert_eq!((said.matches("--description:").count(), said.matches("--label-window:").count()), (1, 1), "{said}");
    assert!(!said.contains("model."), "{said}");
    let (code, said) = up.bad(&["model", "get", "nobody", "--output", "json"]);
    let error: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &error["error"]["reason"], &error["error"]["exitCode"]), (3, &"NOT_FOUND".into(), &3.into()));
    let (code, said) = up.bad(&["model", "create", "Ctr", "--output", "json"]);
    let error: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &error["error"]["reason"]), (2, &"USAGE".into()));
    assert!(error["error"]["message"].as_str().unwrap().contains("flight-delay"), "{said}");
}

#[test]
fn a_list_fits_the_width_and_says_when_there_is_more() {
    let up = Up::start();
    let name = |number: usize| format!("model-{number}");
    for number in 0..3 {
        up.good(&["model", "create", &name(number), "--owner", "ads", "--description", &"a long story ".repeat(12)]);
    }
    let output = up.run(&["model", "ls", "--limit", "2"]);
    let (listed, said) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(listed.contains("model-1") && !listed.contains("model-2"), "{listed}");
    assert!(said.contains("2 of 3") && said.contains("--limit 3"), "{said}");
    let listed = up.good(&["model", "ls", "--output", "json"]);
    let models: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(models.len(), 3);
    let mut narrow = up.command(&["model", "ls"]);
    let listed = String::from_utf8(narrow.env("COLUMNS", "80").output().unwrap().stdout).unwrap();
    assert!(listed.lines().count() > 4 && listed.lines().all(|line| line.len() <= 80), "{listed}");
}

#[test]
fn a_second_start_on_the_same_folder_or_address_says_what_is_wrong() {
    let up = Up::start();
    let any = ["--listen-registry", "--listen-health", "--listen-launcher", "--ops-registry", "--ops-health"];
    let mut second = up.command(&["up", "--data-dir"]);
    second.arg(up.folder.path().join("data")).args(any.map(|flag| format!("{flag}=127.0.0.1:0")));
    let output = second.arg("--ops-launcher=127.0.0.1:0").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(70), "{said}");
    assert!(said.contains("in use: stop the process"), "{said}");
    let output = up.command(&["up", &format!("--listen-registry=127.0.0.1:{}", up.ports[0])]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(70), "{said}");
    assert!(said.contains("another `slipway up`"), "{said}");
}

#[test]
fn the_exit_code_tells_a_script_what_went_wrong() {
    let up = Up::start();
    let (code, said) = up.bad(&["model", "get", "nobody"]);
    assert_eq!(code, 3, "{said}");
    let (code, said) = up.bad(&["model", "create", "Bad Name", "--owner", "ads"]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("Bad Name") && said.contains("flight-delay"), "{said}");
    up.good(&["model", "create", "ctr", "--owner", "ads"]);
    assert_eq!(up.bad(&["model", "create", "ctr", "--owner", "ads"]).0, 4);
    assert_eq!(up.bad(&["model", "get", "ctr", "--registry", "http://127.0.0.1:1", "--deadline", "0.3"]).0, 5);
    assert_eq!(up.bad(&["model"]).0, 2);
    let wrong = Command::new(binary("slipway-registry")).args(["--listen", "x", "--log", "!!"]).output().unwrap();
    let said = String::from_utf8(wrong.stderr).unwrap();
    assert_eq!(wrong.status.code(), Some(64), "{said}");
    assert!(said.contains("listen") && said.contains("log"), "{said}");
}

#[test]
fn an_interrupt_stops_the_services_in_peace() {
    let mut up = Up::start();
    up.good(&["model", "create", "ctr", "--owner", "ads"]);
    let told = Command::new("kill").args(["-INT", &up.child.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert_eq!(up.child.wait().unwrap().code(), Some(0));
    assert_eq!(up.bad(&["model", "ls", "--deadline", "0.3"]).0, 5);
}

#[test]
fn completions_and_help_are_printed_without_a_service() {
    let run = |arguments: &[&str]| Command::new(binary("slipway")).args(arguments).output().unwrap();
    let completions = String::from_utf8(run(&["completions", "bash"]).stdout).unwrap();
    assert!(completions.contains("_slipway"));
    for noun in ["up", "demo", "model-type", "model", "ledger", "version", "traffic", "launch", "health"] {
        let help = run(&[noun, "--help"]);
        assert!(help.status.success() && !help.stdout.is_empty(), "{noun}");
    }
}

#[test]
fn the_demo_launches_the_good_version_and_takes_two_bad_ones_back() {
    let output = Command::new(binary("slipway")).args(["demo", "--json"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_str(&said).unwrap();
    let launch = |at: usize, key: &str| report["launches"][at][key].clone();
    assert_eq!([0, 1, 2].map(|at| launch(at, "state")), ["SUCCEEDED", "ROLLED_BACK", "ROLLED_BACK"]);
    assert_eq!((launch(1, "exposed"), launch(1, "version")), (0.into(), "v3".into()));
    assert!(launch(2, "exposed").as_u64().unwrap() < 1000, "{said}");
    assert_eq!((&report["flights"], &report["traffic"]["v2"]), (&84_560.into(), &100_000.into()));
    assert_eq!(report["counted"], report["flights"]);
    let references = [
        ("v1", [0.9807, 0.302_027, 0.501_51, 0.899_56]),
        ("v2", [0.9975, 0.299_150, 0.496_74, 0.905_02]),
        ("v3", [1.3929, 0.356_352, 0.591_72, 0.906_25]),
        ("v4", [0.8405, 0.608_538, 1.010_47, 0.542_43]),
    ];
    for (version, wanted) in references {
        for ((key, wanted), digits) in
            ["calibration", "log_loss", "ne", "auc"].into_iter().zip(wanted).zip([5e-5, 5e-7, 5e-6, 5e-6])
        {
            let found = report["metrics"][version][key].as_f64().unwrap();
            assert!((found - wanted).abs() <= digits, "{version} {key}: {found}, not {wanted}");
        }
    }
}
