//! The end of a connection that begins it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::{ClientConfig, RootCertStore};

use crate::{Error, HTTP_2, pem, provider};

/// Whom a client trusts, and how it says who it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientFiles {
    /// Who certifies servers; none: whom the machine trusts.
    pub ca: Option<PathBuf>,
    /// Its own certificate and the private key of it; none: it has none.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// One end of connections to servers, over which gRPC is spoken.
#[derive(Debug)]
pub struct Client {
    files: ClientFiles,
    last: Mutex<Option<(Texts, Arc<ClientConfig>)>>,
}

/// What the files said.
#[derive(PartialEq, Eq)]
struct Texts {
    ca: Option<Vec<u8>>,
    identity: Option<(Vec<u8>, Vec<u8>)>,
}

// A key is in it, which is for no log.
impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Texts")
    }
}

impl ClientFiles {
    /// Makes sure that the files can be used.
    ///
    /// # Errors
    /// The file that can't.
    pub fn check(&self) -> Result<(), Error> {
        self.config(&self.read()?).map(|_| ())
    }

    fn read(&self) -> Result<Texts, Error> {
        let ca = self.ca.as_deref().map(pem::read).transpose()?;
        let identity = self.identity.as_ref().map(|(certificate, key)| Ok((pem::read(certificate)?, pem::read(key)?)));
        Ok(Texts { ca, identity: identity.transpose()? })
    }

    fn config(&self, texts: &Texts) -> Result<Arc<ClientConfig>, Error> {
        let roots = match (&self.ca, &texts.ca) {
            (Some(path), Some(text)) => pem::roots(path, text)?,
            _ => machine_roots()?,
        };
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("ring has a suite for each default version")
            .with_root_certificates(roots);
        let mut config = match (&self.identity, &texts.identity) {
            (Some((certificate, key)), Some((chain_text, key_text))) => {
                let (chain, key) = (pem::chain(certificate, chain_text)?, pem::key(key, key_text)?);
                let unfit = |error: rustls::Error| Error::new(certificate, format!("it can't be shown: {error}"));
                builder.with_client_auth_cert(chain, key).map_err(unfit)?
            }
            _ => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![HTTP_2.to_vec()];
        Ok(Arc::new(config))
    }
}

fn machine_roots() -> Result<Arc<RootCertStore>, Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        let fault = "this machine trusts nobody; name the certificate of who certified the server";
        return Err(Error { path: PathBuf::new(), fault: fault.to_owned() });
    }
    Ok(Arc::new(roots))
}

impl Client {
    /// A client of `files`, which are read at its first connection.
    #[must_use]
    pub fn new(files: ClientFiles) -> Self {
        Self { files, last: Mutex::default() }
    }

    /// The configuration for a connection that begins now: of the files as they are, or, if they can't be used, as they
    /// were when they last could.
    ///
    /// # Errors
    /// The file that can't be used, if they never could.
    pub fn config(&self) -> Result<Arc<ClientConfig>, Error> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let made = self.files.read().and_then(|texts| match &*last {
            Some((known, config)) if *known == texts => Ok((texts, Arc::clone(config))),
            _ => self.files.config(&texts).map(|config| (texts, config)),
        });
        match (made, &*last) {
            (Ok((texts, config)), _) => {
                *last = Some((texts, Arc::clone(&config)));
                Ok(config)
            }
            (Err(_), Some((_, config))) => Ok(Arc::clone(config)),
            (Err(error), None) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn pem() -> String {
        CertificateParams::default().self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
    }

    #[test]
    fn changed_files_are_taken_and_broken_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca.pem");
        let client = Client::new(ClientFiles { ca: Some(ca.clone()), identity: None });
        assert_eq!(client.config().unwrap_err().path, ca);
        std::fs::write(&ca, pem()).unwrap();
        let first = client.config().unwrap();
        assert!(Arc::ptr_eq(&first, &client.config().unwrap()), "sessions are resumed by the same configuration alone");
        std::fs::write(&ca, "rubbish").unwrap();
        assert!(Arc::ptr_eq(&first, &client.config().unwrap()));
        std::fs::write(&ca, pem()).unwrap();
        assert!(!Arc::ptr_eq(&first, &client.config().unwrap()));
    }
}
