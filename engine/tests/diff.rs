//! What differs between two documents, and where.

use health_score_engine::{Difference, diff, merge, templates};
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::{Map, Value as Json, json};

fn found(before: &Json, after: &Json) -> Vec<(String, Option<Json>, Option<Json>)> {
    diff(before, after).into_iter().map(|Difference { path, before, after }| (path, before, after)).collect()
}

fn changed(path: &str, before: Json, after: Json) -> (String, Option<Json>, Option<Json>) {
    (path.into(), Some(before), Some(after))
}

fn added(path: &str, after: Json) -> (String, Option<Json>, Option<Json>) {
    (path.into(), None, Some(after))
}

fn removed(path: &str, before: Json) -> (String, Option<Json>, Option<Json>) {
    (path.into(), Some(before), None)
}

#[test]
fn leaves_stand_in_bytewise_order_of_their_paths() {
    let before =
        json!({"purpose": "renewal", "signals": {"nps": {"weight": 20}, "B": {"weight": 1}, "old": {"weight": 3}}});
    let after = json!({"min_coverage": 0.4, "purpose": "renewal",
        "signals": {"nps": {"weight": 10, "unit": "of 10"}, "B": {"weight": 2}, "a b": {"weight": 4}}});
    assert_eq!(
        found(&before, &after),
        [
            added("$.min_coverage", json!(0.4)),
            changed("$.signals.B.weight", json!(1), json!(2)),
            added("$.signals.\"a b\"", json!({"weight": 4})),
            added("$.signals.nps.unit", json!("of 10")),
            changed("$.signals.nps.weight", json!(20), json!(10)),
            removed("$.signals.old", json!({"weight": 3})),
        ]
    );
}

#[test]
fn a_scale_and_an_input_are_replaced_whole() {
    let signal = |scale: Json, input: Json| json!({"signals": {"s": {"scale": scale, "input": input}}});
    let (old, new) = (json!({"map": {"a": 1}, "otherwise": 5}), json!({"map": {"a": 2}, "otherwise": 5}));
    let (ratio, change) = (json!({"ratio": ["a", "b"]}), json!({"ratio": ["a", "c"]}));
    let (before, after) = (signal(old.clone(), ratio.clone()), signal(new.clone(), change.clone()));
    assert_eq!(
        found(&before, &after),
        [changed("$.signals.s.input", ratio.clone(), change.clone()), changed("$.signals.s.scale", old, new)]
    );
    let patched = |document: Json| json!({"segments": [{"name": "large", "patch": document}]});
    let paths: Vec<_> = diff(&patched(before), &patched(after)).into_iter().map(|found| found.path).collect();
    assert_eq!(paths, ["$.segments[\"large\"].patch.signals.s.input", "$.segments[\"large\"].patch.signals.s.scale"]);
    // Elsewhere these words mean nothing.
    assert_eq!(
        found(&json!({"meta": {"scale": {"a": 1}}}), &json!({"meta": {"scale": {"a": 2}}})),
        [changed("$.meta.scale.a", json!(1), json!(2))]
    );
}

#[test]
fn rules_are_told_apart_by_name() {
    let rule = |name: &str, cap: i32| json!({"name": name, "cap": cap, "when": {"input": "a", "eq": true}});
    let before = json!({"rules": [rule("a", 1), rule("gone", 2), rule("no usage", 3)]});
    let after = json!({"rules": [rule("new", 9), rule("a", 1), rule("no usage", 4)]});
    assert_eq!(
        found(&before, &after),
        [
            added("$.rules[\"new\"]", rule("new", 9)),
            changed("$.rules[\"no usage\"].cap", json!(3), json!(4)),
            removed("$.rules[\"gone\"]", rule("gone", 2)),
        ]
    );
}

