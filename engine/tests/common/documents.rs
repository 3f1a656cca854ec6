//! Random model documents that are valid.

use health_score_engine::Model;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value as Json, json};

use super::*;

pub fn weight() -> impl Strategy<Value = f64> {
    prop_oneof![3 => (1u32..40).prop_map(f64::from), 2 => 0.1..10f64, 2 => (-6f64..6.0).prop_map(|power| 10f64.powf(power))]
}

pub fn subscore() -> impl Strategy<Value = f64> {
    prop_oneof![3 => (0u32..=100).prop_map(f64::from), 1 => 0.0..=100f64]
}

/// Strictly rising numbers.
pub fn rising(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<f64>> {
    (-50i32..50, prop::collection::vec(1u32..40, count)).prop_map(|(start, gaps)| {
        let mut x = f64::from(start);
        gaps.iter()
            .map(|gap| {
                x += f64::from(*gap) / 4.0;
                x
            })
            .collect()
    })
}

fn points_of(key: &'static str) -> impl Strategy<Value = Json> {
    rising(1..5).prop_flat_map(move |xs| {
        prop::collection::vec(subscore(), xs.len())
            .prop_map(move |ys| json!({ key: xs.iter().zip(ys).map(|(x, y)| json!([x, y])).collect::<Vec<_>>() }))
    })
}

fn duration() -> impl Strategy<Value = String> {
    prop_oneof![
        (1u32..200).prop_map(|n| format!("{n} days")),
        (1u32..99).prop_map(|n| format!("{n} hours")),
        Just("1 week 2 days".into())
    ]
}

fn number_scale() -> BoxedStrategy<Json> {
    let linear = (-100i32..100, 1i32..200, any::<bool>()).prop_map(
        |(worst, range, falls)| json!({"linear": [worst, if falls { worst - range } else { worst + range }]}),
    );
    prop_oneof![3 => linear, 2 => points_of("steps"), 2 => points_of("curve")].boxed()
}

fn map_scale() -> BoxedStrategy<Json> {
    let map = prop::collection::btree_map(select(WORDS.to_vec()), subscore(), 1..4);
    (map, subscore()).prop_map(|(map, otherwise)| json!({"map": map, "otherwise": otherwise})).boxed()
}

fn recency_scale() -> BoxedStrategy<Json> {
    let ages = (1u32..50, 51u32..400, any::<bool>());
    ages.prop_map(|(a, b, fresh_is_best)| {
        let (best, worst) = if fresh_is_best { (a, b) } else { (b, a) };
        json!({"recency": {"best": format!("{best} days"), "worst": format!("{worst} days")}})
    })
    .boxed()
}

fn column(kind: char) -> BoxedStrategy<Json> {
    (0..COLUMNS).prop_map(move |at| json!(format!("{kind}{at}"))).boxed()
}

fn number_input() -> BoxedStrategy<Json> {
    let sides = || prop_oneof![4 => column('t'), 1 => Just(json!("@as_of"))];
    prop_oneof![
        4 => column('n'),
        1 => (column('n'), column('n')).prop_map(|(a, b)| json!({"ratio": [a, b]})),
        1 => (column('n'), column('n')).prop_map(|(a, b)| json!({"change": [a, b]})),
        1 => (sides(), column('t')).prop_map(|(a, b)| json!({"days": [a, b]})),
        1 => (column('t'), sides()).prop_map(|(a, b)| json!({"days": [a, b]})),
    ]
    .boxed()
}

fn default(kind: char) -> BoxedStrategy<Json> {
    match kind {
        'n' => (-20i32..200).prop_map(|n| json!(f64::from(n) / 2.0)).boxed(),
        't' => Just(json!("2026-05-20")).boxed(),
        'x' => select(WORDS.to_vec()).prop_map(|word| json!(word)).boxed(),
        _ => any::<bool>().prop_map(|flag| json!(flag)).boxed(),
    }
}

/// An object of the entries that are there.
fn object<const N: usize>(entries: [(&str, Option<Json>); N]) -> Json {
    entries.into_iter().filter_map(|(key, json)| Some((key.to_owned(), json?))).collect::<Map<_, _>>().into()
}

fn maybe<S: Strategy<Value: Clone>>(strategy: S) -> impl Strategy<Value = Option<S::Value>> {
    prop::option::weighted(0.3, strategy)
}

fn missing_policy() -> impl Strategy<Value = Json> {
    let words = select(vec!["exclude", "worst", "neutral", "best"]).prop_map(|word| json!(word));
    prop_oneof![words, subscore().prop_map(|number| json!(number))]
}

/// The kind of the input's values, and the signal without its category.
fn weighted_signal() -> impl Strategy<Value = (char, Json)> {
    let shapes = prop_oneof![
        4 => (Just('n'), number_scale(), number_input()),
        1 => (Just('t'), recency_scale(), column('t')),
        1 => (Just('x'), map_scale(), column('x')),
        1 => (Just('b'), map_scale(), column('b')),
        1 => (Just('b'), any::<bool>().prop_map(|healthy| json!({"boolean": healthy})).boxed(), column('b')),
    ];
    shapes.prop_flat_map(|(kind, scale, input)| {
        // A signal without input reads the column of its own name.
        let input = prop::option::weighted(0.8, Just(input));
        let weight = maybe(prop_oneof![9 => weight(), 1 => Just(0.0)]);
        let age = maybe((column('t'), duration()));
        (input, weight, maybe(missing_policy()), maybe(default(kind)), age).prop_map(
            move |(input, weight, missing, default, age)| {
                let (observed, max_age) = age.unzip();
                let weight = weight.map(Json::from);
                let entries = [
                    ("scale", Some(scale.clone())),
                    ("input", input),
                    ("weight", weight),
                    ("missing", missing),
                    ("default", default),
                    ("observed", observed),
                    ("max_age", max_age.map(Json::from)),
                ];
                (kind, object(entries))
            },
        )
    })
}

/// Numbers or groups of texts as one side of a table, with the number of its places and an input.
fn axis() -> BoxedStrategy<(Json, usize, Json)> {
    let steps = (rising(1..4), number_input()).prop_map(|(bounds, input)| (json!(bounds), bounds.len(), input));
    let groups = (select(vec![json!(["red", "gold"]), json!(["true", ["1", "red"]]), json!([["gold"]])]), column('x'));
    let groups = groups.prop_map(|(groups, input)| (groups.clone(), groups.as_array().map_or(0, Vec::len), input));
    prop_oneof![3 => steps, 1 => groups].boxed()
}

fn cross_signal() -> impl Strategy<Value = (char, Json)> {
    let cells = prop::collection::vec(subscore(), 9);
    (axis(), axis(), cells, subscore(), maybe(weight()), maybe(missing_policy())).prop_filter_map(
        "an input crossed with itself",
        |((rows, height, first), (columns, width, second), cells, neutral, weight, missing)| {
            let subscores: Vec<&[f64]> = (0..height).map(|row| &cells[row * width..(row + 1) * width]).collect();
            let table = json!({"rows": rows, "columns": columns, "subscores": subscores, "neutral": neutral});
            let entries = [
                ("scale", Some(json!({"table": table}))),
                ("input", Some(json!({"cross": [first, second]}))),
                ("weight", weight.map(Json::from)),
                ("missing", missing),
            ];
            (first != second).then(|| ('n', object(entries)))
        },
    )
}

fn points_signal() -> impl Strategy<Value = (char, Json)> {
    let shapes = prop_oneof![4 => (Just('n'), number_input()), 1 => (Just('b'), column('b'))];
    let times = (column('t'), maybe(duration()), maybe(duration()), maybe(duration()));
    let amounts = (prop_oneof![-20.0..20f64, Just(0.0)], maybe(0u32..50), maybe(-30i32..30));
    (shapes, amounts, maybe(times), maybe(default('n'))).prop_map(
        |((kind, input), (points, max, absent), times, default)| {
            let (observed, half_life, within, max_age) =
                times.map_or((None, None, None, None), |(at, a, b, c)| (Some(at), a, b, c));
            let within = within.filter(|_| absent.is_some());
            let entries = [
                ("input", Some(input)),
                ("points", Some(json!(points))),
                ("max", max.map(Json::from)),
                ("absent", absent.map(Json::from)),
                ("observed", observed),
                ("half_life", half_life.map(Json::from)),
                ("within", within.map(Json::from)),
                ("max_age", max_age.map(Json::from)),
                ("default", default),
            ];
            (kind, object(entries))
        },
    )
}

/// Categories (weighted or only named) and signals, each in a category.
fn scorecard(points: bool) -> impl Strategy<Value = Json> {
    let signal =
        if points { points_signal().boxed() } else { prop_oneof![5 => weighted_signal(), 1 => cross_signal()].boxed() };
    let signals = prop::collection::vec((signal, any::<Index>()), 1..COLUMNS);
    let weights =
        prop_oneof![Just(Vec::new()), prop::collection::vec(prop_oneof![9 => weight(), 1 => Just(0.0)], 1..4)];
    let named = 0..3usize;
    (signals, weights, named).prop_map(move |(signals, weights, named)| {
        let weights: Vec<Json> = if weights.is_empty() || points {
            vec![json!({}); named]
        } else {
            weights.iter().map(|w| json!({"weight": w})).collect()
        };
        let categories: Map<_, _> =
            weights.into_iter().enumerate().map(|(at, body)| (format!("c{at}"), body)).collect();
        let signals: Map<_, _> = signals
            .into_iter()
            .enumerate()
            .map(|(at, ((kind, mut signal), category))| {
                if !categories.is_empty() {
                    signal["category"] = json!(format!("c{}", category.index(categories.len())));
                }
                (format!("{kind}{at}"), signal)
            })
            .collect();
        json!({"categories": categories, "signals": signals})
    })
}

pub fn keys(document: &Json, key: &str) -> Vec<String> {
    document[key].as_object().map(|map| map.keys().cloned().collect()).unwrap_or_default()
}

/// A test on a column that suits its kind.
fn input_test() -> BoxedStrategy<Json> {
    let ordered = select(vec!["eq", "ne", "lt", "le", "gt", "ge"]);
    let numbers = (number_input(), ordered.clone(), -20i32..100)
        .prop_map(|(input, operator, n)| json!({"input": input, operator: n}));
    let times = (column('t'), ordered).prop_map(|(input, operator)| json!({"input": input, operator: "2026-05-10"}));
    let texts =
        (column('x'), select(WORDS.to_vec())).prop_map(|(input, word)| json!({"input": input, "in": [word, "gold"]}));
    let flags = (column('b'), any::<bool>()).prop_map(|(input, flag)| json!({"input": input, "eq": flag}));
    let presence = (column('n'), select(vec!["missing", "present"]), any::<bool>());
    let presence = presence.prop_map(|(input, operator, wanted)| json!({"input": input, operator: wanted}));
    prop_oneof![3 => numbers, 1 => times, 1 => texts, 1 => flags, 1 => presence].boxed()
}

fn joined(test: BoxedStrategy<Json>) -> BoxedStrategy<Json> {
    test.prop_recursive(3, 12, 3, |inner| {
        let list = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            list.clone().prop_map(|list| json!({"all": list})),
            list.prop_map(|list| json!({"any": list})),
            inner.prop_map(|inner| json!({"not": inner})),
        ]
    })
    .boxed()
}

