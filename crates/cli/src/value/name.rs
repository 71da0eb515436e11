//! Names as they are typed: short within the namespace of the command, or in full. One spelling for each resource.

use std::str::FromStr;

use slipway_domain::name::{
    self, AliasName, Identifier, LaunchName, ModelName, ModelTypeName, PolicyName, TeamName, VersionName,
};

use super::Refused;

/// Reads an identifier, and says how one looks if it is none.
pub fn identifier(text: &str) -> Result<String, Refused> {
    parse(text).map(String::from)
}

/// Reads the id of a namespace.
pub fn namespace(text: &str) -> Result<Identifier, Refused> {
    parse(text)
}

fn parse(text: &str) -> Result<Identifier, Refused> {
    let told =
        |_| "use 1 to 63 lower-case letters, digits and hyphens, beginning with a letter, as flight-delay".to_owned();
    Identifier::parse(text).map_err(told)
}

/// A name that was typed: complete, or waiting for its namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Typed<Full, Short> {
    Full(Full),
    Short(Short),
}

/// What is wrong with a full name of this form.
fn full<N>(text: &str, example: &str) -> Result<N, Refused>
where
    N: FromStr<Err = name::Error>,
{
    text.parse().map_err(|error| format!("write {example}, or a full name ({error})"))
}

/// Declares a resource that is typed as its id, or in full.
macro_rules! by_id {
    ($(#[$doc:meta])* $kind:ident, $full:ident, $id:ident, $example:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $kind(Typed<$full, Identifier>);

        impl $kind {
            /// Its full name.
            pub fn within(&self, namespace: &Identifier) -> $full {
                match &self.0 {
                    Typed::Full(name) => name.clone(),
                    Typed::Short(id) => $full { namespace: namespace.clone(), $id: id.clone() },
                }
            }
        }

        impl FromStr for $kind {
            type Err = Refused;

            fn from_str(text: &str) -> Result<Self, Refused> {
                match text.contains('/') {
                    true => full(text, $example).map(Typed::Full).map(Self),
                    false => parse(text).map(Typed::Short).map(Self),
                }
            }
        }
    };
}

by_id!(
    /// A model, as `flight-delay`.
    Model, ModelName, model, "flight-delay"
);
by_id!(
    /// A model type, as `click-through-rate`.
    ModelType, ModelTypeName, model_type, "click-through-rate"
);
by_id!(
    /// A team, as `ranking`.
    Team, TeamName, team, "ranking"
);
by_id!(
    /// A policy, as `runbook`.
    Policy, PolicyName, policy, "runbook"
);
by_id!(
    /// A launch, by its id.
    Launch, LaunchName, launch, "the id that `slipway launch ls` shows"
);

/// A version, as `flight-delay/2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(Typed<VersionName, (Identifier, u64)>);

impl Version {
    /// Its full name.
    pub fn within(&self, namespace: &Identifier) -> VersionName {
        match &self.0 {
            Typed::Full(name) => name.clone(),
            Typed::Short((id, number)) => {
                ModelName { namespace: namespace.clone(), model: id.clone() }.version(*number)
            }
        }
    }
}

impl FromStr for Version {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        let [model, number] = text.split('/').collect::<Vec<_>>()[..] else {
            return full(text, "a model and the number of its version, as flight-delay/2").map(Typed::Full).map(Self);
        };
        let told = |error: name::Error| format!("write flight-delay/2: {error}");
        let name = VersionName::parse(&format!("namespaces/any/models/{model}/versions/{number}")).map_err(told)?;
        Ok(Self(Typed::Short((name.model.model, name.number))))
    }
}

/// An alias, as `flight-delay@champion`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias(Typed<AliasName, (Identifier, Identifier)>);

impl Alias {
    /// Its full name.
    pub fn within(&self, namespace: &Identifier) -> AliasName {
        match &self.0 {
            Typed::Full(name) => name.clone(),
            Typed::Short((model, alias)) => {
                ModelName { namespace: namespace.clone(), model: model.clone() }.alias(alias.clone())
            }
        }
    }
}

impl FromStr for Alias {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        let Some((model, alias)) = text.split_once('@') else {
            return full(text, "a model and an alias of it, as flight-delay@champion").map(Typed::Full).map(Self);
        };
        Ok(Self(Typed::Short((parse(model)?, parse(alias)?))))
    }
}

