//! What the rows of a change must be: for every document and pair of accounts, and by hand.

mod common;

use std::collections::BTreeMap;

use common::*;
use health_score_engine::{
    Assessor, Change, ChangeKind, Comparer, Comparison, DriverKind, Model, ScoreError, SegmentChoice, Side, Value,
};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use serde_json::{Value as Json, json};

/// What a signal counted for on one side.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    weight: f64,
    subscore: Option<f64>,
    contribution: f64,
}

/// The signals by name, and what rules did, as the drivers of one account tell.
struct Told {
    score: Option<f64>,
    segment: Option<String>,
    signals: BTreeMap<String, Part>,
    rules: BTreeMap<String, f64>,
    limit: Option<f64>,
}

fn told(model: &Model, side: Side, segment: SegmentChoice) -> Told {
    let mut assessor = Assessor::default();
    let mut assessment = assessor.assess(model, side.values, side.as_of, segment).expect("valid");
    let mut told = Told {
        score: assessment.score,
        segment: assessment.segment.map(str::to_owned),
        signals: BTreeMap::new(),
        rules: BTreeMap::new(),
        limit: None,
    };
    for driver in assessment.drivers() {
        let contribution = driver.contribution.unwrap_or(0.0);
        match driver.kind {
            DriverKind::Signal => {
                let part = Part { weight: driver.weight.unwrap_or(0.0), subscore: driver.subscore, contribution };
                told.signals.insert(driver.name.to_owned(), part);
            }
            DriverKind::Rule => drop(told.rules.insert(driver.name.to_owned(), contribution)),
            DriverKind::Limit => told.limit = Some(contribution),
            DriverKind::Start | DriverKind::Override => {}
        }
    }
    told
}

fn compare<T>(
    model: &Model,
    before: Side,
    after: Side,
    segment: SegmentChoice,
    look: impl FnOnce(&Comparison) -> T,
) -> Result<T, ScoreError> {
    let mut comparer = Comparer::default();
    comparer.compare(model, before, after, segment).map(|comparison| look(&comparison))
}

fn changes(rows: &[Change], kind: ChangeKind) -> BTreeMap<String, f64> {
    let of_kind = rows.iter().filter(|row| row.kind == kind);
    of_kind.map(|row| (row.name.to_owned(), row.change.expect("scored"))).collect()
}

/// Rows that must hold whatever the plans are.
fn check_rows(comparison: &Comparison) -> TestCaseResult {
    let rows = &comparison.rows;
    let difference = comparison.after.score.zip(comparison.before.score).map(|(after, before)| after - before);
    let mut names: Vec<_> = rows.iter().map(|row| (row.kind.as_str(), row.name)).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    prop_assert_eq!(names.len(), count, "each once");
    let moved = comparison.before.segment != comparison.after.segment;
    prop_assert_eq!(rows.iter().any(|row| row.kind == ChangeKind::Segment), moved);
    let Some(difference) = difference else {
        prop_assert!(rows.iter().all(|row| row.change.is_none()));
        return Ok(());
    };
    let amounts = || rows.iter().map(|row| row.change.expect("both have a score"));
    let sum: f64 = amounts().sum();
    // A single number of points may be a thousand ranges, and then ends in another digit.
    let digits = amounts().fold(100.0, |largest: f64, change| largest.max(change.abs())) * 1e-14;
    // Up to half a billionth stays, as scores are rounded; more is settled.
    prop_assert!((sum - difference).abs() <= 5e-10 + digits, "{} is not {}", sum, difference);
    for pair in rows.windows(2) {
        let [a, b] = [&pair[0], &pair[1]].map(|row| (row.change.unwrap_or(f64::NAN) * 1e9).round());
        prop_assert!(a < b || (a == b && pair[0].name <= pair[1].name), "{:?}", pair);
    }
    prop_assert!(rows.iter().all(|row| row.change.is_some_and(|change| change != 0.0 || change.is_sign_positive())));
    Ok(())
}

