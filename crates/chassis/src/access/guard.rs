//! Policy and proofs as they stand at one moment: what decides about a call.

use std::sync::Arc;

use jiff::Timestamp;
use slipway_domain::access::method::Rule;
use slipway_domain::access::{self, Identity, Permission, Policy, Rights};
use slipway_domain::principal::Principal;

use super::jwt::Jwt;
use super::known::{Known, Remembered};
use super::tokens::{self, Tokens};
use super::{Admitted, Certificate, Credentials, Granted, Refused, Replaced};

/// Policy and proofs as they stand at one moment. Another one takes its place when a file changes.
#[derive(Debug, Default)]
pub struct Guard {
    /// None: everybody may do everything.
    policy: Option<Policy>,
    jwt: Option<Jwt>,
    tokens: Tokens,
    bearers: Remembered,
    certificates: Remembered,
    replaced: Replaced,
}

impl Guard {
    /// Lets everybody do everything.
    #[must_use]
    pub fn open() -> Self {
        Self::default()
    }

    /// Lets callers do what `policy` allows.
    #[must_use]
    pub fn new(policy: Policy, jwt: Option<Jwt>, tokens: Tokens) -> Self {
        Self { policy: Some(policy), jwt, tokens, ..Self::default() }
    }

    /// Whether callers have to prove who they are.
    #[must_use]
    pub fn is_guarded(&self) -> bool {
        self.policy.is_some()
    }

    /// The policy; none if there is none.
    #[must_use]
    pub fn policy(&self) -> Option<&Policy> {
        self.policy.as_ref()
    }

    /// Ends when another guard has taken this one's place.
    pub(super) fn replaced(&self) -> &Replaced {
        &self.replaced
    }

    /// Lets a caller in who may do what `rule` asks, somewhere.
    pub(super) fn admit(&self, rule: Rule, credentials: &Credentials<'_>, now: Timestamp) -> Result<Admitted, Refused> {
        let Some(policy) = &self.policy else {
            let granted = Granted::open(needed(rule));
            return Ok(Admitted { principal: Principal::anonymous(), granted, until: None });
        };
        if rule == Rule::Open {
            return Ok(Admitted { principal: Principal::anonymous(), granted: Granted::everything(), until: None });
        }
        let known = self.known(policy, credentials, now)?;
        // What a certificate proves is remembered by its name, which its successor has, too: the end is its own.
        let until = known.until.or(credentials.proving().map(|certificate| certificate.until));
        if until.is_some_and(|until| until <= now) {
            return Err(Refused::Expired);
        }
        let principal = known.principal.clone();
        match rule {
            Rule::Closed => Err(closed(principal)),
            Rule::Open | Rule::Authenticated => {
                if !principal.is_authenticated() {
                    return Err(Refused::Missing);
                }
                Ok(Admitted { principal, granted: Granted::everything(), until })
            }
            Rule::Needs(permission) => {
                let granted = Granted::by(&known.rights, permission);
                if granted.grant.is_nothing() {
                    return Err(nowhere(principal, permission));
                }
                Ok(Admitted { principal, granted, until })
            }
        }
    }

    fn known(&self, policy: &Policy, credentials: &Credentials<'_>, now: Timestamp) -> Result<Arc<Known>, Refused> {
        let (remembered, proof) = match (credentials.bearer(), credentials.certificate()) {
            (Some(token), _) => (&self.bearers, token),
            (None, Some(certificate)) => (&self.certificates, &*certificate.name),
            (None, None) => {
                let nobody = Identity::of(Principal::anonymous());
                let rights = policy.rights(&nobody).into();
                return Ok(Arc::new(Known { principal: nobody.principal, rights, until: None }));
            }
        };
        if let Some(known) = remembered.get(proof) {
            return Ok(known);
        }
        let (identity, until) = self.identify(credentials, now)?;
        let until = until.filter(|_| credentials.proving().is_none());
        let known = Arc::new(Known { rights: policy.rights(&identity).into(), principal: identity.principal, until });
        remembered.insert(proof, &known);
        Ok(known)
    }

    /// Who the credentials prove somebody to be, and until when.
    pub(super) fn identify(
        &self,
        credentials: &Credentials<'_>,
        now: Timestamp,
    ) -> Result<(Identity, Option<Timestamp>), Refused> {
        match (credentials.bearer(), credentials.certificate()) {
            (Some(token), _) if token.starts_with(tokens::PREFIX) => self.tokens.identify(token),
            (Some(token), _) => {
                let jwt =
                    self.jwt.as_ref().ok_or(Refused::Invalid { cause: "no JSON web tokens are accepted here" })?;
                jwt.verify(token, now).map(|(identity, until)| (identity, Some(until)))
            }
            (None, Some(Certificate { name, until })) => {
                let principal = Principal::certificate(name)
                    .map_err(|_| Refused::Invalid { cause: "the certificate's name is no principal" })?;
                Ok((Identity::of(principal), Some(*until)))
            }
            (None, None) => Ok((Identity::of(Principal::anonymous()), None)),
        }
    }

    /// What an identity may do.
    #[must_use]
    pub fn rights(&self, identity: &Identity) -> Rights {
        self.policy.as_ref().map_or_else(Rights::everything, |policy| policy.rights(identity))
    }
}

fn needed(rule: Rule) -> Option<Permission> {
    match rule {
        Rule::Open | Rule::Authenticated | Rule::Closed => None,
        Rule::Needs(permission) => Some(permission),
    }
}

/// A method for which no rule was written.
fn closed(principal: Principal) -> Refused {
    access::Error::Denied { principal, permission: "a rule", on: "this method".to_owned() }.into()
}

/// Somebody who proved nothing is asked to; who is known learns that they may not.
fn nowhere(principal: Principal, permission: Permission) -> Refused {
    if principal.is_authenticated() {
        access::Error::Denied { principal, permission: permission.name(), on: "anything".to_owned() }.into()
    } else {
        Refused::Missing
    }
}
