//! GetModel over TLS, with a JSON web token and a policy on every call, beside the same without any of them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{CertificateParams, KeyPair, SanType};
use serde_json::json;
use slipway_chassis::process;
use slipway_registry::config::{DECLARATION, serve};
use slipway_sdk::name::ModelName;
use slipway_sdk::{ClientFiles, Endpoint, Registry, pb};
use slipway_store::memory::Memory;

use crate::load::{self, CONNECTIONS, Served};
use crate::running::Running;
use crate::turns::{Turns, take_turns};

const ISSUER: &str = "https://id.example.org";
const AUDIENCE: &str = "slipway";
const MODEL: &str = "namespaces/default/models/feed-ranker";

/// Reads one model in turn from a registry under TLS that asks who calls, and from one that is open to everybody. The
/// same client calls both.
///
/// # Errors
/// When one of them can't be started, or fails.
pub async fn compare(round: Duration, folder: &Path) -> Result<Turns<Served>> {
    let flags = secrets(folder)?;
    let guarded = start(&folder.join("guarded"), &flags).await?;
    let open = start(&folder.join("open"), &[]).await?;
    let address = guarded.address.replace("http://127.0.0.1", "https://localhost");
    let ca = ClientFiles { ca: Some(folder.join("own.crt")), identity: None };
    let endpoint = Endpoint::new(&address)?.with_tls(ca).with_token(&std::fs::read_to_string(folder.join("token"))?)?;
    let secured = clients(&endpoint).await?;
    let plain = clients(&Endpoint::new(&open.address)?).await?;
    let get = |client: Registry, _| async move {
        client.get_model(&ModelName::parse(MODEL)?).await?;
        Ok(())
    };
    let limit = async || load::run(&plain, round, get).await;
    let turns = take_turns(async || load::run(&secured, round, get).await, limit).await?;
    guarded.stop().await?;
    open.stop().await?;
    Ok(turns)
}

async fn start(folder: &Path, flags: &[String]) -> Result<Running> {
    let store = Arc::new(Memory::new());
    Running::start_with(&DECLARATION, (folder, flags), |plan, _| {
        process::serve(plan, (), async move |(), start| serve(store, start).await)
    })
    .await
}

/// Connections to a registry that has the model.
async fn clients(endpoint: &Endpoint) -> Result<Vec<Registry>> {
    let clients: Vec<_> = (0..CONNECTIONS).map(|_| Registry::new(endpoint)).collect();
    let model = pb::Model { owner: "ranking".to_owned(), ..Default::default() };
    let (parent, model_id) = ("namespaces/default".to_owned(), "feed-ranker".to_owned());
    let request = pb::CreateModelRequest { parent, model_id, model: Some(model), ..Default::default() };
    clients[0].ensure_team(&"namespaces/default/teams/ranking".parse()?).await?;
    clients[0].create_model(request).await?;
    Ok(clients)
}

/// Writes a certificate, the key of an issuer, a token of it and a policy into `folder`; gives the flags that name them.
fn secrets(folder: &Path) -> Result<Vec<String>> {
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::DnsName("localhost".try_into()?)];
    let key = KeyPair::generate()?;
    let signing = EncodingKey::from_ec_der(KeyPair::generate()?.serialized_der());
    let mut public = Jwk::from_encoding_key(&signing, Algorithm::ES256)?;
    public.common.key_id = Some("one".to_owned());
    let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::ES256) };
    let until = Timestamp::now().as_second() + 86_400;
    let claims = json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": until });
    let policy = "[[bindings]]\nrole = \"registrar\"\nmembers = [\"jwt:ada\"]\n";
    let files = [
        ("own.crt", params.self_signed(&key)?.pem()),
        ("own.key", key.serialize_pem()),
        ("keys.json", serde_json::to_string(&JwkSet { keys: vec![public] })?),
        ("token", jsonwebtoken::encode(&header, &claims, &signing)?),
        ("policy.toml", policy.to_owned()),
    ];
    for (name, text) in files {
        std::fs::write(folder.join(name), text).with_context(|| format!("writing {name}"))?;
    }
    let path = |flag: &str, name: &str| format!("--{flag}={}", folder.join(name).display());
    Ok(vec![
        path("tls.certificate", "own.crt"),
        path("tls.key", "own.key"),
        path("access.policy", "policy.toml"),
        path("jwt.keys", "keys.json"),
        format!("--jwt.issuer={ISSUER}"),
        format!("--jwt.audience={AUDIENCE}"),
    ])
}
