//! The words about an account, a change and a conflict, as a person should read them.

use health_score_engine::{Assessor, Comparer, Model, SegmentChoice, Side, Value};
use serde_json::{Value as Json, json};

const NOON: i64 = 1_780_000_000_000_000;

fn compile(document: &Json) -> Model {
    Model::compile(document, &mut || ()).unwrap_or_else(|issues| panic!("{issues:#?}"))
}

fn read<'a>(model: &Model, account: &'a Json) -> Vec<Value<'a>> {
    let value = |name: &str| match &account[name] {
        Json::Number(number) => Value::Number(number.as_f64().expect("a double")),
        Json::Bool(flag) => Value::Bool(*flag),
        Json::String(text) => Value::Text(text),
        _ => Value::Missing,
    };
    model.inputs().iter().map(|input| value(&input.name)).collect()
}

fn days_ago(days: i64) -> String {
    jiff::Timestamp::from_microsecond(NOON - days * 86_400_000_000).expect("in range").to_string()
}

fn explain(document: &Json, account: Json) -> String {
    let model = compile(document);
    let values = read(&model, &account);
    let mut assessor = Assessor::default();
    assessor.assess(&model, &values, Some(NOON), SegmentChoice::Auto).expect("valid").explain()
}

fn explain_change(document: &Json, before: Json, after: Json) -> String {
    let model = compile(document);
    let (before, after) = (read(&model, &before), read(&model, &after));
    let [before, after] = [&before, &after].map(|values| Side { values, as_of: Some(NOON) });
    let mut comparer = Comparer::default();
    comparer.compare(&model, before, after, SegmentChoice::Auto).expect("valid").explain()
}

/// Weights that add up to 100, so that points can be followed by head.
fn saas() -> Json {
    json!({
        "signals": {
            "logins": {"weight": 30, "label": "Logins in 30 days", "unit": "logins", "scale": {"linear": [0, 50]}},
            "overdue": {"weight": 20, "label": "Oldest unpaid invoice", "unit": "days overdue", "scale": {"linear": [60, 0]}},
            "csat": {"weight": 20, "label": "Satisfaction with support", "unit": "of 5", "scale": {"linear": [1, 5]}},
            "nps": {"weight": 20, "label": "Last NPS answer", "unit": "of 10", "scale": {"linear": [0, 10]},
                "observed": "nps_at", "max_age": "90 days"},
            "contact": {"weight": 10, "label": "Last contact", "scale": {"recency": {"best": "10 days", "worst": "110 days"}}}
        },
        "rules": [
            {"name": "sponsor left", "when": {"input": "sponsor_left", "eq": true}, "cap": 39, "reason": "executive sponsor left"},
            {"name": "strategic", "label": "Strategic account", "when": {"input": "strategic", "eq": true}, "adjust": 5}
        ],
        "min_coverage": 0.4,
    })
}

#[test]
fn an_account_in_full() {
    let account =
        json!({"logins": 42, "overdue": 15, "csat": 4.8, "nps": 9, "nps_at": days_ago(12), "contact": days_ago(1)});
    assert_eq!(
        explain(&saas(), account),
        "87, Healthy. Costs most: Oldest unpaid invoice 15 days overdue (−5); Logins in 30 days 42 logins (−5); \
         Last NPS answer 9 of 10 (−2); Satisfaction with support 4.8 of 5 (−1). Best: Last contact 1 day ago."
    );
}

#[test]
fn gaps_are_named_and_weighed() {
    let account = json!({"logins": 11, "overdue": 34, "csat": 4.8, "nps": 9, "nps_at": days_ago(120)});
    assert_eq!(
        explain(&saas(), account),
        "48, Needs attention. Costs most: Logins in 30 days 11 logins (−33); Oldest unpaid invoice 34 days overdue (−16); \
         Satisfaction with support 4.8 of 5 (−1). No value: Last contact (its weight is shared out). Out of date: Last NPS \
         answer 120 days old (older than 90 days: its weight is shared out). Based on 70 % of the weight: between 34 and \
         64 once the rest is known."
    );
}

#[test]
fn rules_cost_and_raise() {
    let account = json!({"logins": 50, "overdue": 0, "csat": 5, "nps": 10, "contact": days_ago(0), "sponsor_left": true, "strategic": true});
    assert_eq!(
        explain(&saas(), account),
        "44, Needs attention. Costs most: executive sponsor left (−61). Raised by: Strategic account (+5). \
         Best: Logins in 30 days 50 logins; Satisfaction with support 5 of 5."
    );
}

