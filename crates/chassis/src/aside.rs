//! What an answer carries beside its message: trailing metadata.

use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, HeaderName, HeaderValue};
use tonic::metadata::BinaryMetadataValue;

/// A name, and the bytes under it.
type Beside = (&'static str, Vec<u8>);

/// What goes beside the answer to one call. Whoever handles a part of the call puts it in.
#[derive(Debug, Clone, Default)]
pub struct Aside(Arc<Mutex<Vec<Beside>>>);

/// The same, on its way out with the answer.
#[derive(Debug, Clone)]
pub(crate) struct Trailers(pub HeaderMap);

impl Aside {
    /// Puts bytes in, under a name that ends in `-bin`; in place of what had that name.
    pub fn put(&self, name: &'static str, bytes: Vec<u8>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(known, _)| *known != name);
        all.push((name, bytes));
    }

    /// All that was put in, as trailers; none if nothing was.
    pub(crate) fn trailers(&self) -> Option<Trailers> {
        let all = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut trailers = HeaderMap::new();
        for (name, bytes) in all {
            let value = BinaryMetadataValue::from_bytes(&bytes);
            if let Ok(value) = HeaderValue::from_bytes(value.as_encoded_bytes()) {
                trailers.insert(HeaderName::from_static(name), value);
            }
        }
        (!trailers.is_empty()).then_some(Trailers(trailers))
    }
}
