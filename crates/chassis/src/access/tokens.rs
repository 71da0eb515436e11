//! Static tokens, for small places: the service keeps only their hashes.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use slipway_domain::access::Identity;
use slipway_domain::principal::Principal;

use super::Refused;
use crate::env::Env;

/// How every static token begins, so that one that got loose is recognised, and never taken for another kind.
pub const PREFIX: &str = "slipway_";

/// A new token: 256 random bits, which need no salt and no slow hash.
#[must_use]
pub fn generate(env: &Env) -> String {
    let words: String = (0..4).map(|_| format!("{:016x}", env.random_u64())).collect();
    format!("{PREFIX}{words}")
}

/// The hash under which a token is kept: SHA-256, in hexadecimal.
#[must_use]
pub fn hash(token: &str) -> String {
    Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The tokens that are accepted, by their hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tokens(HashMap<String, Accepted>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Accepted {
    principal: Principal,
    until: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    tokens: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    sha256: String,
    #[serde(default)]
    expires: Option<Timestamp>,
}

impl Tokens {
    /// Reads a tokens file: TOML, with a table `[[tokens]]` for each of them that has `name`, `sha256` and, if it
    /// shall end, `expires`.
    ///
    /// # Errors
    /// All that is wrong with it, a line each.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let File { tokens } = toml::from_str(text).map_err(|error| vec![error.to_string().trim_end().to_owned()])?;
        let mut accepted = HashMap::new();
        let mut faults = Vec::new();
        for (index, Entry { name, sha256, expires }) in tokens.into_iter().enumerate() {
            let number = index + 1;
            let digest = sha256.to_ascii_lowercase();
            if digest.len() != 64 || !digest.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                faults.push(format!("token {number}: sha256 is not 64 hexadecimal digits"));
            }
            match Principal::token(&name) {
                Ok(principal) => {
                    if accepted.insert(digest, Accepted { principal, until: expires }).is_some() {
                        faults.push(format!("token {number}: the same sha256 stands there twice"));
                    }
                }
                Err(error) => faults.push(format!("token {number}: {error}")),
            }
        }
        if faults.is_empty() { Ok(Self(accepted)) } else { Err(faults) }
    }

    pub(super) fn identify(&self, token: &str) -> Result<(Identity, Option<Timestamp>), Refused> {
        let accepted = self.0.get(&hash(token)).ok_or(Refused::Invalid { cause: "no such token" })?;
        Ok((Identity::of(accepted.principal.clone()), accepted.until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_hash_alone() {
        let token = generate(&Env::system());
        let text = format!("[[tokens]]\nname = \"ci\"\nsha256 = \"{}\"", hash(&token).to_uppercase());
        let tokens = Tokens::parse(&text).unwrap();
        assert_eq!(tokens.identify(&token).unwrap().0.principal.as_str(), "token:ci");
        for other in [generate(&Env::system()), hash(&token), format!("{token}0"), String::new()] {
            assert!(tokens.identify(&other).is_err(), "{other}");
        }
        assert_eq!(token.len(), PREFIX.len() + 64);
    }

    #[test]
    fn all_faults_of_a_file_are_told_at_once() {
        let text = "[[tokens]]\nname = \"\"\nsha256 = \"abc\"\n[[tokens]]\nname = \"a b\"\nsha256 = \"zz\"";
        assert_eq!(Tokens::parse(text).unwrap_err().len(), 4);
        assert!(Tokens::parse("[[tokens]]\nname = \"x\"\nsha265 = \"\"").unwrap_err()[0].contains("sha265"));
        assert_eq!(Tokens::parse("").unwrap(), Tokens::default());
    }
}
