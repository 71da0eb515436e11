//! What the store's rows hold, and reading them back.

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use slipway_chassis::record;
use slipway_domain::apply::Claims;
use slipway_domain::ledger::Resource;
use slipway_domain::model::Quarantine;
use slipway_domain::name::{Identifier, ModelName};
use slipway_domain::sighting::Sighting;
use uuid::Uuid;

use crate::Error;
use crate::keys;

/// The layout of this service's rows, which its data folder says. It is raised with the first row that a program which
/// knows the layout before would read wrongly: such a program then refuses the folder.
pub const ROWS: u32 = 3;

/// The answer to a request that carried an id, kept so that a repetition has no second effect.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answer {
    /// A hash of what was asked; another question under the same id is refused.
    pub fingerprint: u64,
    /// When it was answered.
    pub at: Timestamp,
    /// The resource as it was answered; none where nothing was left to answer with.
    pub resource: Option<Resource>,
    /// What was answered beside it.
    #[serde(default)]
    pub others: Vec<Resource>,
}

/// The key that checkpoints of the ledger are signed with. It can't be printed.
#[derive(Serialize, Deserialize)]
pub struct SigningKey {
    /// The ledger's name, which is the key's as well.
    pub name: String,
    /// What the key is made of.
    pub secret: [u8; 32],
}

/// One row of the store.
#[derive(Debug)]
pub enum Row {
    /// The state of a resource.
    Resource(Box<Resource>),
    /// The newest version number of the model with this name.
    Latest(ModelName, u64),
    /// A digest that must not be launched, by `{namespace}/{digest}`.
    Quarantine(String, Quarantine),
    /// The claims to the fields of the resource with this name.
    Claims(String, Claims),
    /// The answer to a request.
    Answer(Uuid, Box<Answer>),
    /// A place in the ledger.
    Ledger,
    /// That what effective tiers are computed along changed in this namespace.
    Edges(Identifier),
    /// What a fleet sees running.
    Sighting(Sighting),
    /// That the policies of this namespace changed.
    Policies(Identifier),
    /// That a change of this model was judged by policies.
    Judged(ModelName),
    /// The key of the ledger, which no picture has in it.
    SigningKey,
}

/// Reads the row at `key`.
///
/// # Errors
/// [`Error::Damaged`] if the key or the value is none of this service's.
pub fn read(key: &Bytes, value: &[u8]) -> Result<Row, Error> {
    let damaged = |what: &dyn std::fmt::Display| Error::damaged(key, what);
    let text = |prefix: &[u8]| Some(std::str::from_utf8(key.strip_prefix(prefix)?).ok()?.to_owned());
    let unreadable = |error: record::Error| damaged(&error);
    if key.starts_with(keys::RESOURCE) {
        return record::decode(value).map(Row::Resource).map_err(unreadable);
    }
    if let Some(model) = text(keys::LATEST) {
        let model = ModelName::parse(&model).map_err(|error| damaged(&error))?;
        return record::decode(value).map(|number| Row::Latest(model, number)).map_err(unreadable);
    }
    if let Some(digest) = text(keys::QUARANTINE) {
        return record::decode(value).map(|quarantine| Row::Quarantine(digest, quarantine)).map_err(unreadable);
    }
    if let Some(namespace) = text(keys::EDGES) {
        return Identifier::parse(&namespace).map(Row::Edges).map_err(|error| damaged(&error));
    }
    if let Some(name) = text(keys::CLAIMS) {
        return record::decode(value).map(|claims| Row::Claims(name, claims)).map_err(unreadable);
    }
    if let Some(namespace) = text(keys::POLICIES) {
        return Identifier::parse(&namespace).map(Row::Policies).map_err(|error| damaged(&error));
    }
    if let Some(model) = text(keys::JUDGED) {
        return ModelName::parse(&model).map(Row::Judged).map_err(|error| damaged(&error));
    }
    if let Some(id) = keys::answer_id(key) {
        return record::decode(value).map(|answer| Row::Answer(id, answer)).map_err(unreadable);
    }
    if key.starts_with(keys::SIGHTING) {
        return record::decode(value).map(Row::Sighting).map_err(unreadable);
    }
    if key == keys::SIGNING_KEY {
        return Ok(Row::SigningKey);
    }
    match keys::ledger_resource(key) {
        Some(_) => Ok(Row::Ledger),
        None => Err(damaged(&"a key of an unknown kind")),
    }
}
