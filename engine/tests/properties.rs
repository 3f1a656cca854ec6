//! Properties of every document and every account, tested on random ones.

use std::collections::{BTreeMap, BTreeSet};

use health_score_engine::{Assessor, DriverKind, Model, ScoreError, SegmentChoice, Severity, merge, templates};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestCaseResult;
use serde_json::{Value as Json, json};

#[path = "common/broken.rs"]
mod broken;
mod common;

use broken::{any_json, leaf, mutate, written_in_some_order};
use common::*;

fn complete_accounts() -> impl Strategy<Value = Account> {
    accounts(good)
}

fn weighted_documents() -> BoxedStrategy<Json> {
    document_of(false)
}

fn without_rules(mut document: Json) -> Json {
    document["rules"] = json!([]);
    document["segments"] = json!([]);
    document
}

// -------------------------------------------------------------- assessments

/// The whole result of an assessment, comparable to the last bit.
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
    /// Whether a table took part.
    crossed: bool,
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
    let crossed = assessment.drivers().any(|driver| driver.second.is_some());
    Ok(Outcome {
        crossed,
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
        // Points of a table are lost from its neutral subscore.
        let below = |line: &Line| Some(line.contribution? + line.lost?);
        let signals = outcome.drivers.iter().filter(|line| line.kind == DriverKind::Signal);
        for line in signals.clone().filter(|line| line.subscore.is_some()) {
            prop_assert!(below(line).is_some_and(|most| most <= line.weight.unwrap_or(f64::NAN) * 100.0 + 1e-9));
        }
        let others = outcome.drivers.iter().filter(|line| line.kind != DriverKind::Signal);
        near(others.filter_map(below).sum(), 0.0)?;
        if !outcome.crossed {
            near(score + sum(&outcome.drivers, |line| line.lost), 100.0)?;
        }
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
        // Points count actions that happened: the interval does not include negative counts.
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

// ------------------------------------------------- documents that are none

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
