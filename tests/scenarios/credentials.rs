//! What people do about their credentials, under TLS with a policy: keep a token, ask who they are and what they may do, and
//! find out why they are not let in.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Output, Stdio};

use crate::binaries::binary;
use crate::guarded::{Place, done, free, said};

/// Runs the command with `text` as its standard input.
fn fed(mut command: Command, text: &[u8]) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text).unwrap();
    child.wait_with_output().unwrap()
}

fn nobody(place: &Place, arguments: &[&str]) -> Output {
    place.command(arguments).output().unwrap()
}

#[test]
fn a_token_is_kept_by_login_told_by_whoami_and_forgotten_by_logout() {
    let place = Place::start();
    assert!(!done(&nobody(&place, &["model", "ls"])));
    let refused = fed(place.command(&["login"]), b"slipway_0000");
    assert!(!done(&refused) && said(&refused).contains("CREDENTIALS_INVALID"), "{}", said(&refused));
    assert!(!done(&nobody(&place, &["auth", "whoami"])), "a token that is refused is not kept");
    let token = std::fs::read(place.folder.path().join("pipeline.token")).unwrap();
    let kept = fed(place.command(&["login"]), &token);
    assert!(done(&kept) && said(&kept).contains("you are token:pipeline"), "{}", said(&kept));
    let folder = place.folder.path().join(".config/slipway/tokens");
    for entry in std::fs::read_dir(&folder).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "it is for its owner alone");
    }
    for service in ["registry", "health", "launcher"] {
        let whoami = nobody(&place, &["auth", "whoami", "--service", service]);
        assert!(done(&whoami) && said(&whoami).contains("token:pipeline"), "{}", said(&whoami));
    }
    assert!(done(&nobody(&place, &["model", "ls"])));
    assert!(said(&place.person("ada", &["auth", "whoami"])).contains("token:pipeline"), "the token counts first");
    assert!(done(&nobody(&place, &["logout"])));
    assert!(!done(&nobody(&place, &["model", "ls"])));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    let ada = said(&place.person("ada", &["auth", "whoami"]));
    assert!(ada.contains("cert:spiffe://acme/ada") && ada.contains("admin"), "{ada}");
    assert!(done(&nobody(&place, &["logout"])), "there is nothing to forget, which is no failure");
}

#[test]
fn why_somebody_may_or_may_not_is_explained_by_the_line_of_the_policy() {
    let place = Place::start();
    for (model, team) in [("ctr", "ads"), ("feed", "social")] {
        assert!(done(&place.person("ada", &["team", "create", team])));
        let created = place.person("ada", &["model", "create", model, "--owner", team]);
        assert!(done(&created), "{}", said(&created));
    }
    let ben = "cert:spiffe://acme/ben";
    let explained = |who: &str, about: &[&str]| place.person(who, &[&["auth", "explain"], about].concat());
    let yes = explained("ada", &[ben, "SetTraffic", "ctr"]);
    assert!(done(&yes) && said(&yes).starts_with("yes") && said(&yes).contains("line 6 (operator)"), "{}", said(&yes));
    let no = explained("ada", &[ben, "SetTraffic", "feed"]);
    assert!(!done(&no) && said(&no).starts_with("no"), "{}", said(&no));
    assert!(done(&explained("ben", &["me", "SetTraffic", "ctr"])), "everybody may ask about themselves");
    let others = explained("cleo", &[ben, "SetTraffic", "ctr"]);
    assert!(!done(&others) && said(&others).contains("PERMISSION_DENIED"), "{}", said(&others));
}

/// A registry of its own without TLS; it ends with its place.
struct Plain {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Plain {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (port, ops) = (free(), free());
        let mut command = Command::new(binary("slipway-registry"));
        command.args([format!("--listen=127.0.0.1:{port}"), format!("--ops-listen=127.0.0.1:{ops}")]);
        command.arg(format!("--data-dir={}", folder.path().join("data").display()));
        let child = command.stderr(Stdio::null()).spawn().unwrap();
        Self { child, address: format!("127.0.0.1:{port}"), _folder: folder }
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to tell anybody then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_doctor_tells_apart_why_a_service_under_tls_can_t_be_used() {
    let place = Place::start();
    let well = place.person("ada", &["doctor"]);
    assert!(done(&well) && said(&well).contains("to it you are cert:spiffe://acme/ada"), "{}", said(&well));
    let found = |variable: &str, value: &str| {
        let mut command = place.command(&["doctor"]);
        command.env("SLIPWAY_CERTIFICATE", "certs/ada.crt").env("SLIPWAY_KEY", "certs/ada.key");
        command.env(variable, value).output().unwrap()
    };
    let fails = |output: &Output, what: &str, advice: &str| {
        let told = said(output);
        assert!(!done(output) && told.contains(what) && told.contains(advice), "{what}: {told}");
    };
    let registry = &place.addresses[0];
    let nowhere = format!("https://127.0.0.1:{}", free());
    fails(&found("SLIPWAY_REGISTRY", &nowhere), "nobody listens there", "start slipway-registry");
    let plain = registry.replace("https", "http");
    fails(&found("SLIPWAY_REGISTRY", &plain), "called without TLS", "--registry https://");
    let other = Plain::start();
    place.until("the other registry listens", |_| std::net::TcpStream::connect(&other.address).is_ok());
    fails(&found("SLIPWAY_REGISTRY", &format!("https://{}", other.address)), "does not speak it", "--registry http://");
    fails(&found("SLIPWAY_CA", "foreign/ca.crt"), "nobody whom you trust", "--ca");
    let named = registry.replace("127.0.0.1", "localhost");
    fails(&found("SLIPWAY_REGISTRY", &named), "for other names", "slipway certs issue");
    let mut stranger = place.command(&["doctor"]);
    stranger.env("SLIPWAY_CERTIFICATE", "foreign/ada.crt").env("SLIPWAY_KEY", "foreign/ada.key");
    fails(&stranger.output().unwrap(), "the certificate of this side", "--certificate");
    std::fs::write(place.folder.path().join("bad.token"), "slipway_0000").unwrap();
    fails(&found("SLIPWAY_TOKEN_FILE", "bad.token"), "refuses the token", "slipway login");
    let unknown = said(&nobody(&place, &["doctor"]));
    assert!(unknown.contains("it does not know who asks"), "{unknown}");
}
