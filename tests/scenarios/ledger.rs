//! Somebody rewrites the ledger: in a copy of it, in the data folder, by an older backup. Each time it is found.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};
use slipway_domain::ledger::checkpoint::Checkpoint;
use slipway_domain::ledger::hash;
use slipway_domain::ledger::leaf::Leaf;
use slipway_domain::ledger::note::{Signer, Verifier};
use slipway_sdk::{Endpoint, Registry, pb};
use slipway_store::embedded::{Embedded, Options};
use slipway_store::{KeyRange, Store, Txn};

use crate::backups::{back_up, restore, slipway};
use crate::fleet::{Clock, Fleet, Service};

/// What the forger would rather have had written; as long as what was.
const FORGED: &str = "a planned test";
const WRITTEN: &str = "it lost a sale";

struct Story {
    fleet: Fleet,
    registry: Registry,
    folder: tempfile::TempDir,
}

impl Story {
    async fn begin() -> Self {
        let clock = Clock { origin: Timestamp::now(), start: Timestamp::now(), speed: 1.0 };
        let fleet = Fleet::start(clock).await;
        let registry = Registry::new(&Endpoint::new(&fleet.address(Service::Registry)).unwrap());
        let story = Self { fleet, registry, folder: tempfile::tempdir().unwrap() };
        story.registry.ensure_team(&"namespaces/default/teams/ops".parse().unwrap()).await.unwrap();
        story.change("ctr", 2).await;
        std::fs::write(story.path("key"), story.good(&["ledger", "key"])).unwrap();
        story
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A new model, and so many changes of it; three entries at least.
    async fn change(&self, id: &str, times: usize) {
        let request = pb::CreateModelRequest {
            parent: "namespaces/default".to_owned(),
            model_id: id.to_owned(),
            model: Some(pb::Model { owner: "ops".to_owned(), ..Default::default() }),
            ..Default::default()
        };
        let name = self.registry.create_model(request).await.unwrap().name;
        for time in 0..times {
            let model = pb::Model { name: name.clone(), description: format!("take {time}"), ..Default::default() };
            let (model, reason) = (Some(model), WRITTEN.to_owned());
            let request = pb::UpdateModelRequest { model, reason, ..Default::default() };
            self.registry.update_model(request).await.unwrap();
        }
    }

    /// What the command says that must succeed.
    fn good(&self, arguments: &[&str]) -> String {
        let output = slipway(&self.fleet, arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The arguments of a verb of the ledger, where `@name` is a file in the story's folder.
    fn ledger(&self, words: &str) -> Vec<String> {
        let word = |word: &str| word.strip_prefix('@').map_or(word.to_owned(), |name| shown(&self.path(name)));
        ["ledger"].into_iter().chain(words.split(' ')).map(word).collect()
    }

    /// A verb that must succeed; what it says.
    fn fine(&self, words: &str) -> String {
        let arguments = self.ledger(words);
        self.good(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// A verification that must find something; what it says.
    fn found(&self, words: &str) -> String {
        let arguments = self.ledger(words);
        let output = slipway(&self.fleet, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(output.status.code(), Some(1), "{words}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The lines of an exported ledger, to be changed.
    fn lines(&self, name: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path(name)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn write(&self, name: &str, lines: &[Value]) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(self.path(name), text).unwrap();
    }
}

fn shown(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// Entries are numbered by their place in the file again, so that no gap shows what was done.
fn number(lines: &mut [Value]) {
    for (index, line) in lines[1..].iter_mut().enumerate() {
        line["index"] = index.into();
    }
}

/// Forges an entry without a flaw: the leaf, its hash and the words beside it agree.
fn forge(line: &mut Value) {
    let forged = line["change"].to_string().replace(WRITTEN, FORGED);
    assert_ne!(forged, line["change"].to_string());
    line["change"] = serde_json::from_str(&forged).unwrap();
    let leaf = replaced(&base64(line["leaf"].as_str().unwrap()));
    line["hash"] = hash::hex(&hash::leaf([leaf.as_slice()])).into();
    line["leaf"] = encoded(&leaf).into();
}

/// The bytes with the forger's words in place of what was written.
fn replaced(bytes: &[u8]) -> Vec<u8> {
    let at = bytes.windows(WRITTEN.len()).position(|window| window == WRITTEN.as_bytes()).unwrap();
    [&bytes[..at], FORGED.as_bytes(), &bytes[at + WRITTEN.len()..]].concat()
}

fn base64(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

fn encoded(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// What the honest registry exported, to be tampered with.
struct Exported<'a> {
    story: &'a Story,
    lines: Vec<Value>,
}

impl Exported<'_> {
    /// What is found when the file was changed so.
    fn after(&self, tamper: impl FnOnce(&mut Vec<Value>)) -> String {
        let mut lines = self.lines.clone();
        tamper(&mut lines);
        self.story.write("forged", &lines);
        self.story.found("verify @forged --checkpoint @old --signed-by @key")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_done_to_an_exported_ledger_is_found_without_asking_anybody() {
    let story = Story::begin().await;
    story.fine("checkpoint --out @old");
    story.change("cvr", 3).await;
    let said = story.fine("export --out @file");
    assert!(said.contains("10 entries"), "{said}");
    let said = story.fine("verify @file --checkpoint @old --signed-by @key");
    assert!(said.contains("10 entries") && said.contains("the first 5 are those of the older checkpoint"), "{said}");
    let said = story.fine("verify @file");
    assert!(said.contains("note:") && said.contains("--signed-by"), "{said}");
    let exported = Exported { story: &story, lines: story.lines("file") };
    whatever_is_changed_inserted_or_moved_is_found(&exported);
    whatever_is_cut_is_found(&exported);
    whoever_signs_with_another_key_is_found(&exported);
    assert_eq!(story.fleet.unannounced(&[]), Vec::<String>::new());
}

fn whatever_is_changed_inserted_or_moved_is_found(exported: &Exported<'_>) {
    let said = exported.after(|lines| lines[5]["change"]["reason"] = FORGED.into());
    assert!(said.contains("entry 4 was changed: its change and its leaf"), "{said}");
    let said = exported.after(|lines| forge(&mut lines[4]));
    assert!(said.contains("the first 5 entries are not those of the older checkpoint"), "{said}");
    let said = exported.after(|lines| forge(&mut lines[9]));
    assert!(said.contains("at least one behind the first 5 was changed"), "{said}");
    let said = exported.after(|lines| {
        let inserted = lines[9].clone();
        lines.insert(9, inserted);
        forge(&mut lines[9]);
        number(lines);
    });
    assert!(said.contains("entry 9 is not later") && said.contains("1 were inserted"), "{said}");
    let said = exported.after(|lines| {
        lines.swap(8, 9);
        number(lines);
    });
    assert!(said.contains("entry 8 is not later"), "{said}");
}

fn whatever_is_cut_is_found(exported: &Exported<'_>) {
    let said = exported.after(|lines| lines.truncate(9));
    assert!(said.contains("there are 8 entries, and 10 were signed: 2 were cut out"), "{said}");
    let said = exported.after(|lines| drop(lines.remove(7)));
    assert!(said.contains("line 8 is entry 7, and entry 6 should stand there"), "{said}");
    let said = exported.after(|lines| {
        lines.remove(7);
        number(lines);
    });
    assert!(said.contains("there are 9 entries, and 10 were signed"), "{said}");
    let said = exported.after(|lines| {
        let note = lines[0]["checkpoint"].as_str().unwrap().replace("\n10\n", "\n9\n");
        lines[0]["checkpoint"] = note.into();
        lines.truncate(10);
    });
    assert!(said.contains("its signature is not by"), "{said}");
    // Cut, and an older checkpoint of the ledger's own put in front: only a newer one can tell.
    let story = exported.story;
    story.fine("checkpoint --out @new");
    story.fine("export --out @short --size 7");
    story.fine("verify @short --signed-by @key");
    let said = story.found("verify @short --checkpoint @new --signed-by @key");
    assert!(said.contains("has 7 entries, and had 10") && said.contains("it was cut"), "{said}");
}

/// The forger signs a flawless forgery with a key of their own, under the ledger's name.
fn whoever_signs_with_another_key_is_found(exported: &Exported<'_>) {
    let (story, mut lines) = (exported.story, exported.lines.clone());
    forge(&mut lines[9]);
    let honest = Verifier::parse(lines[0]["key"].as_str().unwrap()).unwrap();
    let mut checkpoint = Checkpoint::open(lines[0]["checkpoint"].as_str().unwrap(), &honest).unwrap();
    let leaves = lines[1..].iter().map(|line| hash::leaf([base64(line["leaf"].as_str().unwrap()).as_slice()]));
    checkpoint.head.root = leaves.collect::<slipway_domain::ledger::tree::Tree>().root(10).unwrap();
    let forger = Signer::new(honest.name(), &[9; 32]).unwrap();
    lines[0]["checkpoint"] = checkpoint.sign(&forger).into();
    story.write("forged", &lines);
    let said = story.found("verify @forged");
    assert!(said.contains("it is not signed with the key"), "{said}");
    lines[0]["key"] = json!(forger.verifier().to_string());
    story.write("forged", &lines);
    let said = story.found("verify @forged --signed-by @key");
    assert!(said.contains("it is not signed with the key"), "{said}");
    // Who takes the key from the forger is told what that is worth.
    let said = story.fine("verify @forged");
    assert!(said.contains("note: the key came with the ledger"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_goes_on_otherwise_from_an_older_backup_is_found_by_a_checkpoint() {
    let mut story = Story::begin().await;
    let backups = story.path("backups");
    std::fs::create_dir(&backups).unwrap();
    let taken = back_up(&story.fleet, &backups);
    story.fine("checkpoint --out @backed-up");
    story.change("cvr", 3).await;
    story.fine("checkpoint --out @new");
    story.fine("export --out @before");
    let said = story.fine("verify --against @backed-up --signed-by @key");
    assert!(said.contains("10 entries"), "{said}");
    let change = story.fine("ls --limit 1 --output json");
    let change: Value = serde_json::from_str(change.lines().next().unwrap()).unwrap();
    let words = format!("prove {} {} --signed-by @key", change["revision"].as_str().unwrap(), "cvr");
    assert!(story.fine(&words).contains("is entry 9 of the ledger of 10 entries"));

    let dir = story.fleet.data_dir(Service::Registry);
    story.fleet.lose(Service::Registry);
    assert!(restore(&story.fleet, &taken[0].1, &dir).status.success());
    story.fleet.begin(Service::Registry);
    story.fleet.wait_until_ready(Service::Registry).await;
    // The key came back with the rest: what was signed before the backup holds.
    story.fine("verify --against @backed-up --signed-by @key");
    let said = story.found("verify --against @new --signed-by @key");
    assert!(said.contains("had 10 when the older checkpoint was signed: it was cut"), "{said}");

    story.change("fraud", 3).await;
    story.fine("export --out @equal");
    let said = story.found("verify @equal --checkpoint @new --signed-by @key");
    assert!(said.contains("one ledger was signed in two versions"), "{said}");
    story.found("verify --against @new --signed-by @key");
    story.change("spam", 3).await;
    let said = story.found("verify --against @new --signed-by @key");
    assert!(said.contains("the first 10 entries: the proof does not lead to the root of the older ledger"), "{said}");
    story.fine("export --out @after");
    story.fine("verify @after --checkpoint @backed-up --signed-by @key");
    let said = story.found("verify @after --checkpoint @new --signed-by @key");
    assert!(said.contains("the first 10 entries are not those of the older checkpoint"), "{said}");
    story.fine("verify @before --checkpoint @new --signed-by @key");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_was_changed_in_the_data_folder_is_found_by_a_checkpoint() {
    let mut story = Story::begin().await;
    story.fine("checkpoint --out @old");
    story.fleet.end(Service::Registry);
    let options = Options { rows: slipway_registry::record::ROWS, ..Options::default() };
    let store = Embedded::open(story.fleet.data_dir(Service::Registry), options).unwrap();
    let rows = store.range(&KeyRange::prefix("ledger/"), 0).await.unwrap().entries;
    let last = rows.iter().max_by_key(|row| row.mod_revision).unwrap();
    store.txn(Txn::new().put(last.key.clone(), replaced(&last.value))).await.unwrap();
    store.close().await;
    story.fleet.begin(Service::Registry);
    story.fleet.wait_until_ready(Service::Registry).await;
    let said = story.found("verify --against @old --signed-by @key");
    assert!(said.contains("what was written then is not there any more") || said.contains("differ"), "{said}");
    story.fine("export --out @file");
    assert!(story.fine("verify @file --signed-by @key").contains("5 entries"), "by itself it is sound");
    let lines = story.lines("file");
    assert_eq!(lines[5]["change"]["reason"], FORGED);
    let bytes = base64(lines[5]["leaf"].as_str().unwrap());
    assert_eq!(Leaf::decode(&bytes).unwrap().resource(), "namespaces/default/models/ctr");
    let said = story.found("verify @file --checkpoint @old --signed-by @key");
    assert!(said.contains("one ledger was signed in two versions"), "{said}");
}
