//! The client of the registry.

mod namespaces;
mod policies;
mod sightings;
mod watched;

use slipway_domain::as_of::AsOf;
use slipway_domain::name::{AliasName, ModelName, ModelTypeName, TeamName, VersionName};
use slipway_proto::registry::v1::registry_client::RegistryClient;

use crate::authorize::Wire;
use crate::call::{LARGEST_MESSAGE, Terms, identified, mutations, unary};
use crate::context::Carried;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::follow::{Follow, Place};
use crate::ledger::LedgerExport;
use crate::pb;
use crate::read::{Read, questions};
use watched::Watched;

/// Calls the registry: model types, models, versions, traffic, the ledger.
///
/// Cheap to clone; clones share a connection. Every call has the endpoint's deadline. Mutations without a
/// `request_id` are given one, so that repeating them has no second effect.
///
/// # Errors
/// Every method fails as the service says by [`Error::reason`], with `UNAVAILABLE` if it can't be reached, and with
/// `DEADLINE_EXCEEDED` if it does not answer in time.
#[derive(Debug, Clone)]
pub struct Registry {
    stub: RegistryClient<Wire>,
    terms: Terms,
    read: Read,
}

questions!(
    GetModelTypeRequest,
    ListModelTypesRequest,
    GetModelRequest,
    ListModelsRequest,
    BatchGetModelsRequest,
    GetVersionRequest,
    ListVersionsRequest,
    BatchGetVersionsRequest,
    GetAliasRequest,
    ListAliasesRequest,
    GetTeamRequest,
    ListTeamsRequest,
    GetNamespaceRequest,
    ListNamespacesRequest,
    GetPolicyRequest,
    ListPoliciesRequest,
    GetTrafficRequest,
    ListChangesRequest,
    AggregateModelsRequest,
    TriageModelRequest,
);

mutations!(
    CreateModelTypeRequest,
    UpdateModelTypeRequest,
    DeleteModelTypeRequest,
    UndeleteModelTypeRequest,
    CreateModelRequest,
    UpdateModelRequest,
    DeleteModelRequest,
    UndeleteModelRequest,
    AttestModelRequest,
    CreateVersionRequest,
    UpdateVersionRequest,
    DeleteVersionRequest,
    UndeleteVersionRequest,
    QuarantineVersionRequest,
    SetAliasesRequest,
    ProposeAliasRequest,
    ApproveAliasRequest,
    CreateTeamRequest,
    UpdateTeamRequest,
    DeleteTeamRequest,
    UndeleteTeamRequest,
    CreateNamespaceRequest,
    UpdateNamespaceRequest,
    DeleteNamespaceRequest,
    UndeleteNamespaceRequest,
    CreatePolicyRequest,
    UpdatePolicyRequest,
    DeletePolicyRequest,
    UndeletePolicyRequest,
    SetTrafficRequest,
    ApplyModelsRequest,
);

