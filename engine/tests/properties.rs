//! What must hold for every document and every account, tried on random ones.

use std::collections::{BTreeMap, BTreeSet};

use health_score_engine::{Assessor, DriverKind, Model, ScoreError, SegmentChoice, Severity, Value, merge, templates};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestCaseResult};
use serde_json::{Map, Value as Json, json};

const NOON: i64 = 1_780_000_000_000_000;
const DAY: i64 = 86_400_000_000;

/// No files are written: what fails is printed, and becomes a test of its own.
fn cases(count: u32) -> Config {
    Config { cases: count, failure_persistence: None, max_global_rejects: 20_000, ..Config::default() }
}

// ---------------------------------------------------------------- accounts

/// A value that an account owns.
#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Missing,
    Number(f64),
    Bool(bool),
    Text(String),
    Time(i64),
    Unusable,
}

impl Cell {
    fn value(&self) -> Value<'_> {
        match self {
            Cell::Missing => Value::Missing,
            Cell::Number(number) => Value::Number(*number),
            Cell::Bool(flag) => Value::Bool(*flag),
            Cell::Text(text) => Value::Text(text),
            Cell::Time(micros) => Value::Time(*micros),
            Cell::Unusable => Value::Unusable("an array"),
        }
    }
}

/// By the column's name, whose first letter tells its kind: n number, t time, x text, b boolean.
type Account = BTreeMap<String, Cell>;

const KINDS: [char; 4] = ['n', 't', 'x', 'b'];
const COLUMNS: usize = 7;
const WORDS: [&str; 4] = ["red", "gold", "1", "true"];

fn values<'a>(model: &Model, account: &'a Account) -> Vec<Value<'a>> {
    model.inputs().iter().map(|input| account.get(&input.name).map_or(Value::Missing, Cell::value)).collect()
}

/// A value of the column's kind. Numbers stay small enough for every ratio to be finite.
fn good(kind: char) -> BoxedStrategy<Cell> {
    match kind {
        'n' => prop_oneof![
            4 => (-40i32..400).prop_map(|n| Cell::Number(f64::from(n) / 2.0)),
            1 => (-1e6..1e6f64).prop_map(Cell::Number),
            1 => Just(Cell::Number(-0.0)),
        ]
        .boxed(),
        't' => prop_oneof![
            3 => (-400i64..40).prop_map(|days| Cell::Time(NOON + days * DAY)),
            1 => select(vec!["2026-05-01", "2026-05-28 10:00", "1999-12-31T23:59:59Z"]).prop_map(|text| Cell::Text(text.into())),
        ]
        .boxed(),
        'x' => select(WORDS.to_vec()).prop_map(|word| Cell::Text(word.into())).boxed(),
        _ => any::<bool>().prop_map(Cell::Bool).boxed(),
    }
}

/// Anything that a row may hold.
fn wild() -> BoxedStrategy<Cell> {
    let extremes = vec![
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        1e300,
        -1e300,
        5e-324,
        0.0,
    ];
    prop_oneof![
        3 => select(extremes).prop_map(Cell::Number),
        2 => any::<f64>().prop_map(Cell::Number),
        1 => any::<i64>().prop_map(Cell::Time),
        1 => select(vec![i64::MIN, i64::MAX, 0, NOON]).prop_map(Cell::Time),
        1 => any::<bool>().prop_map(Cell::Bool),
        1 => "\\PC{0,6}".prop_map(Cell::Text),
        1 => Just(Cell::Unusable),
        1 => Just(Cell::Missing),
    ]
    .boxed()
}

fn accounts(of: fn(char) -> BoxedStrategy<Cell>) -> impl Strategy<Value = Account> {
    let columns: Vec<_> = KINDS.into_iter().flat_map(|kind| vec![of(kind); COLUMNS]).collect();
    let names = KINDS.into_iter().flat_map(|kind| (0..COLUMNS).map(move |at| format!("{kind}{at}")));
    let names: Vec<String> = names.collect();
    columns.prop_map(move |cells| names.iter().cloned().zip(cells).collect())
}

/// With holes, each value of its column's kind.
fn good_accounts() -> impl Strategy<Value = Account> {
    accounts(|kind| prop_oneof![3 => good(kind), 1 => Just(Cell::Missing)].boxed())
}

