//! A model of MLflow as the resources that it is here.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use slipway_sdk::name::Identifier;
use slipway_sdk::pb;
use slipway_sdk::pb::resource::Resource;

use super::mlflow::{Model, Tag, Version, Whole};
use super::report::Report;
use super::web::escaped;

/// The most characters of a description here.
const LONGEST_DESCRIPTION: usize = 4096;
/// Of a name for people.
const LONGEST_DISPLAY_NAME: usize = 128;
/// Of a label's value.
const LONGEST_LABEL: usize = 256;
/// How many labels a resource has at most.
const MOST_LABELS: usize = 64;
/// The most characters of an address.
const LONGEST_URI: usize = 2048;

/// On what terms models are brought in.
#[derive(Debug)]
pub struct Terms {
    /// Below what.
    pub parent: String,
    /// Who owns those that say nobody.
    pub owner: String,
    /// The tag that says who does.
    pub owner_tag: Option<String>,
    /// The tag that has a version's digest.
    pub digest_tag: Option<String>,
    /// The teams that there are.
    pub teams: BTreeSet<String>,
}

/// The id of each model here, by its name there. Names that would have one id get a hash of the name behind it, but for one
/// that is its id already.
pub fn ids<'a>(names: impl Iterator<Item = &'a str>) -> BTreeMap<String, String> {
    let mut by_id: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for name in names {
        by_id.entry(slug(name)).or_default().push(name);
    }
    let mut ids = BTreeMap::new();
    for (id, names) in by_id {
        let alone = names.len() == 1;
        for name in names {
            let own = if alone || name == id { id.clone() } else { hashed(&id, name) };
            ids.insert(name.to_owned(), own);
        }
    }
    ids
}

fn hashed(id: &str, name: &str) -> String {
    let hash = hex(&Sha256::digest(name.as_bytes()));
    format!("{}-{}", id.chars().take(54).collect::<String>().trim_end_matches('-'), &hash[..8])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The identifier that is nearest to a text.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for letter in text.chars().flat_map(char::to_lowercase) {
        match letter {
            'a'..='z' | '0'..='9' => slug.push(letter),
            _ if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
    }
    if !slug.starts_with(|c: char| c.is_ascii_lowercase()) {
        slug.insert_str(0, "m-");
    }
    let slug: String = slug.chars().take(63).collect();
    slug.trim_end_matches('-').to_owned()
}

/// The model, its versions and its aliases, as they are here.
pub fn resources(whole: &Whole, id: &str, terms: &Terms, report: &mut Report) -> Vec<Resource> {
    let Whole { model, versions } = whole;
    if model.tags.iter().any(|tag| tag.key == "mlflow.prompt.is_prompt" && tag.value == "true") {
        report.note(&model.name, "prompts are no models", "left out");
        return Vec::new();
    }
    let name = format!("{}/models/{id}", terms.parent);
    report.models += 1;
    report.versions += versions.len();
    let mut resources = vec![Resource::Model(of_model(model, &name, terms, report))];
    resources.extend(versions.iter().map(|version| {
        let one = Place { name: format!("{name}/versions/{}", version.version), of: &model.name };
        Resource::Version(of_version(version, one, terms, report))
    }));
    resources.extend(aliases(model, &name, report));
    resources
}

fn of_model(model: &Model, name: &str, terms: &Terms, report: &mut Report) -> pb::Model {
    let id = name.rsplit('/').next().unwrap_or_default();
    let mut display_name = String::new();
    if model.name != id {
        display_name = clipped(&model.name, LONGEST_DISPLAY_NAME);
        report.note(
            name,
            "called otherwise here",
            format!("{:?} in MLflow, which is its display name here", model.name),
        );
    }
    if !model.deployment_job_id.is_empty() {
        report.note(name, "deployment jobs are not carried over", &model.deployment_job_id);
    }
    let own = [("mlflow-created", time(model.creation_timestamp))];
    pb::Model {
        name: name.to_owned(),
        display_name,
        description: described(&model.description, name, report),
        owner: owner(model, name, terms, report),
        labels: labels(&model.tags, &own, name, report),
        ..Default::default()
    }
}

fn owner(model: &Model, name: &str, terms: &Terms, report: &mut Report) -> String {
    let tag = terms.owner_tag.as_ref().and_then(|key| model.tags.iter().find(|tag| tag.key == *key));
    let Some(tag) = tag else { return terms.owner.clone() };
    let team = slug(&tag.value);
    if terms.teams.contains(&team) {
        return team;
    }
    let detail = format!("the tag {} says {:?}; {} owns it", tag.key, tag.value, terms.owner);
    report.note(name, "no such team here", detail);
    terms.owner.clone()
}

/// A version's name here, and its model's there.
struct Place<'a> {
    name: String,
    of: &'a str,
}

