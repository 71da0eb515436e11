//! Resource names: parsed once at the edge, and valid ever after.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An identifier has characters, a length or an edge that identifiers do not have.
    #[error(
        "{0:?} is not an identifier: use 1 to 63 lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen"
    )]
    Identifier(String),
    /// The segments are not those of this kind of resource.
    #[error("{given:?} does not have the form {form:?}")]
    Form {
        /// What was given.
        given: String,
        /// What such a name looks like.
        form: &'static str,
    },
    /// A version's number is not a positive decimal number without leading zeros.
    #[error("{0:?} is not a version number: use a decimal number from 1, without leading zeros")]
    Number(String),
}

/// The last part of a name that a person chooses: `[a-z]([a-z0-9-]{0,61}[a-z0-9])?`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Identifier(
    // Names are the keys of many maps and are copied far more often than they are made.
    Arc<str>,
);

impl Identifier {
    /// Parses an identifier.
    ///
    /// # Errors
    /// [`Error::Identifier`] if the text is not one.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let bytes = text.as_bytes();
        let inner = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-';
        let valid = bytes.len() <= 63
            && bytes.first().is_some_and(u8::is_ascii_lowercase)
            && bytes.last().is_some_and(|last| *last != b'-')
            && bytes.iter().all(inner);
        if valid { Ok(Self(text.into())) } else { Err(Error::Identifier(clip(text))) }
    }

    /// The identifier as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Identifier {
    type Error = Error;
    fn try_from(text: String) -> Result<Self, Error> {
        Self::parse(&text)
    }
}

impl From<Identifier> for String {
    fn from(identifier: Identifier) -> Self {
        identifier.0.to_string()
    }
}

/// An error repeats at most so many characters of what was given.
const CLIP: usize = 128;

fn clip(text: &str) -> String {
    match text.char_indices().nth(CLIP) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// Splits `text` as `form` does, where `{…}` in `form` stands for one segment that is returned.
fn segments<'a, const N: usize>(text: &'a str, form: &'static str) -> Result<[&'a str; N], Error> {
    let wrong = || Error::Form { given: clip(text), form };
    let mut found = [""; N];
    let mut count = 0;
    let mut given = text.split('/');
    for wanted in form.split('/') {
        let part = given.next().ok_or_else(wrong)?;
        if wanted.starts_with('{') {
            *found.get_mut(count).ok_or_else(wrong)? = part;
            count += 1;
        } else if wanted != part {
            return Err(wrong());
        }
    }
    if given.next().is_some() || count != N { Err(wrong()) } else { Ok(found) }
}

/// Gives a name its text form both ways, and its form in stored records.
macro_rules! textual {
    ($name:ident, $form:expr) => {
        impl $name {
            /// What such a name looks like.
            pub const FORM: &'static str = $form;
        }

        impl TryFrom<String> for $name {
            type Error = Error;
            fn try_from(text: String) -> Result<Self, Error> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.to_string()
            }
        }

        impl std::str::FromStr for $name {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self, Error> {
                Self::parse(text)
            }
        }
    };
}

// Below the macro that they use.
mod policy;

pub use policy::PolicyName;

/// `namespaces/{namespace}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NamespaceName {
    /// The namespace's identifier.
    pub namespace: Identifier,
}
textual!(NamespaceName, "namespaces/{namespace}");

impl NamespaceName {
    /// Parses a namespace's name.
    ///
    /// # Errors
    /// [`Error`] if the text has another form or a bad identifier.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let [namespace] = segments(text, Self::FORM)?;
        Ok(Self { namespace: Identifier::parse(namespace)? })
    }

    /// The name of the model `id` in this namespace.
    #[must_use]
    pub fn model(&self, id: Identifier) -> ModelName {
        ModelName { namespace: self.namespace.clone(), model: id }
    }
}

impl std::fmt::Display for NamespaceName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "namespaces/{}", self.namespace.0)
    }
}

/// `namespaces/{namespace}/modelTypes/{model_type}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelTypeName {
    /// The namespace's identifier.
    pub namespace: Identifier,
    /// The model type's identifier.
    pub model_type: Identifier,
}
textual!(ModelTypeName, "namespaces/{namespace}/modelTypes/{model_type}");

impl ModelTypeName {
    /// Parses a model type's name.
    ///
    /// # Errors
    /// [`Error`] if the text has another form or a bad identifier.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let [namespace, model_type] = segments(text, Self::FORM)?;
        Ok(Self { namespace: Identifier::parse(namespace)?, model_type: Identifier::parse(model_type)? })
    }
}

