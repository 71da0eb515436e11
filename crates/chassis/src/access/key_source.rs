//! Where the public keys of an issuer come from: a file, or its key set on the web.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// How long the issuer may take to answer, in all.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest key set that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// Where the public keys of an issuer come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// A file, which must be there from the start.
    File(PathBuf),
    /// An address, which may be out of reach for a while: the keys that were read last hold until it answers again.
    Web {
        /// Its address: `https`, or `http` on this machine.
        address: Uri,
        /// The roots by which its certificate is trusted; none for those of the machine.
        ca: Option<PathBuf>,
    },
}

impl KeySource {
    /// Where it is, as a path or an address.
    pub(super) fn path(&self) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Web { address, .. } => address.to_string().into(),
        }
    }
}

/// Reads a source: an address with its scheme, or else a path. None for an address that is not one of a key set.
#[must_use]
pub fn parse(text: &str) -> Option<KeySource> {
    if !text.contains("://") {
        return (!text.is_empty()).then(|| KeySource::File(text.into()));
    }
    let address: Uri = text.parse().ok()?;
    let host = address.host()?;
    let secure = address.scheme_str() == Some("https");
    let here = address.scheme_str() == Some("http") && ["127.0.0.1", "[::1]", "localhost"].contains(&host);
    (secure || here).then_some(KeySource::Web { address, ca: None })
}

/// Fetches the key set at `address`. Blocks its thread for some seconds at most.
///
/// # Errors
/// Why there is none, for a person.
pub(super) fn fetch(address: &Uri, ca: Option<&std::path::Path>) -> Result<String, String> {
    let roots = match ca {
        Some(path) => pem(path)?,
        None => rustls_native_certs::load_native_certs()
            .certs
            .iter()
            .map(|der| Certificate::from_der(der).to_owned())
            .collect(),
    };
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .root_certs(RootCerts::Specific(Arc::new(roots)))
        .build();
    let config = ureq::Agent::config_builder()
        .tls_config(tls)
        .timeout_global(Some(PATIENCE))
        .max_redirects(0)
        .max_redirects_will_error(true)
        .build();
    let told = |error: ureq::Error| format!("{address} does not give its keys: {error}");
    let mut answer = ureq::Agent::new_with_config(config).get(address).call().map_err(told)?;
    answer.body_mut().with_config().limit(LONGEST).read_to_string().map_err(told)
}

fn pem(path: &std::path::Path) -> Result<Vec<Certificate<'static>>, String> {
    let text = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let roots: Vec<_> = parse_pem(&text)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if roots.is_empty() { Err(format!("{} has no certificate in it", path.display())) } else { Ok(roots) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_from_files_and_over_secure_ways_alone() {
        assert_eq!(parse("keys.json"), Some(KeySource::File("keys.json".into())));
        assert!(matches!(parse("https://id.acme/keys"), Some(KeySource::Web { .. })));
        assert!(matches!(parse("http://127.0.0.1:80/keys"), Some(KeySource::Web { .. })));
        for bad in ["", "http://id.acme/keys", "ftp://id.acme/keys", "https://", "http://127.0.0.1.evil.example/"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