/// A rule's condition over the names of a scorecard.
fn condition(scorecard: &Json, points: bool) -> BoxedStrategy<Json> {
    let score = select(vec!["running", "base"]).prop_map(|word| ("score", word.to_owned())).boxed();
    let mut subjects = vec![score];
    if !points {
        subjects.push(select(keys(scorecard, "signals")).prop_map(|name| ("subscore", name)).boxed());
        let categories = keys(scorecard, "categories");
        if !categories.is_empty() {
            subjects.push(select(categories).prop_map(|name| ("category", name)).boxed());
        }
    }
    let numbers = (prop::strategy::Union::new(subjects), 0u32..100, 0u32..100)
        .prop_map(|((subject, name), a, b)| json!({subject: name, "ge": a.min(b), "lt": a.max(b)}));
    let presence = select(keys(scorecard, "signals")).prop_map(move |name| {
        if points { json!({"score": "base", "present": true}) } else { json!({"subscore": name, "missing": false}) }
    });
    joined(prop_oneof![3 => input_test(), 2 => numbers, 1 => presence].boxed())
}

fn action() -> impl Strategy<Value = (&'static str, Json)> {
    let limit = (select(vec!["cap", "floor", "set"]), subscore()).prop_map(|(action, to)| (action, json!(to)));
    prop_oneof![3 => limit, 2 => (-100.0..=100f64).prop_map(|by| ("adjust", json!(by)))]
}

