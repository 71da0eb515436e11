//! JSON as the tree of a manifest, where YAML's own rules don't let it be read as YAML: then the lines of its parts are not
//! known.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::yaml::{Key, Node, Quoted, Value};

/// A value in line 0.
pub struct Json(pub Node);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(|value| Self(Node { line: 0, value }))
    }
}

struct Reader;

impl Reader {
    fn bare<E>(value: impl ToString) -> Result<Value, E> {
        Ok(Value::Text(value.to_string(), Quoted::No))
    }
}

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Self::bare(value)
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Self::bare(value)
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Self::bare(value)
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Self::bare(value)
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned(), Quoted::Yes))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut nodes = Vec::new();
        while let Some(Json(node)) = list.next_element()? {
            nodes.push(node);
        }
        Ok(Value::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut pairs: Vec<(Key, Node)> = Vec::new();
        while let Some((text, Json(node))) = map.next_entry::<String, Json>()? {
            if pairs.iter().any(|(key, _)| key.text == text) {
                return Err(A::Error::custom(format!("{text:?} stands there twice")));
            }
            pairs.push((Key { line: 0, text }, node));
        }
        Ok(Value::Map(pairs))
    }
}
