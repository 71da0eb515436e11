//! What is different between two revisions, field by field.

use std::collections::BTreeMap;
use std::sync::Arc;

use slipway_chassis::page::{self, Page};
use slipway_chassis::{Caller, record};
use slipway_domain::as_of::AsOf;
use slipway_domain::ledger::fields::{Different, Texts};
use slipway_domain::ledger::{Action, Change, Resource};
use slipway_domain::name::ModelName;
use slipway_store::Revision;

use super::Registry;
use super::access::{check_below, sees};
use super::changes::{Entry, below};
use crate::Error;
use crate::state::{KeptResource, State};

/// The most resources that may be different.
const MOST: usize = 100_000;
/// About so many bytes of texts end a page.
const PAGE: usize = 1 << 20;

/// Between which moments a caller wants to know what is different.
#[derive(Debug, Clone)]
pub struct Diff {
    /// A resource's name, which takes in what lies below it; empty for everything.
    pub parent: String,
    /// At most so many a page; 0 for the usual number.
    pub page_size: i32,
    /// Where to go on; empty for the first page.
    pub page_token: String,
    /// The earlier moment; revision 0 is before everything.
    pub from: AsOf,
    /// The later moment.
    pub to: AsOf,
}

/// One resource that is different.
#[derive(Debug, Clone)]
pub struct Differing {
    /// Its name.
    pub resource: String,
    /// Whether it came to be, is another, or is gone.
    pub action: Action,
    /// Its fields that are different.
    pub fields: Vec<Different>,
    /// How often it was changed.
    pub changes: u64,
    /// The last of the changes.
    pub last: Option<Entry>,
}

/// A page of differences.
#[derive(Debug, Clone)]
pub struct Differences {
    /// The resources, by name.
    pub items: Vec<Differing>,
    /// Fetches the next page; empty on the last.
    pub next_page_token: String,
    /// The earlier revision.
    pub from: Revision,
    /// The later revision.
    pub to: Revision,
}

/// The entries about one resource between the two moments: how many, and the last of them.
type Between = BTreeMap<String, (u64, Option<u64>)>;

/// The two moments, and now.
struct Sides {
    now: Arc<State>,
    from: Arc<State>,
    to: Arc<State>,
    revisions: (Revision, Revision),
}

impl Registry {
    /// Tells what is different between two moments.
    ///
    /// # Errors
    /// `INVALID_FIELDS` if the earlier one is the later one, if too much is different, or for a token that is not
    /// understood; `REVISION_AHEAD`, `TIME_AHEAD`, `TOO_OLD`, `ROW_DAMAGED`, `STORE_UNAVAILABLE`.
    pub async fn diff_revisions(&self, caller: &Caller, diff: &Diff) -> Result<Differences, Error> {
        check_below(caller, &diff.parent)?;
        let moments = format!("{:?} {:?}", diff.from, diff.to);
        let question = ["DiffRevisions", caller.principal.as_str(), &diff.parent, &moments];
        let sides = self.sides(diff, page::bound(&question, &diff.page_token)?).await?;
        let asked = (diff.page_size, diff.page_token.as_str());
        let mut page = Page::made(&question, asked, (Arc::clone(&sides.to), sides.revisions.1))?;
        let between = sides.between(caller, &diff.parent)?;
        let (mut items, mut looked_at, mut bytes) = (Vec::new(), 0, 0);
        for (name, (changes, last)) in between.iter().skip(page.offset) {
            if looked_at == page.size || bytes > PAGE {
                break;
            }
            looked_at += 1;
            let Some((action, fields)) = sides.different(name) else { continue };
            bytes +=
                fields.iter().map(|field| field.path.len() + field.before.len() + field.after.len()).sum::<usize>();
            let last = match last {
                Some(index) => Some(self.entry_at(&sides.now, *index).await?),
                None => None,
            };
            items.push(Differing { resource: name.clone(), action, fields, changes: *changes, last });
        }
        page.size = looked_at;
        let more = between.len() > page.offset.saturating_add(looked_at);
        let next_page_token = if more { self.pictures.next(&page) } else { String::new() };
        let (from, to) = sides.revisions;
        Ok(Differences { items, next_page_token, from, to })
    }

    /// The two pictures; `bound` is the later revision of the pages before.
    async fn sides(&self, diff: &Diff, bound: Option<Revision>) -> Result<Sides, Error> {
        let now = self.feed.current();
        let to = self.revision_as_of(&now, bound.map_or(diff.to, AsOf::Revision))?;
        let from = match (diff.from, self.revision_as_of(&now, diff.from)) {
            // Before the first entry there was nothing, and that is no secret.
            (AsOf::Revision(0) | AsOf::Time(_), Err(Error::TooOld { .. })) => 0,
            (_, from) => from?,
        };
        if from > to {
            let wanted = format!("is revision {to}, before revision {from} that it is compared with");
            return Err(Error::invalid("to_revision", "OUT_OF_BOUNDS", wanted));
        }
        let earlier = match from {
            0 => Arc::new(State::default()),
            from => self.picture_at(&now, from).await?,
        };
        let later = self.picture_at(&now, to).await?;
        Ok(Sides { now, from: earlier, to: later, revisions: (from, to) })
    }

