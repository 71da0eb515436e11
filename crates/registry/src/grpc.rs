//! The handlers: who calls, what is asked, what is done, what is answered. Nothing is decided here.

mod routes;

use std::sync::Arc;

use futures_util::TryStreamExt;
use slipway_chassis::handle::{Answer, Messages, handle, messages};
use slipway_proto::registry::v1 as pb;
use slipway_proto::registry::v1::registry_server::Registry as Service;
use slipway_proto::r#type::v1::Traffic;
use tonic::Request;

use crate::{Registry, convert};

/// The registry's handlers.
pub struct Handlers(Arc<Registry>);

#[tonic::async_trait]
impl Service for Handlers {
    async fn create_model_type(&self, request: Request<pb::CreateModelTypeRequest>) -> Answer<pb::ModelType> {
        handle(request, async |caller, message| {
            let (intent, wanted) = convert::create_model_type(caller, message)?;
            self.0.create_model_type(&intent, wanted).await.map(convert::model_type)
        })
        .await
    }

    async fn get_model_type(&self, request: Request<pb::GetModelTypeRequest>) -> Answer<pb::ModelType> {
        handle(request, async |caller, message| {
            let (name, as_of) = convert::get_model_type(message)?;
            self.0.get_model_type(&caller, &name, as_of).await.map(convert::model_type)
        })
        .await
    }

    async fn list_model_types(
        &self,
        request: Request<pb::ListModelTypesRequest>,
    ) -> Answer<pb::ListModelTypesResponse> {
        handle(request, async |caller, message| {
            let query = convert::list_model_types(message)?;
            self.0.list_model_types(&caller, &query).await.map(convert::model_types)
        })
        .await
    }

    async fn update_model_type(&self, request: Request<pb::UpdateModelTypeRequest>) -> Answer<pb::ModelType> {
        handle(request, async |caller, message| {
            let (intent, update) = convert::update_model_type(caller, message)?;
            self.0.update_model_type(&intent, update).await.map(convert::model_type)
        })
        .await
    }

    async fn delete_model_type(&self, request: Request<pb::DeleteModelTypeRequest>) -> Answer<pb::ModelType> {
        handle(request, async |caller, message| {
            let (intent, delete) = convert::deletion(caller, message)?;
            self.0.delete_model_type(&intent, &delete).await.map(convert::model_type)
        })
        .await
    }

    async fn undelete_model_type(&self, request: Request<pb::UndeleteModelTypeRequest>) -> Answer<pb::ModelType> {
        handle(request, async |caller, message| {
            let (intent, asked) = convert::deletion(caller, message)?;
            self.0.undelete_model_type(&intent, (&asked.name, &asked.etag)).await.map(convert::model_type)
        })
        .await
    }

    async fn create_model(&self, request: Request<pb::CreateModelRequest>) -> Answer<pb::Model> {
        handle(request, async |caller, message| {
            let (intent, wanted) = convert::create_model(caller, message)?;
            self.0.create_model(&intent, wanted).await.map(|found| convert::model(found, pb::View::Full))
        })
        .await
    }

    async fn get_model(&self, request: Request<pb::GetModelRequest>) -> Answer<pb::Model> {
        handle(request, async |caller, message| {
            let (name, view, as_of) = convert::get_model(message)?;
            self.0.get_model(&caller, &name, as_of).await.map(|found| convert::model(found, view))
        })
        .await
    }

    async fn list_models(&self, request: Request<pb::ListModelsRequest>) -> Answer<pb::ListModelsResponse> {
        handle(request, async |caller, message| {
            let (query, view) = convert::list_models(message)?;
            self.0.list_models(&caller, &query).await.map(|found| convert::models(found, view))
        })
        .await
    }

    async fn update_model(&self, request: Request<pb::UpdateModelRequest>) -> Answer<pb::Model> {
        handle(request, async |caller, message| {
            let (intent, update) = convert::update_model(caller, message)?;
            self.0.update_model(&intent, update).await.map(|found| convert::model(found, pb::View::Full))
        })
        .await
    }

    async fn delete_model(&self, request: Request<pb::DeleteModelRequest>) -> Answer<pb::Model> {
        handle(request, async |caller, message| {
            let (intent, delete) = convert::deletion(caller, message)?;
            self.0.delete_model(&intent, &delete).await.map(|found| convert::model(found, pb::View::Full))
        })
        .await
    }

