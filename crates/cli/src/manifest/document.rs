//! One document as a resource.

use std::collections::BTreeMap;
use std::str::FromStr;

use anyhow::Result;
use prost::Message;
use prost_reflect::{FieldDescriptor, Kind as FieldKind, MessageDescriptor};
use serde_json::{Map, Value as Json};
use slipway_sdk::name::Identifier;
use slipway_sdk::pb;
use slipway_sdk::pb::resource::Resource;

use super::hint::nearest;
use super::yaml::{Fault, Key, Node, Quoted, Value};
use super::{API_VERSION, COMPUTED, Kind};
use crate::output::{descriptor, from_json};
use crate::value;

/// What stands in a document beside the fields of its message.
const OWN: [&str; 2] = ["apiVersion", "kind"];

/// A document that is being read.
struct Reading<'a> {
    namespace: &'a Identifier,
    kind: Kind,
    /// The lines of its fields, by their paths.
    lines: &'a mut BTreeMap<String, usize>,
    faults: Vec<Fault>,
}

/// The resource that a document asks for. The lines of its fields are written into `lines`.
pub fn read(
    node: &Node,
    namespace: &Identifier,
    lines: &mut BTreeMap<String, usize>,
) -> Result<pb::Resource, Vec<Fault>> {
    let one = |line, what: String| vec![Fault { line, what }];
    let Value::Map(pairs) = &node.value else {
        return Err(one(node.line, "a document is a map of fields, as `kind: Model`".to_owned()));
    };
    let mut faults = Vec::new();
    let own = |name: &str| pairs.iter().find(|(key, _)| key.text == name).map(|(_, node)| node);
    match own("apiVersion").map(|node| (node.line, &node.value)) {
        Some((_, Value::Text(text, _))) if text == API_VERSION => {}
        Some((line, _)) => faults.extend(one(line, format!("apiVersion is not {API_VERSION}"))),
        None => faults.extend(one(node.line, format!("apiVersion is missing: write `apiVersion: {API_VERSION}`"))),
    }
    let kind = match own("kind").map(|node| (node.line, &node.value)) {
        Some((line, Value::Text(text, _))) => kind(text).map_err(|what| one(line, what)),
        Some((line, _)) => Err(one(line, "kind is not a word".to_owned())),
        None => Err(one(node.line, "kind is missing: write `kind: Model`, or another one".to_owned())),
    };
    let kind = match kind {
        Ok(kind) => kind,
        Err(wrong) => return Err([faults, wrong].concat()),
    };
    let fields = pairs.iter().filter(|(key, _)| !OWN.contains(&&*key.text));
    let mut reading = Reading { namespace, kind, lines, faults };
    let message = reading.message(&fields.cloned().collect::<Vec<_>>(), node.line);
    if !reading.faults.is_empty() {
        return Err(reading.faults);
    }
    resource(kind, &Json::Object(message)).map_err(|error| one(node.line, format!("{error:#}")))
}

fn kind(text: &str) -> Result<Kind, String> {
    let found = Kind::ALL.into_iter().find(|kind| kind.name() == text);
    found.ok_or_else(|| {
        let names = Kind::ALL.map(Kind::name);
        let meant = nearest(text, names).map_or_else(String::new, |word| format!("; did you mean {word}?"));
        format!("there is no kind {text:.64?}, but {}{meant}", names.join(", "))
    })
}

