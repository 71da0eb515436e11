//! How settings are given, which of them wins, and how their faults are told.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

use std::path::PathBuf;
use std::time::Duration;

use slipway_chassis::settings::{
    Audience, Clock, Declaration, Fault, Faults, Origin, Reader, Request, Setting, Settings, Sources, parse,
};

const PEER: Setting<http::Uri> = Setting::new(
    "peer",
    "http://127.0.0.1:7701",
    parse::endpoint,
    "an address, as http://127.0.0.1:7701",
    "Where the other one is",
);
const DECLARATION: Declaration<http::Uri> = Declaration {
    name: "slipway-test",
    about: "Tries the settings.",
    listen: "127.0.0.1:7799",
    ops_listen: "127.0.0.1:7798",
    data_dir: "./slipway-data/test",
    settings: &[PEER.row],
    read: |reader: &mut Reader| reader.value(&PEER),
    examples: "Examples:\n  slipway-test --grace 5s",
};

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn parsed(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Request<http::Uri>, Faults> {
    DECLARATION.parse(arguments.iter().map(|text| (*text).to_owned()), pairs(environment))
}

fn settings(arguments: &[&str], environment: &[(&str, &str)]) -> Settings<http::Uri> {
    match parsed(arguments, environment).unwrap() {
        Request::Run(settings) => *settings,
        Request::Print(text) => panic!("{text}"),
    }
}

fn faults(arguments: &[&str], environment: &[(&str, &str)]) -> Vec<Fault> {
    parsed(arguments, environment).unwrap_err().0
}

fn printed(arguments: &[&str]) -> String {
    match parsed(arguments, &[]).unwrap() {
        Request::Print(text) => text.to_string(),
        Request::Run(settings) => panic!("{settings:?}"),
    }
}

/// A settings file that goes away with the folder.
fn file(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slipway.toml");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn every_default_is_a_value_of_its_setting() {
    let settings = settings(&[], &[]);
    assert_eq!(settings.common.listen, "127.0.0.1:7799".parse().unwrap());
    assert_eq!(settings.common.ops_listen, "127.0.0.1:7798".parse().unwrap());
    assert_eq!(settings.common.data_dir, PathBuf::from("./slipway-data/test"));
    assert_eq!(settings.common.max_message, 4 << 20);
    assert_eq!(settings.common.traces, None);
    assert_eq!(settings.common.clock, Clock::System);
    assert_eq!(settings.own, "http://127.0.0.1:7701/");
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let (_folder, path) = file("grace = '1s'\nlog = 'warn'\npeer = 'http://a:1'\n[clock]\nspeed = 3\n");
    let clock = ["--clock.origin=2026-01-01T00:00:00Z", "--clock.start=2023-06-01T00:00:00Z"];
    let arguments = [&["--config", &path, "--grace=3s"][..], &clock].concat();
    let settings = settings(&arguments, &[("SLIPWAY_GRACE", "2s"), ("SLIPWAY_LOG", "debug")]);
    assert_eq!(settings.common.server.grace, Duration::from_secs(3));
    assert_eq!(settings.common.log.filter, "debug");
    assert_eq!(settings.own, "http://a:1/");
    assert!(matches!(settings.common.clock, Clock::Scaled(scale) if scale.speed == 3.0));
}

#[test]
fn the_file_can_be_named_by_the_environment() {
    let (_folder, path) = file("grace = '1s'\n");
    let settings = settings(&[], &[("SLIPWAY_CONFIG", &path)]);
    assert_eq!(settings.common.server.grace, Duration::from_secs(1));
}

#[test]
fn the_last_of_repeated_flags_holds() {
    assert_eq!(settings(&["--grace", "1s", "--grace", "2s"], &[]).common.server.grace, Duration::from_secs(2));
}

#[test]
fn the_variables_of_others_are_passed_over() {
    settings(&[], &[("SLIPWAY_LISTEN_REGISTRY", "x"), ("HOME", "/root")]);
}

#[test]
fn all_faults_of_all_settings_are_told_at_once_with_where_they_come_from() {
    let (_folder, path) = file("max-requests = 0\ncolour = 'red'\n[limits]\nstreams = 5\n");
    let arguments = ["--config", &path, "--listen", "70000", "--peer", "https://a:1", "--frobnicate", "1"];
    let faults = faults(&arguments, &[("SLIPWAY_GRACE", "soon"), ("SLIPWAY_TRACE_SAMPLE", "2")]);
    let text = Faults(faults.clone()).to_string();
    let unknown = |key: &str| Fault::UnknownKey { key: key.to_owned(), file: PathBuf::from(&path) };
    assert!(faults.contains(&unknown("colour")) && faults.contains(&unknown("limits.streams")), "{text}");
    let has = |wanted: &str, from: Origin, text: &str| {
        faults.iter().any(|fault| {
            matches!(fault, Fault::Value { name, origin, given, .. }
            if *name == wanted && *origin == from && given == text)
        })
    };
    assert!(has("max-requests", Origin::File(PathBuf::from(&path)), "0"), "{text}");
    assert!(has("listen", Origin::Flag("listen".to_owned()), "70000"), "{text}");
    assert!(has("peer", Origin::Flag("peer".to_owned()), "https://a:1"), "{text}");
    assert!(has("grace", Origin::Variable("SLIPWAY_GRACE".to_owned()), "soon"), "{text}");
    assert!(has("trace-sample", Origin::Variable("SLIPWAY_TRACE_SAMPLE".to_owned()), "2"), "{text}");
    assert!(
        faults.iter().any(|fault| matches!(fault, Fault::CommandLine(told) if told.contains("--frobnicate"))),
        "{text}"
    );
    assert_eq!(faults.len(), 8, "{text}");
    assert!(
        text.contains(r#"grace = "soon" (from $SLIPWAY_GRACE): it must be a duration from 1ms to 24h, as 30s"#),
        "{text}"
    );
}

#[test]
fn a_file_that_is_missing_or_no_toml_is_a_fault_among_the_others() {
    let (_folder, path) = file("grace = \n");
    for path in [path.as_str(), "/nowhere/slipway.toml"] {
        let faults = faults(&["--config", path, "--log-format", "pretty"], &[]);
        assert!(matches!(&faults[0], Fault::File { file, .. } if file.to_str() == Some(path)), "{faults:?}");
        assert!(matches!(&faults[1], Fault::Value { name: "log-format", .. }), "{faults:?}");
    }
}

#[test]
fn an_unauthenticated_listener_for_everybody_is_refused_unless_that_is_said() {
    let everybody = ["--listen", "0.0.0.0:7701", "--ops-listen", "[::]:7711"];
    let refused = faults(&everybody, &[]);
    assert_eq!(refused.len(), 2);
    assert!(refused[0].to_string().contains("--allow-unauthenticated-remote"), "{}", refused[0]);
    let allowed = [&everybody[..], &["--allow-unauthenticated-remote"]].concat();
    assert_eq!(settings(&allowed, &[]).common.listen, "0.0.0.0:7701".parse().unwrap());
    settings(&everybody, &[("SLIPWAY_ALLOW_UNAUTHENTICATED_REMOTE", "true")]);
    assert_eq!(faults(&everybody, &[("SLIPWAY_ALLOW_UNAUTHENTICATED_REMOTE", "no")]).len(), 3);
}

#[test]
fn what_is_wrong_with_tls_is_told_before_anything_is_served() {
    let told = |arguments: &[&str]| Faults(faults(arguments, &[])).to_string();
    assert!(told(&["--tls.certificate", "own.crt"]).contains("tls.key"));
    assert!(told(&["--tls.key", "own.key"]).contains("tls.certificate"));
    assert!(told(&["--tls.client-ca", "ca.crt"]).contains("given together with tls.certificate and tls.key"));
    let (folder, path) = file("no PEM");
    let missing = folder.path().join("none").display().to_string();
    let text = told(&["--tls.certificate", &path, "--tls.key", &missing, "--tls.client-auth", "required"]);
    assert!(text.contains("unless tls.client-ca says who certifies clients"), "{text}");
    assert!(text.contains("tls.key = ") && text.contains("No such file"), "{text}");
    let text = told(&["--tls.certificate", &path, "--tls.key", &path]);
    assert!(text.contains("there is no certificate in it"), "{text}");
}

#[test]
fn a_default_deadline_above_the_longest_is_refused() {
    let faults = faults(&["--default-deadline", "10m"], &[]);
    assert!(faults[0].to_string().contains("at most max-deadline"), "{}", faults[0]);
}

#[test]
fn half_a_clock_is_refused() {
    let faults = faults(&["--clock.speed", "60"], &[]);
    assert!(faults[0].to_string().contains("clock.origin"), "{}", faults[0]);
}

#[test]
fn help_shows_every_setting_for_operators_with_its_default_and_variable_and_examples() {
    let help = printed(&["--help"]);
    for row in DECLARATION.rows() {
        let shown = help.contains(&format!("--{}", row.name));
        assert_eq!(shown, row.audience == Audience::Operator, "{}", row.name);
        assert!(!shown || help.contains(&row.variable()), "{}", row.name);
    }
    let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("[default: 127.0.0.1:7799]") && words.contains("slipway-test --grace 5s"), "{help}");
    assert!(printed(&["--version"]).starts_with("slipway-test "));
}

#[test]
fn settings_can_be_read_without_a_command_line() {
    let flags = pairs(&[("listen", "127.0.0.1:0"), ("data-dir", "/tmp/up/registry")]);
    let settings = DECLARATION.read(Sources { flags, environment: pairs(&[("SLIPWAY_GRACE", "1s")]) }).unwrap();
    assert_eq!(settings.common.listen.port(), 0);
    assert_eq!(settings.common.server.grace, Duration::from_secs(1));
}
