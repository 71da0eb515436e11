//! Who is let in, by which proof, and what happens when the files behind it change.

#![allow(clippy::unwrap_used, reason = "a test that can't set up has failed")]

mod access {
    mod web;
}

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use serde_json::{Value, json};
use slipway_chassis::access::jwt::{Terms, parse_algorithms};
use slipway_chassis::access::key_source::KeySource;
use slipway_chassis::access::{Access, Admitted, Certificate, Credentials, Entry, Refused, Sources, tokens};
use slipway_chassis::env::{Driver, Env};
use slipway_chassis::metrics::Metrics;
use slipway_domain::access::Permission;
use slipway_domain::access::method::Rule;
use slipway_domain::fault::Fault;
use tempfile::TempDir;

use crate::issuer::{base64, confused, key_set, signed, unsigned};

#[path = "support/issuer.rs"]
mod issuer;

const NOW: &str = "2026-03-03T14:02:00Z";
const READ: Rule = Rule::Needs(Permission::ReadModels);
const WRITE: Rule = Rule::Needs(Permission::WriteModels);
const POLICY: &str = "\
[[bindings]]
role = \"viewer\"
members = [\"jwt:ada\", \"token:ci\", \"cert:spiffe://acme/ben\", \"claim:readers\"]
";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn claims() -> Value {
    issuer::claims("ada", now())
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

/// A certificate that holds for so many seconds.
fn ending(name: &str, seconds: u64) -> Certificate {
    Certificate { name: name.into(), until: now() + Duration::from_secs(seconds) }
}

struct Place {
    folder: TempDir,
    access: Access,
    metrics: Metrics,
    token: String,
    driver: Driver,
}

impl Place {
    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn admit(&self, rule: Rule, bearer: Option<&str>, certificate: Option<&str>) -> Result<Admitted, Refused> {
        let certificate = certificate.map(|name| ending(name, 3600));
        self.access.admit(rule, &Credentials::new(bearer, certificate.as_ref()))
    }

    /// Who a token is taken for, or the reason why it is none.
    fn of_token(&self, token: &str) -> Result<String, &'static str> {
        let admitted = self.admit(READ, Some(token), None);
        admitted.map(|admitted| admitted.principal.to_string()).map_err(|refused| refused.reason())
    }
}

fn place() -> Place {
    place_with(KeySource::File)
}

/// The same, with the issuer's keys from a source that is made of the path of the file that has them.
fn place_with(keys_from: impl FnOnce(PathBuf) -> KeySource) -> Place {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (env, driver) = Env::driven(now(), 7);
    let token = tokens::generate(&env);
    std::fs::write(path("policy.toml"), POLICY).unwrap();
    let entry = format!("[[tokens]]\nname = \"ci\"\nsha256 = \"{}\"\n", tokens::hash(&token));
    std::fs::write(path("tokens.toml"), entry).unwrap();
    std::fs::write(path("keys.json"), key_set(&[(1, "one"), (2, "two")])).unwrap();
    let terms = Terms {
        issuer: "https://id.acme".to_owned(),
        audience: "slipway".to_owned(),
        algorithms: parse_algorithms("EdDSA,ES256").unwrap(),
        groups_claim: "groups".to_owned(),
    };
    let sources = Sources {
        policy: path("policy.toml"),
        tokens: Some(path("tokens.toml")),
        jwt: Some((terms, keys_from(path("keys.json")))),
    };
    let metrics = Metrics::new().unwrap();
    let access = Access::guarded(sources, &env, &metrics).unwrap();
    Place { folder, access, metrics, token, driver }
}

#[test]
fn each_proof_makes_its_own_principal() {
    let place = place();
    let token = place.token.clone();
    assert_eq!(place.of_token(&token), Ok("token:ci".to_owned()));
    assert_eq!(place.of_token(&signed(&claims(), 1, Some("one"))), Ok("jwt:ada".to_owned()));
    assert_eq!(place.of_token(&signed(&claims(), 2, Some("two"))), Ok("jwt:ada".to_owned()));
    let ben = place.admit(READ, None, Some("spiffe://acme/ben")).unwrap();
    assert_eq!(ben.principal.as_str(), "cert:spiffe://acme/ben");
    assert!(!ben.granted.grant.is_nothing());
}

#[test]
fn groups_of_a_token_are_claims() {
    let place = place();
    let mut claims = with("sub", json!("eve"));
    assert_eq!(place.of_token(&signed(&claims, 1, Some("one"))), Err("PERMISSION_DENIED"));
    claims["groups"] = json!(["writers", "readers"]);
    assert_eq!(place.of_token(&signed(&claims, 1, Some("one"))), Ok("jwt:eve".to_owned()));
    claims["groups"] = json!("writers readers");
    assert_eq!(place.of_token(&signed(&claims, 1, Some("one"))), Ok("jwt:eve".to_owned()));
    claims["groups"] = json!({ "readers": true });
    assert_eq!(place.of_token(&signed(&claims, 1, Some("one"))), Err("PERMISSION_DENIED"));
}

