//! Who calls: the identity that every use case receives and every ledger entry keeps.

use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

/// The most bytes of a principal's text.
const LONGEST: usize = 512;

/// An authenticated identity, or the one that stands for nobody in particular.
///
/// Its text begins with how the identity was proven, so that one proof can never pass for another: `cert:` and a name
/// of a certificate, `jwt:` and a token's subject, `token:` and the name of a static token. `service:` is one of
/// Slipway's own services acting by itself, and `anonymous` is whoever proved nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Principal(
    // It is copied with every call.
    Arc<str>,
);

/// Why a text is no principal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a principal: use cert:NAME, jwt:SUBJECT, token:NAME, service:NAME or anonymous, without white space"
)]
pub struct Error(String);

impl Principal {
    /// The caller of a listener that asks for no proof of identity.
    #[must_use]
    pub fn anonymous() -> Self {
        static ANONYMOUS: LazyLock<Arc<str>> = LazyLock::new(|| "anonymous".into());
        Self(Arc::clone(&ANONYMOUS))
    }

    /// One of Slipway's own services acting by itself, as `service:launcher`.
    #[must_use]
    pub fn service(name: &str) -> Self {
        Self(format!("service:{name}").into())
    }

    /// Whoever holds the key of a certificate with the subject alternative name `name`, as
    /// `cert:spiffe://example.org/service/launcher`.
    ///
    /// # Errors
    /// [`Error`] if the name is empty, too long, or has white space or control characters.
    pub fn certificate(name: &str) -> Result<Self, Error> {
        Self::proven("cert", name)
    }

    /// The subject of a verified JSON web token, as `jwt:ada@example.org`.
    ///
    /// # Errors
    /// As [`Principal::certificate`].
    pub fn jwt(subject: &str) -> Result<Self, Error> {
        Self::proven("jwt", subject)
    }

    /// Whoever presented the static token called `name`, as `token:nightly-build`.
    ///
    /// # Errors
    /// As [`Principal::certificate`].
    pub fn token(name: &str) -> Result<Self, Error> {
        Self::proven("token", name)
    }

    /// Reads a principal that somebody wrote down.
    ///
    /// # Errors
    /// [`Error`] if the text is none.
    pub fn parse(text: &str) -> Result<Self, Error> {
        match text.split_once(':') {
            None if text == "anonymous" => Ok(Self::anonymous()),
            Some((kind @ ("cert" | "jwt" | "token" | "service"), name)) => Self::proven(kind, name),
            _ => Err(Error(clip(text))),
        }
    }

    fn proven(kind: &str, name: &str) -> Result<Self, Error> {
        let text = format!("{kind}:{name}");
        let unfit = |letter: char| letter.is_whitespace() || letter.is_control();
        if name.is_empty() || text.len() > LONGEST || name.contains(unfit) {
            return Err(Error(clip(&text)));
        }
        Ok(Self(text.into()))
    }

    /// The identity as text, as it stands in ledgers and logs.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether somebody proved to be this.
    #[must_use]
    pub fn is_authenticated(&self) -> bool {
        &*self.0 != "anonymous"
    }
}

fn clip(text: &str) -> String {
    text.chars().take(128).collect()
}

impl std::fmt::Display for Principal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_can_not_pass_for_a_certificate() {
        let claimed = Principal::jwt("cert:spiffe://example.org/admin").unwrap();
        assert_ne!(claimed, Principal::certificate("spiffe://example.org/admin").unwrap());
        assert_eq!(claimed.as_str(), "jwt:cert:spiffe://example.org/admin");
    }

    #[test]
    fn what_is_written_reads_back_and_nothing_else_does() {
        for text in ["anonymous", "cert:spiffe://a/b", "jwt:ada@example.org", "token:ci", "service:launcher"] {
            assert_eq!(Principal::parse(text).unwrap().as_str(), text);
        }
        let long = format!("jwt:{}", "x".repeat(LONGEST));
        for text in ["", "ada", "jwt:", "jwt:a b", "jwt:a\nb", "jwt:a\u{0}", "user:ada", "Anonymous", &long] {
            assert!(Principal::parse(text).is_err(), "{text:?}");
        }
    }
}
