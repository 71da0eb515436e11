//! Models come in from MLflow: from a server that answers as MLflow does, and from MLflow itself where there is one.

mod fake;
mod real;

use serde_json::Value;

use crate::fleet::Fleet;
use crate::newcomer::{fleet, good, said};
use crate::{backups::slipway, mlflow::fake::Fake};

fn import(fake: &Fake, more: &[&str]) -> Vec<String> {
    let arguments = ["import", "mlflow", "--uri", &fake.address, "--owner", "ranking"];
    arguments.iter().chain(more).map(|text| (*text).to_owned()).collect()
}

#[track_caller]
fn imported(fleet: &Fleet, fake: &Fake, more: &[&str]) -> Value {
    let arguments = import(fake, &[more, &["-o", "json"]].concat());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    serde_json::from_str(&good(fleet, &arguments)).unwrap()
}

fn json(fleet: &Fleet, arguments: &[&str]) -> Value {
    serde_json::from_str(&good(fleet, &[arguments, &["-o", "json"]].concat())).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn models_come_in_with_their_numbers_aliases_and_tags_and_a_second_time_nothing_happens() {
    let fleet = fleet().await;
    let fake = Fake::start();
    let refused = slipway(&fleet, &["import", "mlflow", "--uri", &fake.address, "--owner", "ranking"]);
    assert!(said(&refused).contains("slipway team create ranking"), "{}", said(&refused));
    good(&fleet, &["team", "create", "ranking"]);
    good(&fleet, &["team", "create", "ads"]);
    let token = fake.folder.path().join("token");
    std::fs::write(&token, "wrong\n").unwrap();
    let with = ["--mlflow-token-file", token.to_str().unwrap(), "--owner-tag", "team", "--digest-tag", "sha"];
    let arguments = import(&fake, &with);
    let refused = slipway(&fleet, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(!refused.status.success() && said(&refused).contains("401"), "{}", said(&refused));
    std::fs::write(&token, fake::TOKEN).unwrap();

    let dry = imported(&fleet, &fake, &[&with[..], &["--dry-run"]].concat());
    assert_eq!((&dry["models"], &dry["versions"]), (&4.into(), &5.into()));
    assert_eq!(good(&fleet, &["model", "ls", "-o", "json"]), "");
    let first = imported(&fleet, &fake, &with);
    assert_eq!(first["resources"], dry["resources"], "{first}");
    assert_eq!(first["resources"]["created"], 11, "{first}");
    the_models_are_here(&fleet, &first);
    let second = imported(&fleet, &fake, &with);
    assert_eq!(second["resources"], serde_json::json!({ "unchanged": 11 }));

    good(&fleet, &["model", "update", "ctr", "--description", "better told here"]);
    good(&fleet, &["version", "delete", "churn/7"]);
    let third = imported(&fleet, &fake, &with);
    let notes: Vec<_> =
        third["notCarriedOver"].as_array().unwrap().iter().map(|note| note["why"].as_str().unwrap()).collect();
    assert!(notes.contains(&"changed here, and kept") && notes.contains(&"deleted here, and left so"), "{notes:?}");
    assert_eq!(json(&fleet, &["model", "get", "ctr"])["description"], "better told here");
    imported(&fleet, &fake, &[&with[..], &["--force"]].concat());
    assert_eq!(json(&fleet, &["model", "get", "ctr"])["description"], "clicks");
}

fn the_models_are_here(fleet: &Fleet, report: &Value) {
    let ctr = json(fleet, &["model", "get", "ctr"]);
    assert_eq!((&ctr["owner"], &ctr["description"]), (&"ads".into(), &"clicks".into()));
    let churn = json(fleet, &["model", "get", "churn"]);
    assert_eq!((&churn["owner"], &churn["latestVersion"]), (&"ranking".into(), &"9".into()));
    let version = json(fleet, &["version", "get", "churn/3"]);
    assert_eq!(version["artifactDigest"], format!("sha256:{}", "ab".repeat(32)));
    assert_eq!(version["artifactUri"], "s3://bucket/churn/3");
    for (label, value) in
        [("mlflow-run-id", "run3"), ("mlflow-stage", "production"), ("mlflow-created", "2023-11-14T22:13:23Z")]
    {
        assert_eq!(version["labels"][label], value, "{version}");
    }
    let by_address = json(fleet, &["version", "get", "churn/7"]);
    assert_eq!(by_address["labels"]["digest-of"], "address");
    assert_eq!(
        json(fleet, &["alias", "get", "churn@prod-eu"])["version"],
        "namespaces/default/models/churn/versions/9"
    );
    let named = good(fleet, &["model", "ls", "--filter", "display_name = \"Fraud Model\"", "-o", "json"]);
    assert!(named.contains("models/fraud-model-"), "{named}");
    assert!(json(fleet, &["model", "get", "fraud-model"])["displayName"] == "");
    let notes = report["notCarriedOver"].to_string();
    for why in ["too long for a label", "called otherwise here", "MLflow has no digest", "no such team here", "prompts"]
    {
        assert!(notes.contains(why), "{why}: {notes}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_breaks_off_is_begun_again_and_comes_to_the_same() {
    let fleet = fleet().await;
    let fake = Fake::start();
    good(&fleet, &["team", "create", "ranking"]);
    let token = fake.folder.path().join("token");
    std::fs::write(&token, fake::TOKEN).unwrap();
    let with = ["--mlflow-token-file", token.to_str().unwrap()];
    // MLflow goes away after so many answers, and what was asked of it is asked again a while.
    fake.answer(4);
    let arguments = import(&fake, &with);
    let broken = slipway(&fleet, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(!broken.status.success(), "{}", said(&broken));
    fake.answer(usize::MAX);
    imported(&fleet, &fake, &with);
    let second = imported(&fleet, &fake, &with);
    assert_eq!(second["resources"], serde_json::json!({ "unchanged": 11 }));
}
