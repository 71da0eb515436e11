//! Rules: what they can ask, what they say, and that nobody makes them cost more than a moment.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

use std::collections::BTreeMap;

use jiff::Timestamp;
use slipway_domain::model::{Criticality, Model};
use slipway_domain::name::ModelName;
use slipway_policy::{Facts, Refused, Rule, Verdict, Versions, shipped};

fn model() -> Model {
    let name = ModelName::parse("namespaces/default/models/m").unwrap();
    let labels = BTreeMap::from([("season".to_owned(), "summer".to_owned())]);
    Model { owner: "ranking".to_owned(), labels, ..Model::blank(&name) }
}

fn facts(model: &Model) -> Facts<'_> {
    Facts {
        model,
        effective_tier: model.criticality.as_ref().map_or(4, |own| own.tier),
        dependents: 2,
        versions: Versions { count: 3, usable: 2, latest: 4, serving: 1, rollback: 1 },
        aliases: BTreeMap::from([("champion", 2)]),
        now: Timestamp::from_second(1_800_000_000).unwrap(),
    }
}

fn said(text: &str) -> Verdict {
    Rule::compile(text).unwrap_or_else(|error| panic!("{text}: {error}")).judge(&facts(&model()))
}

#[test]
fn everything_that_is_known_can_be_asked() {
    let kept = [
        "model.owner == 'ranking' && model.on_call == \"\"",
        "effective_tier == 4 && !model.has_tier && dependents == 2",
        "model.labels.season == 'summer' && !('coat' in model.labels) && has(model.labels.season)",
        "versions.count == 3 && versions.rollback > 0 && versions.latest == 4",
        "aliases.champion == 2 && aliases['champion'] == 2 && 'champion' in aliases && size(aliases) == 1",
        "model.name.startsWith('namespaces/') && model.id.endsWith('m') && model.name.contains('default')",
        "size(model.depends_on) == 0 && model.depends_on.all(name, name != model.name)",
        "[1, 2, 3].exists(n, n == versions.count) && size(['a', 'b'].filter(x, x in aliases)) == 0",
        "now - model.create_time > 86400 && model.label_window >= 60 && model.alpha < 0.1",
        "model.tier_review == 0 && model.attested_until == 0 ? true : false",
    ];
    for text in kept {
        assert_eq!(said(text), Verdict::Kept, "{text}");
        assert_eq!(said(&format!("!({text})")), Verdict::Broken, "{text}");
    }
}

#[test]
fn what_can_not_be_told_is_not_kept() {
    for text in
        ["model.labels.coat == 'red'", "versions.count / (versions.count - 3) == 1", "model.owner", "1 + 'a' == 2"]
    {
        assert!(matches!(said(text), Verdict::Failed(_)), "{text}");
    }
}

#[test]
fn what_there_is_not_is_refused_before_it_is_asked() {
    let unknown = [
        "model.ownr == ''",
        "owner == ''",
        "versions.count.x == 1",
        "model.name.matches('(a+)+$')",
        "[1].map(x, [x, x]) == []",
        "dyn(1) == 1",
        "true || model.labels.all(l, models[l] == '')",
        "Thing{a: 1} == 1",
        "@result == 1",
        "string(1).nonsense == ''",
        "[1].all(x, x.a.b.c.d == 1)",
    ];
    for text in unknown {
        assert!(Rule::compile(text).is_err(), "{text}");
    }
    assert_eq!(Rule::compile("model.ownr == ''").unwrap_err(), Refused::Unknown("model.ownr".to_owned()));
    let nonsense = Refused::Unknown(".nonsense".to_owned());
    assert_eq!(Rule::compile("string(1).nonsense == ''").unwrap_err(), nonsense);
    assert!(Rule::compile(&format!("string(1){} == ''", ".b".repeat(1000))).is_err());
    for text in ["", "  ", "model.owner ==", "(", "a b", "'", "model.owner == '\u{0}"] {
        assert!(matches!(Rule::compile(text), Err(Refused::Empty | Refused::Unreadable(_))), "{text}");
    }
}

