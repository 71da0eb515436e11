//! Three people of different rights and a pipeline, under TLS: what each may do, from the first certificate to a rotation
//! and a right that is taken back.

use crate::guarded::{POLICY, Place, done, said, slipway};

#[test]
fn people_of_different_rights_do_what_they_may_and_nobody_else_does_anything() {
    let place = Place::start();
    for (model, team) in [("ctr", "ads"), ("feed", "social")] {
        assert!(done(&place.person("ada", &["team", "create", team])));
        let created = place.person("ada", &["model", "create", model, "--owner", team]);
        assert!(done(&created), "{}", said(&created));
    }
    let digest = format!("sha256:{}", "1".repeat(64));
    for model in ["ctr", "feed"] {
        let version = ["version", "create", model, "--artifact-uri", "s3://models/1", "--digest", &digest];
        assert!(done(&place.pipeline(&version)), "the pipeline registers");
        assert!(!done(&place.person("cleo", &version)), "a viewer does not");
    }
    assert!(!done(&place.pipeline(&["traffic", "set", "ctr", "1=100%"])), "a pipeline moves no traffic");
    let moved = place.person("ben", &["traffic", "set", "ctr", "1=100%"]);
    assert!(done(&moved), "{}", said(&moved));
    // What is not Ben's is refused in the same words whether it is there or not.
    let theirs = said(&place.person("ben", &["traffic", "set", "feed", "1=100%"]));
    let nobodys = said(&place.person("ben", &["traffic", "set", "gone", "1=100%"]));
    let bare = |text: &str| text.split(", request ").next().unwrap().replace("feed", "X").replace("gone", "X");
    assert_eq!(bare(&theirs), bare(&nobodys));
    assert!(theirs.contains("PERMISSION_DENIED"), "{theirs}");
    let seen = said(&place.person("ben", &["model", "ls"]));
    assert!(seen.contains("ctr") && !seen.contains("feed"), "{seen}");
    assert!(said(&place.person("cleo", &["model", "ls"])).contains("feed"));
    for nobody in [place.person("mallory", &["model", "ls"]), place.command(&["model", "ls"]).output().unwrap()] {
        let told = said(&nobody);
        assert!(!done(&nobody) && !told.contains("ctr") && !told.contains("feed"), "{told}");
    }
    whoever_can_t_connect_is_told_what_to_do(&place);
    a_right_is_taken_back(&place);
    a_certificate_is_rotated(&place);
}

fn whoever_can_t_connect_is_told_what_to_do(place: &Place) {
    let with = |variable: &str, value: &str| place.command(&["model", "ls"]).env(variable, value).output().unwrap();
    let foreign = said(&with("SLIPWAY_CA", "foreign/ca.crt"));
    assert!(foreign.contains("--ca"), "{foreign}");
    let plain = said(&with("SLIPWAY_REGISTRY", &place.addresses[0].replace("https", "http")));
    assert!(plain.contains("begins with https://"), "{plain}");
    let mut stranger = place.command(&["model", "ls"]);
    stranger.env("SLIPWAY_CERTIFICATE", "foreign/ada.crt").env("SLIPWAY_KEY", "foreign/ada.key");
    let stranger = said(&stranger.output().unwrap());
    assert!(stranger.contains("--certificate"), "{stranger}");
}

fn a_right_is_taken_back(place: &Place) {
    std::fs::write(place.folder.path().join("policy.toml"), POLICY).unwrap();
    place.until("Cleo may still look", |place| !done(&place.person("cleo", &["model", "ls"])));
    std::fs::write(place.folder.path().join("tokens.toml"), "").unwrap();
    place.until("a revoked token is still good", |place| !done(&place.pipeline(&["model", "ls"])));
    assert!(done(&place.person("ada", &["model", "ls"])), "others keep theirs");
}

fn a_certificate_is_rotated(place: &Place) {
    let ca = place.folder.path().join("certs/ca.crt");
    let old = std::fs::read(&ca).unwrap();
    // A new authority beside the old one, as rotations go: first everybody trusts both.
    let output = slipway(place.folder.path()).args(["certs", "ca", "next"]).output().unwrap();
    assert!(done(&output), "{}", said(&output));
    let new = std::fs::read(place.folder.path().join("next/ca.crt")).unwrap();
    std::fs::write(&ca, [old, new.clone()].concat()).unwrap();
    let issue = ["certs", "issue", "next", "ada", "--uri", "spiffe://acme/ada"];
    assert!(done(&slipway(place.folder.path()).args(issue).output().unwrap()));
    for file in ["ada.crt", "ada.key"] {
        std::fs::copy(place.folder.path().join("next").join(file), place.folder.path().join("certs").join(file))
            .unwrap();
    }
    place.until("the next authority is not trusted", |place| done(&place.person("ada", &["model", "ls"])));
}