#[test]
fn a_token_that_does_not_hold_lets_nobody_in() {
    let place = place();
    let seconds = now().as_second();
    let (invalid, expired) = (Err("CREDENTIALS_INVALID"), Err("CREDENTIALS_EXPIRED"));
    let of = |claims: Value| place.of_token(&signed(&claims, 1, Some("one")));
    assert_eq!(of(with("exp", json!(seconds - 31))), expired);
    assert_eq!(of(with("exp", json!(seconds - 29))), Ok("jwt:ada".to_owned()), "the clocks may differ");
    assert_eq!(of(with("nbf", json!(seconds + 31))), invalid);
    assert_eq!(of(with("iss", json!("https://id.other"))), invalid);
    assert_eq!(of(with("aud", json!("other"))), invalid);
    assert_eq!(of(with("aud", json!(["other", "slipway"]))), Ok("jwt:ada".to_owned()));
    assert_eq!(of(with("sub", json!(""))), invalid);
    assert_eq!(of(with("sub", json!("a b"))), invalid);
    assert_eq!(of(with("exp", json!(1e300))), invalid);
    for claim in ["exp", "iss", "aud", "sub"] {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(claim);
        assert_eq!(of(claims), invalid, "{claim}");
    }
}

#[test]
fn a_signature_counts_only_by_the_key_that_the_token_names() {
    let place = place();
    let invalid = Err("CREDENTIALS_INVALID");
    assert_eq!(place.of_token(&signed(&claims(), 1, Some("two"))), invalid);
    assert_eq!(place.of_token(&signed(&claims(), 3, Some("three"))), invalid, "an unknown key");
    assert_eq!(place.of_token(&signed(&claims(), 1, None)), invalid, "no key named, and there are two");
    let good = signed(&claims(), 1, Some("one"));
    let (text, signature) = good.rsplit_once('.').unwrap();
    assert_eq!(place.of_token(&format!("{text}.")), invalid);
    assert_eq!(place.of_token(&format!("{text}.{}", base64(&[0; 64]))), invalid);
    let other = signed(&with("sub", json!("root")), 1, Some("one"));
    assert_eq!(place.of_token(&format!("{}.{signature}", other.rsplit_once('.').unwrap().0)), invalid);
}

#[test]
fn an_algorithm_is_never_the_tokens_choice() {
    let place = place();
    let invalid = Err("CREDENTIALS_INVALID");
    let good = signed(&claims(), 1, Some("one"));
    let signature = good.rsplit_once('.').unwrap().1;
    for algorithm in ["none", "None", "HS256", "RS256", "ES256", "EDDSA", ""] {
        assert_eq!(place.of_token(&unsigned(algorithm, &claims(), signature)), invalid, "{algorithm}");
        assert_eq!(place.of_token(&unsigned(algorithm, &claims(), "")), invalid, "{algorithm}");
    }
    assert_eq!(place.of_token(&confused(&claims(), 1, "one")), invalid);
    assert_eq!(parse_algorithms("RS256,HS256"), None);
    assert_eq!(parse_algorithms("none"), None);
}

#[test]
fn what_is_no_token_at_all_is_refused_and_does_no_harm() {
    let place = place();
    let long = "x".repeat(8 << 10);
    for text in [".", "..", "...", "a.b.c", "slipway_", "slipway_0", &long, &format!("{long}.{long}.{long}"), "é"] {
        assert_eq!(place.of_token(text), Err("CREDENTIALS_INVALID"), "{text:.20}");
    }
    let mut claims = claims();
    claims["junk"] = json!("x".repeat(1 << 20));
    let mut headers = HeaderMap::new();
    let huge = format!("Bearer {}", signed(&claims, 1, Some("one")));
    headers.insert("authorization", HeaderValue::from_str(&huge).unwrap());
    assert_eq!(Credentials::of(&headers, None), Err(Refused::Malformed));
}

#[test]
fn a_bad_token_is_not_made_good_by_a_good_certificate() {
    let place = place();
    let refused = place.admit(READ, Some("slipway_wrong"), Some("spiffe://acme/ben")).unwrap_err();
    assert_eq!(refused.reason(), "CREDENTIALS_INVALID");
    // What one proof proved is not found under the text of another.
    place.admit(READ, None, Some("spiffe://acme/ben")).unwrap();
    assert_eq!(place.of_token("spiffe://acme/ben"), Err("CREDENTIALS_INVALID"));
}

#[test]
fn who_proves_nothing_is_asked_to_and_who_may_not_is_told_so() {
    let place = place();
    let reason = |rule, bearer, certificate| place.admit(rule, bearer, certificate).map_err(|refused| refused.reason());
    assert_eq!(reason(READ, None, None), Err("CREDENTIALS_MISSING"));
    assert_eq!(reason(Rule::Authenticated, None, None), Err("CREDENTIALS_MISSING"));
    assert!(reason(Rule::Open, None, None).is_ok());
    assert_eq!(reason(WRITE, None, Some("spiffe://acme/ben")), Err("PERMISSION_DENIED"));
    assert_eq!(reason(Rule::Closed, None, Some("spiffe://acme/ben")), Err("PERMISSION_DENIED"));
    assert_eq!(reason(READ, None, Some("spiffe://acme/nobody")), Err("PERMISSION_DENIED"));
    assert_eq!(reason(READ, None, Some("")), Err("CREDENTIALS_INVALID"));
}