/// The contract's formulas, from the drivers of the two accounts.
fn check_formulas(rows: &[Change], before: &Told, after: &Told, points: bool) -> TestCaseResult {
    // What rounding the two scores leaves, of which the rows must not show more.
    let near = |a: f64, b: f64| {
        prop_assert!((a - b).abs() <= 3e-9, "{} is not {}", a, b);
        Ok(())
    };
    let signals = changes(rows, ChangeKind::Signal);
    prop_assert!(signals.keys().eq(after.signals.keys()) && before.signals.keys().eq(after.signals.keys()));
    let mut coverage = 0.0;
    let mut weights_moved = false;
    for (name, change) in &signals {
        let (a, b) = (before.signals[name], after.signals[name]);
        weights_moved |= a.weight != b.weight;
        let expected = match (a.subscore, b.subscore) {
            _ if points => b.contribution - a.contribution,
            (Some(then), Some(now)) => {
                coverage += (then + now) * (b.weight - a.weight) / 2.0;
                (a.weight + b.weight) * (now - then) / 2.0
            }
            _ => {
                coverage += b.contribution - a.contribution;
                0.0
            }
        };
        near(*change, expected)?;
    }
    let by_coverage = changes(rows, ChangeKind::Coverage);
    prop_assert_eq!(!by_coverage.is_empty(), weights_moved && !points);
    near(by_coverage.values().sum(), coverage)?;
    let rules = changes(rows, ChangeKind::Rule);
    for (name, change) in &rules {
        prop_assert!(before.rules.contains_key(name) || after.rules.contains_key(name));
        let of = |told: &Told| told.rules.get(name).copied().unwrap_or(0.0);
        near(*change, of(after) - of(before))?;
    }
    prop_assert!(before.rules.keys().chain(after.rules.keys()).all(|name| rules.contains_key(name)));
    let limit = changes(rows, ChangeKind::Limit);
    prop_assert_eq!(!limit.is_empty(), before.limit.or(after.limit).is_some());
    near(limit.values().sum(), after.limit.unwrap_or(0.0) - before.limit.unwrap_or(0.0))
}

fn times() -> impl Strategy<Value = [i64; 2]> {
    [-400i64..40, -400i64..40].prop_map(|days| days.map(|days| NOON + days * DAY))
}

