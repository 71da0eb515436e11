//! A server that answers as MLflow does: its pages, its numbers as texts, its listings without aliases.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

/// Who has it is answered.
pub const TOKEN: &str = "let-me-in";

/// A server.
pub struct Fake {
    pub address: String,
    pub folder: tempfile::TempDir,
    left: Arc<AtomicUsize>,
}

impl Fake {
    /// Begins to answer.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/prefix", listener.local_addr().unwrap());
        let left = Arc::new(AtomicUsize::new(usize::MAX));
        let counted = Arc::clone(&left);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, left) = (stream.unwrap(), Arc::clone(&counted));
                // A client that goes away in the middle is of no account.
                std::thread::spawn(move || serve(stream, &left));
            }
        });
        Self { address, folder: tempfile::tempdir().unwrap(), left }
    }

    /// Answers so many more times.
    pub fn answer(&self, times: usize) {
        self.left.store(times, Ordering::Relaxed);
    }
}

fn serve(stream: TcpStream, left: &AtomicUsize) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let (mut first, mut authorized) = (String::new(), false);
        if reader.read_line(&mut first).ok()? == 0 {
            return None;
        }
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            if header.trim().is_empty() {
                break;
            }
            authorized |= header.to_lowercase().trim() == format!("authorization: bearer {TOKEN}");
        }
        let path = first.split(' ').nth(1)?.to_owned();
        let is_left = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        let (status, body) = match (is_left, authorized) {
            (false, _) => ("503 Service Unavailable", json!({ "message": "it goes away" })),
            (true, false) => ("401 Unauthorized", json!({ "message": "who are you?" })),
            (true, true) => ("200 OK", answer(&path)),
        };
        let body = body.to_string();
        let head =
            format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        let mut stream = &stream;
        stream.write_all((head + &body).as_bytes()).ok()?;
    }
}

fn answer(path: &str) -> Value {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let path = path.strip_prefix("/prefix/api/2.0/mlflow/").unwrap_or_default();
    let query = query.replace("%20", " ").replace("%3D", "=").replace("%27", "'");
    let said =
        |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}="))).unwrap_or_default();
    match path {
        "registered-models/search" => {
            let (models, next) = match said("page_token") {
                "" => (&models()[..3], "two"),
                _ => (&models()[2..], ""),
            };
            // Listings were known to leave aliases out.
            let bare = |model: &Value| {
                let mut model = model.clone();
                model["aliases"] = json!([]);
                model
            };
            json!({ "registered_models": models.iter().map(bare).collect::<Vec<_>>(), "next_page_token": next })
        }
        "registered-models/get" => {
            json!({ "registered_model": models().into_iter().find(|model| model["name"] == said("name")) })
        }
        "model-versions/search" => match said("filter") {
            "name='churn'" => json!({ "model_versions": churn() }),
            "name='ctr'" => json!({ "model_versions": [version(1, json!([]))] }),
            "name='Fraud Model'" => json!({ "model_versions": [version(1, json!([]))] }),
            _ => json!({}),
        },
        other => json!({ "message": format!("there is no {other}") }),
    }
}

fn models() -> Vec<Value> {
    let model = |name: &str, tags: Value, aliases: Value| {
        json!({ "name": name, "creation_timestamp": 1_700_000_000_000_i64, "last_updated_timestamp": "1700000001000",
            "tags": tags, "aliases": aliases })
    };
    let tag = |key: &str, value: &str| json!({ "key": key, "value": value });
    let mut ctr = model("ctr", json!([tag("team", "Ads"), tag("note", &"n".repeat(300))]), json!([]));
    ctr["description"] = "clicks".into();
    vec![
        model(
            "churn",
            json!([tag("team", "gone")]),
            json!([{ "alias": "Prod_EU", "version": "9" }, { "alias": "old", "version": "3" }]),
        ),
        ctr,
        model("Fraud Model", json!([]), json!([])),
        model("fraud-model", json!([]), json!([])),
        model("ask", json!([tag("mlflow.prompt.is_prompt", "true")]), json!([])),
    ]
}

/// Three versions, the newest first, with gaps where others were deleted.
fn churn() -> Value {
    let sha = json!([{ "key": "sha", "value": "AB".repeat(32) }]);
    let mut third = version(3, sha);
    third["current_stage"] = "Production".into();
    json!([version(9, json!([])), version(7, json!([])), third])
}

fn version(number: i64, tags: Value) -> Value {
    json!({ "name": "churn", "version": number.to_string(), "creation_timestamp": 1_700_000_000_000_i64 + number * 1000,
        "current_stage": "None", "source": format!("s3://bucket/churn/{number}"), "run_id": format!("run{number}"),
        "status": "READY", "user_id": "ada", "tags": tags })
}