impl Registry {
    /// A client of the registry at `endpoint`, which is connected at the first call.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn new(endpoint: &Endpoint) -> Self {
        let stub = RegistryClient::new(endpoint.wire()).max_decoding_message_size(LARGEST_MESSAGE);
        Self { stub, terms: Terms::of(endpoint), read: Read::default() }
    }

    /// The same client with another deadline for each call.
    #[must_use]
    pub fn with_deadline(&self, deadline: std::time::Duration) -> Self {
        Self { terms: Terms { deadline, ..self.terms.clone() }, ..self.clone() }
    }

    /// The same client, whose every Get, BatchGet and List asks for what was known then. A request that says itself as of
    /// when is left alone.
    #[must_use]
    pub fn as_of(&self, as_of: AsOf) -> Self {
        Self { read: Read::of(as_of), ..self.clone() }
    }

    /// Creates a model type.
    pub async fn create_model_type(&self, request: pb::CreateModelTypeRequest) -> Result<pb::ModelType, Error> {
        unary!(self.create_model_type(identified(request))).await
    }

    /// Returns a model type.
    pub async fn get_model_type(&self, name: &ModelTypeName) -> Result<pb::ModelType, Error> {
        let request = pb::GetModelTypeRequest { name: name.to_string(), ..Default::default() };
        unary!(self.get_model_type(self.read.asked(request))).await
    }

    /// Lists one page of model types.
    pub async fn list_model_types(
        &self,
        request: pb::ListModelTypesRequest,
    ) -> Result<pb::ListModelTypesResponse, Error> {
        unary!(self.list_model_types(self.read.asked(request))).await
    }

    /// Changes the named fields of a model type.
    pub async fn update_model_type(&self, request: pb::UpdateModelTypeRequest) -> Result<pb::ModelType, Error> {
        unary!(self.update_model_type(identified(request))).await
    }

    /// Deletes a model type, which can be taken back for 30 days.
    pub async fn delete_model_type(&self, request: pb::DeleteModelTypeRequest) -> Result<pb::ModelType, Error> {
        unary!(self.delete_model_type(identified(request))).await
    }

    /// Takes the deletion of a model type back.
    pub async fn undelete_model_type(&self, request: pb::UndeleteModelTypeRequest) -> Result<pb::ModelType, Error> {
        unary!(self.undelete_model_type(identified(request))).await
    }

    /// Creates a model.
    pub async fn create_model(&self, request: pb::CreateModelRequest) -> Result<pb::Model, Error> {
        unary!(self.create_model(identified(request))).await
    }

    /// Returns a model, whole.
    pub async fn get_model(&self, name: &ModelName) -> Result<pb::Model, Error> {
        let request = pb::GetModelRequest { name: name.to_string(), view: pb::View::Full.into(), ..Default::default() };
        unary!(self.get_model(self.read.asked(request))).await
    }

    /// Lists one page of models.
    pub async fn list_models(&self, request: pb::ListModelsRequest) -> Result<pb::ListModelsResponse, Error> {
        unary!(self.list_models(self.read.asked(request))).await
    }

    /// Changes the named fields of a model.
    pub async fn update_model(&self, request: pb::UpdateModelRequest) -> Result<pb::Model, Error> {
        unary!(self.update_model(identified(request))).await
    }

    /// Deletes a model, which can be taken back for 30 days.
    pub async fn delete_model(&self, request: pb::DeleteModelRequest) -> Result<pb::Model, Error> {
        unary!(self.delete_model(identified(request))).await
    }

    /// Takes the deletion of a model back.
    pub async fn undelete_model(&self, request: pb::UndeleteModelRequest) -> Result<pb::Model, Error> {
        unary!(self.undelete_model(identified(request))).await
    }

    /// Returns several models of one revision.
    pub async fn batch_get_models(
        &self,
        request: pb::BatchGetModelsRequest,
    ) -> Result<pb::BatchGetModelsResponse, Error> {
        unary!(self.batch_get_models(self.read.asked(request))).await
    }

    /// Counts models by any of their fields, and says how well they are looked after.
    pub async fn aggregate_models(
        &self,
        request: pb::AggregateModelsRequest,
    ) -> Result<pb::AggregateModelsResponse, Error> {
        unary!(self.aggregate_models(self.read.asked(request))).await
    }

    /// Returns all that whoever was just paged for a model needs to know.
    pub async fn triage_model(&self, request: pb::TriageModelRequest) -> Result<pb::TriageModelResponse, Error> {
        unary!(self.triage_model(self.read.asked(request))).await
    }

    /// Says that a model is still its owner's, which counts for 180 days.
    pub async fn attest_model(&self, request: pb::AttestModelRequest) -> Result<pb::Model, Error> {
        unary!(self.attest_model(identified(request))).await
    }

    /// Creates the next version of a model.
    pub async fn create_version(&self, request: pb::CreateVersionRequest) -> Result<pb::Version, Error> {
        unary!(self.create_version(identified(request))).await
    }

    /// Returns a version.
    pub async fn get_version(&self, name: &VersionName) -> Result<pb::Version, Error> {
        let request = pb::GetVersionRequest { name: name.to_string(), ..Default::default() };
        unary!(self.get_version(self.read.asked(request))).await
    }

    /// Lists one page of versions.
    pub async fn list_versions(&self, request: pb::ListVersionsRequest) -> Result<pb::ListVersionsResponse, Error> {
        unary!(self.list_versions(self.read.asked(request))).await
    }

    /// Changes the named fields of a version.
    pub async fn update_version(&self, request: pb::UpdateVersionRequest) -> Result<pb::Version, Error> {
        unary!(self.update_version(identified(request))).await
    }

    /// Deletes a version, which can be taken back for 30 days.
    pub async fn delete_version(&self, request: pb::DeleteVersionRequest) -> Result<pb::Version, Error> {
        unary!(self.delete_version(identified(request))).await
    }

    /// Takes the deletion of a version back.
    pub async fn undelete_version(&self, request: pb::UndeleteVersionRequest) -> Result<pb::Version, Error> {
        unary!(self.undelete_version(identified(request))).await
    }

    /// Returns several versions of one revision.
    pub async fn batch_get_versions(
        &self,
        request: pb::BatchGetVersionsRequest,
    ) -> Result<pb::BatchGetVersionsResponse, Error> {
        unary!(self.batch_get_versions(self.read.asked(request))).await
    }

    /// Marks all versions that carry a version's digest as not to be launched again.
    pub async fn quarantine_version(&self, request: pb::QuarantineVersionRequest) -> Result<pb::Version, Error> {
        unary!(self.quarantine_version(identified(request))).await
    }

    /// Returns an alias of a model.
    pub async fn get_alias(&self, name: &AliasName) -> Result<pb::Alias, Error> {
        let request = pb::GetAliasRequest { name: name.to_string(), ..Default::default() };
        unary!(self.get_alias(self.read.asked(request))).await
    }

    /// Lists one page of aliases.
    pub async fn list_aliases(&self, request: pb::ListAliasesRequest) -> Result<pb::ListAliasesResponse, Error> {
        unary!(self.list_aliases(self.read.asked(request))).await
    }

    /// Moves, makes and takes away aliases: all of them in one revision, or none.
    pub async fn set_aliases(&self, request: pb::SetAliasesRequest) -> Result<pb::SetAliasesResponse, Error> {
        unary!(self.set_aliases(identified(request))).await
    }

    /// Proposes what a protected alias is to become.
    pub async fn propose_alias(&self, request: pb::ProposeAliasRequest) -> Result<pb::Alias, Error> {
        unary!(self.propose_alias(identified(request))).await
    }

    /// Approves what somebody else proposes for a protected alias.
    pub async fn approve_alias(&self, request: pb::ApproveAliasRequest) -> Result<pb::Alias, Error> {
        unary!(self.approve_alias(identified(request))).await
    }

    /// Creates a team.
    pub async fn create_team(&self, request: pb::CreateTeamRequest) -> Result<pb::Team, Error> {
        unary!(self.create_team(identified(request))).await
    }

    /// Makes sure that a team is there; what it is stays as it is.
    pub async fn ensure_team(&self, name: &TeamName) -> Result<pb::Team, Error> {
        let team = pb::Team { name: name.to_string(), ..Default::default() };
        self.update_team(pb::UpdateTeamRequest { team: Some(team), allow_missing: true, ..Default::default() }).await
    }

    /// Returns a team.
    pub async fn get_team(&self, name: &TeamName) -> Result<pb::Team, Error> {
        let request = pb::GetTeamRequest { name: name.to_string(), ..Default::default() };
        unary!(self.get_team(self.read.asked(request))).await
    }

    /// Lists one page of teams.
    pub async fn list_teams(&self, request: pb::ListTeamsRequest) -> Result<pb::ListTeamsResponse, Error> {
        unary!(self.list_teams(self.read.asked(request))).await
    }

    /// Changes the named fields of a team.
    pub async fn update_team(&self, request: pb::UpdateTeamRequest) -> Result<pb::Team, Error> {
        unary!(self.update_team(identified(request))).await
    }

    /// Deletes a team, which can be taken back for 30 days.
    pub async fn delete_team(&self, request: pb::DeleteTeamRequest) -> Result<pb::Team, Error> {
        unary!(self.delete_team(identified(request))).await
    }

    /// Takes the deletion of a team back.
    pub async fn undelete_team(&self, request: pb::UndeleteTeamRequest) -> Result<pb::Team, Error> {
        unary!(self.undelete_team(identified(request))).await
    }

    /// Makes of a manifest what it asks for, in one revision or not at all.
    pub async fn apply_models(&self, request: pb::ApplyModelsRequest) -> Result<pb::ApplyModelsResponse, Error> {
        unary!(self.apply_models(identified(request))).await
    }

    /// Returns which versions serve which share of a model's units.
    pub async fn get_traffic(&self, model: &ModelName) -> Result<pb::Traffic, Error> {
        let request = pb::GetTrafficRequest { name: model.traffic(), ..Default::default() };
        unary!(self.get_traffic(self.read.asked(request))).await
    }

    /// Changes it.
    pub async fn set_traffic(&self, request: pb::SetTrafficRequest) -> Result<pb::Traffic, Error> {
        unary!(self.set_traffic(identified(request))).await
    }

    /// Lists one page of the ledger.
    pub async fn list_changes(&self, request: pb::ListChangesRequest) -> Result<pb::ListChangesResponse, Error> {
        unary!(self.list_changes(self.read.asked(request))).await
    }

    /// Lists one page of what is different between two moments.
    pub async fn diff_revisions(&self, request: pb::DiffRevisionsRequest) -> Result<pb::DiffRevisionsResponse, Error> {
        unary!(self.diff_revisions(request)).await
    }

    /// Returns what the ledger is, or was, signed.
    pub async fn get_checkpoint(&self, request: pb::GetCheckpointRequest) -> Result<pb::Checkpoint, Error> {
        unary!(self.get_checkpoint(request)).await
    }

    /// Returns an entry of the ledger, with the proof that it is in it.
    pub async fn prove_inclusion(
        &self,
        request: pb::ProveInclusionRequest,
    ) -> Result<pb::ProveInclusionResponse, Error> {
        unary!(self.prove_inclusion(request)).await
    }

    /// Returns the proof that the ledger begins with what it was when it had fewer entries.
    pub async fn prove_consistency(
        &self,
        request: pb::ProveConsistencyRequest,
    ) -> Result<pb::ProveConsistencyResponse, Error> {
        unary!(self.prove_consistency(request)).await
    }

    /// Begins an export of the ledger. The deadline bounds how long its beginning takes.
    pub async fn export_ledger(&self, request: pb::ExportLedgerRequest) -> Result<LedgerExport, Error> {
        let (carried, mut stub) = (Carried::here(), self.stub.clone());
        let parts = self.terms.open(&carried, stub.export_ledger(carried.request(request, None))).await?;
        Ok(LedgerExport::new(parts, carried, self.terms.clone()))
    }

    /// Follows the state and every change, whole revisions in order, across breaks of the connection and across streams
    /// that the registry ends for their age. Whenever an [`pb::InitialState`] arrives, the state begins anew.
    #[must_use]
    pub fn watch(&self, request: pb::WatchRequest) -> Follow<pb::WatchResponse> {
        let place = request.after_revision.map(|revision| Place { revision, history: request.history.clone() });
        Follow::new(Watched { registry: self.clone(), request }, place)
    }
}