    async fn undelete_model(&self, request: Request<pb::UndeleteModelRequest>) -> Answer<pb::Model> {
        handle(request, async |caller, message| {
            let (intent, asked) = convert::deletion(caller, message)?;
            self.0
                .undelete_model(&intent, (&asked.name, &asked.etag))
                .await
                .map(|found| convert::model(found, pb::View::Full))
        })
        .await
    }

    async fn batch_get_models(
        &self,
        request: Request<pb::BatchGetModelsRequest>,
    ) -> Answer<pb::BatchGetModelsResponse> {
        handle(request, async |caller, message| {
            let (names, view, as_of) = convert::batch_get_models(message)?;
            self.0.batch_get_models(&caller, &names, as_of).await.map(|found| convert::batch_of_models(found, view))
        })
        .await
    }

    async fn aggregate_models(
        &self,
        request: Request<pb::AggregateModelsRequest>,
    ) -> Answer<pb::AggregateModelsResponse> {
        handle(request, async |caller, message| {
            self.0.aggregate_models(&caller, &convert::aggregate_models(message)?).await.map(convert::aggregated)
        })
        .await
    }

    async fn triage_model(&self, request: Request<pb::TriageModelRequest>) -> Answer<pb::TriageModelResponse> {
        handle(request, async |caller, message| {
            let found = self.0.triage_model(&caller, &convert::triage_model(message)?).await;
            found.map(|found| convert::triaged(found, (&caller, &self.0.state())))
        })
        .await
    }

    async fn attest_model(&self, request: Request<pb::AttestModelRequest>) -> Answer<pb::Model> {
        handle(request, async |caller, message| {
            let (intent, name) = convert::attest_model(caller, message)?;
            self.0.attest_model(&intent, &name).await.map(|found| convert::model(found, pb::View::Full))
        })
        .await
    }

    async fn create_version(&self, request: Request<pb::CreateVersionRequest>) -> Answer<pb::Version> {
        handle(request, async |caller, message| {
            let (intent, wanted) = convert::create_version(caller, message)?;
            self.0.create_version(&intent, wanted).await.map(convert::version)
        })
        .await
    }

    async fn get_version(&self, request: Request<pb::GetVersionRequest>) -> Answer<pb::Version> {
        handle(request, async |caller, message| {
            let (name, as_of) = convert::get_version(message)?;
            self.0.get_version(&caller, &name, as_of).await.map(convert::version)
        })
        .await
    }

    async fn list_versions(&self, request: Request<pb::ListVersionsRequest>) -> Answer<pb::ListVersionsResponse> {
        handle(request, async |caller, message| {
            let query = convert::list_versions(message)?;
            self.0.list_versions(&caller, &query).await.map(convert::versions)
        })
        .await
    }

    async fn update_version(&self, request: Request<pb::UpdateVersionRequest>) -> Answer<pb::Version> {
        handle(request, async |caller, message| {
            let (intent, update) = convert::update_version(caller, message)?;
            self.0.update_version(&intent, update).await.map(convert::version)
        })
        .await
    }

    async fn delete_version(&self, request: Request<pb::DeleteVersionRequest>) -> Answer<pb::Version> {
        handle(request, async |caller, message| {
            let (intent, delete) = convert::deletion(caller, message)?;
            self.0.delete_version(&intent, &delete).await.map(convert::version)
        })
        .await
    }

    async fn undelete_version(&self, request: Request<pb::UndeleteVersionRequest>) -> Answer<pb::Version> {
        handle(request, async |caller, message| {
            let (intent, asked) = convert::deletion(caller, message)?;
            self.0.undelete_version(&intent, (&asked.name, &asked.etag)).await.map(convert::version)
        })
        .await
    }

    async fn batch_get_versions(
        &self,
        request: Request<pb::BatchGetVersionsRequest>,
    ) -> Answer<pb::BatchGetVersionsResponse> {
        handle(request, async |caller, message| {
            let (names, as_of) = convert::batch_get_versions(message)?;
            self.0.batch_get_versions(&caller, &names, as_of).await.map(convert::batch_of_versions)
        })
        .await
    }

