//! A service as a process: exit codes, signals, its log, its traces. The test starts itself again as the service, for
//! which it has a `main` of its own.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]
#![allow(clippy::print_stdout, reason = "this program is its own test harness")]

mod support {
    pub mod client;
    pub mod collector;
    pub mod echo;
}

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitCode, Output, Stdio};
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, KeyPair};
use slipway_chassis::process::{self, Start};
use slipway_chassis::server::Served;
use slipway_chassis::settings::{Declaration, Reader, Setting};
use support::client;
use support::echo::Echo;
use tonic::transport::Channel;

/// The variable that makes this program the service.
const SERVE: &str = "CHASSIS_TEST_SERVE";

/// How long something that must come is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

const MISHAP: Setting<String> =
    Setting::new("mishap", "none", |text| Some(text.to_owned()), "a mishap", "What goes wrong");
const DECLARATION: Declaration<String> = Declaration {
    name: "slipway-echo",
    about: "Echoes.",
    listen: "127.0.0.1:0",
    ops_listen: "127.0.0.1:0",
    data_dir: "./echo-data",
    settings: &[MISHAP.row],
    read: |reader: &mut Reader| reader.value(&MISHAP),
    examples: "",
};

async fn start(mishap: String, start: Start) -> Result<Served, std::io::Error> {
    match mishap.as_str() {
        "no start" => return Err(std::io::Error::other("the journal is damaged")),
        "slow" => std::future::pending().await,
        "task" => start.tasks.spawn("outbox", async { panic!("no stamps") }),
        _ => {}
    }
    Ok(Echo::default().served())
}

/// Two free ports of this machine and a folder: what a process needs for itself.
struct Place {
    listen: SocketAddr,
    ops: SocketAddr,
    folder: tempfile::TempDir,
}

fn place() -> Place {
    let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (one, other) = (free(), free());
    let folder = tempfile::tempdir().unwrap();
    Place { listen: one.local_addr().unwrap(), ops: other.local_addr().unwrap(), folder }
}

