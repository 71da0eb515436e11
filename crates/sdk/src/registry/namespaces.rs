//! Namespaces.

use slipway_domain::name::NamespaceName;

use super::Registry;
use crate::call::{identified, unary};
use crate::error::Error;
use crate::pb;

impl Registry {
    /// Creates a namespace.
    pub async fn create_namespace(&self, request: pb::CreateNamespaceRequest) -> Result<pb::Namespace, Error> {
        unary!(self.create_namespace(identified(request))).await
    }

    /// Makes sure that a namespace is there; what it is stays as it is.
    pub async fn ensure_namespace(&self, name: &NamespaceName) -> Result<pb::Namespace, Error> {
        let namespace = Some(pb::Namespace { name: name.to_string(), ..Default::default() });
        self.update_namespace(pb::UpdateNamespaceRequest { namespace, allow_missing: true, ..Default::default() }).await
    }

    /// Returns a namespace.
    pub async fn get_namespace(&self, name: &NamespaceName) -> Result<pb::Namespace, Error> {
        let request = pb::GetNamespaceRequest { name: name.to_string(), ..Default::default() };
        unary!(self.get_namespace(self.read.asked(request))).await
    }

    /// Lists one page of namespaces.
    pub async fn list_namespaces(
        &self,
        request: pb::ListNamespacesRequest,
    ) -> Result<pb::ListNamespacesResponse, Error> {
        unary!(self.list_namespaces(self.read.asked(request))).await
    }

    /// Changes the named fields of a namespace.
    pub async fn update_namespace(&self, request: pb::UpdateNamespaceRequest) -> Result<pb::Namespace, Error> {
        unary!(self.update_namespace(identified(request))).await
    }

    /// Deletes a namespace that holds nothing, which can be taken back for 30 days.
    pub async fn delete_namespace(&self, request: pb::DeleteNamespaceRequest) -> Result<pb::Namespace, Error> {
        unary!(self.delete_namespace(identified(request))).await
    }

    /// Takes the deletion of a namespace back.
    pub async fn undelete_namespace(&self, request: pb::UndeleteNamespaceRequest) -> Result<pb::Namespace, Error> {
        unary!(self.undelete_namespace(identified(request))).await
    }
}
