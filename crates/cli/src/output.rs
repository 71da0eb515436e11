//! Tables for people, JSON for programs.

use std::borrow::Cow;
use std::ffi::OsString;
use std::io::Write;
use std::sync::OnceLock;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use slipway_sdk::pb::FILE_DESCRIPTOR_SET;

/// How answers are written.
#[derive(Debug, Clone, Copy, Args)]
pub struct Output {
    /// How to write answers: tables for people, or the messages of the API as JSON, one a line; errors too.
    #[arg(long = "output", short = 'o', global = true, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
}

/// Whether these arguments, which may be wrong, ask for JSON.
pub fn is_asked_for(arguments: &[OsString]) -> bool {
    let texts: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
    let joined = ["--output=json", "-ojson", "-o=json"];
    let parted = |pair: &[Cow<'_, str>]| matches!(&*pair[0], "--output" | "-o") && pair[1] == "json";
    texts.iter().any(|text| joined.contains(&&**text)) || texts.windows(2).any(parted)
}

/// Writes a line for whoever asked. A reader that went away ends the command quietly.
pub fn line(text: &str) -> Result<()> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        written => written.context("writing the answer"),
    }
}

impl Output {
    /// Whether a program reads.
    pub fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// Writes `message`, whose type is called `kind`, as JSON, or what `show` makes of it.
    pub fn write<M: Message>(self, kind: &str, message: &M, show: impl FnOnce(&M) -> String) -> Result<()> {
        match self.format {
            Format::Json => line(&json(kind, message)?),
            Format::Table => line(show(message).trim_end()),
        }
    }
}

/// The descriptor of the message called `kind`.
pub fn descriptor(kind: &str) -> Result<prost_reflect::MessageDescriptor> {
    static POOL: OnceLock<DescriptorPool> = OnceLock::new();
    let pool = match POOL.get() {
        Some(pool) => pool,
        None => {
            let read = DescriptorPool::decode(FILE_DESCRIPTOR_SET).context("the descriptors of the API")?;
            POOL.get_or_init(|| read)
        }
    };
    pool.get_message_by_name(kind).with_context(|| format!("there is no message {kind}"))
}

/// `message`, whose type is called `kind`, in the JSON form of protocol buffers.
pub fn json<M: Message>(kind: &str, message: &M) -> Result<String> {
    let dynamic = DynamicMessage::decode(descriptor(kind)?, message.encode_to_vec().as_slice())?;
    let mut serializer = serde_json::Serializer::new(Vec::new());
    let options = SerializeOptions::new().skip_default_fields(false);
    dynamic.serialize_with_options(&mut serializer, &options)?;
    Ok(String::from_utf8(serializer.into_inner())?)
}

/// Reads a message, whose type is called `kind`, from the JSON form of protocol buffers.
pub fn from_json<M: Message + Default>(kind: &str, text: &str) -> Result<M> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let dynamic = DynamicMessage::deserialize(descriptor(kind)?, &mut deserializer)?;
    deserializer.end()?;
    Ok(M::decode(dynamic.encode_to_vec().as_slice())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_recognised_in_every_spelling() {
        let asked = |line: &str| is_asked_for(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        for line in ["x --output json", "x -o json model", "x --output=json", "x -ojson"] {
            assert!(asked(line), "{line}");
        }
        assert!(!asked("x --output table") && !asked("x json") && !asked("x -o"));
    }
}
