//! Resources as the documents that they are read from.

use anyhow::Result;
use clap::ValueEnum;
use prost::Message;
use serde_json::{Map, Value as Json};
use slipway_sdk::pb;
use slipway_sdk::pb::resource::Resource;

use super::{API_VERSION, COMPUTED, Kind};
use crate::output::{descriptor, json};

/// How documents are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For people.
    Yaml,
    /// One a line.
    Json,
}

/// Words that a YAML reader might take for something else than a text.
const NO_TEXTS: [&str; 10] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "~"];

/// Fields in the order in which they are written.
type Fields = Vec<(String, Json)>;

/// The document of a resource; none for one that is in no document. Names within `namespace` are as short as they are typed.
pub fn document(resource: &Resource, namespace: &str, form: Form) -> Result<Option<String>> {
    let (kind, fields) = match resource {
        Resource::Team(team) => (Kind::Team, fields(Kind::Team, team)?),
        Resource::ModelType(model_type) => (Kind::ModelType, fields(Kind::ModelType, model_type)?),
        Resource::Model(model) => (Kind::Model, of_model(model)?),
        Resource::Version(version) => (Kind::Version, fields(Kind::Version, version)?),
        Resource::Alias(alias) => (Kind::Alias, fields(Kind::Alias, alias)?),
        Resource::Traffic(_) | Resource::Namespace(_) | Resource::Policy(_) => return Ok(None),
    };
    let shortened = fields.into_iter().map(|(field, value)| match (&*field, value) {
        ("name" | "modelType" | "version", Json::String(name)) => (field, short(&name, namespace).into()),
        ("dependsOn", Json::Array(names)) => {
            (field, names.iter().filter_map(Json::as_str).map(|name| short(name, namespace)).collect())
        }
        (_, value) => (field, value),
    });
    let own = [("apiVersion".to_owned(), API_VERSION.into()), ("kind".to_owned(), kind.name().into())];
    let document: Fields = own.into_iter().chain(shortened).collect();
    Ok(Some(match form {
        Form::Json => {
            let pairs: Vec<String> =
                document.iter().map(|(field, value)| format!("{}:{value}", Json::from(&**field))).collect();
            format!("{{{}}}\n", pairs.join(","))
        }
        Form::Yaml => format!("---\n{}", yaml(document.iter().map(|(field, value)| (field, value)), 0)),
    }))
}

/// The fields of a message that say something and are not computed, in the order of the API.
fn fields<M: Message>(kind: Kind, message: &M) -> Result<Fields> {
    let mut all: Map<String, Json> = serde_json::from_str(&json(&kind.message(), message)?)?;
    let says = |value: &Json| match value {
        Json::Null => false,
        Json::String(text) => !text.is_empty() && text != "FUNNEL_STAGE_UNSPECIFIED",
        Json::Object(map) => !map.is_empty(),
        Json::Array(list) => !list.is_empty(),
        Json::Bool(_) | Json::Number(_) => true,
    };
    let mut fields = Fields::new();
    for field in descriptor(&kind.message())?.fields() {
        let is_written = !COMPUTED.contains(&field.name()) && field.name() != "etag";
        let mut value = all.remove(field.json_name()).filter(|value| is_written && says(value));
        if let Some(Json::Object(inner)) = &mut value {
            inner.retain(|_, value| !value.is_null());
        }
        fields.extend(value.map(|value| (field.json_name().to_owned(), value)));
    }
    Ok(fields)
}

/// A model without what it would have anyway.
fn of_model(model: &pb::Model) -> Result<Fields> {
    let mut model = model.clone();
    let usual = pb::HealthPolicy { calibration_tolerance: 0.05, ne_tolerance: 0.02, alpha: 0.05 };
    model.health_policy = model.health_policy.filter(|policy| *policy != usual);
    let day = prost_types::Duration { seconds: 24 * 60 * 60, nanos: 0 };
    model.label_window = model.label_window.filter(|window| *window != day);
    fields(Kind::Model, &model)
}