#[test]
fn a_score_is_never_shown_in_the_next_band() {
    let mut document = json!({"signals": {"a": {"label": "A", "scale": {"linear": [0, 100]}}}});
    assert_eq!(explain(&document, json!({"a": 69.96})), "69, Needs attention. Costs most: A 69.96 (−30).");
    document["display"] = json!({"max": 10, "decimals": 1});
    assert_eq!(explain(&document, json!({"a": 69.96})), "6.9, Needs attention. Costs most: A 69.96 (−3.0).");
    assert_eq!(
        explain_change(&document, json!({"a": 69.96}), json!({"a": 70})),
        "7.0, Healthy, up 0.1 from 6.9, Needs attention."
    );
}

#[test]
fn small_costs_are_told_together() {
    let signals: serde_json::Map<String, Json> =
        (0..300).map(|at| (format!("s{at}"), json!({"scale": {"linear": [0, 100]}}))).collect();
    let account: serde_json::Map<String, Json> = (0..300).map(|at| (format!("s{at}"), json!(90))).collect();
    assert_eq!(
        explain(&json!({"signals": signals}), account.into()),
        "90, Healthy. Costs most: 300 small ones (−10). Best: s0 90; s1 90."
    );
}

#[test]
fn the_sixth_cost_is_one_of_the_others() {
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let signals: serde_json::Map<String, Json> =
        names.iter().map(|name| ((*name).to_owned(), json!({"weight": 10, "scale": {"linear": [0, 100]}}))).collect();
    let account = json!({"a": 93, "b": 86, "c": 79, "d": 72, "e": 65, "f": 58, "g": 51});
    assert_eq!(
        explain(&json!({"signals": signals}), account),
        "72, Healthy. Costs most: g 51 (−7); f 58 (−6); e 65 (−5); d 72 (−4); c 79 (−3); 2 others (−3). Best: a 93; b 86."
    );
}

#[test]
fn without_a_score_it_says_what_is_needed() {
    assert_eq!(
        explain(&saas(), json!({"logins": 42})),
        "No score: 30 % of the weight has a value, 40 % is needed. No value: Satisfaction with support, Last NPS answer, \
         Oldest unpaid invoice, Last contact (its weight is shared out)."
    );
    let mut document = saas();
    document["min_coverage"] = json!(0);
    assert!(explain(&document, json!({})).starts_with("No score: nothing that counts has a value. No value: "));
}

#[test]
fn gaps_beyond_the_fifth_are_counted_and_grouped_by_treatment() {
    let mut signals: serde_json::Map<String, Json> =
        (1..7).map(|at| (format!("s{at}"), json!({"weight": 10 - at, "scale": {"linear": [0, 100]}}))).collect();
    signals["s2"]["missing"] = json!("worst");
    signals["s4"]["default"] = json!(50);
    signals.insert("own".into(), json!({"weight": 100, "scale": {"linear": [0, 100]}}));
    signals.insert("bad".into(), json!({"weight": 50, "label": "Bad", "scale": {"linear": [0, 100]}}));
    let document = json!({"signals": signals, "on_invalid": "missing", "min_coverage": 0});
    assert_eq!(
        explain(&document, json!({"own": 100, "bad": "n/a"})),
        "90, Healthy. Costs most: s2 no value (−7); s4 no value (−3). Best: own 100. \
         No value: s1, s3, s5 (its weight is shared out); s2 (counted as subscore 0); s4 (counted as 50); and 1 more. \
         Unreadable: Bad (\"bad\" is the text \"n/a\" where a finite number belongs: its weight is shared out). \
         Based on 52 % of the weight: between 52 and 100 once the rest is known."
    );
}

#[test]
fn a_segment_is_named_by_its_label() {
    let mut document = saas();
    document["segments"] = json!([{"name": "new", "label": "onboarding", "when": {"input": "new", "eq": true},
        "patch": {"signals": {"nps": {"weight": 0}, "contact": {"weight": 0}}}}]);
    let account =
        |new: bool| json!({"logins": 30, "overdue": 30, "csat": 3, "nps": 2, "contact": days_ago(50), "new": new});
    assert_eq!(
        explain(&document, account(true)),
        "54, Needs attention (segment onboarding). Costs most: Logins in 30 days 30 logins (−17); Satisfaction with \
         support 3 of 5 (−14); Oldest unpaid invoice 30 days overdue (−14)."
    );
    assert_eq!(
        explain_change(&document, account(false), account(true)),
        "54, Needs attention (segment onboarding), up 6 from 48. Now in segment onboarding (+6)."
    );
    assert_eq!(
        explain_change(&document, account(true), account(false)),
        "48, Needs attention, down 6 from 54. No longer in segment onboarding (−6)."
    );
}