/// As it comes, and with both sides scored by one plan.
fn choices(model: &Model) -> Vec<SegmentChoice<'_>> {
    let named = model.segment_names().map(SegmentChoice::Named);
    [SegmentChoice::Auto, SegmentChoice::None].into_iter().chain(named).collect()
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn rows_sum_to_the_difference(document in documents(), accounts in [good_accounts(), good_accounts()], times in times(), wild in [wild_accounts(), wild_accounts()]) {
        let points = document["method"] == "points";
        for (document, accounts) in [(document.clone(), accounts), (lenient(document), wild)] {
            let model = compile(&document);
            let values = [values(&model, &accounts[0]), values(&model, &accounts[1])];
            let [before, after] = [0, 1].map(|at| Side { values: &values[at], as_of: Some(times[at]) });
            for choice in choices(&model) {
                let (then, now) = (told(&model, before, choice), told(&model, after, choice));
                compare(&model, before, after, choice, |comparison| {
                    prop_assert_eq!((comparison.before.score, comparison.after.score), (then.score, now.score));
                    check_rows(comparison)?;
                    if then.score.is_some() && now.score.is_some() && then.segment == now.segment {
                        check_formulas(&comparison.rows, &then, &now, points)?;
                    }
                    Ok(())
                }).expect("valid")?;
            }
        }
    }

    #[test]
    fn the_way_back_is_the_way_there_reversed(document in documents(), accounts in [good_accounts(), good_accounts()], times in times()) {
        let model = compile(&document);
        let values = [values(&model, &accounts[0]), values(&model, &accounts[1])];
        let [a, b] = [0, 1].map(|at| Side { values: &values[at], as_of: Some(times[at]) });
        for choice in choices(&model) {
            let rows = |from, to| compare(&model, from, to, choice, |comparison| {
                let scored = comparison.before.score.is_some() && comparison.after.score.is_some();
                let same = comparison.before.segment == comparison.after.segment;
                let row = |row: &Change| (row.name.to_owned(), row.kind.as_str(), row.change, row.before == row.after);
                let mut rows: Vec<_> = comparison.rows.iter().filter(|_| scored && same).map(row).collect();
                rows.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
                rows
            }).expect("valid");
            let mut back = rows(b, a);
            for row in &mut back {
                row.2 = row.2.map(|change| 0.0 - change);
            }
            prop_assert_eq!(rows(a, b), back);
        }
    }

    #[test]
    fn an_account_does_not_differ_from_itself(document in documents(), account in wild_accounts()) {
        let model = compile(&lenient(document));
        let values = values(&model, &account);
        let side = Side { values: &values, as_of: Some(NOON) };
        compare(&model, side, side, SegmentChoice::Auto, |comparison| {
            prop_assert!(comparison.rows.iter().all(|row| row.change.unwrap_or(0.0) == 0.0));
            prop_assert!(comparison.rows.iter().all(|row| row.kind != ChangeKind::Coverage));
            Ok(())
        }).expect("lenient")?;
    }

    #[test]
    fn a_segment_row_is_what_the_plans_say_of_the_account_as_it_is(
        document in documents(), accounts in [good_accounts(), good_accounts()], times in times()
    ) {
        let mut document = document;
        document["min_coverage"] = json!(0);
        for segment in document["segments"].as_array_mut().expect("segments") {
            if let Some(patch) = segment["patch"].as_object_mut() {
                patch.remove("min_coverage");
            }
        }
        let model = compile(&document);
        let values = [values(&model, &accounts[0]), values(&model, &accounts[1])];
        let [before, after] = [0, 1].map(|at| Side { values: &values[at], as_of: Some(times[at]) });
        let then = told(&model, before, SegmentChoice::Auto);
        let as_before = SegmentChoice::from_argument(Some(then.segment.as_deref().unwrap_or_default()));
        let crossed = told(&model, after, as_before);
        compare(&model, before, after, SegmentChoice::Auto, |comparison| {
            let row = comparison.rows.iter().find(|row| row.kind == ChangeKind::Segment);
            if let (Some(row), Some(change), Some(score), Some(there)) =
                (row, row.and_then(|row| row.change), comparison.after.score, crossed.score)
            {
                prop_assert_eq!([row.before, row.after], [comparison.before.segment, comparison.after.segment]
                    .map(|name| name.map_or(Value::Missing, Value::Text)));
                near(change, score - there)?;
                let signals: Vec<_> = changes(&comparison.rows, ChangeKind::Signal).into_keys().collect();
                prop_assert!(signals.iter().eq(then.signals.keys()));
            }
            Ok(())
        }).expect("valid")?;
    }
}

// ----------------------------------------------------------------- in words

/// Gives everything that may have a label, unit or reason the text that `of` makes of its place.
fn labelled(mut document: Json, of: impl Fn(&str) -> String) -> Json {
    for part in ["signals", "categories"] {
        for (name, body) in document[part].as_object_mut().expect("an object") {
            body["label"] = json!(of(&format!("label of {part} {name}")));
            // Two values together have no unit.
            if part == "signals" && body["input"].get("cross").is_none() {
                body["unit"] = json!(of(&format!("unit of {name}")));
            }
        }
    }
    for (key, part) in [("label", "rules"), ("reason", "rules"), ("label", "segments")] {
        for (at, body) in document[part].as_array_mut().expect("an array").iter_mut().enumerate() {
            if key == "label" || at % 2 == 0 {
                body[key] = json!(of(&format!("{key} of {part} {at}")));
            }
        }
    }
    document
}