/// A name as it is typed, if it lies within the namespace.
fn short(name: &str, within: &str) -> String {
    match name.split('/').collect::<Vec<_>>()[..] {
        ["namespaces", namespace, _, id] if namespace == within => id.to_owned(),
        ["namespaces", namespace, _, model, "versions", number] if namespace == within => format!("{model}/{number}"),
        ["namespaces", namespace, _, model, "aliases", alias] if namespace == within => format!("{model}@{alias}"),
        _ => name.to_owned(),
    }
}

/// Fields in YAML, so many levels deep. Labels are in the order of their keys.
fn yaml<'a>(fields: impl Iterator<Item = (&'a String, &'a Json)>, depth: usize) -> String {
    let mut lines = String::new();
    for (key, value) in fields {
        let (indent, key) = ("  ".repeat(depth), text(key));
        match value {
            Json::Object(inner) => lines.push_str(&format!("{indent}{key}:\n{}", yaml(inner.iter(), depth + 1))),
            Json::String(said) => lines.push_str(&format!("{indent}{key}: {}\n", text(said))),
            other => lines.push_str(&format!("{indent}{key}: {other}\n")),
        }
    }
    lines
}

/// A text, quoted unless everybody reads it as one. What JSON quotes, YAML reads alike.
fn text(text: &str) -> String {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '.' | '/' | ':' | '@' | '-' | ',' | '(' | ')');
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(plain)
        && !text.contains(": ")
        && !text.ends_with([' ', ':'])
        && !NO_TEXTS.contains(&&*text.to_lowercase());
    if is_plain { text.to_owned() } else { Json::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;
    use slipway_sdk::name::Identifier;
    use std::collections::HashMap;

    /// Texts that readers of YAML are known to take for something else.
    const TRAPS: [&str; 18] = [
        "no",
        "1.0",
        "0x1f",
        "~",
        "a: b",
        "a #b",
        "- x",
        "*x",
        "&x",
        "!x",
        "% x",
        "'",
        "\"",
        "two\nlines",
        " x ",
        "x:",
        "\u{1f600} é",
        "\u{2028}\\",
    ];

    #[test]
    fn what_is_written_is_read_as_it_was() {
        for form in [Form::Yaml, Form::Json] {
            for trap in TRAPS {
                let labels = HashMap::from([("a".to_owned(), trap.to_owned()), ("on".to_owned(), String::new())]);
                let review_time = Some(prost_types::Timestamp { seconds: 1_800_000_000, nanos: 0 });
                let criticality =
                    Some(pb::Criticality { tier: 0, reason: trap.to_owned(), review_time, ..Default::default() });
                let model = pb::Model {
                    name: "namespaces/default/models/m".to_owned(),
                    model_type: "namespaces/other/modelTypes/t".to_owned(),
                    description: trap.to_owned(),
                    label_window: Some(prost_types::Duration { seconds: 90, nanos: 500_000_000 }),
                    funnel_stage: pb::FunnelStage::Sourcing.into(),
                    criticality,
                    labels,
                    depends_on: ["namespaces/default/models/a", "namespaces/default/models/on"]
                        .map(str::to_owned)
                        .into(),
                    ..Default::default()
                };
                let resource = Resource::Model(model);
                let text = document(&resource, "default", form).unwrap().unwrap();
                let (manifest, faults) = read("f", &text, &Identifier::parse("default").unwrap());
                assert_eq!(faults, [], "{text}");
                assert_eq!(manifest.items[0].resource.resource, Some(resource), "{text}");
            }
        }
    }

    #[test]
    fn what_is_computed_or_usual_is_left_out() {
        let model = pb::Model {
            name: "namespaces/default/models/m".to_owned(),
            owner: "ops".to_owned(),
            effective_tier: 4,
            latest_version: 7,
            etag: "1f".to_owned(),
            create_time: Some(prost_types::Timestamp::default()),
            label_window: Some(prost_types::Duration { seconds: 86_400, nanos: 0 }),
            health_policy: Some(pb::HealthPolicy { calibration_tolerance: 0.05, ne_tolerance: 0.02, alpha: 0.05 }),
            ..Default::default()
        };
        let text = document(&Resource::Model(model), "default", Form::Yaml).unwrap().unwrap();
        assert_eq!(text, "---\napiVersion: slipway/v1\nkind: Model\nname: m\nowner: ops\n");
    }
}