    /// An entry of the ledger, read whole.
    pub(super) async fn entry_at(&self, now: &State, index: u64) -> Result<Entry, Error> {
        let found = self.read_entry(now, index).await?;
        let change: Change = record::decode(&found.value).map_err(|error| Error::damaged(&found.key, &error))?;
        let resource = change.resource().map_or_else(String::new, Resource::name);
        Ok(Entry { revision: found.mod_revision, resource, change })
    }
}

impl Sides {
    /// The resources that may be different and that the caller may see, by name.
    fn between(&self, caller: &Caller, parent: &str) -> Result<Between, Error> {
        let ledger = &self.now.ledger;
        let mut between = Between::new();
        for index in ledger.size_at(self.revisions.0)..ledger.size_at(self.revisions.1) {
            let Some(name) = ledger.place(index).map(|place| place.resource()) else { continue };
            if !below(parent, name) || !self.is_seen(caller, name) {
                continue;
            }
            match between.get_mut(name) {
                Some((changes, last)) => (*changes, *last) = (*changes + 1, Some(index)),
                None => drop(between.insert(name.to_owned(), (1, Some(index)))),
            }
            if between.len() > MOST {
                let wanted =
                    format!("more than {MOST} resources are different; compare nearer moments, or below a parent");
                return Err(Error::invalid("parent", "TOO_MANY", wanted));
            }
        }
        // What is computed for a model may differ though nobody touched it.
        for (name, before) in &self.from.models {
            let Some(after) = self.to.models.get(name) else { continue };
            if self.from.effective(&before.value).tier == self.to.effective(&after.value).tier {
                continue;
            }
            let text = name.to_string();
            if below(parent, &text) && self.is_seen(caller, &text) {
                between.entry(text).or_insert((0, None));
            }
        }
        Ok(between)
    }

    /// Whether the caller may see a resource now, and at both moments as far as it was there.
    fn is_seen(&self, caller: &Caller, name: &str) -> bool {
        let was_there =
            |state: &State| ModelName::of_resource(name).is_none_or(|model| state.models.contains_key(&model));
        let then = |state: &State| sees(caller, state, name) || !was_there(state);
        sees(caller, &self.now, name) && then(&self.from) && then(&self.to)
    }

    /// What is different about a resource, if anything is.
    fn different(&self, name: &str) -> Option<(Action, Vec<Different>)> {
        let (before, after) = (self.from.find(name), self.to.find(name));
        let action = match (&before, &after) {
            (None, None) => return None,
            (None, Some(_)) => Action::Create,
            (Some(_), Some(_)) => Action::Update,
            (Some(_), None) => Action::Delete,
        };
        let texts = |found: Option<KeptResource>| found.map_or_else(Texts::default, texts);
        let fields = texts(before).different(&texts(after));
        let is_other = action != Action::Update || !fields.is_empty();
        is_other.then_some((action, fields))
    }
}

/// The fields of a resource, with what is computed for it.
fn texts(found: KeptResource) -> Texts {
    let effective_tier = if let KeptResource::Model(listed) = &found { Some(listed.effective_tier) } else { None };
    let mut texts = Texts::of(&resource(found));
    texts.add("effective_tier", effective_tier.map(|tier| tier.to_string()).unwrap_or_default());
    texts
}

fn resource(found: KeptResource) -> Resource {
    match found {
        KeptResource::ModelType(kept) => Resource::ModelType(Arc::unwrap_or_clone(kept.value)),
        KeptResource::Model(listed) => Resource::Model(Arc::unwrap_or_clone(listed.model.value)),
        KeptResource::Version(kept) => Resource::Version(Arc::unwrap_or_clone(kept.value)),
        KeptResource::Traffic(model, kept) => Resource::Traffic(model, Arc::unwrap_or_clone(kept.value)),
        KeptResource::Team(kept) => Resource::Team(Arc::unwrap_or_clone(kept.value)),
        KeptResource::Alias(kept) => Resource::Alias(Arc::unwrap_or_clone(kept.value)),
        KeptResource::Policy(kept) => Resource::Policy(Arc::unwrap_or_clone(kept.value)),
        KeptResource::Namespace(kept) => Resource::Namespace(Arc::unwrap_or_clone(kept.value)),
    }
}