/// What becomes of an alias: `flight-delay@champion=2`, or `flight-delay@champion=2:1` if it must name 1 now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasMove {
    /// The alias.
    pub alias: Alias,
    /// The number of the version that it shall name; none to take it away.
    pub to: Option<u64>,
    /// The number of the version that it must name now; `Some(None)`: there must be none.
    pub expected: Option<Option<u64>>,
}

impl FromStr for AliasMove {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        let told = || {
            "write flight-delay@champion=2; flight-delay@champion=2:1 if it must name version 1 now, none for no version"
                .to_owned()
        };
        let number = |text: &str| match text {
            "none" => Ok(None),
            text => text.parse().ok().filter(|number| *number > 0).map(Some).ok_or_else(told),
        };
        let (alias, versions) = text.rsplit_once('=').ok_or_else(told)?;
        let (to, expected) = match versions.split_once(':') {
            Some((to, expected)) => (to, Some(number(expected)?)),
            None => (versions, None),
        };
        Ok(Self { alias: alias.parse()?, to: number(to)?, expected })
    }
}

/// Any resource: a model, a version, or a full name of whatever kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// A model.
    Model(Model),
    /// A version.
    Version(Version),
    /// A full name of another kind.
    Full(String),
}

impl Resource {
    /// Its full name.
    pub fn within(&self, namespace: &Identifier) -> String {
        match self {
            Self::Model(model) => model.within(namespace).to_string(),
            Self::Version(version) => version.within(namespace).to_string(),
            Self::Full(name) => name.clone(),
        }
    }
}

impl FromStr for Resource {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        match text.split('/').count() {
            1 => text.parse().map(Self::Model),
            2 if !text.starts_with("namespaces/") => text.parse().map(Self::Version),
            _ if text.starts_with("namespaces/") => Ok(Self::Full(text.to_owned())),
            _ => Err("write flight-delay, flight-delay/2, or a full name from namespaces/ on".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_lies_in_the_namespace_and_a_full_one_where_it_says() {
        let here = Identifier::parse("here").unwrap();
        let model = |text: &str| text.parse::<Model>().unwrap().within(&here).to_string();
        assert_eq!(model("ctr"), "namespaces/here/models/ctr");
        assert_eq!(model("namespaces/there/models/ctr"), "namespaces/there/models/ctr");
        let version = |text: &str| text.parse::<Version>().unwrap().within(&here).to_string();
        assert_eq!(version("ctr/2"), "namespaces/here/models/ctr/versions/2");
        assert_eq!(version("namespaces/there/models/ctr/versions/2"), "namespaces/there/models/ctr/versions/2");
    }

    #[test]
    fn what_is_no_name_is_told_with_one() {
        for bad in ["", "Ctr", "ctr/", "-ctr", "models/ctr", "ctr/2"] {
            assert!(bad.parse::<Model>().unwrap_err().contains("flight-delay"), "{bad}");
        }
        for bad in ["", "ctr", "ctr/0", "ctr/02", "ctr/x", "Ctr/1", "ctr/1/2", "ctr:1"] {
            assert!(bad.parse::<Version>().unwrap_err().contains("flight-delay/2"), "{bad}");
        }
    }

    #[test]
    fn a_move_says_what_an_alias_names_and_what_it_must_have_named() {
        let read = |text: &str| text.parse::<AliasMove>().map(|one| (one.to, one.expected));
        assert_eq!(read("ctr@champion=2"), Ok((Some(2), None)));
        assert_eq!(read("ctr@champion=none:3"), Ok((None, Some(Some(3)))));
        assert_eq!(read("namespaces/n/models/ctr/aliases/champion=2:none"), Ok((Some(2), Some(None))));
        for bad in ["", "ctr@champion", "ctr@champion=", "ctr@champion=0", "ctr=2", "ctr@=1", "ctr@champion=2:"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_resource_is_a_model_a_version_or_a_full_name() {
        let here = Identifier::parse("here").unwrap();
        let resource = |text: &str| text.parse::<Resource>().unwrap().within(&here);
        assert_eq!(resource("ctr"), "namespaces/here/models/ctr");
        assert_eq!(resource("ctr/2"), "namespaces/here/models/ctr/versions/2");
        assert_eq!(resource("namespaces/there"), "namespaces/there");
        assert_eq!(resource("namespaces/a/models/b/traffic"), "namespaces/a/models/b/traffic");
        assert!("a/b/c".parse::<Resource>().is_err() && "ctr/x".parse::<Resource>().is_err());
    }
}