#[test]
fn a_token_that_was_good_ends_at_its_time() {
    let place = place();
    let token = signed(&with("exp", json!(now().as_second() + 60)), 1, Some("one"));
    assert!(place.of_token(&token).is_ok());
    place.driver.jump_to(now() + Duration::from_secs(89));
    assert!(place.of_token(&token).is_ok());
    place.driver.jump_to(now() + Duration::from_secs(90));
    assert_eq!(place.of_token(&token), Err("CREDENTIALS_EXPIRED"));
}

#[test]
fn a_certificate_ends_at_its_time_and_its_successor_of_the_same_name_at_its_own() {
    let place = place();
    let reason = |certificate: &Certificate| {
        place.access.admit(READ, &Credentials::new(None, Some(certificate))).map_err(|refused| refused.reason())
    };
    let (old, new) = (ending("spiffe://acme/ben", 60), ending("spiffe://acme/ben", 120));
    assert_eq!(reason(&old).unwrap().until, Some(old.until));
    assert_eq!(reason(&new).unwrap().until, Some(new.until));
    place.driver.jump_to(old.until);
    assert_eq!(reason(&old), Err("CREDENTIALS_EXPIRED"));
    assert!(reason(&new).is_ok());
    place.driver.jump_to(new.until);
    assert_eq!(reason(&new), Err("CREDENTIALS_EXPIRED"));
}

async fn becomes_true(holds: impl Fn() -> bool) {
    let held = async {
        while !holds() {
            Env::system().pause(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), held).await.unwrap();
}

/// Writes a file and waits until it holds.
async fn changed(place: &Place, name: &str, text: &str, holds: impl Fn() -> bool) {
    std::fs::write(place.file(name), text).unwrap();
    becomes_true(holds).await;
}

#[tokio::test]
async fn changed_files_hold_without_a_restart_and_broken_ones_leave_all_as_it_was() {
    let place = place();
    let following = tokio::spawn(place.access.clone().follow());
    let ben = || place.admit(WRITE, None, Some("spiffe://acme/ben")).is_ok();
    assert!(!ben());
    changed(&place, "policy.toml", &POLICY.replace("viewer", "registrar"), ben).await;
    // Broken: the last good one holds; then mended, with less in it.
    std::fs::write(place.file("policy.toml"), "[[bindings]]\nrole = \"nobody\"").unwrap();
    let (token, refused) = (place.token.clone(), || place.metrics.text().unwrap().contains("outcome=\"refused\""));
    changed(&place, "tokens.toml", "", refused).await;
    assert!(ben() && place.of_token(&token).is_ok(), "one broken file leaves the others as they were, too");
    changed(&place, "policy.toml", POLICY, || !ben()).await;
    assert_eq!(place.of_token(&token), Err("CREDENTIALS_INVALID"), "the token was taken back");
    following.abort();
}

#[tokio::test]
async fn a_stream_ends_when_its_callers_rights_change_and_not_when_others_do() {
    let place = place();
    let following = tokio::spawn(place.access.clone().follow());
    let enter = |name: &str| {
        let certificate = ending(name, 3600);
        let credentials = Credentials::new(None, Some(&certificate));
        Entry::keep(READ, &credentials, &place.access.admit(READ, &credentials).unwrap())
    };
    let more = format!("{POLICY}[[bindings]]\nrole = \"viewer\"\nmembers = [\"cert:spiffe://acme/eve\"]\n");
    let eve = || place.admit(READ, None, Some("spiffe://acme/eve")).is_ok();
    changed(&place, "policy.toml", &more, eve).await;
    let (ben, eves) = (enter("spiffe://acme/ben"), enter("spiffe://acme/eve"));
    let (first, second) = (place.access.clone(), place.access.clone());
    let mut bens_stream = tokio::spawn(async move { first.ended(&ben).await });
    let eves_stream = tokio::spawn(async move { second.ended(&eves).await });
    changed(&place, "policy.toml", POLICY, || !eve()).await;
    tokio::time::timeout(Duration::from_secs(10), eves_stream).await.unwrap().unwrap();
    let waited = tokio::time::timeout(Duration::from_millis(200), &mut bens_stream).await;
    assert!(waited.is_err(), "his rights are what they were");
    bens_stream.abort();
    following.abort();
}

#[tokio::test]
async fn a_stream_ends_with_the_token_that_began_it() {
    let place = place();
    let token = signed(&with("exp", json!(now().as_second() + 60)), 1, Some("one"));
    let credentials = Credentials::new(Some(&token), None);
    let entry = Entry::keep(READ, &credentials, &place.access.admit(READ, &credentials).unwrap());
    let access = place.access.clone();
    let mut stream = tokio::spawn(async move { access.ended(&entry).await });
    tokio::time::timeout(Duration::from_millis(100), &mut stream).await.unwrap_err();
    place.driver.jump_to(now() + Duration::from_secs(90));
    tokio::time::timeout(Duration::from_secs(10), stream).await.unwrap().unwrap();
}