#[test]
fn a_changed_order_is_one_difference() {
    let band = |name: &str, from: i32| json!({"name": name, "from": from});
    let before = json!({"segments": [{"name": "s", "patch": {"bands": [band("x", 0), band("y", 40), band("z", 70)]}}]});
    let after = json!({"segments": [{"name": "s", "patch": {"bands": [band("z", 0), band("w", 20), band("x", 40)]}}]});
    let at = "$.segments[\"s\"].patch.bands";
    assert_eq!(
        found(&before, &after),
        [
            changed(at, json!(["x", "y", "z"]), json!(["z", "w", "x"])),
            changed(&format!("{at}[\"z\"].from"), json!(70), json!(0)),
            added(&format!("{at}[\"w\"]"), band("w", 20)),
            changed(&format!("{at}[\"x\"].from"), json!(0), json!(40)),
            removed(&format!("{at}[\"y\"]"), band("y", 40)),
        ]
    );
}

#[test]
fn arrays_without_distinct_names_are_leaves() {
    for (old, new) in [
        (json!([{"name": "a", "cap": 1}, {"name": "a", "cap": 2}]), json!([{"name": "a", "cap": 1}])),
        (json!([{"cap": 1}]), json!([{"name": "a", "cap": 1}])),
        (json!([1, 2]), json!([1, 3])),
        (json!([{"name": 5}]), json!([{"name": 6}])),
    ] {
        assert_eq!(
            found(&json!({"rules": old}), &json!({"rules": new})),
            [changed("$.rules", old.clone(), new.clone())]
        );
    }
    // Names count at the root and in patches only.
    let meta = |cap: i32| json!({"meta": {"rules": [{"name": "a", "cap": cap}]}});
    assert_eq!(
        found(&meta(1), &meta(2)),
        [changed("$.meta.rules", json!([{"name": "a", "cap": 1}]), json!([{"name": "a", "cap": 2}]))]
    );
    assert_eq!(found(&json!({"rules": []}), &json!({"rules": {}})), [changed("$.rules", json!([]), json!({}))]);
}

#[test]
fn numbers_of_one_value_are_equal_however_written() {
    let text = |text: &str| serde_json::from_str::<Json>(text).expect("JSON");
    for (a, b) in
        [("1", "1.0"), ("-0.0", "0"), ("1e2", "100"), ("[1, {\"a\": 2.0}]", "[1.0, {\"a\": 2}]"), ("1e300", "1e300")]
    {
        assert_eq!(diff(&text(a), &text(b)), [], "{a} {b}");
    }
    for (a, b) in [
        ("1", "1.5"),
        ("9007199254740993", "9007199254740992"),
        ("1", "\"1\""),
        ("1e300", "1e301"),
        ("0", "false"),
        ("18446744073709551615", "-1"),
    ] {
        assert_eq!(found(&text(a), &text(b)), [changed("$", text(a), text(b))]);
    }
}

