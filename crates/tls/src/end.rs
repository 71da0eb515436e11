//! When a certificate ends.

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The last instant at which a certificate holds (RFC 5280, section 4.1.2.5), in whole seconds. None if it can't be read.
#[must_use]
pub fn not_after(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn ending(year: i32) -> Option<Timestamp> {
        let mut params = CertificateParams::default();
        params.not_after = date_time_ymd(year, 3, 1);
        not_after(params.self_signed(&KeyPair::generate().unwrap()).unwrap().der())
    }

    #[test]
    fn the_end_is_read_in_both_forms_that_a_certificate_may_write_it_in() {
        // Until 2049 a year is written with two digits, later with four.
        for year in [2001, 2049, 2050, 2999] {
            assert_eq!(ending(year), Some(format!("{year}-03-01T00:00:00Z").parse().unwrap()), "{year}");
        }
        assert_eq!(not_after(&CertificateDer::from(b"rubbish".to_vec())), None);
    }
}
