//! Proofs that do not hold, and rights that end where another team's begin.

use std::io;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};
use slipway_chassis::env::Env;
use slipway_sdk::pb;
use slipway_tls::Client;

use super::authority::{Authority, Holds, dns, uri};
use super::call::{
    Answer, CREATE_MODEL, GET_MODEL, LIST_MODELS, OK, PERMISSION_DENIED, UNAUTHENTICATED, all_models, ask_about_secret,
    call, message,
};
use super::issuer::{claims, confused, signed, unsigned};
use super::place::{PATIENCE, Place, SECRET};
use super::raw::{DATA, END_HEADERS, END_STREAM, HEADERS, Raw, frame, headers, stream};

async fn list(place: &Place, client: &Client, headers: &[(&str, &str)]) -> io::Result<Answer> {
    call((place.listen, client), LIST_MODELS, headers, all_models()).await
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_does_not_hold_gets_nobody_in() {
    let place = Place::start(&["--tls.client-auth=required"]).await;
    let honest = place.honest_caller();
    let names = |name: &str| vec![uri(&format!("spiffe://acme/{name}"))];
    assert_eq!(list(&place, &place.client(Some("ben")), &[]).await.unwrap().code, OK, "as anybody with rights");
    let before = place.figure("connections_refused_total{reason=\"handshake\"}");
    let certificates = [
        ("a foreign authority", Authority::new().certify(names("ada"), Holds::Now)),
        ("an expired one", place.authority.certify(names("ada"), Holds::NoMore)),
        ("one that is not valid yet", place.authority.certify(names("ada"), Holds::NotYet)),
    ];
    for (what, certificate) in &certificates {
        let refused = list(&place, &place.client_showing(certificate), &[]).await;
        assert!(refused.is_err(), "{what}: {refused:?}");
    }
    let refused = list(&place, &place.client(None), &[]).await;
    assert!(refused.is_err(), "no certificate at all: {refused:?}");
    let token = bearer(&place.token);
    let refused = list(&place, &place.client(None), &[("authorization", &token)]).await;
    assert!(refused.is_err(), "a token in place of a certificate: {refused:?}");
    assert_eq!(place.figure("connections_refused_total{reason=\"handshake\"}"), before + 5.0);
    // Whoever is certified and has no rights is told no more than that.
    let nobodies = [
        (names("mallory"), PERMISSION_DENIED),
        (vec![dns("spiffe.acme")], PERMISSION_DENIED),
        (vec![uri("spiffe://acme/ada/")], PERMISSION_DENIED),
        (vec![uri("spiffe://acme/mallory"), uri("spiffe://acme/ada")], PERMISSION_DENIED),
        (vec![], UNAUTHENTICATED),
    ];
    for (names, code) in nobodies {
        let certificate = place.authority.certify(names.clone(), Holds::Now);
        let client = place.client_showing(&certificate);
        assert_eq!(list(&place, &client, &[]).await.unwrap().code, code, "{names:?}");
        for (header, value) in [
            ("x-principal", "cert:spiffe://acme/ada"),
            ("x-forwarded-client-cert", "By=spiffe://acme/slipway;URI=spiffe://acme/ada"),
            ("x-forwarded-user", "ada"),
            ("x-slipway-principal", "cert:spiffe://acme/ada"),
        ] {
            let named = list(&place, &client, &[(header, value)]).await.unwrap();
            assert_eq!(named.code, code, "{names:?} {header}");
        }
    }
    place.is_well("bad certificates").await;
    honest.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_does_not_hold_gets_nobody_in() {
    let place = Place::start(&[]).await;
    let (honest, client) = (place.honest_caller(), place.client(None));
    let with = async |token: &str| list(&place, &client, &[("authorization", &bearer(token))]).await;
    let (now, seconds) = (Timestamp::now(), Timestamp::now().as_second());
    let good = claims("ben", now);
    let changed = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        claims
    };
    assert_eq!(with(&signed(&good, 1, Some("one"))).await.unwrap().code, OK, "what each is a change of");
    assert_eq!(with(&place.token).await.unwrap().code, OK);
    let signature = signed(&good, 1, Some("one")).rsplit_once('.').unwrap().1.to_owned();
    let before = place.figure("rpc_server_refusals_total{reason=\"CREDENTIALS_INVALID\"}");
    let bad = [
        ("no algorithm", unsigned("none", &good, "")),
        ("no algorithm, with a signature", unsigned("none", &good, &signature)),
        ("a signature with the public key as a shared secret", confused(&good, 1, "one")),
        ("another audience", signed(&changed("aud", json!("other")), 1, Some("one"))),
        ("another issuer", signed(&changed("iss", json!("https://id.evil")), 1, Some("one"))),
        ("not valid yet", signed(&changed("nbf", json!(seconds + 3600)), 1, Some("one"))),
        ("an unknown key", signed(&good, 3, Some("three"))),
        ("a key of another name", signed(&good, 1, Some("two"))),
        ("a static token that is none", format!("slipway_{}", "0".repeat(64))),
    ];
    for (what, token) in &bad {
        let answer = with(token).await.unwrap();
        assert_eq!(answer.code, UNAUTHENTICATED, "{what}: {answer:?}");
    }
    let counted = place.figure("rpc_server_refusals_total{reason=\"CREDENTIALS_INVALID\"}") - before;
    assert_eq!(counted, bad.len() as f64);
    let ended = signed(&changed("exp", json!(seconds - 3600)), 1, Some("one"));
    assert_eq!(with(&ended).await.unwrap().code, UNAUTHENTICATED);
    assert_eq!(place.figure("rpc_server_refusals_total{reason=\"CREDENTIALS_EXPIRED\"}"), 1.0);
    // More claims than headers may be long get no answer of ours at all, and a little less is not looked at.
    let long = signed(&changed("junk", json!("x".repeat(16 << 10))), 1, Some("one"));
    assert_eq!(with(&long).await.unwrap().code, UNAUTHENTICATED);
    let huge = signed(&changed("junk", json!("x".repeat(1 << 20))), 1, Some("one"));
    assert!(with(&huge).await.map_or(true, |answer| answer.code.is_none()), "a mebibyte of claims");
    // What was good is not, once it is taken back.
    std::fs::write(place.folder.path().join("tokens.toml"), "").unwrap();
    let begun = Instant::now();
    while with(&place.token).await.unwrap().code != UNAUTHENTICATED {
        assert!(begun.elapsed() < PATIENCE, "a token that was taken back is still good");
    }
    place.is_well("bad tokens").await;
    honest.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_teams_models_are_not_there() {
    let place = Place::start(&[]).await;
    let ben = place.client(Some("ben"));
    let listed = list(&place, &ben, &[]).await.unwrap();
    assert!(listed.code == OK && listed.text().contains("ctr"), "{listed:?}");
    let get = |name: &str| {
        message(&pb::GetModelRequest { name: format!("namespaces/default/models/{name}"), ..Default::default() })
    };
    let theirs = ask_about_secret((place.listen, &ben), GET_MODEL, get(SECRET)).await.unwrap();
    let nobodys = call((place.listen, &ben), GET_MODEL, &[], get("no-such-model")).await.unwrap();
    assert_eq!((theirs.code, nobodys.code), (PERMISSION_DENIED, PERMISSION_DENIED));
    assert_eq!(theirs.message().replace(SECRET, "X"), nobodys.message().replace("no-such-model", "X"));
    let taken = pb::CreateModelRequest {
        parent: "namespaces/default".to_owned(),
        model_id: SECRET.to_owned(),
        model: Some(pb::Model { owner: "social".to_owned(), ..Default::default() }),
        ..Default::default()
    };
    let answer = ask_about_secret((place.listen, &ben), CREATE_MODEL, message(&taken)).await.unwrap();
    assert_eq!(answer.code, PERMISSION_DENIED, "{answer:?}");
    // Refused as often as it is tried, and logged with who it was, but not as often.
    let begun = Instant::now();
    for _ in 0..50 {
        ask_about_secret((place.listen, &ben), GET_MODEL, get(SECRET)).await.unwrap();
    }
    let logged = place.refusals("PERMISSION_DENIED");
    assert!(logged[0].to_string().contains("cert:spiffe://acme/ben"), "{}", logged[0]);
    let seconds = usize::try_from(begun.elapsed().as_secs()).unwrap();
    assert!(logged.len() <= seconds + 4, "{} lines in {seconds} s", logged.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_calls_too_fast_is_logged_by_name_and_not_as_often() {
    let place = Place::start(&["--rate.requests=100"]).await;
    let (honest, begun) = (place.honest_caller(), Instant::now());
    let raw = Raw::begin(place.listen, &place.client(Some("ben"))).await.unwrap();
    let body = all_models();
    let piece = move |n| {
        let head = frame(HEADERS, END_HEADERS, stream(n), &headers(LIST_MODELS, &[]));
        [head, frame(DATA, END_STREAM, stream(n), &body)].concat()
    };
    let flooding = tokio::spawn(raw.flood(900, piece));
    let refused = "rpc_server_refusals_total{reason=\"RATE_EXCEEDED\"}";
    while place.figure(refused) < 500.0 {
        assert!(begun.elapsed() < PATIENCE, "{} refusals", place.figure(refused));
        Env::system().pause(Duration::from_millis(50)).await;
    }
    flooding.abort();
    let logged = place.refusals("RATE_EXCEEDED");
    let seconds = usize::try_from(begun.elapsed().as_secs()).unwrap();
    assert!((1..=seconds + 1).contains(&logged.len()), "{} lines in {seconds} s", logged.len());
    assert!(logged.iter().all(|line| line["fields"]["principal"] == "cert:spiffe://acme/ben"), "{logged:?}");
    honest.end().await;
}
