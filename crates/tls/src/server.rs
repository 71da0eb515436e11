//! The end of a connection that is connected to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;

use crate::{Error, not_after, pem, provider};

/// Where a server's certificate is, and who is trusted to certify its clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFiles {
    /// Its certificate, and those between it and the root.
    pub certificate: PathBuf,
    /// The private key of its certificate.
    pub key: PathBuf,
    /// Who certifies clients, and whether they must be certified; none: nobody is asked.
    pub clients: Option<(PathBuf, ClientAuth)>,
}

/// Whether a client must have a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// It may have one, which then must be good.
    Optional,
    /// It must.
    Required,
}

/// What the files said.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerTexts {
    certificate: Vec<u8>,
    key: Vec<u8>,
    roots: Option<Vec<u8>>,
}

/// When the certificates in the files end: of each file, the first that does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// The server's own, or one between it and the root.
    pub server: Timestamp,
    /// Those by which clients are trusted; none if nobody is asked.
    pub client_ca: Option<Timestamp>,
}

/// One end of connections that others begin. Every handshake takes the configuration that holds when it begins.
#[derive(Debug)]
pub struct Server {
    files: ServerFiles,
    protocol: &'static [u8],
    config: ArcSwap<ServerConfig>,
}

// A key is in it, which is for no log.
impl std::fmt::Debug for ServerTexts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerTexts")
    }
}

impl ServerFiles {
    /// What the files say now.
    ///
    /// # Errors
    /// The first file that can't be read.
    pub fn read(&self) -> Result<ServerTexts, Error> {
        let roots = self.clients.as_ref().map(|(path, _)| pem::read(path)).transpose()?;
        Ok(ServerTexts { certificate: pem::read(&self.certificate)?, key: pem::read(&self.key)?, roots })
    }

    /// When the certificates in `texts` end.
    ///
    /// # Errors
    /// The file of which it can't be told.
    pub fn ends(&self, texts: &ServerTexts) -> Result<Ends, Error> {
        let client_ca = match (&self.clients, &texts.roots) {
            (Some((path, _)), Some(roots)) => Some(first_end(path, roots)?),
            _ => None,
        };
        Ok(Ends { server: first_end(&self.certificate, &texts.certificate)?, client_ca })
    }

    fn config(&self, texts: &ServerTexts, protocol: &[u8]) -> Result<Arc<ServerConfig>, Error> {
        let chain = pem::chain(&self.certificate, &texts.certificate)?;
        let key = pem::key(&self.key, &texts.key)?;
        let builder = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("ring has a suite for each default version");
        let builder = match (&self.clients, &texts.roots) {
            (Some((path, auth)), Some(roots)) => builder.with_client_cert_verifier(verifier(path, roots, *auth)?),
            _ => builder.with_no_client_auth(),
        };
        let unfit = |error: rustls::Error| Error::new(&self.certificate, format!("it can't be served: {error}"));
        let mut config = builder.with_single_cert(chain, key).map_err(unfit)?;
        config.alpn_protocols = vec![protocol.to_vec()];
        Ok(Arc::new(config))
    }
}

/// When the first of the certificates ends that were read from `path`.
fn first_end(path: &Path, text: &[u8]) -> Result<Timestamp, Error> {
    let ends = pem::chain(path, text)?.iter().map(not_after).collect::<Option<Vec<_>>>();
    ends.and_then(|ends| ends.into_iter().min()).ok_or_else(|| Error::new(path, "when it ends can't be read"))
}

fn verifier(path: &Path, roots: &[u8], auth: ClientAuth) -> Result<Arc<dyn ClientCertVerifier>, Error> {
    let builder = WebPkiClientVerifier::builder_with_provider(pem::roots(path, roots)?, provider());
    let builder = match auth {
        ClientAuth::Optional => builder.allow_unauthenticated(),
        ClientAuth::Required => builder,
    };
    builder.build().map_err(|error| Error::new(path, error))
}

impl Server {
    /// A server of `files` that speaks `protocol`.
    ///
    /// # Errors
    /// The file that can't be used.
    pub fn open(files: ServerFiles, protocol: &'static [u8]) -> Result<Self, Error> {
        let config = files.config(&files.read()?, protocol)?;
        Ok(Self { files, protocol, config: ArcSwap::new(config) })
    }

    /// The configuration for a handshake that begins now.
    #[must_use]
    pub fn config(&self) -> Arc<ServerConfig> {
        self.config.load_full()
    }

    /// Where its files are.
    #[must_use]
    pub fn files(&self) -> &ServerFiles {
        &self.files
    }

    /// Takes what the files say by now for handshakes that begin later.
    ///
    /// # Errors
    /// The file that can't be used; what held before still holds.
    pub fn take(&self, texts: &ServerTexts) -> Result<(), Error> {
        self.config.store(self.files.config(texts, self.protocol)?);
        Ok(())
    }
}
