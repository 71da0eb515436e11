//! Who asks, under which request id and until when: what a handler knows of a call beside its message.

use std::fmt;
use std::time::Instant;

use http::HeaderValue;
use slipway_domain::access::{self, Permission, Subject};
use slipway_domain::fault::Fault;
use slipway_domain::principal::Principal;
use tonic::Status;

use crate::access::Granted;
use crate::aside::Aside;
use crate::env::Env;
use crate::status;

/// The longest request id that is taken over from a caller, in bytes.
const LONGEST: usize = 128;

/// The name under which one call is found again in logs, traces and answers: visible ASCII, at most 128 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// A new id that nobody else has.
    #[must_use]
    pub fn new(env: &Env) -> Self {
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        let text = env.new_id().as_hyphenated().encode_lower(&mut text);
        Self(HeaderValue::from_str(text).expect("hexadecimal digits and hyphens are visible ASCII"))
    }

    /// The id that a caller proposes; none when it is empty, too long, or not plain visible ASCII.
    #[must_use]
    pub fn proposed(value: &HeaderValue) -> Option<Self> {
        let bytes = value.as_bytes();
        let sane = !bytes.is_empty() && bytes.len() <= LONGEST && bytes.iter().all(u8::is_ascii_graphic);
        sane.then(|| Self(value.clone()))
    }

    /// The id that a text is; none as for [`RequestId::proposed`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        HeaderValue::from_str(text).ok().as_ref().and_then(Self::proposed)
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.to_str().expect("only visible ASCII is let in")
    }

    /// The id as the value of a header.
    #[must_use]
    pub fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One call, as its handler sees it.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who asks.
    pub principal: Principal,
    /// The name of this call.
    pub request_id: RequestId,
    /// When the answer is worth nothing any more, in real time; none for a stream without a deadline.
    pub deadline: Option<Instant>,
    /// What it may do with the method that it calls.
    pub granted: Granted,
    /// What goes beside its answer.
    pub aside: Aside,
}

impl Caller {
    /// Somebody inside the process, who may do everything and has no deadline.
    #[must_use]
    pub fn inside(principal: Principal, request_id: RequestId) -> Self {
        Self { principal, request_id, deadline: None, granted: Granted::everything(), aside: Aside::default() }
    }

    /// The same caller before a part of what its method does that needs another permission.
    #[must_use]
    pub fn with(&self, permission: Permission) -> Self {
        Self { granted: self.granted.with(permission), ..self.clone() }
    }

    /// Whether the caller may do what it calls the method for, on `subject`.
    #[must_use]
    pub fn covers(&self, subject: &Subject<'_>) -> bool {
        self.granted.grant.covers(subject)
    }

    /// Whether the caller has `permission` on `subject`, whatever its method needs.
    #[must_use]
    pub fn may(&self, permission: Permission, subject: &Subject<'_>) -> bool {
        self.granted.holds(permission, subject)
    }

    /// Whether a change of a resource from the subject `before` to `after` brings it into the reach of a permission of
    /// the caller's that did not reach it before.
    #[must_use]
    pub fn comes_to_reach(&self, before: &Subject<'_>, after: &Subject<'_>) -> bool {
        Permission::ALL.into_iter().any(|permission| self.may(permission, after) && !self.may(permission, before))
    }

    /// Makes sure that the caller may do what it calls the method for, on `subject`, which it names as `on`. To be asked
    /// before anything is said about what exists.
    ///
    /// # Errors
    /// [`access::Error::Denied`].
    pub fn check(&self, subject: &Subject<'_>, on: &dyn fmt::Display) -> Result<(), access::Error> {
        if self.covers(subject) { Ok(()) } else { Err(self.denied(on)) }
    }

    /// Makes sure that the caller may do what it calls the method for on something in `namespace`, or in any for `-`:
    /// the rest is left out of its answer.
    ///
    /// # Errors
    /// [`access::Error::Denied`].
    pub fn check_listing(&self, namespace: &str, on: &dyn fmt::Display) -> Result<(), access::Error> {
        if self.granted.grant.touches(namespace) { Ok(()) } else { Err(self.denied(on)) }
    }

    /// What the caller is told while it can't be known whether `subject` is covered.
    #[must_use]
    pub fn undecided(&self, on: &dyn fmt::Display) -> access::Error {
        access::Error::Undecided {
            principal: self.principal.clone(),
            permission: self.permission(),
            on: on.to_string(),
        }
    }

    fn permission(&self) -> &'static str {
        self.granted.permission.map_or("access", Permission::name)
    }

    /// What the caller is told when it may not do on `on` what it calls the method for.
    #[must_use]
    pub fn denied(&self, on: &dyn fmt::Display) -> access::Error {
        access::Error::Denied { principal: self.principal.clone(), permission: self.permission(), on: on.to_string() }
    }

    /// The status that tells this caller about `fault`.
    #[must_use]
    pub fn status(&self, fault: &dyn Fault) -> Status {
        status::from_fault(fault, &self.request_id)
    }
}

/// The caller of `request`. A request that did not come through [`crate::layers`] is anonymous and gets an id of its
/// own.
#[must_use]
pub fn caller<T>(request: &tonic::Request<T>) -> Caller {
    let inside = || Caller::inside(Principal::anonymous(), RequestId::new(&Env::system()));
    request.extensions().get::<Caller>().cloned().unwrap_or_else(inside)
}