impl Place {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let data = self.folder.path().join("data");
        command.env(SERVE, "1").env("SLIPWAY_DATA_DIR", data).env("SLIPWAY_LISTEN", self.listen.to_string());
        command.env("SLIPWAY_OPS_LISTEN", self.ops.to_string()).args(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// A service that is started and answers.
    async fn started(&self, arguments: &[&str]) -> (Child, Channel) {
        let child = self.command(arguments).spawn().unwrap();
        let endpoint = Channel::from_shared(format!("http://{}", self.listen)).unwrap();
        let begun = Instant::now();
        loop {
            match endpoint.connect().await {
                Ok(channel) => return (child, channel),
                Err(error) => assert!(begun.elapsed() < Duration::from_secs(20), "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn terminate(child: &Child) {
    let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(told.success());
}

/// What a process leaves behind. The wait does not hold up this program, whose connections answer meanwhile.
async fn ended(child: Child) -> Output {
    tokio::task::spawn_blocking(move || child.wait_with_output()).await.unwrap().unwrap()
}

/// The lines that a process says on standard error, as it says them.
type Lines = tokio::sync::mpsc::UnboundedReceiver<String>;

fn heard(child: &mut Child) -> Lines {
    let (said, lines) = tokio::sync::mpsc::unbounded_channel();
    let stderr = child.stderr.take().unwrap();
    std::thread::spawn(move || {
        BufReader::new(stderr).lines().map_while(Result::ok).try_for_each(|line| said.send(line))
    });
    lines
}

fn log(output: &Output) -> Vec<serde_json::Value> {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

async fn wrong_settings_end_with_64_and_name_every_fault() {
    let output = place().output(&["--listen", "70000", "--grace", "soon", "--log-format", "pretty", "--frob"]);
    assert_eq!(output.status.code(), Some(64));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.starts_with("slipway-echo: 4 settings are wrong:"), "{text}");
    assert!(["70000", "soon", "pretty", "--frob"].iter().all(|given| text.contains(given)), "{text}");
}

async fn help_goes_to_standard_output_and_is_no_failure() {
    let output = place().output(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("--mishap") && text.contains("SLIPWAY_MISHAP"), "{text}");
}

async fn a_service_that_cannot_start_says_why_and_ends_with_70() {
    let output = place().output(&["--mishap", "no start"]);
    assert_eq!(output.status.code(), Some(70));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("it could not start: the journal is damaged"), "{text}");
}

async fn an_address_in_use_is_named() {
    let place = place();
    let _taken = std::net::TcpListener::bind(place.ops).unwrap();
    let output = place.output(&[]);
    assert_eq!(output.status.code(), Some(70));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains(&format!("cannot listen on {}", place.ops)), "{text}");
}

async fn a_task_that_breaks_off_takes_the_service_with_it() {
    let output = place().output(&["--mishap", "task"]);
    assert_eq!(output.status.code(), Some(70));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("no stamps") && text.contains("outbox"), "{text}");
}

async fn told_to_stop_it_stops_and_succeeds() {
    let place = place();
    let (child, channel) = place.started(&[]).await;
    assert_eq!(client::say_text(&channel, "hello").await.unwrap(), "hello");
    terminate(&child);
    assert_eq!(ended(child).await.status.code(), Some(0));
}

async fn a_peer_that_does_not_answer_does_not_hold_up_the_end() {
    let place = place();
    let (child, channel) = place.started(&["--grace", "1h"]).await;
    client::say_text(&channel, "hello").await.unwrap();
    terminate(&child);
    // The only thread of this program waits here, so that its connection is as good as dead.
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
}

async fn told_to_stop_while_it_starts_it_stops_too() {
    let place = place();
    let mut child = place.command(&["--mishap", "slow"]).spawn().unwrap();
    // Operators are answered while the service starts.
    let begun = Instant::now();
    while std::net::TcpStream::connect(place.ops).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20) && child.try_wait().unwrap().is_none());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    terminate(&child);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

async fn a_panic_is_logged_once_with_its_request_id_and_its_place() {
    let place = place();
    let (child, channel) = place.started(&[]).await;
    let mut request = tonic::Request::new("panic".to_owned());
    request.metadata_mut().insert("x-request-id", "abc-123".parse().unwrap());
    client::say(&channel, request).await.unwrap_err();
    terminate(&child);
    let log = log(&ended(child).await);
    let told: Vec<_> = log.iter().filter(|line| line["level"] == "ERROR").collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["fields"]["request_id"], "abc-123");
    let message = told[0]["fields"]["message"].as_str().unwrap();
    assert!(message.contains("out of paint") && message.contains("echo.rs"), "{message}");
    assert!(told[0]["fields"]["backtrace"].as_str().unwrap().contains("echo"), "{told:?}");
}

async fn data_is_kept_where_nobody_else_can_look() {
    use std::os::unix::fs::PermissionsExt;
    let place = place();
    let (child, _) = place.started(&[]).await;
    terminate(&child);
    let output = ended(child).await;
    let data = place.folder.path().join("data");
    assert_eq!(std::fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(log(&output).iter().all(|line| line["level"] == "INFO"), "{output:?}");
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).unwrap();
    let (child, _) = place.started(&[]).await;
    terminate(&child);
    let log = log(&ended(child).await);
    assert!(log.iter().any(|line| line["level"] == "WARN" && line["fields"]["mode"] == "755"), "{log:?}");
}

