//! The command itself: every subject is measured, for as short as it goes, and prints what programs rely on. How good a
//! figure is, no test says.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

use std::process::Command;

use serde_json::Value;

/// What `slipway-bench` prints when it is asked for `subject` as JSON.
fn measured(subject: &str) -> Value {
    measured_with(&[subject])
}

fn measured_with(asked: &[&str]) -> Value {
    let arguments =
        ["--seconds", "0.2", "--models", "1000", "--versions", "2000", "--json", "--dir", env!("CARGO_TARGET_TMPDIR")];
    let output = Command::new(env!("CARGO_BIN_EXE_slipway-bench")).args(asked).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Panics unless there is a finite number above 0 at each of `pointers` of `object`.
fn has_figures(object: &Value, pointers: &[&str]) {
    for pointer in pointers {
        let figure = object.pointer(pointer).and_then(Value::as_f64);
        assert!(figure.is_some_and(|figure| figure.is_finite() && figure > 0.0), "{pointer} of {object}");
    }
}

const STORE: [&str; 8] = [
    "/txn_per_s/1",
    "/txn_per_s/8",
    "/txn_per_s/64",
    "/txn_per_s/256",
    "/bare_sync_per_s/1",
    "/bare_sync_per_s/8",
    "/bare_sync_per_s/64",
    "/bare_sync_per_s/256",
];

const REGISTRY: [&str; 17] = [
    "/get_model_per_s",
    "/echo_per_s",
    "/get_model_p99_ms",
    "/echo_p99_ms",
    "/create_model_per_s",
    "/get_model_per_s_tls_jwt",
    "/get_model_p99_backup_factor",
    "/create_model_p99_backup_factor",
    "/backup_mib_per_s",
    "/watch_1000_p99_ms",
    "/create_version_per_s_empty",
    "/create_version_per_s_full",
    "/get_model_ratio_full",
    "/list_page_p99_ms",
    "/restart_s",
    "/rss_bytes",
    "/fleet_versions",
];

const HEALTH: [&str; 2] = ["/observations_per_s", "/bare_fold_per_s"];

const OVERLOAD: [&str; 6] = [
    "/best_goodput_per_s",
    "/offered_per_s",
    "/overloaded_goodput_per_s",
    "/overloaded_ratio",
    "/overloaded_p99_ms",
    "/service_core_share",
];

const SDK: [&str; 2] = ["/route_ns", "/hash_ns"];

#[test]
fn all_of_it_is_one_object_by_subject_that_names_its_machine() {
    let all = measured("all");
    let subjects =
        [("store", &STORE[..]), ("registry", &REGISTRY), ("health", &HEALTH), ("sdk", &SDK), ("overload", &OVERLOAD)];
    for (subject, pointers) in subjects {
        has_figures(&all[subject], pointers);
    }
    let overload = &all["overload"];
    assert!(overload["not_in_time_per_s"].is_object() && overload.get("recovery_s").is_some(), "{overload}");
    assert!(all["machine"]["cores"].is_u64() && all["machine"]["filesystem"].is_string(), "{all}");
}

#[test]
fn one_subject_is_one_object_of_its_figures() {
    has_figures(&measured("sdk"), &SDK);
}

#[test]
fn a_store_of_many_keys_is_opened_again_after_a_kill() {
    let figures = ["/keys", "/entry_bytes", "/reopen_s", "/reopen_rebuilt_s", "/read_files_s", "/resident_bytes"];
    has_figures(&measured_with(&["store", "--keys", "5000"]), &figures);
}

#[test]
fn a_time_that_cannot_be_measured_is_refused() {
    let arguments = ["sdk", "--seconds", "0"];
    let output = Command::new(env!("CARGO_BIN_EXE_slipway-bench")).args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("from 0.01 to 3600"));
}