    async fn quarantine_version(&self, request: Request<pb::QuarantineVersionRequest>) -> Answer<pb::Version> {
        handle(request, async |caller, message| {
            let (intent, name) = convert::quarantine_version(caller, message)?;
            self.0.quarantine_version(&intent, &name).await.map(convert::version)
        })
        .await
    }

    async fn get_alias(&self, request: Request<pb::GetAliasRequest>) -> Answer<pb::Alias> {
        handle(request, async |caller, message| {
            let (name, as_of) = convert::get_alias(message)?;
            self.0.get_alias(&caller, &name, as_of).await.map(convert::alias)
        })
        .await
    }

    async fn list_aliases(&self, request: Request<pb::ListAliasesRequest>) -> Answer<pb::ListAliasesResponse> {
        handle(request, async |caller, message| {
            let query = convert::list_aliases(message)?;
            self.0.list_aliases(&caller, &query).await.map(convert::aliases)
        })
        .await
    }

    async fn set_aliases(&self, request: Request<pb::SetAliasesRequest>) -> Answer<pb::SetAliasesResponse> {
        handle(request, async |caller, message| {
            let (intent, moves) = convert::set_aliases(caller, message)?;
            self.0.set_aliases(&intent, &moves).await.map(convert::moved_aliases)
        })
        .await
    }

    async fn propose_alias(&self, request: Request<pb::ProposeAliasRequest>) -> Answer<pb::Alias> {
        handle(request, async |caller, message| {
            let (intent, propose) = convert::propose_alias(caller, message)?;
            self.0.propose_alias(&intent, &propose).await.map(convert::alias)
        })
        .await
    }

    async fn approve_alias(&self, request: Request<pb::ApproveAliasRequest>) -> Answer<pb::Alias> {
        handle(request, async |caller, message| {
            let (intent, name, etag) = convert::approve_alias(caller, message)?;
            self.0.approve_alias(&intent, (&name, &etag)).await.map(convert::alias)
        })
        .await
    }

    async fn create_team(&self, request: Request<pb::CreateTeamRequest>) -> Answer<pb::Team> {
        handle(request, async |caller, message| {
            let (intent, wanted) = convert::create_team(caller, message)?;
            self.0.create_team(&intent, wanted).await.map(convert::team)
        })
        .await
    }

    async fn get_team(&self, request: Request<pb::GetTeamRequest>) -> Answer<pb::Team> {
        handle(request, async |caller, message| {
            let (name, as_of) = convert::get_team(message)?;
            self.0.get_team(&caller, &name, as_of).await.map(convert::team)
        })
        .await
    }

    async fn list_teams(&self, request: Request<pb::ListTeamsRequest>) -> Answer<pb::ListTeamsResponse> {
        handle(request, async |caller, message| {
            let query = convert::list_teams(message)?;
            self.0.list_teams(&caller, &query).await.map(convert::teams)
        })
        .await
    }

    async fn update_team(&self, request: Request<pb::UpdateTeamRequest>) -> Answer<pb::Team> {
        handle(request, async |caller, message| {
            let (intent, update) = convert::update_team(caller, message)?;
            self.0.update_team(&intent, update).await.map(convert::team)
        })
        .await
    }

    async fn delete_team(&self, request: Request<pb::DeleteTeamRequest>) -> Answer<pb::Team> {
        handle(request, async |caller, message| {
            let (intent, delete) = convert::deletion(caller, message)?;
            self.0.delete_team(&intent, &delete).await.map(convert::team)
        })
        .await
    }

    async fn undelete_team(&self, request: Request<pb::UndeleteTeamRequest>) -> Answer<pb::Team> {
        handle(request, async |caller, message| {
            let (intent, asked) = convert::deletion(caller, message)?;
            self.0.undelete_team(&intent, (&asked.name, &asked.etag)).await.map(convert::team)
        })
        .await
    }

    async fn create_namespace(&self, request: Request<pb::CreateNamespaceRequest>) -> Answer<pb::Namespace> {
        handle(request, async |caller, message| {
            let (intent, wanted) = convert::create_namespace(caller, message)?;
            self.0.create_namespace(&intent, wanted).await.map(convert::namespace)
        })
        .await
    }