#[test]
fn points_are_taken_and_given() {
    let document = json!({
        "method": "points", "range": [-20, 80], "start": 10, "display": {"max": 50},
        "signals": {
            "demos": {"points": 5, "max": 20, "label": "Demos", "unit": "demos"},
            "complaints": {"points": -3, "label": "Complaints"},
            "webinar": {"points": 4, "absent": -10, "label": "Webinar"},
        }
    });
    assert_eq!(
        explain(&document, json!({"demos": 7, "complaints": 2})),
        "17, At risk. Took most: Webinar no value (−5); Complaints 2 (−3). Gave most: Demos 7 demos (+10). \
         No value: Webinar (-10 points for its absence). Based on 66 % of the signals: between 17 and 50 once the rest is known."
    );
    assert_eq!(
        explain(&document, json!({"demos": 0, "complaints": 20, "webinar": true})),
        "0, At risk. Took most: Complaints 20 (−30). Gave most: End of the range (+13); Webinar yes (+2)."
    );
}

#[test]
fn a_fall_tells_what_fell_first() {
    let before =
        json!({"logins": 42, "overdue": 16, "csat": 4.6, "nps": 9, "nps_at": days_ago(60), "contact": days_ago(1)});
    let after =
        json!({"logins": 12, "overdue": 34, "csat": 4.8, "nps": 9, "nps_at": days_ago(120), "contact": days_ago(31)});
    assert_eq!(
        explain_change(&saas(), before.clone(), after.clone()),
        "53, Needs attention, down 32 from 85, Healthy. Logins in 30 days 42 → 12 logins (−20); Oldest unpaid invoice \
         16 → 34 days overdue (−7); No longer counted: Last NPS answer (−4); Last contact 1 day ago → 31 days ago (−2); \
         Satisfaction with support 4.6 → 4.8 of 5 (+1). Out of date: Last NPS answer 120 days old (older than 90 days: \
         its weight is shared out)."
    );
    assert_eq!(
        explain_change(&saas(), after, before),
        "85, Healthy, up 32 from 53, Needs attention. Logins in 30 days 12 → 42 logins (+20); Oldest unpaid invoice \
         34 → 16 days overdue (+7); New: Last NPS answer 9 of 10 (+4); Last contact 31 days ago → 1 day ago (+2); \
         Satisfaction with support 4.8 → 4.6 of 5 (−1)."
    );
}

#[test]
fn what_came_and_what_went_is_named() {
    let document = json!({"signals": {"a": {"scale": {"linear": [0, 100]}}, "mood": {"scale": {"linear": [1, 5]}},
        "b": {"label": "Bills", "unit": "days", "scale": {"linear": [0, 10]}}}});
    assert_eq!(
        explain_change(&document, json!({"a": 80}), json!({"a": 80, "mood": 1})),
        "40, Needs attention, down 40 from 80, Healthy. New: mood 1 (−40). No value: Bills (its weight is shared out)."
    );
    assert_eq!(
        explain_change(&document, json!({"a": 80, "mood": 1}), json!({"a": 80, "b": 9})),
        "85, Healthy, up 45 from 40, Needs attention. New: Bills 9 days, no longer counted: mood (+45). No value: mood \
         (its weight is shared out)."
    );
    // The note of the person who judged a signal.
    assert_eq!(
        explain_change(
            &document,
            json!({"a": 80}),
            json!({"a": 80, "b": 9, "mood": 1, "@notes": "a: x\nmood: they are cross"})
        ),
        "56, Needs attention, down 24 from 80, Healthy. New: Bills 9 days, mood 1: they are cross (−23)."
    );
    assert_eq!(
        explain(&document, json!({"a": 80, "mood": 1, "@notes": "mood: they are cross"})),
        "40, Needs attention. Costs most: mood 1: they are cross (−50); a 80 (−10). No value: Bills (its weight is shared \
         out). Based on 66 % of the weight: between 26 and 60 once the rest is known."
    );
    // A note is no value, whatever its type.
    assert_eq!(
        explain(&document, json!({"a": 80, "@notes": 5})),
        explain(&document, json!({"a": 80, "@notes": "b: not judged"}))
    );
}

