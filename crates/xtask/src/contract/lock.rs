//! What a client built yesterday relies on, as a value and as text that shows in a review what a change does to the wire.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use protox::prost_reflect::{Cardinality, FieldDescriptor, Kind, MethodDescriptor};

use super::Contract;

/// The first line of the file.
const HEAD: &str =
    "# What clients on the wire rely on. Written by `cargo xtask fix`, held against proto/ by `cargo xtask verify`.";

/// What clients rely on: for each `message`, `enum` and `service` its members and their shapes.
pub type Lock = BTreeMap<String, BTreeMap<Member, String>>;

/// A member of a message or enum by its number, of a service by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Member {
    /// The number of a field or of an enum's value.
    Number(i64),
    /// The name of a method.
    Method(String),
}

/// What clients of `contract` rely on.
pub fn of(contract: &Contract) -> Lock {
    let mut lock = Lock::new();
    for message in contract.messages() {
        let fields = message.fields().map(|field| (Member::Number(field.number().into()), field_shape(&field)));
        lock.insert(format!("message {}", message.full_name()), fields.collect());
    }
    for found in contract.enums() {
        let values = found.values().map(|value| (Member::Number(value.number().into()), value.name().to_owned()));
        lock.insert(format!("enum {}", found.full_name()), values.collect());
    }
    for service in contract.services() {
        let methods = service.methods().map(|method| (Member::Method(method.name().to_owned()), method_shape(&method)));
        lock.insert(format!("service {}", service.full_name()), methods.collect());
    }
    lock
}

fn field_shape(field: &FieldDescriptor) -> String {
    let mut shape = match field.kind() {
        Kind::Message(entry) if entry.is_map_entry() => {
            let (key, value) = (entry.map_entry_key_field().kind(), entry.map_entry_value_field().kind());
            format!("map<{}, {}>", kind_name(&key), kind_name(&value))
        }
        kind if field.cardinality() == Cardinality::Repeated => format!("repeated {}", kind_name(&kind)),
        kind if field.field_descriptor_proto().proto3_optional() => format!("optional {}", kind_name(&kind)),
        kind => kind_name(&kind).to_owned(),
    };
    shape.push_str(&format!(" {} json {}", field.name(), field.json_name()));
    if let Some(oneof) = field.containing_oneof().filter(|oneof| !oneof.is_synthetic()) {
        shape.push_str(&format!(" oneof {}", oneof.name()));
    }
    shape
}

fn method_shape(method: &MethodDescriptor) -> String {
    let side = |name: &str, streams: bool| if streams { format!("stream {name}") } else { name.to_owned() };
    let input = side(method.input().full_name(), method.is_client_streaming());
    let output = side(method.output().full_name(), method.is_server_streaming());
    format!("({input}) returns ({output})")
}

fn kind_name(kind: &Kind) -> &str {
    match kind {
        Kind::Double => "double",
        Kind::Float => "float",
        Kind::Int32 => "int32",
        Kind::Int64 => "int64",
        Kind::Uint32 => "uint32",
        Kind::Uint64 => "uint64",
        Kind::Sint32 => "sint32",
        Kind::Sint64 => "sint64",
        Kind::Fixed32 => "fixed32",
        Kind::Fixed64 => "fixed64",
        Kind::Sfixed32 => "sfixed32",
        Kind::Sfixed64 => "sfixed64",
        Kind::Bool => "bool",
        Kind::String => "string",
        Kind::Bytes => "bytes",
        Kind::Message(message) => message.full_name(),
        Kind::Enum(found) => found.full_name(),
    }
}

/// The lock as text.
pub fn render(lock: &Lock) -> String {
    let mut text = format!("{HEAD}\n");
    for (owner, members) in lock {
        text.push_str(&format!("\n{owner}\n"));
        for (member, shape) in members {
            text.push_str(&format!("  {member} {shape}\n"));
        }
    }
    text
}

impl std::fmt::Display for Member {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(formatter, "{number}"),
            Self::Method(name) => formatter.write_str(name),
        }
    }
}

/// Reads what [`render`] wrote.
///
/// # Errors
///
/// A line is none of a lock, or a member stands there twice.
pub fn parse(text: &str) -> anyhow::Result<Lock> {
    let mut lock = Lock::new();
    let mut owner = None;
    for (index, line) in text.lines().enumerate() {
        let broken = || format!("line {} is not one of a lock", index + 1);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some(member) = line.strip_prefix("  ") else {
            owner = Some(lock.entry(line.to_owned()).or_default());
            continue;
        };
        let (name, shape) = member.split_once(' ').with_context(broken)?;
        let member = name.parse().map_or_else(|_| Member::Method(name.to_owned()), Member::Number);
        let members = owner.as_mut().with_context(broken)?;
        if members.insert(member, shape.to_owned()).is_some() {
            bail!("line {}: the member stands there twice", index + 1);
        }
    }
    Ok(lock)
}

#[cfg(test)]
mod tests {
    use super::{Lock, of, parse, render};
    use crate::contract::tests::contract;

    #[test]
    fn a_lock_says_everything_clients_rely_on() {
        let body = "message M { repeated string tags = 1; map<string, M> by_name = 2; optional int32 n = 3;\n\
                    oneof choice { View view = 4; } } enum View { VIEW_UNSPECIFIED = 0; }\n\
                    service S { rpc Watch(stream M) returns (stream M); }";
        let lines: Vec<String> = render(&of(&contract(body))).lines().skip(1).map(str::to_owned).collect();
        let wanted = [
            "",
            "enum slipway.test.v1.View",
            "  0 VIEW_UNSPECIFIED",
            "",
            "message slipway.test.v1.M",
            "  1 repeated string tags json tags",
            "  2 map<string, slipway.test.v1.M> by_name json byName",
            "  3 optional int32 n json n",
            "  4 slipway.test.v1.View view json view oneof choice",
            "",
            "service slipway.test.v1.S",
            "  Watch (stream slipway.test.v1.M) returns (stream slipway.test.v1.M)",
        ];
        assert_eq!(lines, wanted);
    }

    #[test]
    fn a_lock_that_was_written_reads_back_the_same() {
        let body = "message M { string a = 10; string b = 9; } message Empty {} service S { rpc Get(M) returns (M); }";
        let lock = of(&contract(body));
        assert_eq!(parse(&render(&lock)).unwrap(), lock);
        assert_ne!(lock, Lock::new());
    }

    #[test]
    fn a_damaged_lock_is_an_error() {
        assert!(parse("  1 string a json a").is_err(), "a member of nothing");
        assert!(parse("message M\n  1").is_err(), "a member without a shape");
        assert!(parse("message M\n  1 string a\n  1 string b").is_err(), "a member twice");
    }
}