impl Reading<'_> {
    fn fault(&mut self, line: usize, what: impl Into<String>) {
        self.faults.push(Fault { line, what: what.into() });
    }

    /// The message of the document.
    fn message(&mut self, pairs: &[(Key, Node)], line: usize) -> Map<String, Json> {
        let Ok(descriptor) = descriptor(&self.kind.message()) else { return Map::new() };
        let mut message = self.fields(&descriptor, pairs, "");
        if !pairs.iter().any(|(key, _)| key.text == "name") {
            self.fault(line, "name is missing");
        }
        for (field, name) in [("name", self.kind), ("modelType", Kind::ModelType), ("version", Kind::Version)] {
            let Some(Json::String(text)) = message.get(field) else { continue };
            let line = self.lines.get(if field == "modelType" { "model_type" } else { field }).copied().unwrap_or(line);
            let text = self.of_model(field, text, &message);
            match self.full(name, &text) {
                Ok(full) => drop(message.insert(field.to_owned(), full.into())),
                Err(what) => self.fault(line, what),
            }
        }
        if let Some(Json::Array(names)) = message.get_mut("dependsOn") {
            let line = self.lines.get("depends_on").copied().unwrap_or(line);
            for name in names {
                match self.full(Kind::Model, name.as_str().unwrap_or_default()) {
                    Ok(full) => *name = full.into(),
                    Err(what) => self.fault(line, what),
                }
            }
        }
        message
    }

    /// A version's name in an alias may be its number alone: it is of the alias' model.
    fn of_model(&self, field: &str, text: &str, message: &Map<String, Json>) -> String {
        let name = message.get("name").and_then(Json::as_str).unwrap_or_default();
        let is_number = field == "version" && text.bytes().all(|byte| byte.is_ascii_digit());
        match name.split_once("/aliases/") {
            Some((model, _)) if is_number => format!("{model}/versions/{text}"),
            _ => text.to_owned(),
        }
    }

    /// The full name of what is called `text`.
    fn full(&self, kind: Kind, text: &str) -> Result<String, String> {
        let within = self.namespace;
        Ok(match kind {
            Kind::Team => value::Team::from_str(text)?.within(within).to_string(),
            Kind::ModelType => value::ModelType::from_str(text)?.within(within).to_string(),
            Kind::Model => value::Model::from_str(text)?.within(within).to_string(),
            Kind::Version => value::Version::from_str(text)?.within(within).to_string(),
            Kind::Alias => value::Alias::from_str(text)?.within(within).to_string(),
        })
    }

    /// The fields of a message, whose path is `path`.
    fn fields(&mut self, message: &MessageDescriptor, pairs: &[(Key, Node)], path: &str) -> Map<String, Json> {
        let mut read = Map::new();
        for (key, node) in pairs {
            let known = message.get_field_by_json_name(&key.text).or_else(|| message.get_field_by_name(&key.text));
            let Some(field) = known else {
                self.unknown(message, key);
                continue;
            };
            if COMPUTED.contains(&field.name()) {
                self.fault(key.line, format!("{} is nothing that a manifest says: leave it out", key.text));
                continue;
            }
            let path = if path.is_empty() { field.name().to_owned() } else { format!("{path}.{}", field.name()) };
            self.lines.insert(path.clone(), key.line);
            if let Some(value) = self.field(&field, node, &path) {
                read.insert(field.json_name().to_owned(), value);
            }
        }
        read
    }

    fn unknown(&mut self, message: &MessageDescriptor, key: &Key) {
        let fields: Vec<_> = message.fields().filter(|field| !COMPUTED.contains(&field.name())).collect();
        let known: Vec<&str> = fields.iter().map(FieldDescriptor::json_name).collect();
        let meant = nearest(&key.text, known.iter().copied()).map(|word| format!("; did you mean {word}?"));
        let meant = meant.unwrap_or_else(|| format!("; there are: {}", known.join(", ")));
        self.fault(key.line, format!("there is no field {:.64?}{meant}", key.text));
    }

    /// The value of a field in the JSON form of the API; none where nothing is said, or what is said is noted as wrong.
    fn field(&mut self, field: &FieldDescriptor, node: &Node, path: &str) -> Option<Json> {
        let line = node.line;
        match (&node.value, field.kind()) {
            (Value::Nothing, _) => None,
            (Value::Map(pairs), _) if field.is_map() => Some(Json::Object(self.map(pairs, path))),
            (Value::Map(pairs), FieldKind::Message(inner)) if inner.full_name() != "google.protobuf.Duration" => {
                Some(Json::Object(self.fields(&inner, pairs, path)))
            }
            (Value::Text(text, quoted), kind) if !field.is_map() && !field.is_list() => {
                let json = scalar(text, *quoted, &kind);
                self.fits(field, json, line)
            }
            (Value::List(nodes), FieldKind::String) if field.is_list() => Some(self.list(field, nodes)),
            (Value::List(_) | Value::Map(_), FieldKind::String) if !field.is_map() && !field.is_list() => {
                self.fault(line, format!("{} is a text", field.json_name()));
                None
            }
            _ => {
                self.fault(line, format!("{} has a value of another form", field.json_name()));
                None
            }
        }
    }

    fn list(&mut self, field: &FieldDescriptor, nodes: &[Node]) -> Json {
        let mut read = Vec::new();
        for Node { line, value } in nodes {
            match value {
                Value::Text(text, _) => read.push(text.as_str().into()),
                _ => self.fault(*line, format!("{} is a list of texts", field.json_name())),
            }
        }
        Json::Array(read)
    }

    fn map(&mut self, pairs: &[(Key, Node)], path: &str) -> Map<String, Json> {
        let mut read = Map::new();
        for (Key { line, text: key }, node) in pairs {
            self.lines.insert(format!("{path}.{key}"), *line);
            match &node.value {
                Value::Text(text, _) => drop(read.insert(key.clone(), text.clone().into())),
                Value::Nothing => drop(read.insert(key.clone(), "".into())),
                Value::List(_) | Value::Map(_) => self.fault(*line, format!("{key:.64} is a text")),
            }
        }
        read
    }

    /// The value, if the field can hold it.
    fn fits(&mut self, field: &FieldDescriptor, json: Json, line: usize) -> Option<Json> {
        let mut alone = Map::new();
        alone.insert(field.json_name().to_owned(), json.clone());
        match prost_reflect::DynamicMessage::deserialize(field.parent_message().clone(), Json::Object(alone)) {
            Ok(_) => Some(json),
            Err(error) => {
                self.fault(line, format!("{}: {error}", field.json_name()));
                None
            }
        }
    }
}

/// A text in the JSON form that a field of the kind takes.
fn scalar(text: &str, quoted: Quoted, kind: &FieldKind) -> Json {
    match kind {
        FieldKind::String => text.into(),
        FieldKind::Bool if quoted == Quoted::No => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
        FieldKind::Message(message) if message.full_name() == "google.protobuf.Duration" => {
            value::duration(text).map_or_else(|_| text.into(), |long| format!("{}s", long.as_secs_f64()).into())
        }
        _ => text.into(),
    }
}

fn resource(kind: Kind, message: &Json) -> Result<pb::Resource> {
    fn read<M: Message + Default>(kind: Kind, message: &Json) -> Result<M> {
        from_json(&kind.message(), &message.to_string())
    }
    let resource = match kind {
        Kind::Team => Resource::Team(read(kind, message)?),
        Kind::ModelType => Resource::ModelType(read(kind, message)?),
        Kind::Model => Resource::Model(read(kind, message)?),
        Kind::Version => Resource::Version(read(kind, message)?),
        Kind::Alias => Resource::Alias(read(kind, message)?),
    };
    Ok(pb::Resource { resource: Some(resource) })
}