#[test]
fn equals_are_in_the_order_of_names_not_of_labels() {
    let signal = |label: &str| json!({"label": label, "scale": {"linear": [0, 100]}});
    let document = json!({"signals": {"a": signal("Z"), "b": signal("Y"), "c": signal("X"), "d": signal("W")}});
    assert_eq!(
        explain_change(
            &document,
            json!({"a": 50, "b": 50, "c": 50, "d": 50}),
            json!({"a": 90, "b": 90, "c": 90, "d": 90})
        ),
        "90, Healthy, up 40 from 50, Needs attention. Z 50 → 90 (+10); Y 50 → 90 (+10); X 50 → 90 (+10); W 50 → 90 (+10)."
    );
    assert_eq!(
        explain(&document, json!({"a": 100, "b": 100, "c": 100, "d": 0})),
        "75, Healthy. Costs most: W 0 (−25). Best: Z 100; Y 100."
    );
}

#[test]
fn a_change_too_small_to_show_hides_no_other() {
    let signal = json!({"scale": {"linear": [0, 100]}});
    let document = json!({"signals": {"a": signal, "b": signal, "c": signal, "d": signal}});
    assert_eq!(
        explain_change(
            &document,
            json!({"a": 80, "b": 51, "c": 40, "d": 41}),
            json!({"a": 0, "b": 50, "c": 60, "d": 40})
        ),
        "37, At risk, down 16 from 53, Needs attention. a 80 → 0 (−20); c 40 → 60 (+5); 2 others (−1)."
    );
}

#[test]
fn rules_that_came_and_went() {
    let account = |rest: Json| {
        let mut account = json!({"logins": 50, "overdue": 0, "csat": 5, "nps": 10, "contact": days_ago(0)});
        account.as_object_mut().expect("an object").extend(rest.as_object().expect("an object").clone());
        account
    };
    assert_eq!(
        explain_change(&saas(), account(json!({"strategic": true})), account(json!({"sponsor_left": true}))),
        "39, At risk, down 61 from 100, Healthy. executive sponsor left (−61)."
    );
    let (left, both) = (json!({"sponsor_left": true}), json!({"sponsor_left": true, "strategic": true}));
    assert_eq!(
        explain_change(&saas(), account(both), account(left)),
        "39, At risk, down 5 from 44, Needs attention. No longer: Strategic account (−5)."
    );
}

#[test]
fn what_did_not_change_is_left_out() {
    let account = |csat: f64| json!({"logins": 50, "overdue": 0, "csat": csat, "nps": 10, "contact": days_ago(0)});
    assert_eq!(explain_change(&saas(), account(5.0), account(5.0)), "100, Healthy, unchanged.");
    // From 99.0 to 98.999: 98 is shown, and nothing fell by a point.
    assert_eq!(explain_change(&saas(), account(4.8), account(4.7998)), "98, Healthy, down 1 from 99.");
}

#[test]
fn a_value_that_appears_or_vanishes_has_an_arrow() {
    let mut document = saas();
    for signal in document["signals"].as_object_mut().expect("signals").values_mut() {
        signal["missing"] = json!("worst");
    }
    let account =
        |csat: Json, nps: Json| json!({"logins": 50, "overdue": 0, "csat": csat, "nps": nps, "contact": days_ago(0)});
    assert_eq!(
        explain_change(&document, account(json!(null), json!(9)), account(json!(4), json!(null))),
        "75, Healthy, down 3 from 78. Last NPS answer 9 of 10 → no value (−18); Satisfaction with support no value → 4 of 5 \
         (+15). No value: Last NPS answer (counted as subscore 0)."
    );
}

#[test]
fn a_change_without_a_score_on_either_side() {
    let (some, all) =
        (json!({"logins": 50}), json!({"logins": 50, "overdue": 0, "csat": 5, "nps": 10, "contact": days_ago(0)}));
    let gaps = "30 % of the weight has a value, 40 % is needed. No value: Satisfaction with support, Last NPS answer, Oldest \
                unpaid invoice, Last contact (its weight is shared out).";
    assert_eq!(explain_change(&saas(), all.clone(), some.clone()), format!("No score, was 100, Healthy: {gaps}"));
    assert_eq!(explain_change(&saas(), some.clone(), some.clone()), format!("No score, as before: {gaps}"));
    assert_eq!(
        explain_change(&saas(), some, all),
        "100, Healthy, no score before. Best: Logins in 30 days 50 logins; Satisfaction with support 5 of 5."
    );
}

