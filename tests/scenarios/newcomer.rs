//! Somebody with nothing but `--help` brings a fleet of a thousand models in, finds who owns one and what changed in it, and
//! proves that the ledger was not altered. A process that is killed in the middle of it all leaves nothing half done.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use jiff::Timestamp;
use serde_json::Value;

use crate::backups::slipway;
use crate::binaries::binary;
use crate::fleet::{Clock, Fleet, Service};

pub async fn fleet() -> Fleet {
    Fleet::start(Clock { origin: Timestamp::now(), start: Timestamp::now(), speed: 1.0 }).await
}

pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// What the command prints that must succeed.
#[track_caller]
pub fn good(fleet: &Fleet, arguments: &[&str]) -> String {
    let output = slipway(fleet, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// The command with something on its standard input.
fn fed(fleet: &Fleet, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(binary("slipway"));
    command.args(arguments).env("SLIPWAY_REGISTRY", fleet.address(Service::Registry));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// Teams, and so many models of theirs with a version each that an alias names; the models come first.
fn manifest(models: usize) -> String {
    let one = |number: usize| {
        let team = ["ranking", "ads", "search"][number % 3];
        format!(
            "---\napiVersion: slipway/v1\nkind: Model\nname: m-{number:04}\nowner: {team}\ndescription: model {number}\n\
             labels: {{managed-by: fleet}}\n---\napiVersion: slipway/v1\nkind: Version\nname: m-{number:04}/1\n\
             artifactUri: s3://models/{number}\nartifactDigest: sha256:{number:064x}\n---\napiVersion: slipway/v1\n\
             kind: Alias\nname: m-{number:04}@champion\nversion: 1\n"
        )
    };
    let team = |team: &str| format!("---\napiVersion: slipway/v1\nkind: Team\nname: {team}\ncontact: '#{team}'\n");
    let models: String = (0..models).map(one).collect();
    models + &["ranking", "ads", "search"].map(team).concat()
}

/// What the help of a verb shows after `word`.
fn help(fleet: &Fleet, verb: &[&str], word: &str) {
    let told = good(fleet, &[verb, &["--help"]].concat());
    assert!(told.contains(word), "{verb:?} --help says nothing of {word}: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_brings_a_thousand_models_in_and_proves_that_nobody_altered_the_ledger() {
    let fleet = fleet().await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    help(&fleet, &[], "apply");
    help(&fleet, &["apply"], "kind: Model");
    let text = manifest(1000);
    std::fs::write(path("fleet.yaml"), &text).unwrap();
    let dry = good(&fleet, &["apply", "-f", &path("fleet.yaml"), "--dry-run"]);
    assert!(dry.contains("3003 created") && dry.contains("nothing was changed"), "{dry}");
    assert_eq!(good(&fleet, &["model", "ls", "-o", "json"]), "");
    let applied = good(&fleet, &["apply", "-f", &path("fleet.yaml"), "--reason", "the first import"]);
    assert!(applied.contains("3003 created"), "{applied}");
    let again = good(&fleet, &["apply", "-f", &path("fleet.yaml")]);
    assert!(again.contains("nothing to change: 3003"), "{again}");

    help(&fleet, &["model"], "get");
    let model: Value = serde_json::from_str(&good(&fleet, &["model", "get", "m-0042", "-o", "json"])).unwrap();
    assert_eq!(model["owner"], "ranking");
    help(&fleet, &["ledger"], "checkpoint");
    good(&fleet, &["ledger", "checkpoint", "--out", &path("checkpoint")]);
    std::fs::write(path("key"), good(&fleet, &["ledger", "key"])).unwrap();
    good(&fleet, &["model", "update", "m-0042", "--owner", "ads", "--reason", "the reorganisation"]);
    let changes = good(&fleet, &["ledger", "ls", "m-0042", "-o", "json"]);
    let last: Value = serde_json::from_str(changes.lines().next().unwrap()).unwrap();
    assert_eq!((&last["reason"], &last["changedFields"][0]), (&"the reorganisation".into(), &"owner".into()));
    assert_eq!(last["before"]["model"]["owner"], "ranking");

    let refused = slipway(&fleet, &["apply", "-f", &path("fleet.yaml")]);
    let told = said(&refused);
    assert_eq!(refused.status.code(), Some(4), "{told}");
    for piece in ["fleet.yaml:", "(document 127)", "model m-0042", "owner", "anonymous", "FIELD_CONFLICT"] {
        assert!(told.contains(piece), "{piece}: {told}");
    }
    let forced = good(&fleet, &["apply", "-f", &path("fleet.yaml"), "--force"]);
    assert!(
        forced.contains("owner: \"ads\" -> \"ranking\"") && forced.contains("1 updated, 3002 unchanged"),
        "{forced}"
    );
    let proven = good(&fleet, &["ledger", "verify", "--against", &path("checkpoint"), "--signed-by", &path("key")]);
    assert!(proven.contains("4005 entries"), "{proven}");
    what_is_exported_is_what_was_applied(&fleet, &path("out.yaml"), &text).await;
    assert_eq!(fleet.unannounced(&[]), Vec::<String>::new());
}

/// What is written is read without a difference, here and by a registry that knows nothing.
async fn what_is_exported_is_what_was_applied(full: &Fleet, out: &str, text: &str) {
    good(full, &["export", "--out", out]);
    let exported = std::fs::read_to_string(out).unwrap();
    assert_eq!(exported.matches("kind: ").count(), text.matches("kind: ").count());
    let round = fed(full, &["apply", "-f", "-"], &exported);
    assert!(said(&round).contains("nothing to change: 3003"), "{}", said(&round));
    let empty = fleet().await;
    let round = fed(&empty, &["apply", "-f", "-"], &exported);
    assert!(said(&round).contains("3003 created"), "{}", said(&round));
    assert_eq!(good(&empty, &["export"]), exported);
    let json = good(&empty, &["export", "-o", "json"]);
    let round = fed(full, &["apply", "-f", "-", "--prune", "labels.managed-by = fleet"], &json);
    assert!(said(&round).contains("nothing to change: 3003"), "{}", said(&round));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_with_a_manifest_is_told_with_its_file_and_line_and_nothing_is_done() {
    let fleet = fleet().await;
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    std::fs::create_dir(folder.path().join("below")).unwrap();
    let head = "apiVersion: slipway/v1\nkind: Model\n";
    write("a.yaml", &format!("{head}name: a\nonwer: ops\n---\n{head}name: A\nowner: ops\n"));
    write("below/b.json", r#"{"apiVersion": "slipway/v1", "kind": "Model", "name": "b", "owner": "nobody"}"#);
    write("README.md", "not a manifest");
    let refused = slipway(&fleet, &["apply", "-f", folder.path().to_str().unwrap()]);
    let told = said(&refused);
    assert_eq!(refused.status.code(), Some(2), "{told}");
    for piece in ["a.yaml:4 (document 1)", "did you mean owner?", "a.yaml:8 (document 2)"] {
        assert!(told.contains(piece), "{piece}: {told}");
    }
    // What only the registry can tell comes with its place, too.
    write("a.yaml", &format!("{head}name: a\nowner: nobody\n---\n{head}name: a\nowner: nobody\n"));
    let told = said(&slipway(&fleet, &["apply", "-f", folder.path().to_str().unwrap()]));
    assert!(told.contains("a.yaml:8 (document 2)") && told.contains("too"), "{told}");
    write("a.yaml", &format!("{head}name: a\nowner: nobody\n"));
    let told = said(&slipway(&fleet, &["apply", "-f", folder.path().to_str().unwrap()]));
    assert!(told.contains("a.yaml:4 (document 1)") && told.contains("b.json:1 (document 1)"), "{told}");
    assert!(told.contains("NO_SUCH_TEAM") && told.contains("2 things stand in the way"), "{told}");
    for empty in ["", "# nothing\n", "---\n---\n"] {
        let told = said(&fed(&fleet, &["apply", "-f", "-", "--prune", "name = \"*\""], empty));
        assert!(told.contains("empty"), "{empty:?}: {told}");
    }
    assert_eq!(good(&fleet, &["model", "ls", "-o", "json"]), "");
    let long = manifest(1) + &format!("---\n{head}name: long\nowner: ads\ndescription: \"{}\"\n", "x".repeat(10 << 20));
    let refused = fed(&fleet, &["apply", "-f", "-"], &long);
    assert!(
        said(&refused).contains("MESSAGE_TOO_LARGE") && said(&refused).contains("max-message-size"),
        "{}",
        said(&refused)
    );
}

/// How long the journal of a registry is.
fn written(fleet: &Fleet) -> u64 {
    let files = std::fs::read_dir(fleet.data_dir(Service::Registry)).unwrap().flatten();
    let journal = files.filter(|file| file.file_name().to_string_lossy().starts_with("journal-"));
    journal.map(|file| file.metadata().map_or(0, |metadata| metadata.len())).sum()
}

/// It is killed in the moment in which it begins to write, so that what it writes is cut in the middle or just not answered.
#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_is_killed_while_a_fleet_is_applied_has_all_of_it_or_nothing() {
    let mut fleet = fleet().await;
    let address = fleet.address(Service::Registry);
    let mut cut = 0;
    for round in 0..4 {
        let text = manifest(300).replace("description: model", &format!("description: round {round} model"));
        let before = written(&fleet);
        let mut command = Command::new(binary("slipway"));
        command.args(["apply", "-f", "-", "--deadline", "60"]).env("SLIPWAY_REGISTRY", &address);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        while written(&fleet) == before && child.try_wait().unwrap().is_none() {
            tokio::task::yield_now().await;
        }
        cut += u32::from(written(&fleet) > before);
        fleet.end(Service::Registry);
        child.kill().unwrap();
        child.wait().unwrap();
        fleet.begin(Service::Registry);
        fleet.wait_until_ready(Service::Registry).await;
        let kept = good(&fleet, &["export", "-o", "json"]);
        let of_round = kept.lines().filter(|line| line.contains(&format!("round {round} model"))).count();
        assert!(of_round == 0 || of_round == 300, "{of_round} of 300 in round {round}");
        let all = kept.lines().filter(|line| line.contains("kind")).count();
        assert!(all == 0 || all == 903, "{all} of 903 in round {round}");
    }
    assert!(cut > 0, "it never came to write");
    let round = fed(&fleet, &["apply", "-f", "-"], &manifest(300));
    assert!(round.status.success(), "{}", said(&round));
}
