//! Texts: filters, orders, names, tokens of pages.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use slipway_chassis::page::Pictures;
use slipway_domain::filter::{Field, Fields, Filter, Order};
use slipway_domain::name::{AliasName, LaunchName, ModelName, ModelTypeName, NamespaceName, TeamName, VersionName};

use crate::driver::run;

struct Anything;

impl Fields for Anything {
    const PATHS: &'static [&'static str] = &["name", "owner", "tier", "tame", "gone", "labels."];

    fn field(&self, path: &str) -> Field<'_> {
        match path {
            "name" | "owner" => Field::Text("ranking".into()),
            "tier" => Field::Number(2.5),
            "tame" => Field::Truth(true),
            "labels.team" => Field::Text("é".into()),
            _ => Field::Absent,
        }
    }
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

#[test]
fn filters() {
    let good = texts(&[
        "owner = ranking AND tier <= 1",
        "NOT (name = \"fe*\" OR labels.team:red) AND -tame = true",
        "gone != 2.5 tier > 3s name:x",
        "labels:team AND owner = \"a \\\" b\"",
    ]);
    let words =
        ["(", ")", "NOT ", "-", " AND ", " OR ", "\"", "*", ":", ".", "labels.", "<=", "1e400", "\u{0}", "\\", "s"];
    run("filters", (&good, &words), |input| {
        let text = String::from_utf8_lossy(input);
        let Ok(filter) = Filter::parse::<Anything>(&text) else { return };
        let first = filter.matches(&Anything);
        assert_eq!(Filter::parse::<Anything>(&text).unwrap().matches(&Anything), first);
        assert!(!filter.mentions("no such field"));
    });
}

#[test]
fn orders() {
    let good = texts(&["name desc, tier", "labels.team asc,owner", ""]);
    run("orders", (&good, &[",", " desc", " ", "labels.", "\t"]), |input| {
        let text = String::from_utf8_lossy(input);
        if let Ok(order) = Order::parse::<Anything>(&text) {
            assert!(order.compare(&Anything, &Anything).is_eq());
        }
    });
}

/// A text that is a name is the name's own text: no two texts are one name.
fn same<N: FromStr + Display>(text: &str) {
    if let Ok(name) = text.parse::<N>() {
        assert_eq!(name.to_string(), text);
    }
}

#[test]
fn names() {
    let good = texts(&[
        "namespaces/default",
        "namespaces/default/models/ranker",
        "namespaces/default/models/ranker/versions/12",
        "namespaces/default/models/ranker/aliases/champion",
        "namespaces/default/models/ranker/traffic",
        "namespaces/default/modelTypes/t",
        "namespaces/default/teams/ranking",
        "namespaces/default/launches/l-1",
    ]);
    let words =
        ["/", "-", "0", "18446744073709551616", "A", "ı", "é", "e\u{301}", "\u{0}", "..", "%2f", "versions/", " "];
    run("names", (&good, &words), |input| {
        let text = String::from_utf8_lossy(input);
        same::<NamespaceName>(&text);
        same::<ModelName>(&text);
        same::<ModelTypeName>(&text);
        same::<VersionName>(&text);
        same::<AliasName>(&text);
        same::<TeamName>(&text);
        same::<LaunchName>(&text);
        if let Ok(model) = ModelName::parse_traffic(&text) {
            assert_eq!(model.traffic(), text);
        }
    });
}

#[test]
fn page_tokens() {
    let pictures = Pictures::<&str>::default();
    let picture = || (Arc::new("picture"), 7);
    let page = pictures.page(&["q"], (1, ""), picture).unwrap();
    let token = pictures.next(&page);
    let good = [token.clone().into_bytes(), b"00".to_vec()];
    run("page_tokens", (&good, &["0", "ff", "\u{0}", "+1", " "]), |input| {
        let text = String::from_utf8_lossy(input);
        if text.is_empty() {
            return;
        }
        match pictures.page(&["q"], (1, &text), picture) {
            // Hexadecimal digits may be written large.
            Ok(page) => assert_eq!((page.revision, text.to_lowercase()), (7, token.clone())),
            Err(_) => assert_ne!(*text, *token),
        }
    });
}
