//! Makes certificates: good ones, and ones that nobody should accept.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType, date_time_ymd};

/// Somebody who certifies others.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate, in PEM.
    pub pem: String,
}

/// When a certificate holds.
#[derive(Clone, Copy)]
pub enum Holds {
    Now,
    NoMore,
    NotYet,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate and its key, in PEM.
    pub fn certify(&self, names: Vec<SanType>, holds: Holds) -> (String, String) {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        (params.not_before, params.not_after) = match holds {
            Holds::Now => (date_time_ymd(2000, 1, 1), date_time_ymd(2100, 1, 1)),
            Holds::NoMore => (date_time_ymd(2000, 1, 1), date_time_ymd(2001, 1, 1)),
            Holds::NotYet => (date_time_ymd(2099, 1, 1), date_time_ymd(2100, 1, 1)),
        };
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

pub fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

pub fn uri(name: &str) -> SanType {
    SanType::URI(name.try_into().unwrap())
}

/// Writes a certificate and its key as `NAME.crt` and `NAME.key`.
pub fn write(folder: &Path, name: &str, (certificate, key): &(String, String)) -> (PathBuf, PathBuf) {
    let (one, two) = (folder.join(format!("{name}.crt")), folder.join(format!("{name}.key")));
    std::fs::write(&one, certificate).unwrap();
    std::fs::write(&two, key).unwrap();
    (one, two)
}
