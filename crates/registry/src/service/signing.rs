//! The key that checkpoints of the ledger are signed with: made when a store is first opened, and kept in it.
//!
//! Whoever can write the store can read the key too. What a checkpoint proves rests on copies of it that lie elsewhere.

use bytes::Bytes;
use slipway_chassis::env::Env;
use slipway_chassis::record;
use slipway_domain::ledger::note::Signer;
use slipway_store::{Store, Txn};

use crate::record::SigningKey;
use crate::{Error, keys};

/// The signer of the ledger in `store`.
///
/// # Errors
/// [`Error`] if the store can't be read or written, or the key is damaged.
pub(super) async fn signer(store: &dyn Store, env: &Env) -> Result<Signer, Error> {
    if let Some(signer) = kept(store).await? {
        return Ok(signer);
    }
    // A name of its own for each ledger, so that no checkpoint can pass for one of another.
    let name = format!("slipway-registry/{}", env.new_id().simple());
    let row = record::encode(&SigningKey { name, secret: env.secret() });
    let key = Bytes::from_static(keys::SIGNING_KEY);
    // Who finds that somebody was faster takes what is there.
    store.txn(Txn::new().compare(key.clone(), 0).put(key, row)).await?;
    kept(store).await?.ok_or_else(|| Error::damaged(keys::SIGNING_KEY, &"it was written and is not there"))
}

/// The signer whose key the store has, if it has one.
async fn kept(store: &dyn Store) -> Result<Option<Signer>, Error> {
    let Some(entry) = store.get(keys::SIGNING_KEY).await?.entry else { return Ok(None) };
    let damaged = |what: &dyn std::fmt::Display| Error::damaged(keys::SIGNING_KEY, what);
    let SigningKey { name, secret } = record::decode(&entry.value).map_err(|error| damaged(&error))?;
    Signer::new(&name, &secret).map(Some).map_err(|error| damaged(&error))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use slipway_store::memory::Memory;

    use super::*;

    #[tokio::test]
    async fn each_store_has_a_key_of_its_own_and_keeps_it() {
        let env = Env::driven(Timestamp::UNIX_EPOCH, 7).0;
        let (one, other) = (Memory::new(), Memory::new());
        let made = signer(&one, &env).await.unwrap();
        let theirs = signer(&other, &env).await.unwrap();
        assert_ne!(made.verifier().name(), theirs.verifier().name());
        assert_eq!(signer(&one, &env).await.unwrap().verifier(), made.verifier());
        assert_eq!(signer(&other, &env).await.unwrap().verifier(), theirs.verifier());
    }
}
