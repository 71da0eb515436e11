//! The settings by which a service calls others: whom it trusts, and how it says who it is.

use std::path::PathBuf;

use slipway_tls::ClientFiles;

use super::{Common, Reader, Row, Setting, parse};

const CA: Setting<PathBuf> = Setting::new(
    "peers.ca",
    "",
    parse::path,
    "the path of a PEM file",
    "The roots by which the certificates of other services are trusted, in place of the machine's. To services at \
     https addresses this one shows its own certificate, tls.certificate. Read again at each connection",
);

const TOKEN_FILE: Setting<PathBuf> = Setting::new(
    "peers.token-file",
    "",
    parse::path,
    "the path of a file with one token in it",
    "The token by which this service says to others who it is, when its certificate does not. Read again when it changes",
);

/// The settings of a service that calls others.
pub const ROWS: [Row; 2] = [CA.row, TOKEN_FILE.row];

/// How a service calls others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Peers {
    /// Whom it trusts under TLS.
    pub ca: Option<PathBuf>,
    /// Where its token is.
    pub token_file: Option<PathBuf>,
}

impl Peers {
    /// What the settings say.
    pub fn read(reader: &mut Reader) -> Self {
        Self { ca: reader.optional(&CA), token_file: reader.optional(&TOKEN_FILE) }
    }

    /// The files of its connections to others, given what every service is told.
    #[must_use]
    pub fn files(&self, common: &Common) -> ClientFiles {
        let own = common.tls.as_ref().map(|tls| (tls.files.certificate.clone(), tls.files.key.clone()));
        ClientFiles { ca: self.ca.clone(), identity: own }
    }
}
