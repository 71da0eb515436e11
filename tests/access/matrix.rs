//! Every method by every role, read from the descriptor of the API: a method that nobody thought of is found here.

use prost::Message;
use prost_types::FileDescriptorSet;
use slipway_domain::access::Role;
use slipway_domain::access::method::{Rule, rule};
use tonic::Code;

use crate::services::Services;

/// The services of the API and their methods, as `service/method`.
pub fn methods() -> Vec<(String, String)> {
    let set = FileDescriptorSet::decode(slipway_proto::FILE_DESCRIPTOR_SET).unwrap();
    let mut methods = Vec::new();
    for file in &set.file {
        for service in &file.service {
            let name = format!("{}.{}", file.package(), service.name());
            methods.extend(service.method.iter().map(|method| (name.clone(), method.name().to_owned())));
        }
    }
    assert!(methods.len() > 25, "{methods:?}");
    methods
}

#[test]
fn every_method_has_a_rule() {
    let closed: Vec<_> =
        methods().into_iter().filter(|(service, method)| rule(service, method) == Rule::Closed).collect();
    assert!(closed.is_empty(), "write a rule in crates/domain/src/access/method.rs for {closed:?}");
}

/// What is refused for who calls; anything else is about the message, which is empty.
fn refusal(result: Result<(), tonic::Status>) -> Option<Code> {
    result
        .err()
        .map(|status| status.code())
        .filter(|code| matches!(code, Code::PermissionDenied | Code::Unauthenticated))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_may_call_what_its_permissions_say_and_nothing_else() {
    let names: Vec<&str> = Role::ALL.into_iter().map(Role::name).chain(["stranger"]).collect();
    let binding = |role: Role| format!("[[bindings]]\nrole = \"{0}\"\nmembers = [\"token:{0}\"]\n", role.name());
    let services = Services::start(&Role::ALL.map(binding).concat(), &names).await;
    let mut calls = 0;
    for (service, method) in methods() {
        let path = format!("{service}/{method}");
        let may = |role: Role| match rule(&service, &method) {
            Rule::Needs(permission) => role.permissions().contains(&permission),
            Rule::Authenticated => true,
            rule @ (Rule::Open | Rule::Closed) => panic!("{path}: {rule:?}"),
        };
        for role in Role::ALL {
            let refused = refusal(services.call(&path, &(), Some(role.name())).await);
            assert_eq!(refused, (!may(role)).then_some(Code::PermissionDenied), "{path} by {}", role.name());
            calls += 1;
        }
        let proven = rule(&service, &method) == Rule::Authenticated;
        let expected = (!proven).then_some(Code::PermissionDenied);
        assert_eq!(refusal(services.call(&path, &(), Some("stranger")).await), expected, "{path}");
        let nobody = may(Role::Service) && !proven;
        let expected = (!nobody).then_some(Code::Unauthenticated);
        assert_eq!(refusal(services.call(&path, &(), None).await), expected, "{path}");
    }
    assert_eq!(calls, methods().len() * Role::ALL.len());
    services.stop().await;
}
