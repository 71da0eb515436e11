//! Policies.

use slipway_domain::name::PolicyName;

use super::Registry;
use crate::call::{identified, unary};
use crate::error::Error;
use crate::pb;

impl Registry {
    /// Creates a policy.
    pub async fn create_policy(&self, request: pb::CreatePolicyRequest) -> Result<pb::Policy, Error> {
        unary!(self.create_policy(identified(request))).await
    }

    /// Returns a policy.
    pub async fn get_policy(&self, name: &PolicyName) -> Result<pb::Policy, Error> {
        let request = pb::GetPolicyRequest { name: name.to_string(), ..Default::default() };
        unary!(self.get_policy(self.read.asked(request))).await
    }

    /// Lists one page of policies.
    pub async fn list_policies(&self, request: pb::ListPoliciesRequest) -> Result<pb::ListPoliciesResponse, Error> {
        unary!(self.list_policies(self.read.asked(request))).await
    }

    /// Changes the named fields of a policy.
    pub async fn update_policy(&self, request: pb::UpdatePolicyRequest) -> Result<pb::Policy, Error> {
        unary!(self.update_policy(identified(request))).await
    }

    /// Deletes a policy, which can be taken back for 30 days.
    pub async fn delete_policy(&self, request: pb::DeletePolicyRequest) -> Result<pb::Policy, Error> {
        unary!(self.delete_policy(identified(request))).await
    }

    /// Takes the deletion of a policy back.
    pub async fn undelete_policy(&self, request: pb::UndeletePolicyRequest) -> Result<pb::Policy, Error> {
        unary!(self.undelete_policy(identified(request))).await
    }

    /// Lists one page of which models break which policies.
    pub async fn check_policies(&self, request: pb::CheckPoliciesRequest) -> Result<pb::CheckPoliciesResponse, Error> {
        unary!(self.check_policies(request)).await
    }
}
