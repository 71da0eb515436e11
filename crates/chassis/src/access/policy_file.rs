//! The policy as people write it: TOML, with `[groups]` and a table `[[bindings]]` for each binding.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use slipway_domain::access::{Binding, Member, Policy, Role, Scope};
use slipway_domain::model::MILDEST_TIER;
use slipway_domain::name::Identifier;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    groups: BTreeMap<String, Spanned<Vec<String>>>,
    #[serde(default)]
    bindings: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    role: String,
    members: Vec<String>,
    #[serde(default)]
    namespaces: Option<Vec<String>>,
    #[serde(default)]
    teams: Option<Vec<String>>,
    #[serde(default)]
    tiers: Option<Vec<u8>>,
}

/// Reads a policy.
///
/// # Errors
/// All that is wrong with it, a line each that begins with where it stands.
pub fn parse(text: &str) -> Result<Policy, Vec<String>> {
    let File { groups, bindings } =
        toml::from_str(text).map_err(|error| vec![error.to_string().trim_end().to_owned()])?;
    let mut reading = Reading { text, faults: Vec::new() };
    let groups: BTreeMap<String, Vec<Member>> =
        groups.into_iter().map(|(name, members)| reading.group(name, members)).collect();
    let bindings = bindings.into_iter().filter_map(|entry| reading.binding(entry, &groups)).collect();
    if reading.faults.is_empty() { Ok(Policy { groups, bindings }) } else { Err(reading.faults) }
}

struct Reading<'a> {
    text: &'a str,
    faults: Vec<String>,
}

impl Reading<'_> {
    fn line<T>(&self, at: &Spanned<T>) -> usize {
        1 + self.text.as_bytes().iter().take(at.span().start).filter(|byte| **byte == b'\n').count()
    }

    fn fault(&mut self, line: usize, what: &str) {
        self.faults.push(format!("line {line}: {what}"));
    }

    fn group(&mut self, name: String, members: Spanned<Vec<String>>) -> (String, Vec<Member>) {
        let line = self.line(&members);
        let members = self.members(line, members.into_inner());
        if members.iter().any(|member| matches!(member, Member::Group(_))) {
            self.fault(line, &format!("group {name}: a group has no groups in it; name the members"));
        }
        (name, members)
    }

    fn members(&mut self, line: usize, texts: Vec<String>) -> Vec<Member> {
        let mut members = Vec::new();
        for text in texts {
            match Member::parse(&text) {
                Ok(member) => members.push(member),
                Err(what) => self.fault(line, &what),
            }
        }
        members
    }

    fn binding(&mut self, entry: Spanned<Entry>, groups: &BTreeMap<String, Vec<Member>>) -> Option<Binding> {
        let line = self.line(&entry);
        let Entry { role, members, namespaces, teams, tiers } = entry.into_inner();
        if members.is_empty() {
            self.fault(line, "members is empty, so the binding is about nobody");
        }
        let members = self.members(line, members);
        for member in &members {
            if let Member::Group(name) = member
                && !groups.contains_key(name)
            {
                self.fault(line, &format!("there is no group {name}; add it under [groups]"));
            }
        }
        for name in namespaces.iter().flatten() {
            if let Err(error) = Identifier::parse(name) {
                self.fault(line, &format!("namespaces: {error}"));
            }
        }
        for tier in tiers.iter().flatten().filter(|tier| **tier > MILDEST_TIER) {
            self.fault(line, &format!("tiers: {tier} is none; tiers are 0 to {MILDEST_TIER}"));
        }
        let scope = Scope {
            namespaces: self.set(line, "namespaces", namespaces),
            teams: self.set(line, "teams", teams),
            tiers: self.set(line, "tiers", tiers),
        };
        let Some(role) = Role::named(&role) else {
            let known: Vec<&str> = Role::ALL.into_iter().map(Role::name).collect();
            self.fault(line, &format!("there is no role {role:?}; there are {}", known.join(", ")));
            return None;
        };
        Some(Binding { line, role, members, scope })
    }

    fn set<T: Ord>(&mut self, line: usize, name: &str, values: Option<Vec<T>>) -> Option<BTreeSet<T>> {
        let set: BTreeSet<T> = values?.into_iter().collect();
        if set.is_empty() {
            self.fault(line, &format!("{name} is empty, so the binding covers nothing; leave it out for all"));
        }
        Some(set)
    }
}

#[cfg(test)]
mod tests {
    use slipway_domain::access::{Identity, Permission, Subject};
    use slipway_domain::principal::Principal;

    use super::*;

    #[test]
    fn a_policy_says_who_may_do_what_and_where_it_says_so() {
        let text = r#"
            [groups]
            oncall = ["jwt:ada", "cert:spiffe://acme/ops/*"]

            [[bindings]]
            role = "viewer"
            members = ["authenticated"]

            [[bindings]]
            role = "operator"
            members = ["group:oncall"]
            namespaces = ["default"]
            teams = ["ranking"]
            tiers = [1, 2]
        "#;
        let policy = parse(text).unwrap();
        assert_eq!(policy.bindings.iter().map(|binding| binding.line).collect::<Vec<_>>(), [5, 9]);
        let rights = policy.rights(&Identity::of(Principal::jwt("ada").unwrap()));
        let subject = Subject { namespace: "default", team: Some("ranking"), tier: Some(1) };
        assert!(rights.grant(Permission::WriteTraffic).covers(&subject));
        assert!(!rights.grant(Permission::WriteTraffic).covers(&Subject { tier: Some(0), ..subject }));
    }

    #[test]
    fn all_faults_are_told_at_once_with_their_lines() {
        let text = "[groups]\na = [\"group:b\", \"root\"]\n[[bindings]]\nrole = \"god\"\nmembers = []\n\
                    [[bindings]]\nrole = \"viewer\"\nmembers = [\"group:c\", \"*\"]\nnamespaces = [\"A\"]\nteams = []\ntiers = [5]\n";
        let faults = parse(text).unwrap_err();
        let about = |line: &str, what: &str| faults.iter().any(|fault| fault.starts_with(line) && fault.contains(what));
        for (line, what) in [
            ("line 2:", "no groups in it"),
            ("line 2:", "root"),
            ("line 3:", "members is empty"),
            ("line 3:", "no role"),
            ("line 6:", "no group c"),
            ("line 6:", "takes in too much"),
            ("line 6:", "namespaces"),
            ("line 6:", "teams is empty"),
            ("line 6:", "tiers: 5"),
        ] {
            assert!(about(line, what), "{line} {what}: {faults:?}");
        }
        assert_eq!(faults.len(), 9, "{faults:?}");
    }

    #[test]
    fn a_misspelt_key_is_a_fault_and_not_a_wider_policy() {
        for text in
            ["[[binding]]\n", "[[bindings]]\nrole = \"viewer\"\nmembers = [\"authenticated\"]\ntaems = [\"a\"]\n"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