fn complete_accounts() -> impl Strategy<Value = Account> {
    accounts(good)
}

fn wild_accounts() -> impl Strategy<Value = Account> {
    accounts(|kind| prop_oneof![3 => good(kind), 1 => Just(Cell::Missing), 1 => wild()].boxed())
}

// --------------------------------------------------------------- documents

fn weight() -> impl Strategy<Value = f64> {
    prop_oneof![3 => (1u32..40).prop_map(f64::from), 2 => 0.1..10f64, 2 => (-6f64..6.0).prop_map(|power| 10f64.powf(power))]
}

fn subscore() -> impl Strategy<Value = f64> {
    prop_oneof![3 => (0u32..=100).prop_map(f64::from), 1 => 0.0..=100f64]
}

/// Strictly rising numbers.
fn rising(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<f64>> {
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
    let signal = if points { points_signal().boxed() } else { weighted_signal().boxed() };
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

fn keys(document: &Json, key: &str) -> Vec<String> {
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

fn document_of(points: bool) -> BoxedStrategy<Json> {
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

fn weighted_documents() -> BoxedStrategy<Json> {
    document_of(false)
}

fn documents() -> impl Strategy<Value = Json> {
    prop_oneof![2 => document_of(false), 1 => document_of(true)]
}

fn lenient(mut document: Json) -> Json {
    document["on_invalid"] = json!("missing");
    document
}

fn without_rules(mut document: Json) -> Json {
    document["rules"] = json!([]);
    document["segments"] = json!([]);
    document
}

// -------------------------------------------------------------- assessments

/// All that an assessment says, comparable to the last bit.
#[derive(Debug, Clone, PartialEq)]
struct Outcome {
    score: Option<f64>,
    bits: Option<u64>,
    band: Option<String>,
    segment: Option<String>,
    coverage: f64,
    interval: (f64, f64),
    rules: Vec<String>,
    drivers: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq)]
struct Line {
    kind: DriverKind,
    name: String,
    category: Option<String>,
    subscore: Option<f64>,
    weight: Option<f64>,
    contribution: Option<f64>,
    lost: Option<f64>,
    status: &'static str,
    reason: Option<String>,
}

fn compile(document: &Json) -> Model {
    Model::compile(document, &mut || ()).unwrap_or_else(|issues| panic!("{issues:#?}\n{document:#}"))
}

fn assess_with(
    assessor: &mut Assessor,
    model: &Model,
    account: &Account,
    segment: SegmentChoice,
) -> Result<Outcome, ScoreError> {
    let values = values(model, account);
    let mut assessment = assessor.assess(model, &values, Some(NOON), segment)?;
    let drivers = assessment.drivers().map(|driver| Line {
        kind: driver.kind,
        name: driver.name.to_owned(),
        category: driver.category.map(str::to_owned),
        subscore: driver.subscore,
        weight: driver.weight,
        contribution: driver.contribution,
        lost: driver.lost,
        status: driver.status,
        reason: driver.reason.map(|reason| reason.into_owned()),
    });
    let drivers = drivers.collect();
    Ok(Outcome {
        score: assessment.score,
        bits: assessment.score.map(f64::to_bits),
        band: assessment.band().map(|(_, band)| band.name.clone()),
        segment: assessment.segment.map(str::to_owned),
        coverage: assessment.coverage,
        interval: assessment.interval(),
        rules: assessment.fired_rules().map(str::to_owned).collect(),
        drivers,
    })
}

/// For documents and accounts that leave nothing to be invalid.
fn assess(document: &Json, account: &Account) -> Outcome {
    let outcome = assess_with(&mut Assessor::default(), &compile(document), account, SegmentChoice::Auto);
    outcome.unwrap_or_else(|error| panic!("{error:?}\n{document:#}"))
}

fn near(a: f64, b: f64) -> TestCaseResult {
    prop_assert!((a - b).abs() <= 1e-9, "{a} is not {b}");
    Ok(())
}

fn sum(lines: &[Line], part: impl Fn(&Line) -> Option<f64>) -> f64 {
    lines.iter().filter_map(part).sum()
}

fn in_order(low: f64, score: f64, high: f64) -> TestCaseResult {
    prop_assert!(
        0.0 <= low && low <= score && score <= high && high <= 100.0,
        "0 <= {low} <= {score} <= {high} <= 100"
    );
    Ok(())
}

fn check_sums(outcome: &Outcome) -> TestCaseResult {
    let Some(score) = outcome.score else {
        prop_assert!(outcome.drivers.iter().all(|line| line.contribution.is_none()));
        return Ok(());
    };
    prop_assert!((0.0..=100.0).contains(&score) && (score != 0.0 || score.is_sign_positive()), "{score:?}");
    near(sum(&outcome.drivers, |line| line.contribution), score)?;
    if outcome.drivers.iter().any(|line| line.weight.is_some()) {
        near(score + sum(&outcome.drivers, |line| line.lost), 100.0)?;
        near(sum(&outcome.drivers, |line| line.weight), 1.0)?;
    }
    Ok(())
}

fn check_interval(outcome: &Outcome) -> TestCaseResult {
    let (low, high) = outcome.interval;
    in_order(low, outcome.score.unwrap_or(low), high)?;
    prop_assert!((0.0..=1.0).contains(&outcome.coverage), "{}", outcome.coverage);
    if outcome.coverage == 1.0 {
        prop_assert_eq!(low, high);
        prop_assert!(
            outcome
                .drivers
                .iter()
                .all(|line| line.status == "ok" || line.status == "fired" || line.weight == Some(0.0))
        );
    }
    Ok(())
}

/// Costliest first, ties by name.
fn check_order(outcome: &Outcome) -> TestCaseResult {
    // To nine decimals, as scores: what differs by less is a tie.
    let cost = |line: &Line| {
        line.contribution.map(|contribution| (line.lost.unwrap_or(-contribution) * 1e9).round() / 1e9 + 0.0)
    };
    for pair in outcome.drivers.windows(2) {
        let (Some(a), Some(b)) = (cost(&pair[0]), cost(&pair[1])) else {
            return Ok(());
        };
        prop_assert!(a > b || (a == b && pair[0].name <= pair[1].name), "{:?}", pair);
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn parts_sum_to_the_score(document in documents(), accounts in prop::collection::vec(wild_accounts(), 3)) {
        let document = lenient(document);
        for account in &accounts {
            let outcome = assess(&document, account);
            check_sums(&outcome)?;
            check_order(&outcome)?;
            check_interval(&outcome)?;
        }
    }

    #[test]
    fn without_rules_too(document in documents(), account in wild_accounts()) {
        let outcome = assess(&without_rules(lenient(document)), &account);
        check_sums(&outcome)?;
        check_order(&outcome)?;
        check_interval(&outcome)?;
    }

    #[test]
    fn values_of_the_right_kind_are_never_invalid(document in documents(), account in good_accounts()) {
        let mut strict = document;
        strict["on_invalid"] = json!("error");
        let outcome = assess(&strict, &account);
        check_sums(&outcome)?;
        prop_assert_eq!(outcome, assess(&lenient(strict), &account));
    }

    #[test]
    fn weights_are_shared_out_as_the_definition_says(document in weighted_documents(), account in wild_accounts()) {
        let document = without_rules(lenient(document));
        let outcome = assess(&document, &account);
        let has_score = outcome.score.is_some();
        let weight_of = |json: &Json, otherwise: f64| json["weight"].as_f64().unwrap_or(otherwise);
        let weighted = document["categories"].as_object().is_some_and(|map| map.values().any(|c| c.get("weight").is_some()));
        let group = |line: &Line| if weighted { line.category.clone() } else { None };
        let own = |line: &Line| if line.subscore.is_some() { weight_of(&document["signals"][&line.name], 1.0) } else { 0.0 };
        let mut groups: BTreeMap<Option<String>, f64> = BTreeMap::new();
        for line in &outcome.drivers {
            *groups.entry(group(line)).or_default() += own(line);
        }
        groups.retain(|_, weight| *weight > 0.0);
        let group_weight = |name: &Option<String>| name.as_ref().map_or(1.0, |name| weight_of(&document["categories"][name], 0.0));
        let total: f64 = groups.keys().map(group_weight).sum();
        prop_assert!(total > 0.0 || !has_score);
        for line in outcome.drivers.iter().filter(|_| has_score) {
            let share = groups.get(&group(line)).map_or(0.0, |sum| group_weight(&group(line)) / total * own(line) / sum);
            near(line.weight.unwrap_or(f64::NAN), share)?;
            near(line.contribution.unwrap_or(f64::NAN), share * line.subscore.unwrap_or(0.0))?;
        }
    }

    #[test]
    fn filling_what_is_missing_stays_within_the_interval(
        document in documents(), account in good_accounts(), other in complete_accounts(), part in prop::collection::vec(any::<bool>(), 28)
    ) {
        let mut document = without_rules(document);
        // A new age could turn an old value stale.
        for signal in document["signals"].as_object_mut().expect("signals").values_mut().filter_map(Json::as_object_mut) {
            signal.remove("observed");
            signal.remove("max_age");
        }
        // Points are for what happened, so many times: the interval does not reckon with less than never.
        let points = document["method"] == "points";
        let signals = document["signals"].to_string();
        prop_assume!(!points || !(signals.contains("{\"change\"") || signals.contains("{\"days\"")));
        let counted = |cell: &Cell| match cell {
            Cell::Number(number) if points => Cell::Number(number.abs()),
            cell => cell.clone(),
        };
        let account: Account = account.iter().map(|(name, cell)| (name.clone(), counted(cell))).collect();
        let fill = |(at, (name, cell)): (usize, (&String, &Cell))| {
            let filled = if *cell == Cell::Missing && part[at] { counted(&other[name]) } else { cell.clone() };
            (name.clone(), filled)
        };
        let filled = account.iter().enumerate().map(fill).collect();
        let before = assess(&document, &account);
        if let (Some(score), (low, high)) = (assess(&document, &filled).score, before.interval) {
            prop_assert!(low - 1e-9 <= score && score <= high + 1e-9, "{score} is outside {low} to {high}");
        }
    }

    #[test]
    fn better_values_never_lower_the_score(
        document in documents(), account in good_accounts(), own_weight in weight(), falls in any::<bool>(), shape in 0..3, xs in rising(1..6),
        ys in prop::collection::vec(subscore(), 6), a in prop_oneof![-100.0..100f64, any::<f64>()], b in -100.0..100f64
    ) {
        prop_assume!(a.is_finite());
        let mut document = without_rules(document);
        let mut ys = ys;
        ys.sort_by(f64::total_cmp);
        if falls {
            ys.reverse();
        }
        let corners: Vec<_> = xs.iter().zip(&ys).map(|(x, y)| json!([x, y])).collect();
        let scale = match shape {
            0 => json!({"linear": if falls { [xs[0] + 9.0, xs[0]] } else { [xs[0], xs[0] + 9.0] }}),
            1 => json!({"steps": corners}),
            _ => json!({"curve": corners}),
        };
        let mut signal = json!({"scale": scale, "weight": own_weight});
        if document["method"] == "points" {
            signal = json!({"points": if falls { -own_weight } else { own_weight }, "max": 30});
        }
        if let Some(category) = keys(&document, "categories").first() {
            signal["category"] = json!(category);
        }
        document["signals"]["moving"] = signal;
        let score_at = |x: f64| {
            let mut account = account.clone();
            account.insert("moving".into(), Cell::Number(x));
            assess(&document, &account).score
        };
        let (low, high) = (score_at(a.min(b)), score_at(a.max(b)));
        prop_assert!(if falls { low >= high } else { low <= high }, "{low:?} {high:?}");
    }

    #[test]
    fn equal_subscores_give_exactly_that_score(
        subscore in prop_oneof![2 => Just(70.0), 2 => (0u32..=100).prop_map(f64::from), 1 => (0u32..=100_000).prop_map(|n| f64::from(n) / 1000.0),
            1 => (1u32..300).prop_map(|n| f64::from(n) / 3.0)],
        weights in prop::collection::vec(weight(), 1..20), categories in prop::collection::vec(weight(), 0..5), shapes in any::<u64>()
    ) {
        let mut document = json!({"signals": {}, "categories": {}, "bands": [{"name": "below", "from": 0}]});
        for (at, weight) in categories.iter().enumerate() {
            document["categories"][format!("c{at}")] = json!({"weight": weight});
        }
        let mut account = Account::new();
        for (at, weight) in weights.iter().enumerate() {
            let (scale, value) = match shapes >> (2 * at) & 3 {
                0 => (json!({"linear": [0, 100]}), subscore),
                1 => (json!({"linear": [10, 0]}), 10.0 - subscore / 10.0),
                2 => (json!({"steps": [[0, 5], [1, subscore], [2, 9]]}), 1.5),
                _ => (json!({"curve": [[1, 0], [3, 100]]}), 1.0 + subscore / 50.0),
            };
            let name = format!("s{at}");
            document["signals"][&name] = json!({"scale": scale, "weight": weight});
            if !categories.is_empty() {
                document["signals"][&name]["category"] = json!(format!("c{}", at % categories.len()));
            }
            account.insert(name, Cell::Number(value));
        }
        if subscore > 0.0 {
            document["bands"] = json!([{"name": "below", "from": 0}, {"name": "at", "from": subscore}]);
        }
        let outcome = assess(&document, &account);
        let rounded = (subscore * 1e9).round() / 1e9;
        prop_assert_eq!(outcome.score, Some(rounded));
        prop_assert_eq!(outcome.band.as_deref(), Some(if subscore > 0.0 { "at" } else { "below" }));
        prop_assert_eq!(outcome.interval, (rounded, rounded));
    }

    #[test]
    fn the_order_of_keys_does_not_matter(document in documents(), account in wild_accounts(), seed in any::<u64>()) {
        let document = lenient(document);
        let shuffled: Json = serde_json::from_str(&written_in_some_order(&document, &mut seed.max(1))).expect("JSON");
        prop_assert_eq!(assess(&document, &account), assess(&shuffled, &account));
    }

    #[test]
    fn an_assessor_keeps_nothing_between_accounts(
        first in documents(), second in documents(), accounts in prop::collection::vec(wild_accounts(), 3)
    ) {
        let models = [compile(&first), compile(&second)];
        let mut reused = Assessor::default();
        for (account, model) in accounts.iter().flat_map(|account| models.iter().map(move |model| (account, model))) {
            let fresh = assess_with(&mut Assessor::default(), model, account, SegmentChoice::Auto);
            prop_assert_eq!(assess_with(&mut reused, model, account, SegmentChoice::Auto), fresh);
        }
    }

    #[test]
    fn a_segment_is_its_patched_document(document in documents(), account in wild_accounts()) {
        let document = lenient(document);
        prop_assert_eq!(&merge(&document, &json!({})), &document);
        let model = compile(&document);
        for segment in document["segments"].as_array().expect("segments") {
            let name = segment["name"].as_str().expect("a name");
            let chosen = SegmentChoice::Named(name);
            let mut named = assess_with(&mut Assessor::default(), &model, &account, chosen).expect("lenient");
            prop_assert_eq!(named.segment.take(), Some(name.to_owned()));
            let merged = compile(&merge(&document, &segment["patch"]));
            let patched = assess_with(&mut Assessor::default(), &merged, &account, SegmentChoice::None).expect("lenient");
            prop_assert_eq!(named, patched);
        }
    }

    #[test]
    fn a_shown_number_is_in_the_band_of_its_score(
        max in select(vec![1u32, 5, 10, 20, 100, 1000, 1_000_000]), decimals in 0..=6u32, cuts in prop::collection::btree_set(1u32..=100, 0..4),
        score in prop_oneof![0.0..=100f64, (0u32..=100).prop_map(f64::from)], nudge in -3i32..=3
    ) {
        // Bounds that display can show: whole numbers of the last shown digit.
        let units = f64::from(max) * 10f64.powi(decimals as i32) / 100.0;
        let bounds: BTreeSet<u64> = cuts.iter().map(|cut| (f64::from(*cut) * units).floor() as u64).filter(|n| *n > 0).collect();
        let mut bands = vec![json!({"name": "0", "from": 0})];
        bands.extend(bounds.iter().map(|n| json!({"name": n.to_string(), "from": *n as f64 / units})));
        let document = json!({"signals": {"a": {"scale": {"linear": [0, 100]}}}, "bands": bands, "display": {"max": max, "decimals": decimals}});
        let model = compile(&document);
        prop_assert_eq!(model.warnings(), &[]);
        let nearby = bounds.iter().map(|n| *n as f64 / units).min_by(|a, b| (a - score).abs().total_cmp(&(b - score).abs()));
        for score in [Some(score), nearby].into_iter().flatten().map(|score| (score + f64::from(nudge) * 1e-9).clamp(0.0, 100.0)) {
            let band = |score: f64| model.band(score, SegmentChoice::None).expect("no segment").map(|band| band.name.clone());
            let account = Account::from([("a".into(), Cell::Number(score))]);
            let shown: f64 = model.display(score).parse().expect("a number");
            let outcome = assess(&document, &account);
            prop_assert_eq!(band(shown / f64::from(max) * 100.0), outcome.band, "{} shown as {}", score, shown);
            prop_assert!(shown * 100.0 / f64::from(max) <= score + 1e-9);
        }
    }

    #[test]
    fn conditions_obey_the_laws_of_three_values(document in documents(), account in good_accounts()) {
        for rule in document["rules"].as_array().expect("rules") {
            let when = &rule["when"];
            let fires = |when: Json| {
                let mut document = without_rules(document.clone());
                document["rules"] = json!([{"name": "r", "when": when, "adjust": 0}]);
                assess(&document, &account).rules.len() == 1
            };
            let holds = fires(when.clone());
            let fails = fires(json!({"not": when}));
            prop_assert!(!(holds && fails));
            prop_assert_eq!(fires(json!({"not": {"not": when}})), holds);
            // Excluded middle: only what is unknown is neither true nor false.
            prop_assert_eq!(fires(json!({"any": [when, {"not": when}]})), holds || fails);
            for join in ["all", "any"] {
                let Some(list) = when[join].as_array() else { continue };
                let other = if join == "all" { "any" } else { "all" };
                let turned: Vec<_> = list.iter().map(|inner| json!({"not": inner})).collect();
                prop_assert_eq!(fires(json!({other: turned})), fails);
                let each: Vec<bool> = list.iter().map(|inner| fires(inner.clone())).collect();
                prop_assert_eq!(holds, if join == "all" { each.iter().all(|one| *one) } else { each.iter().any(|one| *one) });
            }
        }
    }
}

/// A JSON text whose objects list their keys in an order that the seed decides.
fn written_in_some_order(json: &Json, seed: &mut u64) -> String {
    match json {
        Json::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            for at in (1..entries.len()).rev() {
                *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                entries.swap(at, (*seed >> 33) as usize % (at + 1));
            }
            let entries: Vec<_> = entries
                .iter()
                .map(|(key, value)| format!("{}:{}", json!(key), written_in_some_order(value, seed)))
                .collect();
            format!("{{{}}}", entries.join(","))
        }
        Json::Array(list) => {
            format!("[{}]", list.iter().map(|item| written_in_some_order(item, seed)).collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

// ------------------------------------------------- documents that are none

const VOCABULARY: [&str; 56] = [
    "method",
    "purpose",
    "min_coverage",
    "on_invalid",
    "categories",
    "signals",
    "rules",
    "bands",
    "segments",
    "display",
    "trend",
    "start",
    "range",
    "meta",
    "name",
    "label",
    "when",
    "patch",
    "from",
    "color",
    "max",
    "decimals",
    "window",
    "tolerance",
    "category",
    "weight",
    "scale",
    "missing",
    "input",
    "observed",
    "max_age",
    "default",
    "linear",
    "steps",
    "curve",
    "map",
    "otherwise",
    "boolean",
    "recency",
    "ratio",
    "change",
    "days",
    "all",
    "any",
    "not",
    "subscore",
    "score",
    "eq",
    "lt",
    "in",
    "cap",
    "adjust",
    "points",
    "half_life",
    "absent",
    "within",
];

fn leaf() -> BoxedStrategy<Json> {
    prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        prop_oneof![any::<f64>(), -1.0..101f64].prop_map(Json::from),
        (-2i64..120).prop_map(Json::from),
        select(VOCABULARY.to_vec()).prop_map(Json::from),
        select(vec![
            "weighted",
            "points",
            "error",
            "exclude",
            "worst",
            "running",
            "@as_of",
            "90 days",
            "3 months",
            "2026-01-01",
            "1e999"
        ])
        .prop_map(Json::from),
        "\\PC{0,8}".prop_map(Json::from),
    ]
    .boxed()
}

fn any_json() -> BoxedStrategy<Json> {
    leaf()
        .prop_recursive(5, 40, 6, |inner| {
            let key = prop_oneof![4 => select(VOCABULARY.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,5}"];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                prop::collection::btree_map(key, inner, 0..6).prop_map(|map| Json::Object(map.into_iter().collect())),
            ]
        })
        .boxed()
}

/// Every place of a document, as JSON pointers.
fn places(json: &Json, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match json {
        Json::Object(map) => map.iter().for_each(|(key, inner)| {
            places(inner, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
        }),
        Json::Array(list) => {
            list.iter().enumerate().for_each(|(index, inner)| places(inner, &format!("{at}/{index}"), found))
        }
        _ => {}
    }
}

/// Replaces the subtree at a place, or removes it.
fn mutate(document: &mut Json, place: Index, with: Option<&Json>) {
    let mut found = Vec::new();
    places(document, "", &mut found);
    let at = &found[place.index(found.len())];
    let Some((parent, key)) = at.rsplit_once('/') else {
        *document = with.cloned().unwrap_or(Json::Null);
        return;
    };
    let key = key.replace("~1", "/").replace("~0", "~");
    match (document.pointer_mut(parent), with) {
        (Some(Json::Object(map)), Some(json)) => drop(map.insert(key, json.clone())),
        (Some(Json::Object(map)), None) => drop(map.remove(&key)),
        (Some(Json::Array(list)), Some(json)) => list[key.parse::<usize>().expect("an index")] = json.clone(),
        (Some(Json::Array(list)), None) => drop(list.remove(key.parse().expect("an index"))),
        _ => {}
    }
}

/// Checks a document that may be anything; where it is a model after all, scores with values of any kind.
fn survive(document: &Json, cells: &[Cell]) -> TestCaseResult {
    let issues = Model::check(document, &mut || ());
    let model = match Model::compile(document, &mut || ()) {
        Ok(model) => model,
        Err(issues) => {
            prop_assert!(
                issues.iter().any(|issue| issue.severity == Severity::Error && issue.path.starts_with('$')),
                "{:?}",
                issues
            );
            return Ok(());
        }
    };
    prop_assert!(issues.iter().all(|issue| issue.severity == Severity::Warning), "{:?}", issues);
    let account = model
        .inputs()
        .iter()
        .zip(cells.iter().cycle())
        .map(|(input, cell)| (input.name.clone(), cell.clone()))
        .collect();
    let names: Vec<_> = model.segment_names().map(str::to_owned).collect();
    let mut assessor = Assessor::default();
    for choice in names.iter().map(|name| SegmentChoice::Named(name)).chain([SegmentChoice::Auto, SegmentChoice::None])
    {
        if let Ok(outcome) = assess_with(&mut assessor, &model, &account, choice) {
            check_sums(&outcome)?;
            check_interval(&outcome)?;
            check_order(&outcome)?;
            model.display(outcome.score.unwrap_or(f64::NAN));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn any_json_is_a_model_or_an_error(document in any_json(), cells in prop::collection::vec(wild(), 1..9)) {
        survive(&document, &cells)?;
    }

    #[test]
    fn broken_templates_are_models_or_errors(
        template in any::<Index>(), breaks in prop::collection::vec((any::<Index>(), prop::option::of(any_json())), 1..4),
        cells in prop::collection::vec(wild(), 1..9)
    ) {
        let mut document: Json = serde_json::from_str(templates()[template.index(templates().len())].document).expect("JSON");
        for (place, with) in &breaks {
            mutate(&mut document, *place, with.as_ref());
        }
        survive(&document, &cells)?;
        survive(&lenient_if_object(document), &cells)?;
    }

    #[test]
    fn broken_random_documents_are_models_or_errors(
        document in documents(), breaks in prop::collection::vec((any::<Index>(), prop::option::of(leaf())), 1..3),
        cells in prop::collection::vec(wild(), 1..9)
    ) {
        let mut document = document;
        for (place, with) in &breaks {
            mutate(&mut document, *place, with.as_ref());
        }
        survive(&lenient_if_object(document), &cells)?;
    }
}

fn lenient_if_object(document: Json) -> Json {
    if document.is_object() { lenient(document) } else { document }
}
