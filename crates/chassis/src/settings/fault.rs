//! What is wrong with settings, told so that it can be mended without looking anything up.

use std::fmt;
use std::path::PathBuf;

/// Where the text of a setting came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody gave it.
    Default,
    /// The settings file.
    File(PathBuf),
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => write!(f, "${name}"),
            Self::Flag(name) => write!(f, "--{name}"),
        }
    }
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A text that is no value of its setting.
    Value {
        /// The setting.
        name: &'static str,
        /// Where the text came from.
        origin: Origin,
        /// The text.
        given: String,
        /// What is allowed.
        allowed: String,
    },
    /// A key in the settings file that is no setting.
    UnknownKey {
        /// The key, with its tables.
        key: String,
        /// The file.
        file: PathBuf,
    },
    /// The settings file cannot be read, or is no TOML.
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// The command line is not well formed.
    CommandLine(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value { name, origin, given, allowed } => {
                write!(f, "{name} = {given:?} (from {origin}): it must be {allowed}")
            }
            Self::UnknownKey { key, file } => write!(f, "{key} (from {}): there is no such setting", file.display()),
            Self::File { file, cause } => write!(f, "{}: {cause}", file.display()),
            Self::CommandLine(cause) => f.write_str(cause),
        }
    }
}

/// All faults of all settings: at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => writeln!(f, "a setting is wrong:")?,
            many => writeln!(f, "{many} settings are wrong:")?,
        }
        self.0.iter().try_for_each(|fault| writeln!(f, "  {fault}"))
    }
}

impl std::error::Error for Faults {}
