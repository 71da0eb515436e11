//! Who calls, proven, and what the policy lets them do.
//!
//! A caller proves its identity by the certificate of its connection, by a JSON web token ([`jwt`]), or by a static
//! token ([`tokens`]). The policy ([`policy_file`]) says what that identity may do. All of it is read from files, and
//! read again when they change: streams that the change takes rights from are ended.
//!
//! Without a policy everybody may do everything, and nobody is asked who they are.

mod credentials;
mod follow;
mod guard;
pub mod jwt;
pub mod key_source;
mod known;
pub mod policy_file;
mod refused;
mod sources;
pub mod tokens;

use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Counter;
use slipway_domain::access::method::Rule;
use slipway_domain::access::{Grant, Identity, Permission, Rights, Subject};
use slipway_domain::principal::Principal;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::env::Env;
use crate::metrics::{Figure, Metrics, Total};

pub use credentials::{Certificate, Credentials};
pub use guard::Guard;
pub use refused::Refused;
use sources::Texts;

pub use sources::{Error, Sources};

const RELOADS: Figure<Total> = Figure::total(
    "access_reloads",
    "Changed files of policy, tokens and keys that were read again.",
    &[("outcome", "taken, or refused: then what held before still holds")],
);

/// What a caller was let in with.
#[derive(Debug, Clone)]
pub struct Granted {
    /// What its method needs; none for a method that needs no permission.
    pub permission: Option<Permission>,
    /// On what the caller has it.
    pub grant: Grant,
    /// On what it has the others; none if nobody is asked for any.
    rights: Option<Arc<Rights>>,
}

/// By what the method needs alone: a stream goes on when its caller's other rights change.
impl PartialEq for Granted {
    fn eq(&self, other: &Self) -> bool {
        (self.permission, &self.grant) == (other.permission, &other.grant)
    }
}

impl Eq for Granted {}

impl Granted {
    /// Everything: for callers inside the process.
    #[must_use]
    pub fn everything() -> Self {
        Self::open(None)
    }

    /// Everything, to a method that needs this where callers are asked who they are.
    fn open(permission: Option<Permission>) -> Self {
        Self { permission, grant: Grant::everything(), rights: None }
    }

    /// What the policy gives.
    fn by(rights: &Arc<Rights>, permission: Permission) -> Self {
        let grant = rights.grant(permission).clone();
        Self { permission: Some(permission), grant, rights: Some(Arc::clone(rights)) }
    }

    /// Whether the caller has `permission` on `subject`, whatever its method needs.
    #[must_use]
    pub fn holds(&self, permission: Permission, subject: &Subject<'_>) -> bool {
        self.rights.as_ref().is_none_or(|rights| rights.grant(permission).covers(subject))
    }

    /// The same caller before something else that its method does, which needs another permission.
    #[must_use]
    pub fn with(&self, permission: Permission) -> Self {
        match &self.rights {
            Some(rights) => Self::by(rights, permission),
            None => Self::open(Some(permission)),
        }
    }
}

/// A caller that was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// Who it is.
    pub principal: Principal,
    /// What it may do with the method that it calls.
    pub granted: Granted,
    /// When its proof ends; none if it does not.
    pub until: Option<Timestamp>,
}

/// Decides about every call of a service. Cloning is cheap, and all clones follow the same files.
#[derive(Clone)]
pub struct Access(Arc<Shared>);

struct Shared {
    guard: ArcSwap<Guard>,
    /// The files, and what they said when the first guard was made of them.
    sources: Option<(Sources, Texts)>,
    env: Env,
    /// Told when a token names a key that is not known: the issuer may have a new one.
    unknown_key: Notify,
    reloads: Counter<u64>,
}

impl Access {
    /// Everybody may do everything.
    #[must_use]
    pub fn open(env: &Env, metrics: &Metrics) -> Self {
        Self::new(Guard::open(), None, env, metrics)
    }