#[test]
fn the_path_of_a_rule_s_part_can_be_read() {
    let rule = |input: &str| json!({"rules": [{"name": "a \"b\"", "when": {"all": [{"input": input}]}}]});
    assert_eq!(found(&rule("x"), &rule("y"))[0].0, r#"$.rules["a \"b\""].when.all"#);
}

#[test]
fn templates_differ_from_each_other_and_not_from_themselves() {
    let documents: Vec<Json> =
        templates().iter().map(|template| serde_json::from_str(template.document).expect("JSON")).collect();
    for (at, document) in documents.iter().enumerate() {
        for (other_at, other) in documents.iter().enumerate() {
            assert_eq!(diff(document, other).is_empty(), at == other_at);
        }
    }
}

fn numbers() -> impl Strategy<Value = Json> {
    prop_oneof![(0i64..3).prop_map(Json::from), (0i64..3).prop_map(|n| Json::from(n as f64)), Just(json!(0.5))]
}

/// Small enough for two of them to have much in common.
fn values() -> impl Strategy<Value = Json> {
    let leaf =
        prop_oneof![Just(Json::Null), any::<bool>().prop_map(Json::from), numbers(), "[ab]".prop_map(Json::from)];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let key = proptest::sample::select(vec![
            "signals", "rules", "bands", "segments", "patch", "scale", "input", "name", "a", "weight",
        ]);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            proptest::collection::vec((key, inner), 0..4)
                .prop_map(|entries| Json::Object(entries.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

/// Documents with named rules beside anything.
fn documents() -> impl Strategy<Value = Json> {
    let rule = ("[abc]", values()).prop_map(|(name, value)| json!({"name": name, "value": value}));
    let rules = proptest::collection::vec(rule, 0..4).prop_map(Json::from);
    let patched =
        (values(), rules).prop_map(|(signals, rules)| json!({"signals": {"s": signals}, "rules": rules})).boxed();
    let segments = ("[ab]", patched.clone()).prop_map(|(name, patch)| json!([{"name": name, "patch": patch}]));
    prop_oneof![
        values(),
        (patched, segments, values()).prop_map(|(mut document, segments, meta)| {
            document["segments"] = segments;
            document["meta"] = meta;
            document
        }),
    ]
}

/// The same document with every whole number written the other way.
fn rewritten(json: &Json) -> Json {
    match json {
        Json::Number(number) => match number.as_i64() {
            Some(whole) => json!(whole as f64),
            None => number.as_f64().filter(|n| n.fract() == 0.0).map_or(json.clone(), |n| json!(n as i64)),
        },
        Json::Array(list) => list.iter().map(rewritten).collect(),
        Json::Object(map) => Json::Object(map.iter().map(|(key, value)| (key.clone(), rewritten(value))).collect()),
        other => other.clone(),
    }
}

/// Whole numbers as such, so that `==` is equality of value.
fn normal(json: &Json) -> Json {
    match json {
        Json::Number(number) => json!(number.as_f64()),
        Json::Array(list) => list.iter().map(normal).collect(),
        Json::Object(map) => map.iter().map(|(key, value)| (key.clone(), normal(value))).collect::<Map<_, _>>().into(),
        other => other.clone(),
    }
}

/// What a document holds at a path of plain keys and of names.
fn at<'a>(document: &'a Json, path: &str) -> Option<&'a Json> {
    let mut here = document;
    let parts = path.strip_prefix('$')?.split_inclusive(['.', '[']).map(|part| part.trim_end_matches(['.', '[']));
    for part in parts.filter(|part| !part.is_empty()) {
        here = match part.strip_suffix("\"]").and_then(|part| part.strip_prefix('"')) {
            Some(name) => here.as_array()?.iter().find(|item| item["name"] == name)?,
            None => here.get(part)?,
        };
    }
    Some(here)
}

fn is_order(found: &Difference) -> bool {
    ["rules", "bands", "segments"].iter().any(|key| found.path.ends_with(key))
        && [&found.before, &found.after]
            .into_iter()
            .all(|side| side.as_ref().and_then(Json::as_array).is_some_and(|list| list.iter().all(Json::is_string)))
}

proptest! {
    #![proptest_config(Config { cases: 2000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn nothing_differs_from_itself(document in documents()) {
        prop_assert_eq!(diff(&document, &document), []);
        prop_assert_eq!(diff(&document, &rewritten(&document)), []);
    }

    #[test]
    fn nothing_is_told_exactly_where_all_is_equal(before in documents(), after in documents()) {
        prop_assert_eq!(diff(&before, &after).is_empty(), normal(&before) == normal(&after));
    }

    #[test]
    fn each_side_is_what_the_document_holds(before in documents(), patch in documents()) {
        let after = merge(&before, &patch);
        let differences = diff(&before, &after);
        prop_assert_eq!(differences.is_empty(), normal(&before) == normal(&after));
        for found in differences.iter().filter(|found| !is_order(found)) {
            prop_assert_eq!(at(&before, &found.path), found.before.as_ref(), "{}", &found.path);
            prop_assert_eq!(at(&after, &found.path), found.after.as_ref(), "{}", &found.path);
            prop_assert_ne!(&found.before, &found.after);
        }
        let mut paths: Vec<_> = differences.iter().map(|found| &found.path).collect();
        paths.sort_unstable();
        paths.dedup();
        prop_assert_eq!(paths.len(), differences.len());
    }

    #[test]
    fn the_other_way_round_the_sides_change_places(before in documents(), after in documents()) {
        let key = |found: &Difference| found.path.clone();
        let mut there = diff(&before, &after);
        let mut back: Vec<_> = diff(&after, &before)
            .into_iter()
            .map(|Difference { path, before, after }| Difference { path, before: after, after: before })
            .collect();
        there.sort_by_key(key);
        back.sort_by_key(key);
        prop_assert_eq!(there, back);
    }
}
