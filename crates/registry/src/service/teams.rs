//! Teams.

use slipway_chassis::Caller;
use slipway_chassis::intent::Intent;
use slipway_domain::access::Subject;
use slipway_domain::as_of::AsOf;
use slipway_domain::check::Check;
use slipway_domain::filter::{Field, Fields};
use slipway_domain::name::{Identifier, TeamName};
use slipway_domain::team::Team;
use slipway_store::picture::Kept;

use super::access::check_sees_namespace;
use super::list::{Itself, namespace_matches, shown};
use super::model_types::label;
use super::past::Sight;
use super::standard::{Delete, NAMED_HOLDERS, not_found};
use super::{ListQuery, Listed, Registry, Update};
use crate::kind::{Kind, Rules, Seen};
use crate::state::{State, team_subject};
use crate::{Error, keys};

/// Notes that there is no live team `id`, if so, and says what its being there rests on.
pub(super) fn check_team(check: &mut Check, state: &State, field: &str, name: &TeamName) -> Seen {
    match state.teams.get(name).filter(|kept| kept.value.deletion.is_none()) {
        Some(kept) => vec![(keys::resource(&name.to_string()), kept.revision)],
        None => {
            let id = name.team.as_str();
            let wanted = format!("there is no team {id}; create it first, as by `slipway team create {id}`");
            check.add(field, "NO_SUCH_TEAM", wanted);
            vec![]
        }
    }
}

impl Rules for Team {
    type Name = TeamName;

    fn blank(name: &TeamName) -> Self {
        Self::blank(name)
    }

    fn check(&self, check: &mut Check) {
        Self::check(self, check);
    }

    fn check_references(&self, before: Option<&Self>, (_, state): (&Caller, &State), check: &mut Check) -> Seen {
        let Some(escalation) = &self.escalation else { return vec![] };
        if before.is_some_and(|before| before.escalation.as_ref() == Some(escalation)) {
            return vec![];
        }
        let name = TeamName { namespace: self.name.namespace.clone(), team: escalation.clone() };
        check_team(check, state, "team.escalation", &name)
    }

    fn nobodys<'a>(name: &'a TeamName, _: &'a State) -> Subject<'a> {
        team_subject(name)
    }

    fn subject<'a>(&'a self, _: &'a State) -> Subject<'a> {
        team_subject(&self.name)
    }

    fn parent(name: &TeamName) -> Option<&Identifier> {
        Some(&name.namespace)
    }

    fn holders(name: &TeamName, state: &State) -> Vec<String> {
        let is = |id: Option<&Identifier>| id == Some(&name.team);
        let id = name.team.as_str();
        let models = state.models.values().filter(|kept| {
            let model = &kept.value;
            let refers = model.owner == id || model.on_call == id;
            refers && model.name.namespace == name.namespace && model.deletion.is_none()
        });
        let teams = state.teams.values().filter(|kept| {
            let team = &kept.value;
            is(team.escalation.as_ref()) && team.name.namespace == name.namespace && team.deletion.is_none()
        });
        let models = models.map(|kept| kept.value.name.to_string());
        models.chain(teams.map(|kept| kept.value.name.to_string())).take(NAMED_HOLDERS).collect()
    }
}

impl Registry {
    /// Creates a team.
    ///
    /// # Errors
    /// `ALREADY_EXISTS`, `DELETED`; `INVALID_FIELDS` if the team that it escalates to is not there.
    pub async fn create_team(&self, intent: &Intent, wanted: Team) -> Result<Kept<Team>, Error> {
        self.create(intent, wanted).await
    }

    /// Returns a team.
    ///
    /// # Errors
    /// `NOT_FOUND`; `REVISION_AHEAD`, `TIME_AHEAD`, `TOO_OLD`.
    pub async fn get_team(&self, caller: &Caller, name: &TeamName, as_of: AsOf) -> Result<Kept<Team>, Error> {
        let check = |_: &State| check_sees_namespace(caller, &name.namespace, name);
        let read = |state: &State, _| state.teams.get(name).cloned().ok_or_else(|| not_found(name));
        let (pick, text) = (|resource| Team::of_resource(resource).ok(), name.to_string());
        let otherwise = self.read_as_of(as_of, check, read);
        self.one_as_of((caller, as_of), (&name.namespace, &text), pick, otherwise).await
    }

    /// Lists the teams of a namespace.
    ///
    /// # Errors
    /// `INVALID_FIELDS` for a filter, an order or a token that is not understood; `PAGE_TOKEN_EXPIRED`; `REVISION_AHEAD`,
    /// `TIME_AHEAD`, `TOO_OLD`.
    pub async fn list_teams(&self, caller: &Caller, query: &ListQuery) -> Result<Listed<Kept<Team>>, Error> {
        let select = |sight: &Sight<'_>| {
            let inside = |kept: &&Kept<Team>| {
                let namespace = kept.value.name.namespace.as_str();
                namespace_matches(&query.parent, namespace)
                    && caller.granted.grant.touches(namespace)
                    && shown(&*kept.value, query)
            };
            sight.state.teams.values().filter(inside).cloned().map(Itself).collect()
        };
        self.list(caller, "ListTeams", query, select).await.map(Listed::kept)
    }

    /// Changes the masked fields of a team.
    ///
    /// # Errors
    /// `NOT_FOUND`, `DELETED`, `ETAG_MISMATCH`, `INVALID_FIELDS`.
    pub async fn update_team(&self, intent: &Intent, update: Update<Team>) -> Result<Kept<Team>, Error> {
        self.update(intent, update, |state, wanted| self.created(state, intent, wanted)).await
    }

    /// Deletes a team.
    ///
    /// # Errors
    /// `NOT_FOUND`, `ETAG_MISMATCH`, `IN_USE` while models or teams refer to it.
    pub async fn delete_team(&self, intent: &Intent, delete: &Delete<TeamName>) -> Result<Kept<Team>, Error> {
        self.delete(intent, delete).await
    }

    /// Takes the deletion of a team back.
    ///
    /// # Errors
    /// `NOT_FOUND`, `ETAG_MISMATCH`, `ALREADY_EXISTS`.
    pub async fn undelete_team(&self, intent: &Intent, asked: (&TeamName, &str)) -> Result<Kept<Team>, Error> {
        self.undelete(intent, asked).await
    }
}

impl Fields for Itself<Team> {
    const PATHS: &'static [&'static str] = &[
        "name",
        "display_name",
        "description",
        "contact",
        "pager_uri",
        "escalation",
        "labels.",
        "create_time",
        "update_time",
    ];

    fn field(&self, path: &str) -> Field<'_> {
        let value = &self.0.value;
        match path {
            "name" => Field::Text(value.name.to_string().into()),
            "display_name" => Field::Text(value.display_name.as_str().into()),
            "description" => Field::Text(value.description.as_str().into()),
            "contact" => Field::Text(value.contact.as_str().into()),
            "pager_uri" => Field::Text(value.pager_uri.as_str().into()),
            "escalation" => {
                value.escalation.as_ref().map_or(Field::Absent, |team| Field::Text(team.as_str().to_owned().into()))
            }
            "create_time" => Field::Number(value.created_at.as_second() as f64),
            "update_time" => Field::Number(value.updated_at.as_second() as f64),
            path => label(&value.labels, path),
        }
    }
}