/// Two languages: places in brackets, and the same backwards, so that texts sort and measure otherwise.
fn token(place: &str) -> String {
    format!("⟦{place}⟧")
}

fn translated(place: &str) -> String {
    let backwards: String = place.chars().rev().collect();
    format!("{backwards}{}", "…".repeat(place.len() % 7))
}

fn translate(text: &str) -> String {
    let mut parts = text.split('⟦');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (place, rest) = part.split_once('⟧').expect("a whole label");
        out.push_str(&translated(place));
        out.push_str(rest);
    }
    out
}

fn explained(document: &Json, accounts: &[Account; 2], times: [i64; 2]) -> Vec<String> {
    let model = compile(document);
    let values = [values(&model, &accounts[0]), values(&model, &accounts[1])];
    let [before, after] = [0, 1].map(|at| Side { values: &values[at], as_of: Some(times[at]) });
    let mut comparer = Comparer::default();
    let mut comparison = comparer.compare(&model, before, after, SegmentChoice::Auto).expect("valid");
    let conflicts = comparison.after.conflicts().into_iter().map(|conflict| conflict.message).collect::<Vec<_>>();
    vec![comparison.before.explain(), comparison.after.explain(), comparison.explain(), conflicts.join(" ")]
}

/// The amounts in parentheses: none is 0, or no number.
fn check_amounts(text: &str) -> TestCaseResult {
    for sign in ["(+", "(−"] {
        for part in text.split(sign).skip(1) {
            let digits = part.split(')').next().unwrap_or_default();
            prop_assert!(digits.parse::<f64>().is_ok_and(|amount| amount > 0.0), "{} in {}", digits, text);
        }
    }
    Ok(())
}

fn shown_number(model: &Model, score: f64) -> f64 {
    model.display(score).parse().expect("a number")
}

/// `69, Needs attention`: the shown score is in the band that is named.
fn check_headline(document: &Json, model: &Model, text: &str, score: f64) -> TestCaseResult {
    let (shown, rest) = text.split_once(", ").expect("a headline");
    prop_assert_eq!(shown, model.display(score));
    let max = document["display"]["max"].as_f64().unwrap_or(100.0);
    // Where a band starts between two shown numbers, the number alone cannot tell.
    if model.warnings().iter().all(|issue| !issue.path.contains("bands")) && document["segments"] == json!([]) {
        let band = model.band(shown_number(model, score) / max * 100.0, SegmentChoice::None).expect("no segment");
        prop_assert!(rest.starts_with(&band.expect("a band").label), "{}", text);
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn words_say_the_shown_numbers(document in documents(), accounts in [good_accounts(), good_accounts()], times in times(), wild in [wild_accounts(), wild_accounts()]) {
        for (document, accounts, tame) in [(document.clone(), accounts, true), (lenient(document), wild, false)] {
            let model = compile(&document);
            let texts = explained(&document, &accounts, times);
            for text in &texts {
                check_amounts(text)?;
                prop_assert!(!tame || !(text.contains("NaN") || text.contains("inf") || text.contains("unreadable")), "{}", text);
            }
            let side = |at: usize| {
                let values = values(&model, &accounts[at]);
                told(&model, Side { values: &values, as_of: Some(times[at]) }, SegmentChoice::Auto).score
            };
            let scores = [side(0), side(1)];
            for (text, score) in texts.iter().zip([scores[0], scores[1], scores[1]]) {
                match score {
                    Some(score) => check_headline(&document, &model, text, score)?,
                    None => prop_assert!(text.starts_with("No score"), "{}", text),
                }
            }
            if let [Some(before), Some(after)] = scores {
                let [then, now] = [before, after].map(|score| shown_number(&model, score));
                let word = if now < then { ", down " } else { ", up " };
                let by = texts[2].split_once(word).and_then(|(_, rest)| rest.split(' ').next());
                prop_assert_eq!(by.is_none(), now == then);
                let by: f64 = by.map_or(0.0, |by| by.parse().expect("a number"));
                prop_assert!(((now - then).abs() - by).abs() < 1e-6, "{}", texts[2]);
                let from = format!(" from {}", model.display(before));
                prop_assert!(now == then || texts[2].contains(&from));
            }
        }
    }

    #[test]
    fn labels_decide_nothing(document in documents(), accounts in [wild_accounts(), wild_accounts()], times in times()) {
        let document = lenient(document);
        let told = explained(&labelled(document.clone(), token), &accounts, times);
        let translated: Vec<_> = told.iter().map(|text| translate(text)).collect();
        prop_assert_eq!(translated, explained(&labelled(document, self::translated), &accounts, times));
    }
}

// ------------------------------------------------------------------ by hand

fn read<'a>(model: &Model, account: &'a Json) -> Vec<Value<'a>> {
    let value = |name: &str| match &account[name] {
        Json::Number(number) => Value::Number(number.as_f64().expect("a double")),
        Json::Bool(flag) => Value::Bool(*flag),
        Json::String(text) => Value::Text(text),
        _ => Value::Missing,
    };
    model.inputs().iter().map(|input| value(&input.name)).collect()
}