fn of_version(version: &Version, place: Place<'_>, terms: &Terms, report: &mut Report) -> pb::Version {
    let Place { name, of } = place;
    let digest = terms.digest_tag.as_ref().and_then(|key| version.tags.iter().find(|tag| tag.key == *key));
    let digest = digest.and_then(|tag| known_digest(&tag.value));
    let untouched = |text: &str, usual: &str| if text == usual { String::new() } else { text.to_owned() };
    let own = [
        ("mlflow-created", time(version.creation_timestamp)),
        ("mlflow-run-id", version.run_id.clone()),
        ("mlflow-user", version.user_id.clone()),
        ("mlflow-stage", untouched(&version.current_stage, "None").to_lowercase()),
        ("mlflow-status", untouched(&version.status, "READY").to_lowercase()),
        ("mlflow-model-id", version.model_id.clone()),
        ("digest-of", if digest.is_some() { String::new() } else { "address".to_owned() }),
    ];
    if digest.is_none() {
        report.note(&name, "MLflow has no digest", "the one here is of the artifact's address, not of its bytes");
    }
    let values = version.model_params.len() + version.model_metrics.len();
    if values > 0 {
        report.note(&name, "parameters and metrics are not carried over", format!("{values} of them"));
    }
    if !version.run_link.is_empty() {
        report.note(&name, "links to runs are not carried over", &version.run_link);
    }
    let artifact_uri = address(version, of, &name, report);
    pb::Version {
        artifact_digest: digest.unwrap_or_else(|| of_address(version)),
        description: described(&version.description, &name, report),
        labels: labels(&version.tags, &own, &name, report),
        artifact_uri,
        name,
        ..Default::default()
    }
}

/// A digest as it is written here.
fn known_digest(text: &str) -> Option<String> {
    let digits = text.trim().trim_start_matches("sha256:").to_ascii_lowercase();
    let is_digest = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest.then(|| format!("sha256:{digits}"))
}

/// A digest of where an artifact lies: two versions of one artifact have the same.
fn of_address(version: &Version) -> String {
    let Version { source, run_id, model_id, .. } = version;
    format!("sha256:{}", hex(&Sha256::digest(format!("mlflow\n{source}\n{run_id}\n{model_id}").as_bytes())))
}

/// Where an artifact lies, as a URI.
fn address(version: &Version, model: &str, name: &str, report: &mut Report) -> String {
    let source = &version.source;
    let scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let is_absolute = source.split_once(':').is_some_and(|(before, rest)| {
        before.starts_with(|c: char| c.is_ascii_alphabetic()) && before.chars().all(scheme) && !rest.is_empty()
    });
    let plain = |text: &str| !text.contains(|c: char| c.is_whitespace() || c.is_control());
    let path = |path: &str| path.split('/').map(escaped).collect::<Vec<_>>().join("/");
    let found = match source {
        source if is_absolute && plain(source) => source.clone(),
        source if source.starts_with('/') => format!("file://{}", path(source)),
        _ => String::new(),
    };
    if found.is_empty() || found.chars().count() > LONGEST_URI {
        report.note(
            name,
            "the address of the artifact is no URI",
            format!("{source:.200?}; MLflow's own name stands for it"),
        );
        return format!("models:/{}/{}", escaped(model), version.version);
    }
    found
}

fn aliases(model: &Model, name: &str, report: &mut Report) -> Vec<Resource> {
    let mut found: BTreeMap<String, &str> = BTreeMap::new();
    let mut aliases = Vec::new();
    for alias in &model.aliases {
        let id = slug(&alias.alias);
        if let Some(first) = found.get(&id) {
            report.note(name, "aliases that have one name here", format!("{:?}; {first:?} has it", alias.alias));
            continue;
        }
        if id != alias.alias {
            report.note(name, "aliases that are called otherwise here", format!("{:?} is {id}", alias.alias));
        }
        found.insert(id.clone(), &alias.alias);
        let version = format!("{name}/versions/{}", alias.version);
        aliases.push(Resource::Alias(pb::Alias {
            name: format!("{name}/aliases/{id}"),
            version,
            ..Default::default()
        }));
    }
    aliases
}

