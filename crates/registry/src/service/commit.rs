//! The way of every mutation: decide on the picture, compare-and-swap, wait until the picture holds it.

use bytes::Bytes;
use slipway_chassis::etag::{self, Mismatch};
use slipway_chassis::intent::{Intent, Mode};
use slipway_chassis::{answers, record};
use slipway_domain::check::Check;
use slipway_domain::ledger::{Change, Resource};
use slipway_domain::patch::Patch;
use slipway_store::picture::Kept;
use slipway_store::txn::TXN_LIMIT;
use slipway_store::{Outcome, Revision, Txn};
use uuid::Uuid;

use super::{Mask, Registry, Update};
use crate::record::Answer;
use crate::state::State;
use crate::{Error, keys};

/// How often a mutation is decided anew because somebody was faster.
const ATTEMPTS: usize = 256;

/// What a mutation comes to on one picture of the registry.
#[derive(Default)]
pub(super) struct Draft {
    /// The rows that must still be as they were seen, with the revision of their last change.
    pub compares: Vec<(Bytes, Revision)>,
    /// The resources that change: before and after.
    pub changes: Vec<Replaced>,
    /// Rows that are not resources.
    pub rows: Vec<(Bytes, Vec<u8>)>,
    /// The resources that the caller gets.
    pub answer: Vec<Resource>,
}

/// What a mutation came to.
pub(super) struct Done {
    /// The resources that the caller gets.
    pub answer: Vec<Resource>,
    /// The revision of the first one's last change.
    pub revision: Revision,
    /// The revision that the mutation made, or its first time did; none if there was nothing to change.
    pub committed: Option<Revision>,
    /// Whether it was carried out now, or was known by its id.
    pub when: When,
}

/// When a mutation was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Now.
    Now,
    /// The first time that it was asked for: this is a repetition.
    Before,
}

/// One resource of a draft.
pub(super) struct Replaced {
    /// The state before; none for a creation.
    pub before: Option<Resource>,
    /// The state after; none where it is forgotten for good.
    pub after: Option<Resource>,
    /// The paths that differ.
    pub fields: Vec<&'static str>,
}

impl Draft {
    /// The creation of `resource`, which must not exist.
    pub fn create(resource: Resource) -> Self {
        let absent = (keys::resource(&resource.name()), 0);
        let created = Replaced { before: None, after: Some(resource.clone()), fields: vec![] };
        Self { compares: vec![absent], changes: vec![created], rows: vec![], answer: vec![resource] }
    }

    /// No change at all.
    pub fn nothing(answer: Resource) -> Self {
        Self { compares: vec![], changes: vec![], rows: vec![], answer: vec![answer] }
    }

    /// The change of a resource last changed at `revision` from `before` to `after`; nothing at all if no field differs.
    pub fn update(revision: Revision, before: Resource, after: Resource, fields: Vec<&'static str>) -> Self {
        let seen = (keys::resource(&after.name()), revision);
        let answer = vec![after.clone()];
        let replaced = Replaced { before: Some(before), after: Some(after), fields };
        let changes = if replaced.fields.is_empty() { vec![] } else { vec![replaced] };
        Self { compares: vec![seen], changes, rows: vec![], answer }
    }
}

impl Replaced {
    /// The full name.
    pub(super) fn name(&self) -> String {
        self.after.as_ref().or(self.before.as_ref()).map_or_else(String::new, Resource::name)
    }
}