impl std::fmt::Display for ModelTypeName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "namespaces/{}/modelTypes/{}", self.namespace.0, self.model_type.0)
    }
}

/// `namespaces/{namespace}/teams/{team}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TeamName {
    /// The namespace's identifier.
    pub namespace: Identifier,
    /// The team's identifier.
    pub team: Identifier,
}
textual!(TeamName, "namespaces/{namespace}/teams/{team}");

impl TeamName {
    /// Parses a team's name.
    ///
    /// # Errors
    /// [`Error`] if the text has another form or a bad identifier.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let [namespace, team] = segments(text, Self::FORM)?;
        Ok(Self { namespace: Identifier::parse(namespace)?, team: Identifier::parse(team)? })
    }
}

impl std::fmt::Display for TeamName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "namespaces/{}/teams/{}", self.namespace.0, self.team.0)
    }
}

/// `namespaces/{namespace}/models/{model}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelName {
    /// The namespace's identifier.
    pub namespace: Identifier,
    /// The model's identifier.
    pub model: Identifier,
}
textual!(ModelName, "namespaces/{namespace}/models/{model}");

impl ModelName {
    /// Parses a model's name.
    ///
    /// # Errors
    /// [`Error`] if the text has another form or a bad identifier.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let [namespace, model] = segments(text, Self::FORM)?;
        Ok(Self { namespace: Identifier::parse(namespace)?, model: Identifier::parse(model)? })
    }

    /// The model that `resource` is, or lies below: `namespaces/{namespace}/models/{model}` and whatever follows.
    #[must_use]
    pub fn of_resource(resource: &str) -> Option<Self> {
        let end = resource.match_indices('/').nth(3).map_or(resource.len(), |(at, _)| at);
        Self::parse(&resource[..end]).ok()
    }

    /// The name of version `number` of this model.
    #[must_use]
    pub fn version(&self, number: u64) -> VersionName {
        VersionName { model: self.clone(), number }
    }

    /// The name of the alias `alias` of this model.
    #[must_use]
    pub fn alias(&self, alias: Identifier) -> AliasName {
        AliasName { model: self.clone(), alias }
    }

    /// The name of the namespace the model lies in.
    #[must_use]
    pub fn parent(&self) -> NamespaceName {
        NamespaceName { namespace: self.namespace.clone() }
    }

    /// The name of the model's traffic.
    #[must_use]
    pub fn traffic(&self) -> String {
        format!("{self}/traffic")
    }

    /// Parses the name of a model's traffic, `namespaces/{namespace}/models/{model}/traffic`.
    ///
    /// # Errors
    /// [`Error`] if the text has another form or a bad identifier.
    pub fn parse_traffic(text: &str) -> Result<Self, Error> {
        let [namespace, model] = segments(text, "namespaces/{namespace}/models/{model}/traffic")?;
        Ok(Self { namespace: Identifier::parse(namespace)?, model: Identifier::parse(model)? })
    }
}

/// The same text as by [`ToString`], which grows it piece by piece; this is for where every read writes a name.
impl From<&ModelName> for String {
    fn from(name: &ModelName) -> Self {
        ["namespaces/", &name.namespace.0, "/models/", &name.model.0].concat()
    }
}

impl std::fmt::Display for ModelName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "namespaces/{}/models/{}", self.namespace.0, self.model.0)
    }
}

/// `namespaces/{namespace}/models/{model}/versions/{number}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VersionName {
    /// The model it is a version of.
    pub model: ModelName,
    /// Its number, from 1.
    pub number: u64,
}
textual!(VersionName, "namespaces/{namespace}/models/{model}/versions/{number}");

impl VersionName {
    /// Parses a version's name.
    ///
    /// # Errors
    /// [`Error`] if the text has another form, a bad identifier or a bad number.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let [namespace, model, number] = segments(text, Self::FORM)?;
        let bad = || Error::Number(clip(number));
        let plain = number.bytes().all(|b| b.is_ascii_digit()) && !number.starts_with('0');
        let parsed = if plain { number.parse::<u64>().ok() } else { None };
        let model = ModelName { namespace: Identifier::parse(namespace)?, model: Identifier::parse(model)? };
        // Numbers travel as int64, so one that does not fit there can't have been given out.
        let number = parsed.filter(|n| i64::try_from(*n).is_ok()).ok_or_else(bad)?;
        Ok(Self { model, number })
    }
}