    async fn get_namespace(&self, request: Request<pb::GetNamespaceRequest>) -> Answer<pb::Namespace> {
        handle(request, async |caller, message| {
            let (name, as_of) = convert::get_namespace(message)?;
            self.0.get_namespace(&caller, &name, as_of).await.map(convert::namespace)
        })
        .await
    }

    async fn list_namespaces(&self, request: Request<pb::ListNamespacesRequest>) -> Answer<pb::ListNamespacesResponse> {
        handle(request, async |caller, message| {
            let query = convert::list_namespaces(message)?;
            self.0.list_namespaces(&caller, &query).await.map(convert::namespaces)
        })
        .await
    }

    async fn update_namespace(&self, request: Request<pb::UpdateNamespaceRequest>) -> Answer<pb::Namespace> {
        handle(request, async |caller, message| {
            let (intent, update) = convert::update_namespace(caller, message)?;
            self.0.update_namespace(&intent, update).await.map(convert::namespace)
        })
        .await
    }

    async fn delete_namespace(&self, request: Request<pb::DeleteNamespaceRequest>) -> Answer<pb::Namespace> {
        handle(request, async |caller, message| {
            let (intent, delete) = convert::deletion(caller, message)?;
            self.0.delete_namespace(&intent, &delete).await.map(convert::namespace)
        })
        .await
    }

    async fn undelete_namespace(&self, request: Request<pb::UndeleteNamespaceRequest>) -> Answer<pb::Namespace> {
        handle(request, async |caller, message| {
            let (intent, asked) = convert::deletion(caller, message)?;
            self.0.undelete_namespace(&intent, (&asked.name, &asked.etag)).await.map(convert::namespace)
        })
        .await
    }

    async fn apply_models(&self, request: Request<pb::ApplyModelsRequest>) -> Answer<pb::ApplyModelsResponse> {
        handle(request, async |caller, message| {
            let (intent, apply) = convert::apply_models(caller, message)?;
            self.0.apply_models(&intent, &apply).await.map(convert::applied)
        })
        .await
    }

    async fn create_policy(&self, request: Request<pb::CreatePolicyRequest>) -> Answer<pb::Policy> {
        handle(request, async |caller, message| {
            let (intent, wanted) = convert::create_policy(caller, message)?;
            self.0.create_policy(&intent, wanted).await.map(convert::policy)
        })
        .await
    }

    async fn get_policy(&self, request: Request<pb::GetPolicyRequest>) -> Answer<pb::Policy> {
        handle(request, async |caller, message| {
            let (name, as_of) = convert::get_policy(message)?;
            self.0.get_policy(&caller, &name, as_of).await.map(convert::policy)
        })
        .await
    }

    async fn list_policies(&self, request: Request<pb::ListPoliciesRequest>) -> Answer<pb::ListPoliciesResponse> {
        handle(request, async |caller, message| {
            let query = convert::list_policies(message)?;
            self.0.list_policies(&caller, &query).await.map(convert::policies)
        })
        .await
    }

    async fn update_policy(&self, request: Request<pb::UpdatePolicyRequest>) -> Answer<pb::Policy> {
        handle(request, async |caller, message| {
            let (intent, update) = convert::update_policy(caller, message)?;
            self.0.update_policy(&intent, update).await.map(convert::policy)
        })
        .await
    }

    async fn delete_policy(&self, request: Request<pb::DeletePolicyRequest>) -> Answer<pb::Policy> {
        handle(request, async |caller, message| {
            let (intent, delete) = convert::deletion(caller, message)?;
            self.0.delete_policy(&intent, &delete).await.map(convert::policy)
        })
        .await
    }

    async fn undelete_policy(&self, request: Request<pb::UndeletePolicyRequest>) -> Answer<pb::Policy> {
        handle(request, async |caller, message| {
            let (intent, asked) = convert::deletion(caller, message)?;
            self.0.undelete_policy(&intent, (&asked.name, &asked.etag)).await.map(convert::policy)
        })
        .await
    }

    async fn check_policies(&self, request: Request<pb::CheckPoliciesRequest>) -> Answer<pb::CheckPoliciesResponse> {
        handle(request, async |caller, message| {
            let query = convert::check_policies(message)?;
            self.0.check_policies(&caller, &query).await.map(convert::checked)
        })
        .await
    }

