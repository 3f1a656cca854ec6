//! Signals of two inputs: check, score, drivers, words, card, differences, SQL.

use health_score_engine::{
    Assessor, ColumnKind, Comparer, DriverKind, Gathering, Heading, Model, SampleColumn, SegmentChoice, Side,
    SqlRequest, Value, diff, merge, model_sql,
};
use serde_json::{Value as Json, json};

fn document() -> Json {
    json!({"signals": {
        "logins": {"label": "Logins", "weight": 6, "scale": {"linear": [0, 10]}},
        "seats": {"label": "Seats", "weight": 3, "scale": {"linear": [40, 0]}},
        "logins with seats": {
            "weight": 1, "input": {"cross": ["logins", "seats"]}, "missing": 70,
            "scale": {"table": {"rows": [0, 8], "columns": [1, 20], "subscores": [[70, 10], [70, 100]], "neutral": 70}}
        }
    }})
}

fn compile(document: &Json) -> Model {
    Model::compile(document, &mut || ()).unwrap_or_else(|issues| panic!("{issues:#?}"))
}

fn values<'a>(model: &Model, account: &[(&str, Value<'a>)]) -> Vec<Value<'a>> {
    let value =
        |name: &str| account.iter().find(|(known, _)| *known == name).map_or(Value::Missing, |(_, value)| *value);
    model.inputs().iter().map(|input| value(&input.name)).collect()
}

fn score(model: &Model, account: &[(&str, Value)]) -> Option<f64> {
    let values = values(model, account);
    Assessor::default().assess(model, &values, Some(0), SegmentChoice::None).expect("an assessment").score
}

const FEW_OF_MANY: [(&str, Value); 2] = [("logins", Value::Number(3.0)), ("seats", Value::Number(40.0))];

#[test]
fn a_cell_is_found_by_both_values() {
    let model = compile(&json!({"signals": {"x": {"input": {"cross": ["a", "b"]}, "scale": {"table": {
        "rows": [0, 8], "columns": [["basic", "1"], "team"], "subscores": [[1, 2], [3, 4]], "neutral": 9}}}}}));
    for (a, b, wanted) in [
        (Value::Number(-5.0), Value::Text("basic"), Some(1.0)),
        (Value::Number(7.9), Value::Text("team"), Some(2.0)),
        (Value::Number(8.0), Value::Number(1.0), Some(3.0)),
        (Value::Number(1e9), Value::Text("team"), Some(4.0)),
        (Value::Number(1.0), Value::Text("other"), Some(9.0)),
        (Value::Number(1.0), Value::Missing, None),
        (Value::Missing, Value::Text("team"), None),
    ] {
        assert_eq!(score(&model, &[("a", a), ("b", b)]), wanted, "{a:?} {b:?}");
    }
    let strange = values(&model, &[("a", Value::Text("many")), ("b", Value::Missing)]);
    let error = Assessor::default().assess(&model, &strange, Some(0), SegmentChoice::None).err().expect("no number");
    assert!(format!("{error:?}").contains("is the text"), "{error:?}");
}

