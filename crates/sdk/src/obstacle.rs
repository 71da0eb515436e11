//! What stands between a caller and a service that can't be reached.

/// What stands between a caller and a service that can't be reached, as far as it can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// Nobody listens at the address.
    NobodyListens,
    /// Somebody listens, and does not speak as it was spoken to: without TLS. As a rule it has a certificate.
    NotPlain,
    /// Somebody listens, and does not speak TLS.
    NotTls,
    /// Its certificate was issued by nobody who is trusted here.
    ForeignAuthority,
    /// Its certificate is for other names than the one in the address.
    OtherName,
    /// Its certificate does not hold now, or not for this.
    CertificateUnfit,
    /// It does not accept how this side proves itself under TLS.
    Refused,
    /// It closed a connection under TLS at once, as one does that refuses this side: under TLS 1.3 the refusal comes after the
    /// handshake, and is not always read before the connection is gone.
    Closed,
    /// Anything else.
    Unknown,
}

/// How rustls begins to say that a server's certificate does not hold, and that the server has refused this side. HTTP/2,
/// under which a server may refuse late, keeps nothing of an error but its words.
const UNFIT: &str = "invalid peer certificate";
const REFUSED: &str = "received fatal alert";

/// What keeps the machine itself from getting there, in the system's words.
const NO_WAY: [&str; 4] = ["timed out", "unreachable", "lookup", "No route"];

impl Obstacle {
    /// What the words of an error's root say, of a connection that was to be under TLS (`https`) or not (`http`).
    pub(crate) fn told_by(root: &str, scheme: &str) -> Self {
        let says = |words: &[&str]| words.iter().any(|word| root.contains(word));
        if says(&["Connection refused"]) {
            Self::NobodyListens
        } else if root.starts_with(UNFIT) {
            if says(&["UnknownIssuer", "BadSignature"]) {
                Self::ForeignAuthority
            } else if says(&["not valid for name", "NotValidForName"]) {
                Self::OtherName
            } else {
                Self::CertificateUnfit
            }
        } else if root.starts_with(REFUSED) {
            Self::Refused
        } else if scheme == "https" && says(&["corrupt message", "InvalidContentType", "tls handshake eof"]) {
            Self::NotTls
        } else if scheme == "https" && says(&["broken pipe", "connection closed", "reset"]) {
            Self::Closed
        } else if scheme == "http" && !says(&NO_WAY) {
            Self::NotPlain
        } else {
            Self::Unknown
        }
    }

    /// What to do about it, for a person.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::NobodyListens => {
                "Check that the service runs there (`slipway up` starts all of them), and that the address is right."
            }
            Self::NotPlain => {
                "Check that the address begins with https:// if the service has a certificate, and that it is the service's."
            }
            Self::NotTls => {
                "Check that the address begins with http:// if the service has no certificate, and that it is the service's."
            }
            Self::ForeignAuthority => "Name the certificate of who certified it (the command: --ca).",
            Self::OtherName => {
                "Call it by a name that stands in its certificate, or give it one with this name (`slipway certs issue` has \
                 --dns and --ip)."
            }
            Self::CertificateUnfit => {
                "Its certificate does not hold: renew it, and see to it that both clocks are right."
            }
            Self::Refused => {
                "Show a certificate that it trusts and that has not ended (the command: --certificate and --key)."
            }
            Self::Closed => {
                "It may be stopping; or it does not accept how this side proves itself: show a certificate that it trusts \
                 (the command: --certificate and --key)."
            }
            Self::Unknown => {
                "Check that the service runs there (`slipway up` starts all of them), that the address is right, and that it \
                 begins with https:// if the service has a certificate."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_the_way_is_told_by_the_words_of_the_root() {
        for (root, scheme, obstacle) in [
            ("Connection refused (os error 111)", "https", Obstacle::NobodyListens),
            ("Connection refused (os error 111)", "http", Obstacle::NobodyListens),
            ("invalid peer certificate: UnknownIssuer", "https", Obstacle::ForeignAuthority),
            ("invalid peer certificate: certificate not valid for name \"a\"", "https", Obstacle::OtherName),
            ("invalid peer certificate: certificate expired: verification time 5", "https", Obstacle::CertificateUnfit),
            ("received fatal alert: CertificateRequired", "https", Obstacle::Refused),
            ("received corrupt message of type InvalidContentType", "https", Obstacle::NotTls),
            ("frame with invalid size", "http", Obstacle::NotPlain),
            ("connection timed out", "http", Obstacle::Unknown),
            ("stream closed because of a broken pipe", "https", Obstacle::Closed),
            ("connection closed", "https", Obstacle::Closed),
            ("something else", "https", Obstacle::Unknown),
        ] {
            assert_eq!(Obstacle::told_by(root, scheme), obstacle, "{root}");
        }
    }
}