impl std::fmt::Display for VersionName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/versions/{}", self.model, self.number)
    }
}

/// `namespaces/{namespace}/models/{model}/aliases/{alias}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AliasName {
    /// The model whose versions it names.
    pub model: ModelName,
    /// The alias' identifier, as `champion`.
    pub alias: Identifier,
}
textual!(AliasName, "namespaces/{namespace}/models/{model}/aliases/{alias}");

impl AliasName {
    /// A name before all aliases of `model`, or the first of them.
    #[must_use]
    pub fn first(model: &ModelName) -> Self {
        Self { model: model.clone(), alias: Identifier(Arc::from("a")) }
    }

    /// Parses an alias' name.
    ///
    /// # Errors
    /// [`Error`] if the text has another form or a bad identifier.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let [namespace, model, alias] = segments(text, Self::FORM)?;
        let model = ModelName { namespace: Identifier::parse(namespace)?, model: Identifier::parse(model)? };
        Ok(Self { model, alias: Identifier::parse(alias)? })
    }
}

impl std::fmt::Display for AliasName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/aliases/{}", self.model, self.alias.0)
    }
}

/// `namespaces/{namespace}/launches/{launch}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LaunchName {
    /// The namespace's identifier.
    pub namespace: Identifier,
    /// The launch's identifier, given by the server.
    pub launch: Identifier,
}
textual!(LaunchName, "namespaces/{namespace}/launches/{launch}");

impl LaunchName {
    /// Parses a launch's name.
    ///
    /// # Errors
    /// [`Error`] if the text has another form or a bad identifier.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let [namespace, launch] = segments(text, Self::FORM)?;
        Ok(Self { namespace: Identifier::parse(namespace)?, launch: Identifier::parse(launch)? })
    }
}

impl std::fmt::Display for LaunchName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "namespaces/{}/launches/{}", self.namespace.0, self.launch.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_version_name_reads_back_as_it_was_written() {
        let name = VersionName::parse("namespaces/default/models/flight-delay/versions/12").unwrap();
        assert_eq!(name.to_string(), "namespaces/default/models/flight-delay/versions/12");
        assert_eq!((name.model.model.as_str(), name.number), ("flight-delay", 12));
    }

    #[test]
    fn a_resource_below_a_model_names_the_model() {
        let of = |text| ModelName::of_resource(text).map(|name| name.to_string());
        let model = "namespaces/default/models/m";
        for text in [model, "namespaces/default/models/m/versions/2", "namespaces/default/models/m/traffic"] {
            assert_eq!(of(text).as_deref(), Some(model), "{text}");
        }
        for text in ["", "namespaces/default", "namespaces/default/launches/l", "namespaces/default/models"] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn version_numbers_begin_at_one_and_have_one_spelling() {
        for number in ["0", "01", "+1", "-1", "1.0", "", "９", "9223372036854775808", "99999999999999999999"] {
            let text = format!("namespaces/default/models/m/versions/{number}");
            assert!(matches!(VersionName::parse(&text), Err(Error::Number(_))), "{text}");
        }
    }

    #[test]
    fn a_models_name_is_one_text_however_it_is_written() {
        let name = ModelName::parse("namespaces/default/models/flight-delay").unwrap();
        assert_eq!(String::from(&name), name.to_string());
    }

    #[test]
    fn names_of_another_form_are_refused() {
        for text in [
            "",
            "/",
            "models/m",
            "namespaces/default/models",
            "namespaces/default/models/m/",
            "Namespaces/default/models/m",
        ] {
            assert!(matches!(ModelName::parse(text), Err(Error::Form { .. })), "{text}");
        }
    }

    #[test]
    fn an_error_repeats_only_the_beginning_of_a_huge_text() {
        let message = Identifier::parse(&"é".repeat(1_000_000)).unwrap_err().to_string();
        assert!(message.len() < 600, "{}", message.len());
    }

    proptest! {
        #[test]
        fn every_identifier_of_the_pattern_is_taken(text in "[a-z]([a-z0-9-]{0,61}[a-z0-9])?") {
            prop_assert_eq!(String::from(Identifier::parse(&text).unwrap()), text);
        }

        #[test]
        fn no_other_text_is_taken(text in ".{0,70}") {
            let shape = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            let fits = !text.is_empty() && text.len() <= 63 && text.bytes().all(shape)
                && text.as_bytes()[0].is_ascii_lowercase() && !text.ends_with('-');
            prop_assert_eq!(Identifier::parse(&text).is_ok(), fits);
        }
    }
}
