//! JSON web tokens (RFC 7519) of one issuer: signature, algorithm, issuer, audience and times are checked, in this
//! order, against a set of public keys (RFC 7517).

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::Value;
use slipway_domain::access::Identity;
use slipway_domain::principal::Principal;

use super::Refused;

/// How far the issuer's clock may be from ours.
const LEEWAY: SignedDuration = SignedDuration::from_secs(30);
/// What is wrong with a token whose key is not known: the issuer may have begun to use a new one.
pub(super) const UNKNOWN_KEY: &str = "its key is not known";
/// The most groups that are taken from one token.
const MOST_GROUPS: usize = 256;
/// The algorithms that are accepted where nobody says otherwise: all with a public key that are in wide use.
pub const USUAL_ALGORITHMS: &str = "RS256,ES256,EdDSA";

/// Which tokens are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The claim `iss`.
    pub issuer: String,
    /// What the claim `aud` must name.
    pub audience: String,
    /// The algorithms, never one with a shared secret.
    pub algorithms: Vec<Algorithm>,
    /// The claim that names the groups of the subject.
    pub groups_claim: String,
}

/// Reads a list of algorithms, separated by commas; none if one is unknown or works with a shared secret.
#[must_use]
pub fn parse_algorithms(text: &str) -> Option<Vec<Algorithm>> {
    let public = |algorithm: &Algorithm| !matches!(algorithm, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512);
    text.split(',').map(|name| name.trim().parse().ok().filter(public)).collect()
}

/// One public key and what it may be used for.
struct Key {
    id: Option<String>,
    algorithm: Option<Algorithm>,
    key: DecodingKey,
}

/// The public keys of an issuer.
pub struct Keys(Vec<Key>);

impl Keys {
    /// Reads a JSON web key set. Keys that are for something else than signatures are left out.
    ///
    /// # Errors
    /// What is wrong with it, for a person.
    pub fn parse(text: &str) -> Result<Self, String> {
        let JwkSet { keys } =
            serde_json::from_str(text).map_err(|error| format!("it is no JSON web key set: {error}"))?;
        let keys: Vec<Key> = keys.iter().filter_map(|jwk| public_key(jwk).transpose()).collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Err("there is no public key for signatures in it".to_owned());
        }
        Ok(Self(keys))
    }

    /// The key that a token names; a token that names none is only unambiguous where there is one key.
    fn find(&self, id: Option<&str>) -> Option<&Key> {
        match id {
            Some(id) => self.0.iter().find(|key| key.id.as_deref() == Some(id)),
            None => self.0.first().filter(|_| self.0.len() == 1),
        }
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

fn public_key(jwk: &Jwk) -> Result<Option<Key>, String> {
    let id = jwk.common.key_id.clone();
    if matches!(jwk.algorithm, AlgorithmParameters::OctetKey(_)) {
        return Err(format!("key {id:?} is a shared secret: whoever can check its tokens can make them"));
    }
    let for_encryption = matches!(jwk.common.public_key_use, Some(jsonwebtoken::jwk::PublicKeyUse::Encryption));
    if for_encryption {
        return Ok(None);
    }
    let key = DecodingKey::from_jwk(jwk).map_err(|error| format!("key {id:?} can't be used: {error}"))?;
    let algorithm = jwk.common.key_algorithm.and_then(|algorithm| algorithm.to_string().parse().ok());
    Ok(Some(Key { id, algorithm, key }))
}

/// Checks tokens.
#[derive(Debug)]
pub struct Jwt {
    terms: Terms,
    /// None while they were never read.
    keys: Option<Keys>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: f64,
    #[serde(default)]
    nbf: Option<f64>,
    #[serde(flatten)]
    others: serde_json::Map<String, Value>,
}

impl Jwt {
    /// Checks tokens by these terms and keys.
    #[must_use]
    pub fn new(terms: Terms, keys: Option<Keys>) -> Self {
        Self { terms, keys }
    }

    /// Whom `token` proves somebody to be at the instant `now`, and until when.
    pub(super) fn verify(&self, token: &str, now: Timestamp) -> Result<(Identity, Timestamp), Refused> {
        let invalid = |cause| Refused::Invalid { cause };
        let header = decode_header(token).map_err(|_| invalid("it is no JSON web token"))?;
        if !self.terms.algorithms.contains(&header.alg) {
            return Err(invalid("its algorithm is not accepted"));
        }
        let keys = self.keys.as_ref().ok_or(Refused::KeysUnavailable)?;
        let key = keys.find(header.kid.as_deref()).ok_or(invalid(UNKNOWN_KEY))?;
        if key.algorithm.is_some_and(|algorithm| algorithm != header.alg) {
            return Err(invalid("its key is for another algorithm"));
        }
        let claims = decode::<Claims>(token, &key.key, &self.validation(header.alg))
            .map_err(|error| invalid(cause(error.kind())))?
            .claims;
        let until = self.in_time(&claims, now)?;
        let principal = Principal::jwt(&claims.sub).map_err(|_| invalid("its subject is no principal"))?;
        let claims = groups(claims.others.get(&self.terms.groups_claim));
        Ok((Identity { principal, claims }, until))
    }

    /// What the library checks: the signature, issuer and audience. Times are checked by our own clock.
    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[&self.terms.issuer]);
        validation.set_audience(&[&self.terms.audience]);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation
    }

    fn in_time(&self, claims: &Claims, now: Timestamp) -> Result<Timestamp, Refused> {
        let instant = |seconds: f64| {
            let seconds = SignedDuration::try_from_secs_f64(seconds).ok()?;
            Timestamp::UNIX_EPOCH.checked_add(seconds).ok()
        };
        let strange = Refused::Invalid { cause: "its times can't be read" };
        let end = instant(claims.exp).ok_or_else(|| strange.clone())?;
        let until = end.checked_add(LEEWAY).unwrap_or(end);
        if until <= now {
            return Err(Refused::Expired);
        }
        if let Some(begin) = claims.nbf {
            let begin = instant(begin).ok_or(strange)?;
            if begin.checked_sub(LEEWAY).unwrap_or(begin) > now {
                return Err(Refused::Invalid { cause: "it is not valid yet" });
            }
        }
        Ok(until)
    }
}

fn cause(kind: &jsonwebtoken::errors::ErrorKind) -> &'static str {
    use jsonwebtoken::errors::ErrorKind;
    match kind {
        ErrorKind::InvalidSignature => "its signature does not hold",
        ErrorKind::InvalidIssuer => "it is of another issuer",
        ErrorKind::InvalidAudience => "it is for another audience",
        ErrorKind::MissingRequiredClaim(_) => "it lacks one of exp, iss, aud, sub",
        ErrorKind::InvalidAlgorithm => "its key is for another algorithm",
        _ => "it is no JSON web token",
    }
}

/// The groups of a claim: a list, or one text with spaces between them.
fn groups(claim: Option<&Value>) -> BTreeSet<String> {
    match claim {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).take(MOST_GROUPS).map(str::to_owned).collect(),
        Some(Value::String(text)) => text.split_ascii_whitespace().take(MOST_GROUPS).map(str::to_owned).collect(),
        _ => BTreeSet::new(),
    }
}