impl Registry {
    /// Carries `decide` out on the newest picture, again whenever somebody was faster.
    pub(super) async fn mutate(
        &self,
        intent: &Intent,
        fingerprint: u64,
        decide: impl Fn(&State) -> Result<Draft, Error>,
    ) -> Result<Done, Error> {
        let mut subject = String::new();
        for _ in 0..ATTEMPTS {
            let state = self.feed.current();
            if let Some(answered) = answered(&state, intent, fingerprint)? {
                return Ok(answered);
            }
            let mut draft = decide(&state)?;
            draft.check_protected(&intent.caller, &state)?;
            draft.consider(&intent.caller, &state)?;
            let findings = self.judge(intent, &state, &mut draft)?;
            let unchanged = draft.changes.is_empty() && draft.rows.is_empty();
            if intent.mode == Mode::ValidateOnly || unchanged {
                let revision = draft.compares.first().map_or(0, |(_, revision)| *revision);
                self.tell(&intent.caller, if unchanged { Vec::new() } else { findings });
                return Ok(Done { answer: draft.answer, revision, committed: None, when: When::Now });
            }
            subject = draft.changes.first().map_or_else(String::new, Replaced::name);
            let answer = draft.answer.clone();
            let txn = self.txn(intent, fingerprint, draft);
            if txn.size() > TXN_LIMIT {
                return Err(Error::TooMuch { bytes: txn.size(), most: TXN_LIMIT });
            }
            match self.store.txn(txn).await? {
                Outcome::Committed(revision) => {
                    self.feed.reached(revision).await;
                    self.tell(&intent.caller, findings);
                    return Ok(Done { answer, revision, committed: Some(revision), when: When::Now });
                }
                Outcome::Conflict { mod_revision, .. } => self.feed.reached(mod_revision).await,
            }
        }
        Err(Error::Contended { name: subject })
    }

    fn txn(&self, intent: &Intent, fingerprint: u64, draft: Draft) -> Txn {
        let now = self.env.now();
        let mut txn = Txn::new();
        for (key, revision) in draft.compares {
            txn = txn.compare(key, revision);
        }
        if let Some(id) = intent.request_id {
            let mut answer = draft.answer.into_iter();
            let answer = Answer { fingerprint, at: now, resource: answer.next(), others: answer.collect() };
            txn = txn.compare(keys::answer(id), 0).put(keys::answer(id), record::encode(&answer));
        }
        for (key, value) in draft.rows {
            txn = txn.put(key, value);
        }
        for replaced in draft.changes {
            let name = replaced.name();
            let Replaced { before, after, fields } = replaced;
            txn = match &after {
                Some(after) => txn.put(keys::resource(&name), record::encode(after)),
                None => txn.delete(keys::resource(&name)).delete(keys::claims(&name)),
            };
            let change = Change {
                principal: intent.caller.principal.clone(),
                at: now,
                reason: intent.reason.clone(),
                request_id: intent.caller.request_id.to_string(),
                changed_fields: fields.into_iter().map(str::to_owned).collect(),
                before,
                after,
            };
            txn = txn.put(keys::ledger(&name, self.env.new_id()), record::encode(&change));
        }
        txn
    }
}

/// The first answer to a repeated request.
fn answered(state: &State, intent: &Intent, fingerprint: u64) -> Result<Option<Done>, Error> {
    let kept = |id: &Uuid| {
        let kept = state.answers.get(id)?;
        let Answer { resource, others, .. } = &*kept.value;
        let answer = resource.iter().chain(others).cloned().collect();
        let (revision, when) = (kept.revision, When::Before);
        Some((kept.value.fingerprint, Done { answer, revision, committed: Some(revision), when }))
    };
    Ok(answers::repeated(intent, fingerprint, kept)?)
}

/// Makes sure that the caller changes what it has read; an empty etag states nothing.
pub(super) fn check_etag<T>(name: &dyn std::fmt::Display, kept: &Kept<T>, given: &str) -> Result<(), Error> {
    let changed = |Mismatch { given, current }| Error::EtagMismatch { name: name.to_string(), given, current };
    etag::check(kept.revision, given).map_err(changed)
}

/// Applies the masked fields of `update` to `before`; `blank` is a resource with nothing set, and `field` is what the
/// resource is called in the request.
pub(super) fn merge<T: Patch>(before: &T, update: &Update<T>, blank: &T, field: &str) -> Result<T, Error> {
    let everything = || T::PATHS.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
    let paths = match &update.mask {
        Mask::Everything => everything(),
        Mask::Populated => update.wanted.differing(blank).into_iter().map(str::to_owned).collect(),
        Mask::Paths(paths) => paths.clone(),
    };
    let mut after = before.clone();
    let mut check = Check::new();
    for path in &paths {
        if !after.assign(path, &update.wanted) {
            let known = T::PATHS.join(", ");
            check.add("update_mask", "NO_SUCH_FIELD", format!("there is no field {path:.64}; there are: {known}"));
        }
    }
    for path in before.differing(&after) {
        if T::IMMUTABLE.contains(&path) {
            check.add(format!("{field}.{path}"), "IMMUTABLE", "never changes; create a new version instead");
        }
    }
    check.finish()?;
    Ok(after)
}