async fn tokens_on_a_remote_address_without_tls_are_warned_of_and_nothing_else_is() {
    let place = place();
    let (policy, tokens) = (place.folder.path().join("policy.toml"), place.folder.path().join("tokens.toml"));
    std::fs::write(&policy, "[[bindings]]\nrole = \"viewer\"\nmembers = [\"token:ci\"]\n").unwrap();
    std::fs::write(&tokens, "").unwrap();
    let (policy, tokens) =
        (format!("--access.policy={}", policy.display()), format!("--access.tokens={}", tokens.display()));
    let remote = format!("--listen=0.0.0.0:{}", place.listen.port());
    for (arguments, warned) in
        [(&[&policy, &tokens, &remote][..], true), (&[&policy, &tokens], false), (&[&policy, &remote], false)]
    {
        let arguments: Vec<&str> = arguments.iter().map(|argument| argument.as_str()).collect();
        let (child, _) = place.started(&arguments).await;
        terminate(&child);
        let log = log(&ended(child).await);
        let warnings =
            log.iter().filter(|line| line["level"] == "WARN").map(|line| line["fields"]["message"].to_string());
        let warnings: Vec<String> = warnings.collect();
        assert_eq!(
            warnings.iter().any(|warning| warning.contains("without TLS")),
            warned,
            "{arguments:?}: {warnings:?}"
        );
    }
}

async fn a_certificate_that_ends_soon_is_warned_of_at_the_start_and_when_it_is_read_again() {
    let place = place();
    let days = |days: u32| {
        let end = std::time::SystemTime::now() + Duration::from_secs(3600 * 24) * days;
        let mut params = CertificateParams::new(vec!["echo.test".to_owned()]).unwrap();
        params.not_after = end.into();
        let key = KeyPair::generate().unwrap();
        std::fs::write(place.folder.path().join("server.key"), key.serialize_pem()).unwrap();
        std::fs::write(place.folder.path().join("server.crt"), params.self_signed(&key).unwrap().pem()).unwrap();
    };
    let file = |flag: &str, name: &str| format!("--tls.{flag}={}", place.folder.path().join(name).display());
    days(13);
    let mut child = place.command(&[&file("certificate", "server.crt"), &file("key", "server.key")]).spawn().unwrap();
    let mut lines = heard(&mut child);
    let warning = async |lines: &mut Lines| loop {
        let line = tokio::time::timeout(PATIENCE, lines.recv()).await.unwrap().unwrap();
        if line.contains("\"WARN\"") || line.contains("read again") {
            break line;
        }
    };
    let first = warning(&mut lines).await;
    assert!(first.contains("ends soon") && first.contains("server.crt"), "{first}");
    days(15);
    loop {
        // Between the two files a look may find a pair that does not belong together.
        let line = warning(&mut lines).await;
        assert!(!line.contains("ends soon"), "{line}");
        if line.contains("read again") {
            break;
        }
    }
    terminate(&child);
    child.wait().unwrap();
}

async fn a_level_that_is_changed_in_the_file_holds_at_once_unless_a_flag_says_it() {
    let place = place();
    let file = place.folder.path().join("settings.toml");
    let config = format!("--config={}", file.display());
    std::fs::write(&file, "log = 'warn'\n").unwrap();
    let mut child = place.started(&[&config]).await.0;
    let mut lines = heard(&mut child);
    let line = async |lines: &mut Lines| tokio::time::timeout(PATIENCE, lines.recv()).await.unwrap().unwrap();
    std::fs::write(&file, "log = 'loud=er'\n").unwrap();
    let refused = line(&mut lines).await;
    assert!(refused.contains("loud=er") && refused.contains("as before"), "{refused}");
    std::fs::write(&file, "log = 'info'\n").unwrap();
    let changed = line(&mut lines).await;
    assert!(changed.contains("is changed") && changed.contains("warn"), "{changed}");
    terminate(&child);
    assert!(line(&mut lines).await.contains("stopping"));
    child.wait().unwrap();

    std::fs::write(&file, "log = 'trace'\n").unwrap();
    let (child, _) = place.started(&[&config, "--log", "error"]).await;
    std::fs::write(&file, "log = 'debug'\n").unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    terminate(&child);
    assert!(log(&ended(child).await).is_empty());
}

