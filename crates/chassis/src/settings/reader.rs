//! Turns texts into values and keeps every fault until all settings have been read.

use std::collections::BTreeMap;

use super::fault::{Fault, Faults, Origin};
use super::sources::{Given, Sources, gather};
use super::{Row, Setting};

/// Reads settings one by one.
#[derive(Debug)]
pub struct Reader {
    rows: Vec<Row>,
    given: BTreeMap<&'static str, Given>,
    faults: Vec<Fault>,
}

impl Reader {
    pub(super) fn new(rows: Vec<Row>, sources: Sources) -> Self {
        let (given, faults) = gather(&rows, sources);
        Self { rows, given, faults }
    }

    /// The value of a setting that has a default. After a fault it is the default, so that reading can go on.
    ///
    /// # Panics
    /// When the setting is not in the service's table, or its default is no value: a defect of the declaration, which
    /// the first start of the service shows.
    pub fn value<T>(&mut self, setting: &Setting<T>) -> T {
        let default = self.row(setting).default;
        let given = self.text(setting).map(str::to_owned);
        let parsed = given.and_then(|text| {
            let value = (setting.parse)(&text);
            if value.is_none() {
                self.refuse_value(setting, setting.row.allowed);
            }
            value
        });
        parsed.or_else(|| (setting.parse)(default)).expect("a default is a value of its setting")
    }

    /// The value of a setting that may be left out, or given as an empty text.
    ///
    /// # Panics
    /// When the setting is not in the service's table.
    pub fn optional<T>(&mut self, setting: &Setting<T>) -> Option<T> {
        let default = self.row(setting).default;
        let text = self.text(setting).unwrap_or(default).to_owned();
        if text.is_empty() {
            return None;
        }
        let value = (setting.parse)(&text);
        if value.is_none() {
            self.refuse_value(setting, setting.row.allowed);
        }
        value
    }

    /// Whether a flag or a variable says the setting, whatever the file says.
    pub(super) fn is_given_outside<T>(&self, setting: &Setting<T>) -> bool {
        let given = self.given.get(setting.row.name);
        given.is_some_and(|given| matches!(given.origin, Origin::Flag(_) | Origin::Variable(_)))
    }

    /// Refuses the value of a setting for a reason that only its relation to others shows; `allowed` says what it must
    /// be.
    pub fn refuse_value<T>(&mut self, setting: &Setting<T>, allowed: &str) {
        let default = || Given { text: self.row(setting).default.to_owned(), origin: Origin::Default };
        let Given { text, origin } = self.given.get(setting.row.name).cloned().unwrap_or_else(default);
        self.refuse(Fault::Value { name: setting.row.name, origin, given: text, allowed: allowed.to_owned() });
    }

    pub(super) fn refuse(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    pub(super) fn finish(self) -> Result<(), Faults> {
        if self.faults.is_empty() { Ok(()) } else { Err(Faults(self.faults)) }
    }

    fn text<T>(&self, setting: &Setting<T>) -> Option<&str> {
        self.given.get(setting.row.name).map(|given| given.text.as_str())
    }

    fn row<T>(&self, setting: &Setting<T>) -> Row {
        let row = self.rows.iter().find(|row| row.name == setting.row.name);
        *row.expect("a setting that is read is declared in the service's table")
    }
}
