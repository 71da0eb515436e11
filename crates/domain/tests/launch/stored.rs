//! A launch reads back as it was stored, also from a program that knew fewer fields.

use slipway_domain::gate::Verdict;
use slipway_domain::launch::Launch;

use crate::case::{Case, DAY};

fn busy() -> Launch {
    let mut case = Case::baking(1);
    case.pass(DAY).gate(Verdict::NoData).paused();
    case.launch
}

#[test]
fn a_launch_reads_back_as_it_was_stored() {
    let text = serde_json::to_string(&busy()).unwrap();
    assert_eq!(serde_json::from_str::<Launch>(&text).unwrap(), busy());
}

#[test]
fn a_launch_of_an_older_program_reads_with_the_new_fields_at_rest() {
    let mut value = serde_json::to_value(busy()).unwrap();
    let fields = value.as_object_mut().unwrap();
    for field in ["holds", "approvers", "evidence", "failures", "bake", "rollback_reason", "log", "expire_at"] {
        fields.remove(field).unwrap();
    }
    let read: Launch = serde_json::from_value(value).unwrap();
    assert_eq!((read.hold(), read.bake, read.failures), (None, None, 0));
    assert_eq!(read.outstanding, busy().outstanding);
}
