//! YAML, and JSON with it, as a tree in which everything knows its line. Whatever a text holds, the tree is bounded.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use serde::de::IgnoredAny;

use super::json::Json;

/// How deep a document may be nested.
const DEEPEST: usize = 32;
/// How many values all documents of a text may have, those that anchors repeat counted each time. A long text counts as
/// several: one for each so many bytes.
const MOST: usize = 2_000_000;
const BYTES: usize = 64;

/// One value, and the line that it begins in.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub line: usize,
    pub value: Value,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Nothing,
    /// A text; whether it was quoted tells `true` from a word.
    Text(String, Quoted),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// Whether a text was quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quoted {
    Yes,
    No,
}

/// A key, and its line.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    pub line: usize,
    pub text: String,
}

/// Something that is wrong in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub line: usize,
    pub what: String,
}

/// The documents of a text; those that say nothing are left out, and a list is one of documents.
pub fn documents(text: &str) -> Result<Vec<Node>, Fault> {
    let found = match text.trim_start().starts_with(['{', '[']) {
        true => of_json(text)?,
        false => of_yaml(text).map_err(Unread::fault)?,
    };
    let each = |node: Node| match node.value {
        Value::List(nodes) => nodes,
        Value::Nothing => vec![],
        value => vec![Node { line: node.line, value }],
    };
    Ok(found.into_iter().flat_map(each).collect())
}

/// JSON, one value after the other. It is read as YAML for the lines of its parts, and where that fails by its own rules.
fn of_json(text: &str) -> Result<Vec<Node>, Fault> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let (mut nodes, mut from) = (Vec::new(), 0);
    loop {
        match values.next() {
            None => return Ok(nodes),
            // What only begins as JSON does may be YAML.
            Some(Err(error)) if from == 0 => {
                let told = |_| Fault { line: error.line(), what: format!("is no JSON: {error}") };
                return of_yaml(text).map_err(|unread| match unread {
                    Unread::Unfit(fault) => fault,
                    Unread::Unread(_) => told(()),
                });
            }
            Some(Err(error)) => return Err(Fault { line: error.line(), what: format!("is no JSON: {error}") }),
            Some(Ok(IgnoredAny)) => {}
        }
        let (piece, before) = (&text[from..values.byte_offset()], text[..from].matches('\n').count());
        from = values.byte_offset();
        match of_yaml(piece) {
            Ok(found) => nodes.extend(found.into_iter().map(|node| moved(node, before))),
            Err(Unread::Unfit(fault)) => return Err(Fault { line: fault.line + before, ..fault }),
            Err(Unread::Unread(_)) => {
                let blank = piece.len() - piece.trim_start().len();
                let line = before + piece[..blank].matches('\n').count() + 1;
                let Json(node) =
                    serde_json::from_str(piece).map_err(|error| Fault { line, what: error.to_string() })?;
                nodes.push(moved(node, line));
            }
        }
    }
}

/// A node so many lines further down.
fn moved(node: Node, by: usize) -> Node {
    let value = match node.value {
        Value::List(nodes) => Value::List(nodes.into_iter().map(|node| moved(node, by)).collect()),
        Value::Map(pairs) => {
            let pair = |(key, node): (Key, Node)| (Key { line: key.line + by, ..key }, moved(node, by));
            Value::Map(pairs.into_iter().map(pair).collect())
        }
        value => value,
    };
    Node { line: node.line + by, value }
}

/// What is open while a text is read.
enum Open {
    List(Vec<Node>),
    Map(Vec<(Key, Node)>, Option<Key>),
}

/// The documents so far.
#[derive(Default)]
struct Reading {
    open: Vec<(usize, usize, Open)>,
    anchors: BTreeMap<usize, (Rc<Node>, usize)>,
    documents: Vec<Node>,
    count: usize,
}

/// Why a text is not read.
enum Unread {
    /// It is no YAML.
    Unread(Fault),
    /// It is, and no manifest: what it says twice, too deep, or too much of.
    Unfit(Fault),
}

impl Unread {
    fn fault(self) -> Fault {
        match self {
            Self::Unread(fault) | Self::Unfit(fault) => fault,
        }
    }
}

