//! Questions to a server on the web, with bounds on what it may answer.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use serde::de::DeserializeOwned;
use slipway_chassis::env::Env;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::exit::Usage;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest answer that is read, in bytes.
const LONGEST: u64 = 256 << 20;
/// How often a question is asked that the server could not answer now.
const ATTEMPTS: u32 = 4;

/// How somebody says who they are. It can't be printed.
#[derive(Clone)]
pub enum Credentials {
    /// A token.
    Bearer(String),
    /// A user and a password, with a colon between them.
    Basic(String),
}

/// Where credentials may go without TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plain {
    /// To this machine.
    Here,
    /// Anywhere.
    Anywhere,
}

/// A server, and who asks it. Cheap to clone.
#[derive(Clone)]
pub struct Web {
    agent: ureq::Agent,
    base: String,
    authorization: Option<String>,
}

impl Web {
    /// A server at `base`, under which all that is asked lies.
    pub fn new(base: &str, credentials: Option<Credentials>, plain: Plain, ca: Option<&Path>) -> Result<Self> {
        let base = base.trim_end_matches('/').to_owned();
        // It would be in every message, and go wherever the address leads.
        if base.split_once("://").is_some_and(|(_, rest)| rest.split('/').next().unwrap_or_default().contains('@')) {
            let told = "the address has a user or a password in it: give them by MLFLOW_TRACKING_USERNAME and \
                        MLFLOW_TRACKING_PASSWORD, or by --mlflow-login-file";
            return Err(Usage(told.to_owned()).into());
        }
        let uri: ureq::http::Uri = base.parse().map_err(|_| Usage(format!("{base} is no address")))?;
        let host = uri.host().unwrap_or_default();
        let is_here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if credentials.is_none() || is_here || plain == Plain::Anywhere => {}
            Some("http") => {
                let told = "the token or password would be sent in the clear to another machine: use https, or --allow-plain-http";
                return Err(Usage(told.to_owned()).into());
            }
            _ => return Err(Usage(format!("{base} is no http or https address")).into()),
        }
        let authorization = credentials.map(|credentials| match credentials {
            Credentials::Bearer(token) => format!("Bearer {token}"),
            Credentials::Basic(login) => {
                format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(login))
            }
        });
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .root_certs(RootCerts::Specific(Arc::new(roots(ca)?)))
            .build();
        let config = ureq::Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            // A redirection could carry the credentials elsewhere.
            .max_redirects(0)
            .max_redirects_will_error(true)
            .build();
        Ok(Self { agent: ureq::Agent::new_with_config(config), base, authorization })
    }

    /// The answer to a question: `path` with its parameters. What could not be answered now is asked again.
    pub async fn get<T: DeserializeOwned + Send + 'static>(&self, path: &str, query: &[(&str, &str)]) -> Result<T> {
        let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let address = format!("{}{path}?{}", self.base, query.join("&"));
        let mut attempt = 1;
        loop {
            let (web, asked) = (self.clone(), address.clone());
            let answer = tokio::task::spawn_blocking(move || web.ask(&asked)).await?;
            match answer {
                Ok((200, body)) => {
                    return serde_json::from_str(&body).with_context(|| format!("what {address} answers"));
                }
                Ok((status, _)) if attempt < ATTEMPTS && matches!(status, 429 | 500 | 502 | 503 | 504) => {}
                Err(_) if attempt < ATTEMPTS => {}
                Ok((status, body)) => bail!("{address} answers {status}: {}", told(&body)),
                Err(error) => return Err(error).with_context(|| format!("asking {address}")),
            }
            Env::system().sleep(Duration::from_millis(250) * 2u32.pow(attempt)).await;
            attempt += 1;
        }
    }

    fn ask(&self, address: &str) -> Result<(u16, String)> {
        let mut request = self.agent.get(address);
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let mut answer = request.call()?;
        let status = answer.status().as_u16();
        Ok((status, answer.body_mut().with_config().limit(LONGEST).read_to_string()?))
    }
}

/// What a server says of its refusal, in short.
fn told(body: &str) -> String {
    let said = serde_json::from_str::<serde_json::Value>(body).ok();
    let message = said.as_ref().and_then(|said| said.get("message")?.as_str()).unwrap_or(body);
    message.chars().take(300).collect()
}

/// A text as it stands in an address.
pub fn escaped(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

fn roots(ca: Option<&Path>) -> Result<Vec<Certificate<'static>>> {
    let Some(path) = ca else {
        let native = rustls_native_certs::load_native_certs().certs;
        return Ok(native.iter().map(|der| Certificate::from_der(der).to_owned()).collect());
    };
    let text = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    let roots: Vec<_> = parse_pem(&text)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if roots.is_empty() {
        bail!("{} has no certificate in it", path.display());
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_goes_in_the_clear_to_this_machine_alone() {
        let token = || Some(Credentials::Bearer("x".to_owned()));
        let made = |base, credentials, plain| Web::new(base, credentials, plain, None).is_ok();
        assert!(made("http://mlflow.acme:5000", None, Plain::Here));
        assert!(!made("http://mlflow.acme:5000", token(), Plain::Here));
        assert!(made("http://mlflow.acme:5000", token(), Plain::Anywhere));
        assert!(made("http://127.0.0.1:5000/prefix/", token(), Plain::Here));
        assert!(made("https://mlflow.acme", token(), Plain::Here));
        assert!(!made("ftp://mlflow.acme", None, Plain::Here));
        for with_secret in ["http://ada:secret@mlflow.acme:5000", "https://ada:secret@mlflow.acme/prefix"] {
            let refused = Web::new(with_secret, None, Plain::Anywhere, None).err().unwrap().to_string();
            assert!(refused.contains("MLFLOW_TRACKING_PASSWORD") && !refused.contains("secret"), "{refused}");
        }
    }

    #[test]
    fn what_is_asked_for_is_escaped() {
        assert_eq!(escaped("name='a b/é'"), "name%3D%27a%20b%2F%C3%A9%27");
    }
}
