//! The settings of TLS: the service's own certificate, and whose certificates it accepts.

use slipway_tls::{ClientAuth, Server, ServerFiles};

use super::Reader;
use super::table::{OPS_PLAIN, TLS_CERTIFICATE, TLS_CLIENT_AUTH, TLS_CLIENT_CA, TLS_KEY};

/// How a service proves who it is, and who its callers are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// Where its certificate is.
    pub files: ServerFiles,
    /// Whether operators are served under TLS, too.
    pub ops: bool,
}

pub(super) fn client_auth(text: &str) -> Option<ClientAuth> {
    match text {
        "optional" => Some(ClientAuth::Optional),
        "required" => Some(ClientAuth::Required),
        _ => None,
    }
}

/// What the settings say of TLS; none where nothing is encrypted. All files are read once here, so that a fault in one of
/// them is told with all others.
pub(super) fn read(reader: &mut Reader) -> Option<Tls> {
    let certificate = reader.optional(&TLS_CERTIFICATE);
    let key = reader.optional(&TLS_KEY);
    let ca = reader.optional(&TLS_CLIENT_CA);
    let auth = reader.value(&TLS_CLIENT_AUTH);
    let ops = !reader.value(&OPS_PLAIN);
    let together = "given together with tls.certificate and tls.key, or not at all";
    let (certificate, key) = match (certificate, key) {
        (Some(certificate), Some(key)) => (certificate, key),
        (certificate, key) => {
            if certificate.is_some() {
                reader.refuse_value(&TLS_KEY, together);
            }
            if key.is_some() {
                reader.refuse_value(&TLS_CERTIFICATE, together);
            }
            if ca.is_some() {
                reader.refuse_value(&TLS_CLIENT_CA, together);
            }
            return None;
        }
    };
    if auth == ClientAuth::Required && ca.is_none() {
        reader.refuse_value(&TLS_CLIENT_AUTH, "optional, unless tls.client-ca says who certifies clients");
    }
    let files = ServerFiles { certificate, key, clients: ca.map(|ca| (ca, auth)) };
    if let Err(error) = Server::open(files.clone(), &[]) {
        let allowed = format!("a file that can be used: {}", error.fault);
        if error.path == files.key {
            reader.refuse_value(&TLS_KEY, &allowed);
        } else if error.path == files.certificate {
            reader.refuse_value(&TLS_CERTIFICATE, &allowed);
        } else {
            reader.refuse_value(&TLS_CLIENT_CA, &allowed);
        }
    }
    Some(Tls { files, ops })
}