fn rules(scorecard: &Json, points: bool) -> impl Strategy<Value = Json> + use<> {
    let rule = (condition(scorecard, points), action());
    prop::collection::vec(rule, 0..4).prop_map(|rules| {
        let rule = |at, when: Json, (action, amount): (&str, Json)| json!({"name": format!("rule {at}"), "when": when, action: amount});
        rules.into_iter().enumerate().map(|(at, (when, action))| rule(at, when, action)).collect()
    })
}

fn patch(scorecard: &Json, points: bool) -> BoxedStrategy<Json> {
    let name = select(keys(scorecard, "signals"));
    if points {
        return (name, -9i32..9).prop_map(|(name, n)| json!({"start": n, "signals": {name: {"points": n}}})).boxed();
    }
    prop_oneof![
        (name.clone(), weight()).prop_map(|(name, weight)| json!({"signals": {name: {"weight": weight}}})),
        (name, missing_policy()).prop_map(|(name, missing)| json!({"signals": {name: {"missing": missing}}})),
        (0.0..=1f64, subscore()).prop_map(|(coverage, cap)| json!({
            "min_coverage": coverage, "rules": [{"name": "own", "when": {"score": "base", "ge": 0}, "cap": cap}], "meta": {"x": null}
        })),
        Just(json!({"rules": null, "bands": [{"name": "one", "from": 0}]})),
        Just(json!({})),
    ]
    .boxed()
}

