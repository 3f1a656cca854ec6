//! Conditions of playbooks: the language of rules over drivers that were kept, with what a driver takes and a
//! category's drop.

use health_score_engine::{Judged, Model, PlaybookCondition, Value};
use serde_json::{Value as Json, json};

fn signal<'a>(name: &'a str, category: &'a str, subscore: f64, weight: f64) -> Judged<'a> {
    Judged {
        kind: "signal",
        name,
        category: Some(category),
        subscore: Some(subscore),
        weight: Some(weight),
        contribution: Some(weight * subscore),
        lost: Some(weight * (100.0 - subscore)),
    }
}

fn parse(condition: Json) -> PlaybookCondition {
    PlaybookCondition::parse(&condition, None, None).unwrap_or_else(|issues| panic!("{issues:#?}"))
}

/// Of an account whose two inputs are `plan` and `seats`.
fn holds(condition: Json, before: Option<&[Judged]>) -> bool {
    let now = [
        signal("logins", "usage", 20.0, 0.3),
        signal("seats", "usage", 50.0, 0.1),
        signal("overdue", "finance", 90.0, 0.6),
        Judged { kind: "rule", name: "default", contribution: Some(-35.0), lost: Some(35.0), ..Judged::default() },
    ];
    let condition = parse(condition);
    let values: Vec<_> = condition
        .inputs()
        .iter()
        .map(|input| match input.name.as_str() {
            "plan" => Value::Text("big"),
            "seats" => Value::Number(10.0),
            _ => Value::Missing,
        })
        .collect();
    condition.holds(&values, 0, Some(30.0), &now, before)
}

#[test]
fn asks_drivers_and_scores() {
    assert!(holds(json!({"driver": "logins", "eq": 24}), None));
    assert!(holds(json!({"driver": "default", "ge": 35}), None));
    assert!(!holds(json!({"driver": "nobody", "ge": 0}), None));
    assert!(holds(json!({"subscore": "seats", "eq": 50}), None));
    assert!(holds(json!({"category": "usage", "eq": 27.5}), None));
    assert!(holds(json!({"score": "base", "eq": 65}), None));
    assert!(holds(json!({"score": "running", "eq": 30}), None));
    assert!(holds(json!({"all": [{"input": "plan", "eq": "big"}, {"input": "seats", "gt": 9}]}), None));
}

#[test]
fn a_category_drops_since_before() {
    let before = [signal("logins", "usage", 80.0, 0.3), signal("seats", "usage", 60.0, 0.1)];
    assert!(holds(json!({"category_drop": "usage", "eq": 47.5}), Some(&before)));
    assert!(!holds(json!({"category_drop": "usage", "gt": 47.5}), Some(&before)));
    // Unknown before, or unknown altogether.
    assert!(!holds(json!({"category_drop": "finance", "ge": -100}), Some(&before)));
    assert!(!holds(json!({"category_drop": "usage", "ge": -100}), None));
    assert!(holds(json!({"category_drop": "usage", "missing": true}), None));
}

#[test]
fn what_cannot_be_compared_is_not_true() {
    assert!(!holds(json!({"input": "plan", "gt": 5}), None));
    assert!(!holds(json!({"not": {"input": "plan", "gt": 5}}), None));
    assert!(!holds(json!({"input": "absent", "ne": 5}), None));
    let condition = parse(json!({"any": [{"score": "running", "ge": 0}, {"score": "base", "ge": 0}]}));
    assert!(!condition.holds(&[], 0, None, &[], None));
}

#[test]
fn names_are_those_of_the_model_in_all_its_segments() {
    let document = json!({
        "categories": {"usage": {}},
        "signals": {"logins": {"category": "usage", "scale": {"linear": [0, 1]}}},
        "segments": [{"name": "big", "when": {"input": "plan", "eq": "big"},
                      "patch": {"rules": [{"name": "unpaid", "when": {"input": "overdue", "gt": 0}, "cap": 5}]}}]
    });
    let model = Model::compile(&document, &mut || ()).unwrap_or_else(|issues| panic!("{issues:#?}"));
    let errors = |condition: Json| match PlaybookCondition::parse(&condition, Some(&model), None) {
        Ok(_) => Vec::new(),
        Err(issues) => issues.iter().map(|issue| issue.to_string()).collect(),
    };
    assert!(errors(json!({"driver": "logins", "ge": 1})).is_empty());
    assert!(errors(json!({"driver": "unpaid", "ge": 1})).is_empty());
    assert!(errors(json!({"driver": "override", "ge": 1})).is_empty());
    assert!(errors(json!({"category_drop": "usage", "ge": 1})).is_empty());
    assert_eq!(
        errors(json!({"driver": "login", "ge": 1})),
        ["$.driver: unknown driver \"login\" (did you mean \"logins\"?)"]
    );
    assert_eq!(errors(json!({"category_drop": "finance", "ge": 1})), ["$.category_drop: unknown category \"finance\""]);
    assert_eq!(errors(json!({"subscore": "unpaid", "ge": 1})), ["$.subscore: unknown signal \"unpaid\""]);
    assert_eq!(errors(json!({"driver": 5, "ge": 1})), ["$.driver: must be a text, not a number"]);
    // An input of the model in any segment, and what history keeps of every account.
    assert!(errors(json!({"all": [{"input": "overdue", "gt": 1}, {"input": "plan", "eq": "big"}]})).is_empty());
    for column in ["name", "owner", "parent", "segment", "value", "renewal"] {
        assert!(errors(json!({"input": column, "present": true})).is_empty(), "{column}");
    }
    assert!(errors(json!({"input": {"days": ["@as_of", "renewal"]}, "lt": 90})).is_empty());
    assert_eq!(
        errors(
            json!({"any": [{"input": {"ratio": ["overdu", "seats"]}, "lt": 90}, {"input": "renewel", "missing": true}]})
        ),
        [
            "$.any[0].input: unknown input \"overdu\" (did you mean \"overdue\"?)",
            "$.any[0].input: unknown input \"seats\"",
            "$.any[1].input: unknown input \"renewel\" (did you mean \"renewal\"?)"
        ]
    );
}

#[test]
fn inputs_are_those_that_are_kept() {
    let document = json!({"signals": {"logins": {"scale": {"linear": [0, 1]}}}});
    let model = Model::compile(&document, &mut || ()).unwrap_or_else(|issues| panic!("{issues:#?}"));
    let valid = |name: &str, kept: &[&str]| {
        PlaybookCondition::parse(&json!({"input": name, "gt": 1}), Some(&model), Some(kept)).is_ok()
    };
    assert!(valid("region", &["region", "logins"]));
    assert!(valid("logins", &["region", "logins"]));
    assert!(!valid("logins", &["region"]));
    assert!(!valid("renewal", &["region"]));
    assert!(!valid("logins", &[]));
}