/// `name: before → after = change` of each row, in order.
fn lines(document: &Json, before: &Json, after: &Json) -> Vec<String> {
    let model = compile(document);
    let (before, after) = (read(&model, before), read(&model, after));
    let [before, after] = [&before, &after].map(|values| Side { values, as_of: Some(NOON) });
    let written = |value: Value| {
        let mut out = String::new();
        value.write(&mut out);
        out
    };
    let line = |row: &Change| {
        let change = row.change.map_or("?".into(), |change| change.to_string());
        format!("{} {}: {} → {} = {change}", row.kind.as_str(), row.name, written(row.before), written(row.after))
    };
    compare(&model, before, after, SegmentChoice::Auto, |comparison| comparison.rows.iter().map(line).collect())
        .expect("valid")
}

fn percent(names: &[&str]) -> Json {
    let signals: BTreeMap<_, _> = names.iter().map(|name| (name, json!({"scale": {"linear": [0, 100]}}))).collect();
    json!({"signals": signals})
}

#[test]
fn a_vanished_signal_gives_its_weight_to_the_others() {
    // 50 before; after, a counts for the whole: 80.
    let rows = lines(&percent(&["a", "b"]), &json!({"a": 60, "b": 40}), &json!({"a": 80}));
    // a: ½(½ + 1)(80 − 60); coverage: ½(60 + 80)(1 − ½) − ½·40.
    assert_eq!(rows, ["signal b: 40 →  = 0", "signal a: 60 → 80 = 15", "coverage coverage:  →  = 15"]);
}

#[test]
fn rules_show_their_effect_where_they_fired() {
    let mut document = percent(&["a"]);
    document["rules"] = json!([
        {"name": "gone", "when": {"input": "gone", "eq": true}, "cap": 20},
        {"name": "vip", "when": {"input": "vip", "eq": true}, "adjust": 5},
    ]);
    let rows = lines(&document, &json!({"a": 60, "vip": true}), &json!({"a": 70, "gone": true}));
    assert_eq!(rows, ["rule gone:  → cap 20 = -50", "rule vip: adjust 5 →  = -5", "signal a: 60 → 70 = 10"]);
}

#[test]
fn points_change_by_shares_of_the_range_and_its_ends() {
    let document = json!({
        "method": "points", "range": [0, 50], "start": 10,
        "signals": {"demos": {"points": 5}, "complaints": {"points": -4}}
    });
    let rows = lines(&document, &json!({"demos": 2, "complaints": 1}), &json!({"demos": 10, "complaints": 0}));
    // From 16 of 50 to 60 of 50.
    assert_eq!(rows, ["limit limit:  →  = -20", "signal complaints: 1 → 0 = 8", "signal demos: 2 → 10 = 80"]);
}

