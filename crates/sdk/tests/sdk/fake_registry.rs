//! A registry that answers calls as it is told to, and streams a state that the test changes.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{Stream, StreamExt as _, stream};
use slipway_proto::registry::v1::registry_server::{Registry, RegistryServer};
use slipway_sdk::pb;
use slipway_sdk::pb::watch_response::Event;
use tokio::sync::watch;
use tonic::metadata::MetadataMap;
use tonic::service::Routes;
use tonic::{Request, Response, Status};

/// What becomes of one call.
pub enum Turn {
    Refuse(Status),
    /// No answer, ever.
    Hang,
}

/// What the registry saw of one call.
#[derive(Clone)]
pub struct Seen {
    pub message: String,
    pub headers: MetadataMap,
}

/// Shared by the test and the server.
#[derive(Clone)]
pub struct FakeRegistry(Arc<Inner>);

struct Inner {
    turns: Mutex<VecDeque<Turn>>,
    seen: Mutex<Vec<Seen>>,
    state: watch::Sender<State>,
    watches: Mutex<Vec<Option<i64>>>,
}

#[derive(Clone, Default)]
struct State {
    resources: BTreeMap<String, pb::Resource>,
    log: Vec<pb::RevisionChanges>,
    /// Revisions before this one are forgotten.
    oldest: i64,
    revision: i64,
    history: String,
}

impl FakeRegistry {
    pub fn new() -> Self {
        let (state, _) = watch::channel(State { history: "the first".to_owned(), ..State::default() });
        Self(Arc::new(Inner { turns: Mutex::default(), seen: Mutex::default(), state, watches: Mutex::default() }))
    }

    pub fn routes(&self) -> Routes {
        Routes::new(RegistryServer::new(self.clone()))
    }

    /// The next calls are refused or left hanging in this order; after that every call is answered.
    pub fn then(&self, turn: Turn) -> &Self {
        self.0.turns.lock().unwrap().push_back(turn);
        self
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.0.seen.lock().unwrap().clone()
    }

    /// The `after_revision` of every watch so far.
    pub fn watches(&self) -> Vec<Option<i64>> {
        self.0.watches.lock().unwrap().clone()
    }

    /// Puts resources in one revision, which is returned.
    pub fn put(&self, resources: Vec<pb::Resource>) -> i64 {
        let changes = resources.into_iter().map(|resource| (name_of(&resource), Some(resource))).collect();
        self.change(changes)
    }

    /// Deletes a resource.
    pub fn delete(&self, name: &str) -> i64 {
        self.change(vec![(name.to_owned(), None)])
    }

    fn change(&self, changes: Vec<(String, Option<pb::Resource>)>) -> i64 {
        self.0.state.send_modify(|state| {
            state.revision += 1;
            let change = |(name, resource): (String, Option<pb::Resource>)| {
                match resource.clone() {
                    Some(resource) => state.resources.insert(name.clone(), resource),
                    None => state.resources.remove(&name),
                };
                pb::ResourceChange { name, action: pb::ChangeAction::Update.into(), resource }
            };
            let changes = changes.into_iter().map(change).collect();
            state.log.push(pb::RevisionChanges { revision: state.revision, changes, partial: false });
        });
        self.0.state.borrow().revision
    }

    /// Becomes a registry without anything, as if from a backup of its first moment, which goes on with `history`.
    pub fn restore(&self, history: &str) {
        self.0.state.send_modify(|state| {
            *state = State { history: history.to_owned(), revision: 1, ..State::default() };
        });
    }

    /// Forgets every revision so far.
    pub fn compact(&self) {
        self.0.state.send_modify(|state| {
            state.log.clear();
            state.oldest = state.revision + 1;
        });
    }

    async fn turn(&self) -> Result<(), Status> {
        let turn = self.0.turns.lock().unwrap().pop_front();
        match turn {
            None => Ok(()),
            Some(Turn::Refuse(status)) => Err(status),
            Some(Turn::Hang) => std::future::pending().await,
        }
    }

