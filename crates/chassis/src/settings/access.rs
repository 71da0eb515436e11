//! The settings of access: the policy, and which proofs of identity are accepted.

use super::Reader;
use super::table::{
    ACCESS_POLICY, ACCESS_TOKENS, JWT_ALGORITHMS, JWT_AUDIENCE, JWT_CA, JWT_GROUPS, JWT_ISSUER, JWT_KEYS,
};
use crate::access::Sources;
use crate::access::jwt::Terms;
use crate::access::key_source::KeySource;

/// Where policy, tokens and keys are read; none where everybody may do everything. All files are read once here, so
/// that a fault in one of them is told with all others.
pub(super) fn read(reader: &mut Reader) -> Option<Sources> {
    let policy = reader.optional(&ACCESS_POLICY);
    let tokens = reader.optional(&ACCESS_TOKENS);
    let jwt = jwt(reader);
    let Some(policy) = policy else {
        let alone = "given together with access.policy, which says what those who prove themselves may do";
        if tokens.is_some() {
            reader.refuse_value(&ACCESS_TOKENS, alone);
        }
        if jwt.is_some() {
            reader.refuse_value(&JWT_KEYS, alone);
        }
        return None;
    };
    let sources = Sources { policy, tokens, jwt };
    if let Err(error) = sources.read() {
        let allowed = format!("a file that can be used: {}", error.faults.join("; "));
        if error.path == sources.policy {
            reader.refuse_value(&ACCESS_POLICY, &allowed);
        } else if Some(&error.path) == sources.tokens.as_ref() {
            reader.refuse_value(&ACCESS_TOKENS, &allowed);
        } else {
            reader.refuse_value(&JWT_KEYS, &allowed);
        }
    }
    Some(sources)
}

fn jwt(reader: &mut Reader) -> Option<(Terms, KeySource)> {
    let ca = reader.optional(&JWT_CA);
    let keys = reader.optional(&JWT_KEYS).map(|source| match source {
        KeySource::Web { address, .. } => KeySource::Web { address, ca },
        KeySource::File(path) => KeySource::File(path),
    });
    let issuer = reader.optional(&JWT_ISSUER);
    let audience = reader.optional(&JWT_AUDIENCE);
    let algorithms = reader.value(&JWT_ALGORITHMS);
    let groups_claim = reader.value(&JWT_GROUPS);
    match (keys, issuer, audience) {
        (Some(keys), Some(issuer), Some(audience)) => {
            Some((Terms { issuer, audience, algorithms, groups_claim }, keys))
        }
        (None, None, None) => None,
        (keys, issuer, audience) => {
            let together = "given together with jwt.keys, jwt.issuer and jwt.audience, or not at all";
            if keys.is_none() {
                reader.refuse_value(&JWT_KEYS, together);
            }
            if issuer.is_none() {
                reader.refuse_value(&JWT_ISSUER, together);
            }
            if audience.is_none() {
                reader.refuse_value(&JWT_AUDIENCE, together);
            }
            None
        }
    }
}
