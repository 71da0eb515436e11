//! The name that a certificate gives its holder.

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

/// The name of a certificate's holder: its first URI among the subject's alternative names (a SPIFFE ID is one), or else
/// its first DNS name. None if it has neither. The certificate must have been verified before.
#[must_use]
pub fn holder(certificate: &CertificateDer<'_>) -> Option<String> {
    let certificate = EndEntityCert::try_from(certificate).ok()?;
    let named = certificate.valid_uri_names().next().or_else(|| certificate.valid_dns_names().next());
    named.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, SanType};

    use super::*;

    fn named(names: Vec<SanType>) -> Option<String> {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        holder(certificate.der())
    }

    #[test]
    fn a_uri_names_the_holder_before_a_dns_name_does() {
        let dns = || SanType::DnsName("ranker.acme".try_into().unwrap());
        let uri = || SanType::URI("spiffe://acme/ranker".try_into().unwrap());
        assert_eq!(named(vec![dns(), uri()]).as_deref(), Some("spiffe://acme/ranker"));
        assert_eq!(named(vec![dns()]).as_deref(), Some("ranker.acme"));
        assert_eq!(named(vec![SanType::IpAddress([127, 0, 0, 1].into())]), None);
        assert_eq!(named(vec![]), None);
    }
}