    async fn unary<Q: std::fmt::Debug, A: Default>(&self, request: Request<Q>) -> Result<Response<A>, Status> {
        let message = format!("{:?}", request.get_ref());
        self.0.seen.lock().unwrap().push(Seen { message, headers: request.metadata().clone() });
        self.turn().await?;
        Ok(Response::new(A::default()))
    }
}

fn name_of(resource: &pb::Resource) -> String {
    match resource.resource.as_ref().unwrap() {
        pb::resource::Resource::ModelType(one) => one.name.clone(),
        pb::resource::Resource::Model(one) => one.name.clone(),
        pb::resource::Resource::Version(one) => one.name.clone(),
        pb::resource::Resource::Traffic(one) => one.name.clone(),
        pb::resource::Resource::Team(one) => one.name.clone(),
        pb::resource::Resource::Policy(one) => one.name.clone(),
        pb::resource::Resource::Alias(one) => one.name.clone(),
        pb::resource::Resource::Namespace(one) => one.name.clone(),
    }
}

/// The messages of a watch: the state in parts of one resource, then each revision, then marks of progress.
fn messages(from: watch::Receiver<State>, after: Option<i64>) -> impl Stream<Item = pb::WatchResponse> {
    let state = from.borrow().clone();
    let mut first: Vec<Event> = Vec::new();
    if after.is_none() {
        let part = |resources, complete| {
            Event::InitialState(pb::InitialState { resources, revision: state.revision, complete })
        };
        first.extend(state.resources.into_values().map(|resource| part(vec![resource], false)));
        first.push(part(Vec::new(), true));
    }
    let (reached, history) = (after.unwrap_or(state.revision), state.history.clone());
    let changes = stream::unfold((from, reached), |(mut from, reached)| async move {
        let state = from.wait_for(|state| state.revision > reached).await.ok()?.clone();
        let news = state.log.into_iter().filter(|changes| changes.revision > reached).map(Event::Changes);
        let progress = Event::Progress(pb::Progress { revision: state.revision });
        let news: Vec<Event> = news.chain([progress]).collect();
        Some((stream::iter(news), (from, state.revision)))
    });
    let told = move |event| pb::WatchResponse { event: Some(event), history: history.clone() };
    stream::iter(first).chain(changes.flatten()).map(told)
}

macro_rules! registry {
    ($($method:ident($request:ident) -> $answer:ident;)*) => {
        #[tonic::async_trait]
        impl Registry for FakeRegistry {
            $(async fn $method(&self, request: Request<pb::$request>) -> Result<Response<pb::$answer>, Status> {
                self.unary(request).await
            })*

            type WatchStream = Pin<Box<dyn Stream<Item = Result<pb::WatchResponse, Status>> + Send>>;

            async fn watch(&self, request: Request<pb::WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
                let pb::WatchRequest { after_revision: after, history, .. } = request.into_inner();
                self.0.watches.lock().unwrap().push(after);
                self.turn().await?;
                let State { oldest, revision, history: own, .. } = self.0.state.borrow().clone();
                let ahead = after.is_some_and(|after| after > revision);
                if ahead || (after.is_some() && !history.is_empty() && history != own) {
                    return Err(Status::out_of_range("it is of another history"));
                }
                if after.is_some_and(|after| after + 1 < oldest) {
                    return Err(Status::out_of_range("forgotten"));
                }
                let messages = messages(self.0.state.subscribe(), after).map(Ok);
                Ok(Response::new(Box::pin(messages)))
            }

            type ExportLedgerStream = Pin<Box<dyn Stream<Item = Result<pb::ExportLedgerResponse, Status>> + Send>>;

            /// Ends before its end.
            async fn export_ledger(
                &self,
                _: Request<pb::ExportLedgerRequest>,
            ) -> Result<Response<Self::ExportLedgerStream>, Status> {
                let entries = vec![pb::LedgerEntry::default()];
                let part = pb::ExportLedgerResponse { entries, checkpoint: None };
                Ok(Response::new(Box::pin(stream::iter([Ok(part)]))))
            }
        }
    };
}

