//! What a call brings to prove who calls.

use std::sync::Arc;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use jiff::Timestamp;

use super::Refused;
use crate::server::Peer;

/// The longest token that is looked at, in bytes.
const LONGEST_TOKEN: usize = 8 << 10;

/// The certificate of a connection, which was verified when the connection began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Whom it names; empty if nobody.
    pub name: Arc<str>,
    /// When it ends, however long the connection lasts.
    pub until: Timestamp,
}

/// The proofs of one call. A token counts before the certificate of the connection, which may be a proxy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credentials<'a> {
    bearer: Option<&'a str>,
    certificate: Option<&'a Certificate>,
}

impl<'a> Credentials<'a> {
    /// These proofs.
    #[must_use]
    pub fn new(bearer: Option<&'a str>, certificate: Option<&'a Certificate>) -> Self {
        Self { bearer, certificate }
    }

    /// The proofs of a call with these headers, on a connection with this verified certificate.
    ///
    /// # Errors
    /// [`Refused::Malformed`] for an `authorization` that is not one bearer token of a sane length.
    pub fn of(headers: &'a HeaderMap, certificate: Option<&'a Certificate>) -> Result<Self, Refused> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let Some(value) = values.next() else { return Ok(Self { bearer: None, certificate }) };
        let bearer = value.to_str().ok().and_then(bearer).filter(|token| token.len() <= LONGEST_TOKEN);
        match (bearer, values.next()) {
            (Some(token), None) => Ok(Self { bearer: Some(token), certificate }),
            _ => Err(Refused::Malformed),
        }
    }

    /// The proofs that `request` came with.
    ///
    /// # Errors
    /// As [`Credentials::of`].
    pub fn of_request<T>(request: &'a tonic::Request<T>) -> Result<Self, Refused> {
        let certificate = request.extensions().get::<Peer>().and_then(|peer| peer.certificate.as_ref());
        Self::of(request.metadata().as_ref(), certificate)
    }

    /// The bearer token.
    #[must_use]
    pub fn bearer(&self) -> Option<&'a str> {
        self.bearer
    }

    /// The certificate of the connection.
    #[must_use]
    pub fn certificate(&self) -> Option<&'a Certificate> {
        self.certificate
    }
}

impl<'a> Credentials<'a> {
    /// The certificate, if it is what says who calls.
    pub(super) fn proving(&self) -> Option<&'a Certificate> {
        self.certificate.filter(|_| self.bearer.is_none())
    }
}

/// The token in `Bearer TOKEN` (RFC 6750, section 2.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    let sane = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    (scheme.eq_ignore_ascii_case("bearer") && sane).then_some(token)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(values: &[&str]) -> Result<Option<String>, Refused> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        Credentials::of(&headers, None).map(|credentials| credentials.bearer().map(str::to_owned))
    }

    #[test]
    fn one_bearer_token_is_taken_whatever_the_case_of_its_scheme() {
        assert_eq!(of(&[]).unwrap(), None);
        assert_eq!(of(&["Bearer abc"]).unwrap(), Some("abc".to_owned()));
        assert_eq!(of(&["bearer  abc"]).unwrap(), Some("abc".to_owned()));
    }

    #[test]
    fn whatever_else_is_written_there_is_refused_and_never_passed_over() {
        let long = format!("Bearer {}", "x".repeat(LONGEST_TOKEN + 1));
        for values in [
            &["Basic YTpi"][..],
            &["Bearer"],
            &["Bearer "],
            &["abc"],
            &["Bearer a b"],
            &[&long],
            &["Bearer a", "Bearer b"],
        ] {
            assert!(matches!(of(values), Err(Refused::Malformed)), "{values:?}");
        }
    }
}