fn of_yaml(text: &str) -> Result<Vec<Node>, Unread> {
    let mut reading = Reading::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            Unread::Unread(Fault { line: error.marker().line(), what: format!("is no YAML: {}", error.info()) })
        })?;
        reading.take(event, span.start.line()).map_err(Unread::Unfit)?;
    }
    Ok(reading.documents)
}

impl Reading {
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<(), Fault> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar(text, style, tag.as_deref()).map_err(|what| Fault { line, what })?;
                self.close(Node { line, value }, anchor)
            }
            Event::SequenceStart(anchor, tag) => self.begin((line, anchor, tag.is_some()), Open::List(vec![])),
            Event::MappingStart(anchor, tag) => self.begin((line, anchor, tag.is_some()), Open::Map(vec![], None)),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some((line, anchor, open)) = self.open.pop() else { return Ok(()) };
                let value = match open {
                    Open::List(nodes) => Value::List(nodes),
                    Open::Map(pairs, _) => Value::Map(pairs),
                };
                self.close(Node { line, value }, anchor)
            }
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor).cloned();
                let (node, size) = known.ok_or_else(|| Fault { line, what: "an alias of nothing".to_owned() })?;
                self.grow(size, line)?;
                self.close(Node { line, value: node.value.clone() }, 0)
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Ok(())
            }
        }
    }

    fn begin(&mut self, (line, anchor, tagged): (usize, usize, bool), open: Open) -> Result<(), Fault> {
        if tagged {
            return Err(Fault { line, what: "a tag has no meaning here".to_owned() });
        }
        if self.open.len() >= DEEPEST {
            return Err(Fault { line, what: format!("is nested too deep: at most {DEEPEST} levels are read") });
        }
        self.open.push((line, anchor, open));
        Ok(())
    }

    fn grow(&mut self, by: usize, line: usize) -> Result<(), Fault> {
        self.count += by;
        if self.count > MOST {
            return Err(Fault { line, what: format!("is too much: at most {MOST} values are read from one file") });
        }
        Ok(())
    }

    /// A value is whole: it goes where it belongs.
    fn close(&mut self, node: Node, anchor: usize) -> Result<(), Fault> {
        self.grow(1, node.line)?;
        if anchor > 0 {
            self.anchors.insert(anchor, (Rc::new(node.clone()), size(&node)));
        }
        match self.open.last_mut() {
            None => self.documents.push(node),
            Some((_, _, Open::List(nodes))) => nodes.push(node),
            Some((_, _, Open::Map(pairs, key))) => match key.take() {
                Some(key) => pairs.push((key, node)),
                None => *key = Some(new_key(node, pairs)?),
            },
        }
        Ok(())
    }
}

/// The key that a value is, which must be a text and the first of its kind.
fn new_key(node: Node, pairs: &[(Key, Node)]) -> Result<Key, Fault> {
    let Node { line, value } = node;
    let Value::Text(text, _) = value else { return Err(Fault { line, what: "a key must be a text".to_owned() }) };
    match pairs.iter().find(|(key, _)| key.text == text) {
        Some((first, _)) => {
            Err(Fault { line, what: format!("{text:?} stands there twice: first in line {}", first.line) })
        }
        None => Ok(Key { line, text }),
    }
}

fn size(node: &Node) -> usize {
    1 + match &node.value {
        Value::Nothing => 0,
        Value::Text(text, _) => text.len() / BYTES,
        Value::List(nodes) => nodes.iter().map(size).sum(),
        Value::Map(pairs) => pairs.iter().map(|(key, node)| key.text.len() / BYTES + size(node)).sum(),
    }
}

fn scalar(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, String> {
    let quoted = match tag {
        Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => Quoted::Yes,
        Some(_) => return Err("a tag has no meaning here".to_owned()),
        None if style == ScalarStyle::Plain => Quoted::No,
        None => Quoted::Yes,
    };
    let is_nothing = quoted == Quoted::No && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
    Ok(if is_nothing { Value::Nothing } else { Value::Text(text.into_owned(), quoted) })
}