/// Tags as labels, with what is known beside them.
fn labels(tags: &[Tag], own: &[(&str, String)], name: &str, report: &mut Report) -> HashMap<String, String> {
    let own = own.iter().filter(|(_, value)| !value.is_empty());
    let mut labels: HashMap<String, String> = HashMap::new();
    for (key, value) in own {
        labels.insert((*key).to_owned(), clipped(value, LONGEST_LABEL));
    }
    let mut sorted: Vec<&Tag> = tags.iter().collect();
    sorted.sort_by_key(|tag| &tag.key);
    for Tag { key, value } in sorted {
        let label = slug(key);
        let why = if Identifier::parse(&label).is_err() || labels.contains_key(&label) {
            Some("tags whose name is taken here")
        } else if value.chars().count() > LONGEST_LABEL || value.chars().any(char::is_control) {
            Some("tags that are too long for a label")
        } else if labels.len() >= MOST_LABELS {
            Some("tags beyond the 64 labels that there can be")
        } else {
            None
        };
        match why {
            Some(why) => report.note(name, why, format!("{key} = {value:.200?}")),
            None => drop(labels.insert(label, value.clone())),
        }
    }
    labels
}

fn described(text: &str, name: &str, report: &mut Report) -> String {
    let plain: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t' | '\r')).collect();
    let clipped = clipped(&plain, LONGEST_DESCRIPTION);
    if clipped != text {
        report.note(name, "descriptions that are cut", format!("{} characters there", text.chars().count()));
    }
    clipped
}

fn clipped(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// Milliseconds of Unix time as a text.
fn time(millis: i64) -> String {
    Timestamp::from_millisecond(millis).ok().filter(|_| millis > 0).map_or_else(String::new, |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_an_id_and_each_id_is_of_one() {
        let names = ["Fraud Model", "fraud-model", "fraud.model", "ctr", "42", "", "\u{e9}", "catalog.schema.churn"];
        let ids = ids(names.iter().copied());
        assert_eq!(ids["fraud-model"], "fraud-model", "what is an id stays one");
        assert_eq!((&*ids["ctr"], &*ids["42"], &*ids["catalog.schema.churn"]), ("ctr", "m-42", "catalog-schema-churn"));
        assert!(ids["Fraud Model"].starts_with("fraud-model-"), "{ids:?}");
        let all: BTreeSet<_> = ids.values().collect();
        assert_eq!(all.len(), names.len(), "{ids:?}");
        assert!(all.iter().all(|id| Identifier::parse(id).is_ok()), "{ids:?}");
        let long = super::ids(["X".repeat(200), "x".repeat(201)].iter().map(String::as_str));
        assert!(long.values().all(|id| Identifier::parse(id).is_ok()), "{long:?}");
    }

    #[test]
    fn an_address_is_always_a_uri() {
        let mut report = Report::default();
        let mut of = |source: &str| {
            let version = Version { version: 3, source: source.to_owned(), ..Default::default() };
            address(&version, "a b", "n", &mut report)
        };
        assert_eq!(of("s3://bucket/x"), "s3://bucket/x");
        assert_eq!(of("models:/m-12"), "models:/m-12");
        assert_eq!(of("/srv/my models/1"), "file:///srv/my%20models/1");
        assert_eq!(of("./mlruns/1"), "models:/a%20b/3");
        assert_eq!(of(""), "models:/a%20b/3");
    }

    #[test]
    fn tags_are_labels_as_far_as_they_fit_and_the_rest_is_told() {
        let mut report = Report::default();
        let tag = |key: &str, value: &str| Tag { key: key.to_owned(), value: value.to_owned() };
        let tags = [tag("Team", "ads"), tag("team", "x"), tag("note", &"n".repeat(300)), tag("mlflow.run", "r")];
        let found =
            labels(&tags, &[("mlflow-user", "ada".to_owned()), ("mlflow-stage", String::new())], "n", &mut report);
        let wanted = [("mlflow-run", "r"), ("mlflow-user", "ada"), ("team", "ads")];
        assert_eq!(found.iter().map(|(k, v)| (&**k, &**v)).collect::<BTreeMap<_, _>>(), BTreeMap::from(wanted));
        assert_eq!(report.lines().lines().count(), 2, "{}", report.lines());
    }
}