#[test]
fn one_driver_is_spoken_against_neutral() {
    let model = compile(&document());
    let values = values(&model, &FEW_OF_MANY);
    let mut assessor = Assessor::default();
    let mut assessment = assessor.assess(&model, &values, Some(0), SegmentChoice::None).expect("a score");
    let drivers: Vec<_> = assessment.drivers().collect();
    let sum: f64 = drivers.iter().filter_map(|driver| driver.contribution).sum();
    assert!((sum - assessment.score.expect("a score")).abs() < 1e-9);
    let pair: Vec<_> = drivers.iter().filter(|driver| driver.second.is_some()).collect();
    let [pair] = pair[..] else { panic!("{drivers:?}") };
    assert_eq!((pair.kind, pair.name), (DriverKind::Signal, "logins with seats"));
    assert_eq!((pair.value, pair.second), (Value::Number(3.0), Some(Value::Number(40.0))));
    assert!((pair.lost.expect("points") - 0.1 * (70.0 - 10.0)).abs() < 1e-9);
    let words = assessment.explain();
    assert!(words.contains("low Logins (3) together with high Seats (40) (−6)"), "{words}");
    // What says no more than its parts is neither a cost nor a strength.
    let plain = self::values(&model, &[("logins", Value::Number(3.0)), ("seats", Value::Number(2.0))]);
    let words = assessor.assess(&model, &plain, Some(0), SegmentChoice::None).expect("a score").explain();
    assert!(!words.contains("together"), "{words}");
    let best = self::values(&model, &[("logins", Value::Number(12.0)), ("seats", Value::Number(30.0))]);
    let words = assessor.assess(&model, &best, Some(0), SegmentChoice::None).expect("a score").explain();
    assert!(words.contains("Best: Logins 12; high Logins (12) together with high Seats (30)."), "{words}");
    let (side, later) = (Side { values: &values, as_of: Some(0) }, Side { values: &best, as_of: Some(0) });
    let mut comparer = Comparer::default();
    let mut comparison = comparer.compare(&model, side, later, SegmentChoice::None).expect("a comparison");
    let words = comparison.explain();
    assert!(words.contains("logins with seats 3 with 40 → 12 with 30 (+9)"), "{words}");
}

#[test]
fn mistakes_are_named_with_their_places() {
    let signal = |input: Json, table: Json| json!({"signals": {"x": {"input": input, "scale": {"table": table}}}});
    let cross = json!({"cross": ["a", "b"]});
    let table = json!({"rows": [0, 8], "columns": [1], "subscores": [[1], [2]], "neutral": 5});
    let with = |key: &str, value: Json| {
        let mut table = table.clone();
        table[key] = value;
        signal(cross.clone(), table)
    };
    let at = |path: &str| format!("$.signals.x{path}");
    for (document, path, part) in [
        (signal(json!("a"), table.clone()), at(".input"), "must be a cross"),
        (json!({"signals": {"x": {"input": cross, "scale": {"linear": [0, 1]}}}}), at(".scale"), "must be a table"),
        (signal(json!({"cross": ["a"]}), table.clone()), at(".input.cross"), "an array of two inputs"),
        (
            signal(json!({"cross": ["a", {"cross": ["b", "c"]}]}), table.clone()),
            at(".input.cross[1].cross"),
            "unknown key",
        ),
        (signal(json!({"cross": ["a", "a"]}), table.clone()), at(".input.cross"), "with itself"),
        (signal(json!({"cross": ["a", "b"], "ratio": ["a", "b"]}), table.clone()), at(".input.ratio"), "unknown key"),
        (with("rows", json!([8, 8])), at(".scale.table.rows[1]"), "8 is not above 8"),
        (with("rows", json!([8, "x"])), at(".scale.table.rows[1]"), "must be a number"),
        (with("columns", json!([])), at(".scale.table.columns"), "non-empty"),
        (with("columns", json!([["p", "q"], "p"])), at(".scale.table.columns[1]"), "occurs twice"),
        (with("subscores", json!([[1]])), at(".scale.table.subscores"), "each of the 2 rows, not 1"),
        (with("subscores", json!([[1], [1, 2]])), at(".scale.table.subscores[1]"), "one a column"),
        (with("subscores", json!([[1], [101]])), at(".scale.table.subscores[1][0]"), "between 0 and 100"),
        (with("neutral", json!(null)), at(".scale.table.neutral"), "must be a number"),
        (with("nuetral", json!(1)), at(".scale.table.nuetral"), "did you mean \"neutral\"?"),
        (signal(cross.clone(), json!({"rows": [0]})), at(".scale.table"), "neutral is required"),
        (
            signal(
                json!({"cross": [{"ratio": ["a", "b"]}, "c"]}),
                with("rows", json!(["u", "v"]))["signals"]["x"]["scale"]["table"].clone(),
            ),
            at(".scale.table.rows"),
            "must be numbers",
        ),
    ] {
        let issues = Model::compile(&document, &mut || ()).expect_err("a mistake");
        assert!(
            issues.iter().any(|issue| issue.path == path && issue.message.contains(part)),
            "{document} {issues:#?}"
        );
    }
    let rule = json!({"signals": {"a": {"scale": {"linear": [0, 1]}}},
        "rules": [{"name": "r", "when": {"input": {"cross": ["a", "b"]}, "gt": 1}, "cap": 3}]});
    assert!(Model::compile(&rule, &mut || ()).is_err());
    for key in ["observed", "unit", "max_age", "default"] {
        let mut document = document();
        document["signals"]["logins with seats"][key] = json!(if key == "max_age" { "2 days" } else { "seen" });
        let issues = Model::compile(&document, &mut || ()).expect_err("a mistake");
        let path = format!("$.signals.\"logins with seats\".{key}");
        assert!(issues.iter().any(|issue| issue.path == path), "{issues:#?}");
    }
}

