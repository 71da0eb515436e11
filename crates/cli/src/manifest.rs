//! Manifests: what files say that a registry is to hold, read with the place of everything, and written again.
//!
//! A document is one resource: `apiVersion: slipway/v1`, its `kind`, and the fields of its message as the JSON form of the
//! API has them. Names may be as short as on a command line.

mod document;
mod hint;
mod json;
mod source;
mod write;
mod yaml;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use slipway_sdk::name::Identifier;
use slipway_sdk::pb;

pub use source::{Input, read_all};
pub use write::{Form, document};

/// What every document says that it is of.
pub const API_VERSION: &str = "slipway/v1";

/// What a manifest asks for.
#[derive(Debug, Default)]
pub struct Manifest {
    /// The resources, in the order of the files.
    pub items: Vec<Item>,
}

/// One resource that is asked for.
#[derive(Debug)]
pub struct Item {
    /// The resource.
    pub resource: pb::Resource,
    /// Where it is asked for.
    pub place: Place,
}

/// A document in a file.
#[derive(Debug, Clone)]
pub struct Place {
    file: Arc<str>,
    /// From 1.
    document: usize,
    line: usize,
    /// The lines of its fields, by their paths.
    fields: BTreeMap<String, usize>,
}

impl Place {
    /// The place of a field, as `owner`, or of the nearest one around it; without one that of the document.
    pub fn of(&self, field: &str) -> String {
        let mut path = field;
        let line = loop {
            match (self.fields.get(path), path.rsplit_once('.')) {
                (Some(line), _) => break *line,
                (None, Some((around, _))) => path = around,
                (None, None) => break self.line,
            }
        };
        format!("{}:{line} (document {})", self.file, self.document)
    }
}

/// Something that is wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    file: Arc<str>,
    document: Option<usize>,
    line: Option<usize>,
    what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(document) = self.document {
            write!(f, " (document {document})")?;
        }
        write!(f, ": {}", self.what)
    }
}

/// The kinds of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Team,
    ModelType,
    Model,
    Version,
    Alias,
}

impl Kind {
    /// All of them, in the order in which a registry is written.
    pub const ALL: [Self; 5] = [Self::Team, Self::ModelType, Self::Model, Self::Version, Self::Alias];

    /// How a document calls it, which is how the API does.
    pub fn name(self) -> &'static str {
        match self {
            Self::Team => "Team",
            Self::ModelType => "ModelType",
            Self::Model => "Model",
            Self::Version => "Version",
            Self::Alias => "Alias",
        }
    }

    /// The full name of its message.
    pub fn message(self) -> String {
        format!("slipway.registry.v1.{}", self.name())
    }
}

/// The fields that are in no document: they are computed, or only another command sets them.
pub const COMPUTED: [&str; 11] = [
    "create_time",
    "update_time",
    "delete_time",
    "purge_time",
    "effective_tier",
    "tier_origin",
    "latest_version",
    "attestation",
    "quarantine",
    "protected",
    "proposal",
];