// ---------------------------------------------------------------- conflicts

fn conflicts(document: &Json, account: Json) -> Vec<String> {
    let model = compile(document);
    let values = read(&model, &account);
    let mut assessor = Assessor::default();
    let mut assessment = assessor.assess(&model, &values, Some(NOON), SegmentChoice::Auto).expect("valid");
    let told = assessment.conflicts();
    told.iter().for_each(|c| assert_eq!(c.gap, c.high.subscore - c.low.subscore));
    told.into_iter().map(|conflict| format!("{} {}", conflict.gap, conflict.message)).collect()
}

#[test]
fn happy_answers_and_little_usage_are_a_conflict() {
    let document = json!({
        "categories": {"sentiment": {"label": "Sentiment"}, "usage": {"label": "Product usage"}, "finance": {}},
        "signals": {
            "nps": {"category": "sentiment", "weight": 2, "label": "Last NPS answer", "unit": "of 10", "scale": {"linear": [0, 10]}},
            "csat": {"category": "sentiment", "label": "Satisfaction", "unit": "of 5", "scale": {"linear": [0, 5]}},
            "logins": {"category": "usage", "label": "Logins in 30 days", "unit": "logins", "scale": {"linear": [0, 5]}},
            "seats": {"category": "usage", "label": "Seats in use", "scale": {"linear": [0, 10]}},
            "unused": {"category": "usage", "weight": 0, "label": "Unused", "scale": {"linear": [0, 10]}},
            "overdue": {"category": "finance", "label": "Invoice", "unit": "days overdue", "scale": {"linear": [60, 0]}},
            "alone": {"scale": {"linear": [0, 1]}}
        }
    });
    let account = json!({"nps": 9, "csat": 4.5, "logins": 1, "seats": 2, "unused": 0, "overdue": 24, "alone": 0});
    assert_eq!(
        conflicts(&document, account),
        [
            "70 Sentiment says 90 (Last NPS answer 9 of 10), Product usage says 20 (Logins in 30 days 1 logins)",
            "40 finance says 60 (Invoice 24 days overdue), Product usage says 20 (Logins in 30 days 1 logins)",
        ]
    );
    // 90 and 60 agree well enough; what has no value says nothing.
    assert_eq!(conflicts(&document, json!({"nps": 9, "csat": 4.5, "overdue": 24})), [""; 0]);
    // The signal that pulls: csat is nearer to usage than nps, though both are above it.
    let pulled = conflicts(&document, json!({"nps": 10, "csat": 3, "logins": 0, "seats": 4}));
    assert_eq!(pulled.len(), 1);
    assert!(
        pulled[0].ends_with("says 86 (Last NPS answer 10 of 10), Product usage says 20 (Logins in 30 days 0 logins)")
    );
}

#[test]
fn only_the_largest_of_very_many_conflicts_are_told() {
    let (mut categories, mut signals, mut account) = (json!({}), json!({}), json!({}));
    for at in 0..400 {
        let name = format!("c{at:03}");
        categories[&name] = json!({});
        signals[&name] = json!({"category": name, "scale": {"linear": [0, 400]}});
        account[&name] = json!(at);
    }
    let document = json!({"categories": categories, "signals": signals});
    let model = compile(&document);
    let values = read(&model, &account);
    let mut assessor = Assessor::default();
    let mut assessment = assessor.assess(&model, &values, None, SegmentChoice::Auto).expect("valid");
    let told: Vec<_> = assessment.conflicts().iter().map(|c| (c.high.category, c.low.category)).collect();
    // One pair is 399 quarters apart, two are 398, three 397; ties by name.
    assert_eq!(told.len(), 100);
    assert_eq!(
        told[..6],
        [("c399", "c000"), ("c398", "c000"), ("c399", "c001"), ("c397", "c000"), ("c398", "c001"), ("c399", "c002")]
    );
    let points = json!({"method": "points", "range": [0, 9], "categories": {"a": {}, "b": {}},
        "signals": {"x": {"category": "a", "points": 1}, "y": {"category": "b", "points": -9}}});
    assert_eq!(conflicts(&points, json!({"x": 9, "y": 9})), [""; 0]);
}