fn segments(scorecard: &Json, points: bool) -> impl Strategy<Value = Json> + use<> {
    prop::collection::vec((joined(input_test()), patch(scorecard, points)), 0..3).prop_map(|segments| {
        let segment =
            |at, when: Json, patch: Json| json!({"name": format!("segment {at}"), "when": when, "patch": patch});
        segments.into_iter().enumerate().map(|(at, (when, patch))| segment(at, when, patch)).collect()
    })
}

fn display() -> impl Strategy<Value = Json> {
    (select(vec![1.0, 5.0, 7.0, 10.0, 100.0, 850.0, 1e6]), 0..=6usize)
        .prop_map(|(max, decimals)| json!({"max": max, "decimals": decimals}))
}

pub fn document_of(points: bool) -> BoxedStrategy<Json> {
    let extras = (maybe(0.0..=0.6f64), any::<bool>(), maybe(display()), -50i32..50, 1u32..200);
    (scorecard(points), extras)
        .prop_flat_map(move |(scorecard, (coverage, lenient, display, low, width))| {
            let parts = (rules(&scorecard, points), segments(&scorecard, points));
            parts.prop_map(move |(rules, segments)| {
                let mut document = scorecard.clone();
                document["rules"] = rules;
                document["segments"] = segments;
                document["on_invalid"] = json!(if lenient { "missing" } else { "error" });
                if points {
                    document["method"] = json!("points");
                    document["range"] = json!([low, i64::from(low) + i64::from(width)]);
                    document["start"] = json!(low / 2);
                }
                for (key, json) in [("min_coverage", coverage.map(Json::from)), ("display", display.clone())] {
                    if let Some(json) = json {
                        document[key] = json;
                    }
                }
                document
            })
        })
        .prop_filter("the weights add up to 0", adds_up)
        .boxed()
}

/// The one way in which these generators fail to make a valid document.
fn adds_up(document: &Json) -> bool {
    let errors = Model::compile(document, &mut || ()).err().unwrap_or_default();
    !errors.iter().any(|issue| issue.message.contains("add up to 0"))
}

pub fn documents() -> impl Strategy<Value = Json> {
    prop_oneof![2 => document_of(false), 1 => document_of(true)]
}