    /// The policy and the proofs that `sources` name.
    ///
    /// # Errors
    /// [`Error`] if one of them can't be read or is wrong.
    pub fn guarded(sources: Sources, env: &Env, metrics: &Metrics) -> Result<Self, Error> {
        let texts = sources.texts(None)?;
        let guard = sources.guard(&texts)?;
        Ok(Self::new(guard, Some((sources, texts)), env, metrics))
    }

    fn new(guard: Guard, sources: Option<(Sources, Texts)>, env: &Env, metrics: &Metrics) -> Self {
        let reloads = RELOADS.counter(metrics);
        // What is there from the start is seen to grow at its first one.
        ["taken", "refused"].iter().for_each(|outcome| reloads.add(0, &[KeyValue::new("outcome", *outcome)]));
        let guard = ArcSwap::from_pointee(guard);
        Self(Arc::new(Shared { guard, sources, env: env.clone(), unknown_key: Notify::new(), reloads }))
    }

    /// Whether callers have to prove who they are.
    #[must_use]
    pub fn is_guarded(&self) -> bool {
        self.0.guard.load().is_guarded()
    }

    /// The policy and the proofs as they are now.
    #[must_use]
    pub fn guard(&self) -> Arc<Guard> {
        self.0.guard.load_full()
    }

    /// Lets a caller in who may do what `rule` asks, somewhere.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn admit(&self, rule: Rule, credentials: &Credentials<'_>) -> Result<Admitted, Refused> {
        let guard = self.0.guard.load();
        guard.admit(rule, credentials, self.0.env.now()).inspect_err(|refused| self.note(refused))
    }

    /// A key that is not known is fetched.
    fn note(&self, refused: &Refused) {
        if matches!(refused, Refused::Invalid { cause: jwt::UNKNOWN_KEY } | Refused::KeysUnavailable) {
            self.0.unknown_key.notify_one();
        }
    }

    /// Waits until a caller that was let in would not be let in the same way any more: its proof has ended, was taken
    /// back, or the policy gives it other rights.
    pub async fn ended(&self, entry: &Entry) {
        let expired = async {
            match entry.admitted.until {
                Some(until) => self.0.env.sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        let changed = async {
            loop {
                let guard = self.guard();
                let again = guard.admit(entry.rule, &entry.credentials(), self.0.env.now());
                if again.is_ok_and(|again| again == entry.admitted) {
                    guard.replaced().cancelled().await;
                } else {
                    return;
                }
            }
        };
        tokio::select! {
            () = expired => {}
            () = changed => {}
        }
    }

    /// Who `credentials` prove somebody to be, and until when; nobody where nobody is asked who they are.
    ///
    /// # Errors
    /// As [`Access::admit`].
    pub fn identify(&self, credentials: &Credentials<'_>) -> Result<(Identity, Option<Timestamp>), Refused> {
        let guard = self.0.guard.load();
        if !guard.is_guarded() {
            return Ok((Identity::of(Principal::anonymous()), None));
        }
        guard.identify(credentials, self.0.env.now())
    }
}

/// How a caller was let in, to be looked at again.
#[derive(Debug, Clone)]
pub struct Entry {
    rule: Rule,
    bearer: Option<Box<str>>,
    certificate: Option<Certificate>,
    admitted: Admitted,
}

impl Entry {
    /// Keeps how a caller was let in.
    #[must_use]
    pub fn keep(rule: Rule, credentials: &Credentials<'_>, admitted: &Admitted) -> Self {
        let (bearer, certificate) = (credentials.bearer(), credentials.certificate());
        Self { rule, bearer: bearer.map(Into::into), certificate: certificate.cloned(), admitted: admitted.clone() }
    }

    fn credentials(&self) -> Credentials<'_> {
        Credentials::new(self.bearer.as_deref(), self.certificate.as_ref())
    }
}

/// A token that ends what goes on under a guard once another one holds.
pub(crate) type Replaced = CancellationToken;
