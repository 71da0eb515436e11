//! The fields of spans as JSON. Every call has a span whose fields are written in case that a line of the log needs
//! them, which hardly any does: so they are written straight into one string.

use std::fmt::{self, Debug, Write};

use tracing::field::{Field, Visit};
use tracing::span::Record;
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FormatFields, FormattedFields};

/// Room for the fields of an ordinary span, in bytes.
const ROOM: usize = 192;

/// Writes the fields of spans as JSON objects, as the log's own JSON lines read them.
#[derive(Debug, Clone, Copy)]
pub(super) struct JsonFields;

impl<'w> FormatFields<'w> for JsonFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut object = Object::new();
        fields.record(&mut object);
        writer.write_str(&object.closed())
    }

    fn add_fields(&self, current: &'w mut FormattedFields<Self>, fields: &Record<'_>) -> fmt::Result {
        let mut object = Object::reopened(std::mem::take(&mut current.fields));
        fields.record(&mut object);
        current.fields = object.closed();
        Ok(())
    }
}

/// A JSON object without its closing brace.
struct Object(String);

impl Object {
    fn new() -> Self {
        let mut text = String::with_capacity(ROOM);
        text.push('{');
        Self(text)
    }

    /// Of two fields of one name, the later holds for whoever reads the object.
    fn reopened(mut closed: String) -> Self {
        match closed.pop() {
            Some(_) => Self(closed),
            None => Self::new(),
        }
    }

    fn closed(mut self) -> String {
        self.0.push('}');
        self.0
    }

    fn name(&mut self, field: &Field) {
        let separator = if self.0.len() > 1 { ",\"" } else { "\"" };
        self.0.push_str(separator);
        // A raw identifier is how Rust writes a name that is a word of its own.
        let name = field.name();
        escape(name.strip_prefix("r#").unwrap_or(name), &mut self.0);
        self.0.push_str("\":");
    }

    /// Writes a value that is JSON as it is displayed.
    fn plain(&mut self, field: &Field, value: impl fmt::Display) {
        self.name(field);
        write!(self.0, "{value}").expect("a string takes whatever is written");
    }
}

impl Visit for Object {
    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no infinities and nothing that is no number.
        if value.is_finite() { self.plain(field, value) } else { self.plain(field, "null") }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.plain(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.plain(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.plain(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        self.0.push('"');
        escape(value, &mut self.0);
        self.0.push('"');
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.name(field);
        self.0.push('"');
        if write!(Escaped(&mut self.0), "{value:?}").is_err() {
            self.0.push_str("(a value that can't be shown)");
        }
        self.0.push('"');
    }
}

/// Writes text as it stands between the quotes of a JSON string.
struct Escaped<'a>(&'a mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escape(text, self.0);
        Ok(())
    }
}

fn escape(text: &str, into: &mut String) {
    // Without a branch in it, this loop looks at many bytes at once.
    let special = |byte: &u8| (*byte < 0x20) | (*byte == b'"') | (*byte == b'\\');
    if !text.as_bytes().iter().fold(false, |found, byte| found | special(byte)) {
        return into.push_str(text);
    }
    for character in text.chars() {
        match character {
            '"' => into.push_str("\\\""),
            '\\' => into.push_str("\\\\"),
            '\n' => into.push_str("\\n"),
            control if control < ' ' => {
                write!(into, "\\u{:04x}", u32::from(control)).expect("a string takes whatever is written");
            }
            other => into.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};
    use tracing::field::Empty;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The span of the one line that `work` logs.
    fn span_of(work: impl FnOnce()) -> Value {
        let lines = Lines::default();
        let writer = lines.clone();
        let lines_of = move || writer.clone();
        let log = tracing_subscriber::fmt().with_writer(lines_of).json().fmt_fields(JsonFields).finish();
        tracing::subscriber::with_default(log, work);
        let line: Value = serde_json::from_slice(&lines.0.lock().unwrap()).unwrap();
        line["span"].clone()
    }

    #[test]
    fn a_span_is_read_back_as_it_was_recorded() {
        let span = span_of(|| {
            let span = tracing::info_span!(
                "s",
                text = "a \"quoted\" \\ back\nslash\u{1}\tü",
                shown = %"dis\"played",
                debugged = ?Some("x"),
                yes = true,
                count = -3,
                big = u64::MAX,
                half = 0.5,
                otel.kind = "server",
                r#type = "word",
            );
            span.in_scope(|| tracing::info!("line"));
        });
        let wanted = json!({
            "name": "s", "text": "a \"quoted\" \\ back\nslash\u{1}\tü", "shown": "dis\"played",
            "debugged": "Some(\"x\")", "yes": true, "count": -3, "big": u64::MAX, "half": 0.5, "otel.kind": "server",
            "type": "word",
        });
        assert_eq!(span, wanted);
    }

    #[test]
    fn what_is_recorded_later_joins_the_rest() {
        let span = span_of(|| {
            let span = tracing::info_span!("s", first = 1, later = Empty, again = "old");
            span.record("later", "now");
            span.record("again", "new");
            span.in_scope(|| tracing::info!("line"));
        });
        assert_eq!(span, json!({"name": "s", "first": 1, "later": "now", "again": "new"}));
    }

    #[test]
    fn a_span_without_fields_and_one_without_numbers_are_json() {
        assert_eq!(span_of(|| tracing::info_span!("s").in_scope(|| tracing::info!("line"))), json!({"name": "s"}));
        let odd = || tracing::info_span!("s", odd = f64::NAN).in_scope(|| tracing::info!("line"));
        assert_eq!(span_of(odd), json!({"name": "s", "odd": null}));
    }
}
