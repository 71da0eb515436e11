//! Certificates and keys in PEM (RFC 7468).

use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::Error;

/// The text of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|error| Error::new(path, error))
}

/// The certificates in `text`, which was read from `path`, the holder's own first.
pub(crate) fn chain(path: &Path, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    let chain = chain.map_err(|error| Error::new(path, format!("it is no PEM: {error}")))?;
    if chain.is_empty() { Err(Error::new(path, "there is no certificate in it")) } else { Ok(chain) }
}

/// The first private key in `text`, which was read from `path`.
pub(crate) fn key(path: &Path, text: &[u8]) -> Result<PrivateKeyDer<'static>, Error> {
    PrivateKeyDer::from_pem_slice(text)
        .map_err(|error| Error::new(path, format!("there is no private key in it: {error}")))
}

/// The roots in `text`, which was read from `path`.
pub(crate) fn roots(path: &Path, text: &[u8]) -> Result<Arc<RootCertStore>, Error> {
    let mut roots = RootCertStore::empty();
    for root in chain(path, text)? {
        roots.add(root).map_err(|error| Error::new(path, format!("a certificate in it is no root: {error}")))?;
    }
    Ok(Arc::new(roots))
}
