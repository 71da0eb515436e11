//! What an MLflow server, of version 2 or 3, tells of its registry.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Deserializer};

use super::web::Web;

/// How many models are asked for at once.
const MODELS: &str = "200";
/// How many versions.
const VERSIONS: &str = "1000";

/// A server.
#[derive(Clone)]
pub struct Mlflow(Web);

/// A registered model.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Model {
    pub name: String,
    #[serde(deserialize_with = "number")]
    pub creation_timestamp: i64,
    pub description: String,
    pub tags: Vec<Tag>,
    pub aliases: Vec<Alias>,
    pub deployment_job_id: String,
}

/// A tag.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Tag {
    pub key: String,
    pub value: String,
}

/// An alias.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Alias {
    pub alias: String,
    #[serde(deserialize_with = "number")]
    pub version: i64,
}

/// A version of a model.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Version {
    #[serde(deserialize_with = "number")]
    pub version: i64,
    #[serde(deserialize_with = "number")]
    pub creation_timestamp: i64,
    pub user_id: String,
    pub current_stage: String,
    pub description: String,
    pub source: String,
    pub run_id: String,
    pub run_link: String,
    pub status: String,
    pub tags: Vec<Tag>,
    pub model_id: String,
    pub model_params: Vec<serde_json::Value>,
    pub model_metrics: Vec<serde_json::Value>,
}

/// A model with its versions, in the order of their numbers.
#[derive(Debug, Clone, Default)]
pub struct Whole {
    pub model: Model,
    pub versions: Vec<Version>,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Models {
    registered_models: Vec<Model>,
    next_page_token: String,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Versions {
    model_versions: Vec<Version>,
    next_page_token: String,
}

#[derive(Deserialize)]
struct One {
    registered_model: Model,
}

/// A number, which MLflow writes as one in some places and as a text in others.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    Ok(match serde_json::Value::deserialize(from)? {
        serde_json::Value::Number(number) => number.as_i64().unwrap_or_default(),
        serde_json::Value::String(text) => text.parse().unwrap_or_default(),
        _ => 0,
    })
}

impl Mlflow {
    /// The server that is asked by `web`.
    pub fn new(web: Web) -> Self {
        Self(web)
    }

    /// All registered models, as its listing shows them: each once, whatever happens between two pages.
    pub async fn models(&self) -> Result<Vec<Model>> {
        let (mut models, mut seen, mut token) = (Vec::new(), BTreeSet::new(), String::new());
        loop {
            let query = [("max_results", MODELS), ("page_token", &token)];
            let page: Models = self.get("registered-models/search", &query).await?;
            models.extend(page.registered_models.into_iter().filter(|model| seen.insert(model.name.clone())));
            if page.next_page_token.is_empty() {
                return Ok(models);
            }
            if page.next_page_token == token {
                bail!("MLflow answers with the same page again and again");
            }
            token = page.next_page_token;
        }
    }

    /// A model with all that belongs to it. Its aliases are asked for by its name, since listings were known to leave them out.
    pub async fn whole(&self, listed: Model) -> Result<Whole> {
        let name = listed.name;
        let one: One = self.get("registered-models/get", &[("name", &name)]).await?;
        let filter = filter(&name).with_context(|| format!("the model {name:?}"))?;
        let (mut versions, mut token): (Vec<Version>, _) = (Vec::new(), String::new());
        loop {
            let query = [("filter", &*filter), ("max_results", VERSIONS), ("page_token", &token)];
            let page: Versions = self.get("model-versions/search", &query).await?;
            versions.extend(page.model_versions);
            if page.next_page_token.is_empty() {
                break;
            }
            if page.next_page_token == token {
                bail!("MLflow gives the same page of the versions of {name:?} again and again");
            }
            token = page.next_page_token;
        }
        versions.sort_by_key(|version| version.version);
        versions.dedup_by_key(|version| version.version);
        Ok(Whole { model: one.registered_model, versions })
    }

    async fn get<T: serde::de::DeserializeOwned + Send + 'static>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T> {
        self.0.get(&format!("/api/2.0/mlflow/{path}"), query).await
    }
}

/// The filter that finds the versions of a model.
fn filter(name: &str) -> Result<String> {
    match (name.contains('\''), name.contains('"')) {
        (false, _) => Ok(format!("name='{name}'")),
        (true, false) => Ok(format!("name=\"{name}\"")),
        (true, true) => bail!("its name has both kinds of quotes: MLflow's filters can't ask for it; rename it there"),
    }
}