/// Reads the documents of a text.
pub fn read(file: &str, text: &str, namespace: &Identifier) -> (Manifest, Vec<Fault>) {
    let file: Arc<str> = file.into();
    let (mut manifest, mut faults) = (Manifest::default(), Vec::new());
    let documents = match yaml::documents(text) {
        Ok(documents) => documents,
        Err(yaml::Fault { line, what }) => {
            faults.push(Fault { file, document: None, line: Some(line), what });
            return (manifest, faults);
        }
    };
    for (index, node) in documents.iter().enumerate() {
        let mut place =
            Place { file: Arc::clone(&file), document: index + 1, line: node.line, fields: BTreeMap::new() };
        match document::read(node, namespace, &mut place.fields) {
            Ok(resource) => manifest.items.push(Item { resource, place }),
            Err(wrong) => faults.extend(wrong.into_iter().map(|yaml::Fault { line, what }| Fault {
                file: Arc::clone(&file),
                document: Some(index + 1),
                line: Some(line),
                what,
            })),
        }
    }
    (manifest, faults)
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_sdk::pb::resource::Resource;

    fn good(text: &str) -> Vec<Resource> {
        let (manifest, faults) = read("f", text, &Identifier::parse("default").unwrap());
        assert_eq!(faults, []);
        manifest.items.into_iter().map(|item| item.resource.resource.unwrap()).collect()
    }

    fn wrong(text: &str) -> Vec<String> {
        let (_, faults) = read("f", text, &Identifier::parse("default").unwrap());
        faults.iter().map(ToString::to_string).collect()
    }

    const MODEL: &str = "\
apiVersion: slipway/v1
kind: Model
name: flight-delay
displayName: 2024   # a text all the same
owner: ops
modelType: classifier
labelWindow: 12h
criticality:
  tier: 1
  reason: |
    people
    wait
healthPolicy: {alpha: 0.1}
labels: {trained-on: july, \"round\": 7}
";

    #[test]
    fn a_document_is_a_message_with_short_names() {
        let [Resource::Model(model)] = &good(MODEL)[..] else { panic!() };
        assert_eq!((&*model.name, &*model.owner), ("namespaces/default/models/flight-delay", "ops"));
        assert_eq!((&*model.display_name, &*model.model_type), ("2024", "namespaces/default/modelTypes/classifier"));
        assert_eq!(model.label_window.unwrap().seconds, 43_200);
        let criticality = model.criticality.as_ref().unwrap();
        assert_eq!((criticality.tier, &*criticality.reason), (1, "people\nwait\n"));
        assert_eq!(model.health_policy.unwrap().alpha, 0.1);
        assert_eq!((&*model.labels["trained-on"], &*model.labels["round"]), ("july", "7"));
    }

    #[test]
    fn json_is_read_as_yaml_is_and_documents_may_be_listed() {
        let json = r#"{"apiVersion": "slipway/v1", "kind": "Alias", "name": "m@champion", "version": "2"}"#;
        let [Resource::Alias(alias)] = &good(json)[..] else { panic!() };
        assert_eq!(alias.version, "namespaces/default/models/m/versions/2");
        assert_eq!(good(&format!("{json}\n{json}\n")).len(), 2);
        assert_eq!(good(&format!("[{json}, {json}]")).len(), 2);
        assert_eq!(good(&format!("---\n{MODEL}---\n{MODEL}---\n# nothing\n")).len(), 2);
        assert_eq!(good("# nothing\n").len(), 0);
        let emoji = r#"{"apiVersion": "slipway/v1", "kind": "Team", "name": "t", "contact": "\ud83d\ude00"}"#;
        let [Resource::Team(team)] = &good(emoji)[..] else { panic!() };
        assert_eq!(team.contact, "\u{1f600}");
    }

    #[test]
    fn what_json_says_twice_too_deep_or_with_its_own_escapes_is_refused_as_in_yaml() {
        let head = r#""apiVersion": "slipway/v1", "kind": "Model", "name": "m""#;
        assert!(wrong(&format!(r#"{{{head}, "owner": "a", "owner": "b"}}"#))[0].contains("twice"));
        let own_rules = format!(r#"{{{head}, "description": "\ud83d\ude00", "owner": "a", "owner": "b"}}"#);
        assert!(wrong(&own_rules)[0].contains("twice"), "{:?}", wrong(&own_rules));
        let deep = format!("{{{head}, \"owner\": {}1{}}}", "[".repeat(40), "]".repeat(40));
        assert!(wrong(&deep)[0].contains("deep"), "{:?}", wrong(&deep));
    }

    #[test]
    fn a_long_text_is_not_repeated_without_end() {
        let bomb = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), vec!["*a"; 500].join(", "));
        assert!(wrong(&bomb)[0].contains("too much"), "{:?}", wrong(&bomb)[0].len());
    }

    #[test]
    fn everything_that_is_wrong_is_told_with_its_line() {
        let text = "---\napiVersion: slipway/v1\nkind: Team\nname: Ops\ncontcat: x\n---\nkind: Modle\n---\n\
                    apiVersion: slipway/v1\nkind: Model\nname: m\ncriticality: {tier: high}\neffectiveTier: 0\nowner: [a]\n";
        let told = wrong(text);
        for (line, piece) in [
            ("f:4 (document 1)", "lower-case"),
            ("f:5 (document 1)", "did you mean contact?"),
            ("f:7 (document 2)", "apiVersion"),
            ("f:7 (document 2)", "did you mean Model?"),
            ("f:12 (document 3)", "tier"),
            ("f:13 (document 3)", "leave it out"),
            ("f:14 (document 3)", "a text"),
        ] {
            assert!(
                told.iter().any(|fault| fault.starts_with(line) && fault.contains(piece)),
                "{line} {piece}: {told:#?}"
            );
        }
        assert_eq!(told.len(), 7, "{told:#?}");
    }

    #[test]
    fn what_is_no_yaml_is_told_with_its_line() {
        assert!(wrong("a: 1\nb: [\n")[0].starts_with("f:"), "{:?}", wrong("a: 1\nb: [\n"));
        assert!(wrong("a: 1\na: 2\n")[0].contains("twice"));
    }

    #[test]
    fn anchors_are_written_out_and_a_bomb_of_them_is_refused() {
        let shared = "\
apiVersion: slipway/v1
kind: Model
name: a
owner: ops
labels: &shared {x: y}
---
apiVersion: slipway/v1
kind: Model
name: b
owner: ops
labels: {z: w}
";
        assert_eq!(good(shared).len(), 2);
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let many = vec![format!("*a{}", level - 1); 10].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{many}]\n"));
        }
        assert!(wrong(&bomb)[0].contains("too much"), "{:?}", wrong(&bomb));
        assert!(wrong(&format!("a: {}x{}", "[".repeat(40), "]".repeat(40)))[0].contains("deep"));
        assert_eq!(wrong(&"[".repeat(100_000)).len(), 1);
        assert_eq!(wrong(&format!("a: {}", "[".repeat(100_000))).len(), 1);
    }

    #[test]
    fn the_document_about_manifests_names_every_field_of_every_kind() {
        let document = include_str!("../../../docs/manifest.md");
        for kind in Kind::ALL {
            let row = document.lines().find(|line| line.starts_with(&format!("| `{}` |", kind.name())));
            let row = row.unwrap_or_else(|| panic!("{} has no row", kind.name()));
            for field in crate::output::descriptor(&kind.message()).unwrap().fields() {
                let is_said_once = COMPUTED.contains(&field.name()) || ["name", "etag"].contains(&field.name());
                assert!(
                    is_said_once || row.contains(&format!("`{}`", field.json_name())),
                    "{}: {row}",
                    field.full_name()
                );
            }
        }
    }

    #[test]
    fn a_place_is_that_of_the_nearest_field() {
        let (manifest, _) = read("f", MODEL, &Identifier::parse("default").unwrap());
        let place = &manifest.items[0].place;
        let of = |field| place.of(field);
        assert_eq!(of("owner"), "f:5 (document 1)");
        assert_eq!(of("criticality.tier"), "f:9 (document 1)");
        assert_eq!(of("labels.trained-on"), "f:14 (document 1)");
        assert_eq!(of("labels.gone"), "f:14 (document 1)");
        assert_eq!(of("on_call"), "f:1 (document 1)");
    }
}
