//! What an operator can set: each setting declared once, given in a file, in the environment or as a flag (the later
//! wins), and every fault of every setting told at once.

mod access;
mod command;
mod common;
mod fault;
pub mod parse;
pub mod peers;
mod reader;
mod sources;
mod table;
mod tls;

pub use common::{Clock, Common, Log, LogFormat, Traces};
pub use fault::{Fault, Faults, Origin};
pub use reader::Reader;
pub use sources::Sources;
pub use tls::Tls;

/// One setting: what it is called, what it means, and how its text becomes a value.
#[derive(Debug, Clone, Copy)]
pub struct Setting<T: 'static> {
    /// What can be said of it without its type.
    pub row: Row,
    /// The value that a text stands for; none when it stands for none.
    pub parse: fn(&str) -> Option<T>,
}

/// One line in the table of settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// `kebab-case`, with a dot where the file has a table: the flag is `--` and this.
    pub name: &'static str,
    /// What holds when nothing is given; empty when that is "none".
    pub default: &'static str,
    /// Which texts are allowed, for a person: `"a duration from 1s to 1h, as 30s"`.
    pub allowed: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// How its flag is written.
    pub form: Form,
    /// For whom it is.
    pub audience: Audience,
}

/// How the flag of a setting is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `--name VALUE`.
    Value,
    /// `--name` alone says `true`.
    Switch,
}

/// For whom a setting is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Whoever runs Slipway.
    Operator,
    /// Whoever tests it; not shown in `--help`.
    Developer,
}

impl<T> Setting<T> {
    /// A setting whose value is written after its flag. `default` must be a text that `parse` accepts, or empty.
    #[must_use]
    pub const fn new(
        name: &'static str,
        default: &'static str,
        parse: fn(&str) -> Option<T>,
        allowed: &'static str,
        doc: &'static str,
    ) -> Self {
        let row = Row { name, default, allowed, doc, form: Form::Value, audience: Audience::Operator };
        Self { row, parse }
    }

    /// The same, hidden from `--help`.
    #[must_use]
    pub const fn for_developers(mut self) -> Self {
        self.row.audience = Audience::Developer;
        self
    }
}

impl Setting<bool> {
    /// A setting that is off until its flag, or `true`, is given.
    #[must_use]
    pub const fn switch(name: &'static str, doc: &'static str) -> Self {
        let mut setting = Self::new(name, "false", parse::switch, "true or false", doc);
        setting.row.form = Form::Switch;
        setting
    }
}

impl Row {
    /// The environment variable of the setting: `SLIPWAY_` and the name in capitals.
    #[must_use]
    pub fn variable(&self) -> String {
        let name = self.name.replace(['-', '.'], "_").to_ascii_uppercase();
        format!("SLIPWAY_{name}")
    }
}

/// What a service is called and which settings it has, beside those that every service has.
#[derive(Debug, Clone, Copy)]
pub struct Declaration<C> {
    /// The name of its program, `slipway-registry`.
    pub name: &'static str,
    /// What it is, in one sentence, for `--help`.
    pub about: &'static str,
    /// Where it listens for gRPC unless told otherwise.
    pub listen: &'static str,
    /// Where it listens for operators unless told otherwise.
    pub ops_listen: &'static str,
    /// Where it keeps its data unless told otherwise.
    pub data_dir: &'static str,
    /// Its own settings.
    pub settings: &'static [Row],
    /// How its own settings are read.
    pub read: fn(&mut Reader) -> C,
    /// Examples of its use, for `--help`.
    pub examples: &'static str,
}

/// Everything that a service was told.
#[derive(Debug, Clone)]
pub struct Settings<C> {
    /// What every service is told.
    pub common: Common,
    /// What this one is told.
    pub own: C,
}

/// What a command line asks for.
#[derive(Debug)]
pub enum Request<C> {
    /// To run with these settings.
    Run(Box<Settings<C>>),
    /// To print this text, `--help` or `--version`, and end.
    Print(clap::Error),
}

impl<C> Declaration<C> {
    /// All settings of the service, common ones first, with its own defaults.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let own_default = |row: Row| match row.name {
            "listen" => Row { default: self.listen, ..row },
            "ops-listen" => Row { default: self.ops_listen, ..row },
            "data-dir" => Row { default: self.data_dir, ..row },
            _ => row,
        };
        table::ROWS.iter().copied().map(own_default).chain(self.settings.iter().copied()).collect()
    }

    /// What a command line, without the program's name, asks for in this environment.
    ///
    /// # Errors
    /// All faults of all settings.
    pub fn parse(
        &self,
        arguments: impl IntoIterator<Item = String>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Request<C>, Faults> {
        let rows = self.rows();
        let (flags, fault) = match command::parse(self.name, self.about, self.examples, &rows, arguments) {
            command::Parsed::Flags(flags) => (flags, None),
            command::Parsed::Faulty(flags, fault) => (flags, Some(fault)),
            command::Parsed::Print(text) => return Ok(Request::Print(text)),
        };
        let sources = Sources { flags, environment: environment.into_iter().collect() };
        let mut reader = Reader::new(rows, sources);
        fault.into_iter().for_each(|fault| reader.refuse(fault));
        Ok(Request::Run(Box::new(self.settings(reader)?)))
    }

    /// The settings that `sources` give.
    ///
    /// # Errors
    /// All faults of all settings.
    pub fn read(&self, sources: Sources) -> Result<Settings<C>, Faults> {
        self.settings(Reader::new(self.rows(), sources))
    }

    fn settings(&self, mut reader: Reader) -> Result<Settings<C>, Faults> {
        let common = Common::read(&mut reader);
        let own = (self.read)(&mut reader);
        reader.finish()?;
        Ok(Settings { common, own })
    }
}