fn staged() -> Json {
    json!({
        "signals": {"a": {"scale": {"linear": [0, 100]}}, "b": {"scale": {"linear": [0, 100]}}},
        "min_coverage": 0.9,
        "segments": [{"name": "new", "when": {"input": "new", "eq": true}, "patch": {"min_coverage": 0, "signals": {"b": {"weight": 0}}}}],
    })
}

#[test]
fn another_segment_is_told_apart_from_behaviour() {
    let rows = lines(&staged(), &json!({"a": 60, "b": 20, "new": true}), &json!({"a": 80, "b": 20}));
    // 60 → 80 under the plan of the new; the ordinary plan makes 50 of the account as it is.
    assert_eq!(rows, ["segment segment: new →  = -30", "signal b: 20 → 20 = 0", "signal a: 60 → 80 = 20"]);
}

#[test]
fn the_counterfactual_needs_no_coverage() {
    let rows = lines(&staged(), &json!({"a": 60, "b": 20}), &json!({"a": 80, "new": true}));
    // By the plan before the account after would lack coverage; counted all the same it has 80.
    assert_eq!(
        rows,
        ["signal b: 20 →  = 0", "segment segment:  → new = 0", "signal a: 60 → 80 = 15", "coverage coverage:  →  = 25"]
    );
}

#[test]
fn where_one_plan_cannot_score_both_the_other_is_asked() {
    let mut document = staged();
    // Only the new have a scale that takes words.
    document["segments"][0]["patch"] = json!({"signals": {"a": {"scale": {"map": {"good": 90}, "otherwise": 0}}}});
    let rows = lines(&document, &json!({"a": 60, "b": 20}), &json!({"a": "good", "b": 30, "new": true}));
    // By the plan of the new a before is 0: from 40 to 10 by segment, then by a and b to 60.
    assert_eq!(rows, ["segment segment:  → new = -30", "signal b: 20 → 30 = 5", "signal a: 60 → good = 45"]);
    document["segments"][0]["patch"] = json!({"signals": {"a": {"scale": {"map": {"good": 90}}}}});
    let rows = lines(&document, &json!({"a": 60, "b": 20}), &json!({"a": "good", "b": 30, "new": true}));
    assert_eq!(rows, ["signal a: 60 → good = 0", "signal b: 20 → 30 = 0", "segment segment:  → new = 20"]);
}

#[test]
fn without_a_score_rows_begin_with_what_went_missing() {
    let mut document = percent(&["a", "b", "c", "d"]);
    document["min_coverage"] = json!(0.75);
    document["rules"] = json!([{"name": "always", "when": {"score": "base", "ge": 0}, "adjust": 1}]);
    let rows = lines(&document, &json!({"a": 1, "b": 2, "d": 3}), &json!({"a": 1, "c": 4}));
    assert_eq!(
        rows,
        [
            "signal b: 2 →  = ?",
            "signal d: 3 →  = ?",
            "signal c:  → 4 = ?",
            "signal a: 1 → 1 = ?",
            "rule always: adjust 1 →  = ?"
        ]
    );
}

#[test]
fn a_comparison_needs_what_a_score_needs() {
    let model = compile(&json!({"signals": {"t": {"scale": {"recency": {"best": "1 day", "worst": "9 days"}}}}}));
    let side = |as_of| Side { values: &[Value::Time(NOON - 5 * DAY)], as_of };
    let error =
        |before, after, segment| compare(&model, side(before), side(after), segment, |_| ()).expect_err("refused");
    assert_eq!(error(Some(NOON), None, SegmentChoice::Auto), ScoreError::AsOfRequired);
    assert!(matches!(error(Some(0), Some(0), SegmentChoice::Named("x")), ScoreError::UnknownSegment(_)));
    let aged = compare(&model, side(Some(NOON)), side(Some(NOON + 4 * DAY)), SegmentChoice::Auto, |comparison| {
        comparison.rows[0].change
    });
    assert_eq!(aged, Ok(Some(-50.0)));
}
