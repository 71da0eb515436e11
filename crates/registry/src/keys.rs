//! Where things lie in the store.

use bytes::Bytes;
use slipway_domain::name::{Identifier, ModelName};
use slipway_domain::sighting::Seen;
use uuid::Uuid;

/// Current states of model types, models, versions and traffic.
pub const RESOURCE: &[u8] = b"resource/";
/// The newest version number of each model.
pub const LATEST: &[u8] = b"latest/";
/// Digests that must not be launched.
pub const QUARANTINE: &[u8] = b"quarantine/";
/// Which fields of a resource were set by applications.
pub const CLAIMS: &[u8] = b"claims/";
/// Answers to requests that carried an id.
pub const ANSWER: &[u8] = b"answer/";
/// The ledger. Its rows are the leaves of its tree, byte for byte: none is ever changed, deleted or written again.
pub const LEDGER: &[u8] = b"ledger/";
/// By namespace: written whenever what effective tiers are computed along changes, so that such changes see each other.
pub const EDGES: &[u8] = b"edges/";
/// What fleets see running.
pub const SIGHTING: &[u8] = b"sighting/";
/// By namespace: written whenever its policies change, so that no change goes by one that it has not seen.
pub const POLICIES: &[u8] = b"policies/";
/// By model: written with every change that is judged by policies, so that such changes of one model see each other.
pub const JUDGED: &[u8] = b"judged/";
/// The key that checkpoints of the ledger are signed with. It is in no answer.
pub const SIGNING_KEY: &[u8] = b"signing-key";

fn join(kind: &[u8], rest: &[u8]) -> Bytes {
    [kind, rest].concat().into()
}

/// The current state of the resource called `name`.
#[must_use]
pub fn resource(name: &str) -> Bytes {
    join(RESOURCE, name.as_bytes())
}

/// The name of the resource whose current state lies at `key`.
#[must_use]
pub fn resource_name(key: &[u8]) -> Option<&str> {
    std::str::from_utf8(key.strip_prefix(RESOURCE)?).ok()
}

/// The newest version number of `model`.
#[must_use]
pub fn latest(model: &ModelName) -> Bytes {
    join(LATEST, model.to_string().as_bytes())
}

/// The name of the model whose newest version number lies at `key`.
#[must_use]
pub fn latest_model(key: &[u8]) -> Option<&str> {
    std::str::from_utf8(key.strip_prefix(LATEST)?).ok()
}

/// The quarantine of `digest` in `namespace`.
#[must_use]
pub fn quarantine(namespace: &Identifier, digest: &str) -> Bytes {
    join(QUARANTINE, format!("{}/{digest}", namespace.as_str()).as_bytes())
}

/// The mark that what effective tiers are computed along in `namespace` was changed.
#[must_use]
pub fn edges(namespace: &Identifier) -> Bytes {
    join(EDGES, namespace.as_str().as_bytes())
}

/// What is kept of `seen`. Its texts are visible ASCII, but for the principal's, which is the last.
#[must_use]
pub fn sighting(seen: &Seen) -> Bytes {
    let Seen { namespace, model, version, digest, endpoint, reporter } = seen;
    let parts = [namespace.as_str(), model, &version.to_string(), digest, endpoint, reporter.as_str()];
    join(SIGHTING, parts.join("\0").as_bytes())
}

/// The claims to the fields of the resource called `name`.
#[must_use]
pub fn claims(name: &str) -> Bytes {
    join(CLAIMS, name.as_bytes())
}

/// The name of the resource whose claims lie at `key`.
#[must_use]
pub fn claimed_name(key: &[u8]) -> Option<&str> {
    std::str::from_utf8(key.strip_prefix(CLAIMS)?).ok()
}

/// The mark that the policies of `namespace` were changed.
#[must_use]
pub fn policies(namespace: &Identifier) -> Bytes {
    join(POLICIES, namespace.as_str().as_bytes())
}

/// The mark that a change of `model` was judged by policies.
#[must_use]
pub fn judged(model: &ModelName) -> Bytes {
    join(JUDGED, model.to_string().as_bytes())
}

/// The answer to the request with the id `id`.
#[must_use]
pub fn answer(id: Uuid) -> Bytes {
    join(ANSWER, id.as_bytes())
}

/// The id in the key of an answer.
#[must_use]
pub fn answer_id(key: &[u8]) -> Option<Uuid> {
    Uuid::from_slice(key.strip_prefix(ANSWER)?).ok()
}

/// A new place in the ledger for a change of `resource`. The name stands in the key, so that the ledger can be searched
/// without reading it; `unique` keeps two changes of one resource apart.
#[must_use]
pub fn ledger(resource: &str, unique: Uuid) -> Bytes {
    let mut key = join(LEDGER, resource.as_bytes()).to_vec();
    key.push(0);
    key.extend_from_slice(unique.as_bytes());
    key.into()
}

/// The resource in a key of the ledger.
#[must_use]
pub fn ledger_resource(key: &[u8]) -> Option<&str> {
    let rest = key.strip_prefix(LEDGER)?;
    let end = rest.len().checked_sub(17)?;
    std::str::from_utf8(&rest[..end]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_key_names_its_resource() {
        let key = ledger("namespaces/default/models/m", Uuid::from_u128(7));
        assert_eq!(ledger_resource(&key), Some("namespaces/default/models/m"));
        assert_eq!(ledger_resource(b"ledger/short"), None);
    }

    #[test]
    fn an_answer_key_gives_its_id_back() {
        assert_eq!(answer_id(&answer(Uuid::from_u128(7))), Some(Uuid::from_u128(7)));
    }
}