registry! {
    create_model_type(CreateModelTypeRequest) -> ModelType;
    get_model_type(GetModelTypeRequest) -> ModelType;
    list_model_types(ListModelTypesRequest) -> ListModelTypesResponse;
    update_model_type(UpdateModelTypeRequest) -> ModelType;
    create_model(CreateModelRequest) -> Model;
    get_model(GetModelRequest) -> Model;
    list_models(ListModelsRequest) -> ListModelsResponse;
    update_model(UpdateModelRequest) -> Model;
    create_version(CreateVersionRequest) -> Version;
    get_version(GetVersionRequest) -> Version;
    list_versions(ListVersionsRequest) -> ListVersionsResponse;
    update_version(UpdateVersionRequest) -> Version;
    quarantine_version(QuarantineVersionRequest) -> Version;
    get_traffic(GetTrafficRequest) -> Traffic;
    set_traffic(SetTrafficRequest) -> Traffic;
    list_changes(ListChangesRequest) -> ListChangesResponse;
    aggregate_models(AggregateModelsRequest) -> AggregateModelsResponse;
    triage_model(TriageModelRequest) -> TriageModelResponse;
    diff_revisions(DiffRevisionsRequest) -> DiffRevisionsResponse;
    delete_model_type(DeleteModelTypeRequest) -> ModelType;
    undelete_model_type(UndeleteModelTypeRequest) -> ModelType;
    delete_model(DeleteModelRequest) -> Model;
    undelete_model(UndeleteModelRequest) -> Model;
    batch_get_models(BatchGetModelsRequest) -> BatchGetModelsResponse;
    attest_model(AttestModelRequest) -> Model;
    delete_version(DeleteVersionRequest) -> Version;
    undelete_version(UndeleteVersionRequest) -> Version;
    batch_get_versions(BatchGetVersionsRequest) -> BatchGetVersionsResponse;
    get_alias(GetAliasRequest) -> Alias;
    list_aliases(ListAliasesRequest) -> ListAliasesResponse;
    set_aliases(SetAliasesRequest) -> SetAliasesResponse;
    propose_alias(ProposeAliasRequest) -> Alias;
    approve_alias(ApproveAliasRequest) -> Alias;
    apply_models(ApplyModelsRequest) -> ApplyModelsResponse;
    create_team(CreateTeamRequest) -> Team;
    get_team(GetTeamRequest) -> Team;
    list_teams(ListTeamsRequest) -> ListTeamsResponse;
    update_team(UpdateTeamRequest) -> Team;
    delete_team(DeleteTeamRequest) -> Team;
    undelete_team(UndeleteTeamRequest) -> Team;
    create_policy(CreatePolicyRequest) -> Policy;
    get_policy(GetPolicyRequest) -> Policy;
    list_policies(ListPoliciesRequest) -> ListPoliciesResponse;
    update_policy(UpdatePolicyRequest) -> Policy;
    delete_policy(DeletePolicyRequest) -> Policy;
    undelete_policy(UndeletePolicyRequest) -> Policy;
    check_policies(CheckPoliciesRequest) -> CheckPoliciesResponse;
    get_checkpoint(GetCheckpointRequest) -> Checkpoint;
    prove_inclusion(ProveInclusionRequest) -> ProveInclusionResponse;
    prove_consistency(ProveConsistencyRequest) -> ProveConsistencyResponse;
    create_namespace(CreateNamespaceRequest) -> Namespace;
    get_namespace(GetNamespaceRequest) -> Namespace;
    list_namespaces(ListNamespacesRequest) -> ListNamespacesResponse;
    update_namespace(UpdateNamespaceRequest) -> Namespace;
    delete_namespace(DeleteNamespaceRequest) -> Namespace;
    undelete_namespace(UndeleteNamespaceRequest) -> Namespace;
    report_sightings(ReportSightingsRequest) -> ReportSightingsResponse;
    list_sightings(ListSightingsRequest) -> ListSightingsResponse;
}

/// An UNAVAILABLE that asks to be left alone for `wait`.
pub fn unavailable(wait: Option<Duration>) -> Status {
    use tonic_types::{ErrorDetails, StatusExt as _};
    let mut details = ErrorDetails::with_error_info("DRAINING", "slipway.dev", std::collections::HashMap::new());
    if wait.is_some() {
        details.set_retry_info(wait);
    }
    Status::with_error_details(tonic::Code::Unavailable, "stopping", details)
}
