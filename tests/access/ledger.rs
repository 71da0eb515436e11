//! The whole ledger is for who may read all of it: what it proves is about everything that it holds.

use prost::Message;
use slipway_proto::registry::v1 as registry;
use tonic::Code;

use crate::messages::{REGISTRY, new_model, new_team};
use crate::services::Services;

/// Somebody who may everything, an auditor, and three who may read it on a part alone or not at all.
const POLICY: &str = "\
[[bindings]]
role = \"admin\"
members = [\"token:root\"]

[[bindings]]
role = \"viewer\"
members = [\"token:auditor\"]

[[bindings]]
role = \"admin\"
members = [\"token:team\"]
teams = [\"feed\"]

[[bindings]]
role = \"admin\"
members = [\"token:namespace\"]
namespaces = [\"default\"]

[[bindings]]
role = \"registrar\"
members = [\"token:pipeline\"]
";

#[tokio::test(flavor = "multi_thread")]
async fn checkpoints_proofs_and_exports_are_for_who_has_the_permission_on_everything() {
    let services = Services::start(POLICY, &["root", "auditor", "team", "namespace", "pipeline"]).await;
    let path = |method: &str| format!("{REGISTRY}/{method}");
    services.call(&path("CreateTeam"), &new_team("feed"), Some("root")).await.unwrap();
    services.call(&path("CreateModel"), &new_model("feed", "feed"), Some("root")).await.unwrap();
    let entry = registry::ProveInclusionRequest { index: Some(0), ..Default::default() }.encode_to_vec();
    let calls =
        [("GetCheckpoint", vec![]), ("ProveInclusion", entry), ("ProveConsistency", vec![]), ("ExportLedger", vec![])];
    for (method, message) in calls {
        for name in ["root", "auditor"] {
            services.call_bytes(&path(method), message.clone(), Some(name)).await.unwrap();
        }
        for name in ["team", "namespace", "pipeline"] {
            let refused = services.call_bytes(&path(method), message.clone(), Some(name)).await.unwrap_err();
            assert_eq!(refused.code(), Code::PermissionDenied, "{method} by {name}");
            assert!(refused.message().contains("ledger.read"), "{refused}");
        }
    }
    services.stop().await;
}