#[test]
fn card_and_differences_show_the_table() {
    let model = compile(&document());
    let card = model.card(&Heading::default());
    assert!(card.contains("| by the table below; 70 is neutral |"), "{card}");
    assert!(card.contains("| Logins ↓ Seats → | below 20 | from 20 |"), "{card}");
    assert!(card.contains("| below 8 | 70 | 10 |") && card.contains("| from 8 | 70 | 100 |"), "{card}");
    let described = &model.describe()["signals"][1];
    assert_eq!(described["input"], "logins with seats");
    assert_eq!(
        described["scale"],
        "logins below 8: 70 with seats below 20, 10 with seats from 20; logins from 8: 70 with seats below 20, 100 with seats from 20; 70 is neutral"
    );
    // Input and scale are replaced whole.
    let patch = json!({"signals": {"logins with seats": {"scale": {"linear": [0, 1]}, "input": "logins"}}});
    let patched = merge(&document(), &patch);
    compile(&patched);
    assert_eq!(diff(&document(), &patched).len(), 2);
}

#[test]
fn events_give_both_values() {
    let mut events = document();
    let pair = &mut events["signals"]["logins with seats"];
    pair["combine"] = json!("sum");
    let model = compile(&events);
    let gathering: &Gathering = model.gathering();
    let mut words = vec![0; gathering.words(false) + 64];
    gathering.begin(&mut words, None, false);
    for (input, value) in [("logins", 1.0), ("seats", 30.0), ("logins", 2.0), ("seats", 10.0)] {
        gathering.add(&mut words, input.as_bytes(), Value::Number(value), None).expect("an event");
    }
    let mut values = Vec::new();
    gathering.read(&words, &mut values).expect("values");
    let mut assessor = Assessor::default();
    let mut assessment = assessor.assess(&model, &values, Some(0), SegmentChoice::None).expect("a score");
    let pair = assessment.drivers().find(|driver| driver.second.is_some()).expect("a pair");
    assert_eq!((pair.value, pair.second, pair.subscore), (Value::Number(3.0), Some(Value::Number(40.0)), Some(10.0)));
}

#[test]
fn plain_sql_is_a_nested_case() {
    let model = compile(&document());
    let column = |name: &str| SampleColumn { name: name.into(), kind: ColumnKind::Number, type_name: "integer".into() };
    let columns = [column("logins"), column("seats")];
    let query =
        model_sql(&SqlRequest { model: &model, relation: "account", columns: &columns, as_of: None }).expect("a query");
    let (a, b) = ("CAST(\"logins\" AS DOUBLE PRECISION)", "CAST(\"seats\" AS DOUBLE PRECISION)");
    let case = format!(
        "CASE WHEN {a} >= 8e0 THEN CASE WHEN {b} >= 20e0 THEN 100e0 ELSE 70e0 END ELSE CASE WHEN {b} >= 20e0 THEN 10e0 ELSE 70e0 END END"
    );
    assert!(query.contains(&case), "{query}");
}