#[test]
fn what_is_too_long_too_deep_or_too_costly_is_refused_in_a_moment() {
    let nested = |depth: usize| {
        let head: String = (0..depth).map(|n| format!("model.labels.all(a{n}, ")).collect();
        format!("{head}true{}", ")".repeat(depth))
    };
    assert!(Rule::compile(&nested(1)).is_ok());
    assert!(matches!(Rule::compile(&nested(2)), Err(Refused::TooCostly(..))), "{:?}", Rule::compile(&nested(2)));
    assert!(Rule::compile(&nested(30)).is_err());
    assert!(matches!(Rule::compile(&format!("true{}", " ".repeat(3000))), Err(Refused::TooLong(_))));
    for text in ["(".repeat(2000), "!".repeat(2000), "[".repeat(2000), "!(".repeat(1000)] {
        assert!(Rule::compile(&text).is_err());
    }
    let sum = (0..900).map(|_| "1").collect::<Vec<_>>().join("+");
    assert!(Rule::compile(&format!("{sum} == 900")).is_err());
    let wide = (0..400).map(|_| "true").collect::<Vec<_>>().join("&&");
    assert!(Rule::compile(&wide).is_err());
    let doubled = "model.description + model.description == '' && [model.description].all(d, d + d + d != 'x')";
    assert!(Rule::compile(doubled).is_ok());
}

#[test]
fn what_would_grow_with_every_loop_is_refused_before_it_is_evaluated() {
    let growing = |levels: usize, sum: &str| {
        let step = |n: usize| format!("[{}].all(v{n}, ", sum.replace('v', &format!("v{}", n - 1)));
        let head: String = (1..=levels).map(step).collect();
        format!("[model.description].all(v0, {head}true{}", ")".repeat(levels + 1))
    };
    for levels in 1..=4 {
        for sum in ["v + v", "v + v + v + v", "v"] {
            assert_eq!(Rule::compile(&growing(levels, sum)).unwrap_err(), Refused::Made, "{levels} {sum}");
        }
    }
    let sum = "[model.description + model.description].all(d, d + d != 'x')";
    assert_eq!(Rule::compile(sum).unwrap_err(), Refused::Made);
    assert_eq!(said("[model.owner, 'x'].all(o, o != '') && [1, 2].filter(n, n > 1).all(n, n > 1)"), Verdict::Kept);
    let filtered = "[1].all(a, ['x', 'y'].filter(b, b != '').all(c, c == ''))";
    assert_eq!(Rule::compile(filtered).unwrap_err(), Refused::Made);
    let given = "[1, 2].all(a, [3, 4].exists(b, a < b) && model.depends_on.all(c, c != ''))";
    assert_eq!(said(given), Verdict::Kept);
}

#[test]
fn what_is_shipped_compiles_and_asks_of_a_severe_model_what_a_mild_one_need_not_have() {
    let mut severe = model();
    severe.criticality = Some(Criticality { tier: 0, ..Criticality::default() });
    let broken = |model: &Model| {
        let said = |one: &&shipped::Shipped| Rule::compile(one.expression).unwrap().judge(&facts(model));
        shipped::ALL.iter().filter(|one| said(one) != Verdict::Kept).map(|one| one.id).collect::<Vec<_>>()
    };
    assert_eq!(broken(&model()), ["attested"]);
    assert_eq!(broken(&severe), ["on-call", "runbook", "evidence", "review", "observable", "attested"]);
    severe.on_call = "ranking".to_owned();
    severe.runbook_uri = "https://example.org/runbook".to_owned();
    severe.predicted_event = "a click".to_owned();
    severe.criticality = Some(Criticality {
        tier: 0,
        reason: "revenue".to_owned(),
        evidence_uri: "https://example.org/proof".to_owned(),
        review_at: Timestamp::from_second(1_900_000_000).ok(),
    });
    assert_eq!(broken(&severe), ["attested"]);
}