async fn spans_reach_the_collector_and_continue_the_callers_trace() {
    let collector = support::collector::start().await;
    let place = place();
    let traces = format!("http://{}", collector.address);
    let (child, channel) = place.started(&["--otlp-endpoint", &traces, "--trace-sample", "0"]).await;
    let mut request = tonic::Request::new("hello".to_owned());
    let trace = "0af7651916cd43dd8448eb211c80319c";
    request.metadata_mut().insert("traceparent", format!("00-{trace}-b7ad6b7169203331-01").parse().unwrap());
    client::say(&channel, request).await.unwrap();
    let mut broken = tonic::Request::new("panic".to_owned());
    broken.metadata_mut().insert("traceparent", format!("00-{trace}-b7ad6b7169203331-00").parse().unwrap());
    client::say(&channel, broken).await.unwrap_err();
    // This one begins a trace of its own, and none of those are sent.
    client::say_text(&channel, "unsampled").await.unwrap();
    terminate(&child);
    let output = ended(child).await;
    assert_eq!(output.status.code(), Some(0));
    let told = log(&output).into_iter().find(|line| line["level"] == "ERROR").unwrap();
    assert_eq!(told["span"]["trace_id"], trace, "{told}");
    let spans = collector.spans();
    assert_eq!(spans.len(), 1, "{spans:?}");
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!((spans[0].name.as_str(), hex(&spans[0].trace_id).as_str()), ("test.v1.Echo/Say", trace));
    assert_eq!(hex(&spans[0].parent_span_id), "b7ad6b7169203331");
}

async fn a_quiet_log_silences_no_trace() {
    let collector = support::collector::start().await;
    let place = place();
    let traces = format!("http://{}", collector.address);
    let (child, channel) = place.started(&["--otlp-endpoint", &traces, "--trace-sample", "1", "--log", "warn"]).await;
    client::say_text(&channel, "hello").await.unwrap();
    terminate(&child);
    assert_eq!(log(&ended(child).await), Vec::<serde_json::Value>::new());
    assert_eq!(collector.spans().len(), 1);
}

async fn a_collector_that_is_not_there_costs_the_end_no_more_than_its_patience() {
    let place = place();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let traces = format!("http://{}", nobody.local_addr().unwrap());
    let (child, channel) = place.started(&["--otlp-endpoint", &traces, "--trace-sample", "1"]).await;
    client::say_text(&channel, "hello").await.unwrap();
    let begun = Instant::now();
    terminate(&child);
    assert_eq!(ended(child).await.status.code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

/// Runs every test whose name contains one of the arguments that are no flags; says which, as the usual harness does.
macro_rules! run {
    ($($test:ident),* $(,)?) => {{
        let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        $(if wanted.is_empty() || wanted.iter().any(|part| stringify!($test).contains(part.as_str())) {
            runtime.block_on($test());
            println!("test {} ... ok", stringify!($test));
        })*
    }};
}

fn main() -> ExitCode {
    if std::env::var_os(SERVE).is_some() {
        return process::main(&DECLARATION, start);
    }
    run!(
        wrong_settings_end_with_64_and_name_every_fault,
        help_goes_to_standard_output_and_is_no_failure,
        a_service_that_cannot_start_says_why_and_ends_with_70,
        an_address_in_use_is_named,
        a_task_that_breaks_off_takes_the_service_with_it,
        told_to_stop_it_stops_and_succeeds,
        a_peer_that_does_not_answer_does_not_hold_up_the_end,
        told_to_stop_while_it_starts_it_stops_too,
        a_panic_is_logged_once_with_its_request_id_and_its_place,
        data_is_kept_where_nobody_else_can_look,
        tokens_on_a_remote_address_without_tls_are_warned_of_and_nothing_else_is,
        a_certificate_that_ends_soon_is_warned_of_at_the_start_and_when_it_is_read_again,
        a_level_that_is_changed_in_the_file_holds_at_once_unless_a_flag_says_it,
        spans_reach_the_collector_and_continue_the_callers_trace,
        a_quiet_log_silences_no_trace,
        a_collector_that_is_not_there_costs_the_end_no_more_than_its_patience,
    );
    ExitCode::SUCCESS
}