    async fn get_traffic(&self, request: Request<pb::GetTrafficRequest>) -> Answer<Traffic> {
        handle(request, async |caller, message| {
            let (model, as_of) = convert::get_traffic(message)?;
            self.0.get_traffic(&caller, &model, as_of).await.map(|found| convert::traffic(&model, found))
        })
        .await
    }

    async fn set_traffic(&self, request: Request<pb::SetTrafficRequest>) -> Answer<Traffic> {
        handle(request, async |caller, message| {
            let (intent, set) = convert::set_traffic(caller, message)?;
            let model = set.model.clone();
            self.0.set_traffic(&intent, set).await.map(|found| convert::traffic(&model, found))
        })
        .await
    }

    type WatchStream = Messages<pb::WatchResponse>;

    async fn watch(&self, request: Request<pb::WatchRequest>) -> Answer<Self::WatchStream> {
        handle(request, async |caller, message| {
            let (scope, registry) = (convert::watch(message)?, Arc::clone(&self.0));
            let shown = move |event| convert::watch_event(event, registry.history());
            self.0.watch(&caller, scope).await.map(|events| messages(caller, events.map_ok(shown)))
        })
        .await
    }

    async fn list_changes(&self, request: Request<pb::ListChangesRequest>) -> Answer<pb::ListChangesResponse> {
        handle(request, async |caller, message| {
            let page = self.0.list_changes(&caller, &convert::list_changes(message)?).await;
            page.map(|page| convert::changes(page, (&caller, &self.0.state())))
        })
        .await
    }

    async fn diff_revisions(&self, request: Request<pb::DiffRevisionsRequest>) -> Answer<pb::DiffRevisionsResponse> {
        handle(request, async |caller, message| {
            self.0.diff_revisions(&caller, &convert::diff_revisions(message)?).await.map(convert::differences)
        })
        .await
    }

    async fn get_checkpoint(&self, request: Request<pb::GetCheckpointRequest>) -> Answer<pb::Checkpoint> {
        handle(request, async |caller, message| {
            let moment = convert::get_checkpoint(message)?;
            self.0.get_checkpoint(&caller, moment).map(convert::checkpoint)
        })
        .await
    }

    async fn prove_inclusion(&self, request: Request<pb::ProveInclusionRequest>) -> Answer<pb::ProveInclusionResponse> {
        handle(request, async |caller, message| {
            let (which, moment) = convert::prove_inclusion(message)?;
            self.0.prove_inclusion(&caller, &which, moment).await.map(convert::inclusion)
        })
        .await
    }

    async fn prove_consistency(
        &self,
        request: Request<pb::ProveConsistencyRequest>,
    ) -> Answer<pb::ProveConsistencyResponse> {
        handle(request, async |caller, message| {
            let (old, moment) = convert::prove_consistency(message)?;
            self.0.prove_consistency(&caller, old, moment).map(convert::consistency)
        })
        .await
    }

    async fn report_sightings(
        &self,
        request: Request<pb::ReportSightingsRequest>,
    ) -> Answer<pb::ReportSightingsResponse> {
        handle(request, async |caller, message| {
            let report = convert::report_sightings(&caller, message)?;
            self.0.report_sightings(&caller, report).await.map(convert::reported)
        })
        .await
    }

    async fn list_sightings(&self, request: Request<pb::ListSightingsRequest>) -> Answer<pb::ListSightingsResponse> {
        handle(request, async |caller, message| {
            let query = convert::list_sightings(message)?;
            self.0.list_sightings(&caller, &query).await.map(convert::sightings)
        })
        .await
    }

    type ExportLedgerStream = Messages<pb::ExportLedgerResponse>;

    async fn export_ledger(&self, request: Request<pb::ExportLedgerRequest>) -> Answer<Self::ExportLedgerStream> {
        handle(request, async |caller, message| {
            let (first, moment) = convert::export_ledger(message)?;
            let parts = self.0.export_ledger(&caller, first, moment);
            parts.map(|parts| messages(caller, parts.map_ok(convert::exported)))
        })
        .await
    }
}
