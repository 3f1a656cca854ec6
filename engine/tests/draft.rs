//! Drafts: a document for whatever columns a relation has, and reasons for what is not in it.

use health_score_engine::{
    Assessor, ColumnKind, DraftError, DraftRequest, Model, Sample, SampleColumn, SegmentChoice, Value, draft, template,
    templates,
};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

const NOON: i64 = 1_780_000_000_000_000;
const DAY: i64 = 86_400_000_000;

#[derive(Debug, Clone)]
enum Cell {
    Missing,
    Number(f64),
    Bool(bool),
    Text(String),
    DaysAgo(i64),
    Unusable,
}

impl Cell {
    fn value(&self) -> Value<'_> {
        match self {
            Cell::Missing => Value::Missing,
            Cell::Number(number) => Value::Number(*number),
            Cell::Bool(flag) => Value::Bool(*flag),
            Cell::Text(text) => Value::Text(text),
            Cell::DaysAgo(days) => Value::Time(NOON - days * DAY),
            Cell::Unusable => Value::Unusable("an array"),
        }
    }
}

#[derive(Debug, Clone)]
struct Column {
    name: String,
    kind: ColumnKind,
    cells: Vec<Cell>,
}

fn column(name: &str, kind: ColumnKind, cells: impl IntoIterator<Item = Cell>) -> Column {
    Column { name: name.into(), kind, cells: cells.into_iter().collect() }
}

fn numbers(name: &str, numbers: impl IntoIterator<Item = f64>) -> Column {
    column(name, ColumnKind::Number, numbers.into_iter().map(Cell::Number))
}

fn texts(name: &str, texts: &[&str]) -> Column {
    column(name, ColumnKind::Text, (0..200).map(|row| Cell::Text(texts[row % texts.len()].into())))
}

fn upto(count: u32) -> impl Iterator<Item = f64> {
    (0..200).map(move |row| f64::from(row % count))
}

fn sample(columns: &[Column]) -> Sample {
    let described =
        columns.iter().map(|c| SampleColumn { name: c.name.clone(), kind: c.kind, type_name: format!("{:?}", c.kind) });
    let mut sample = Sample::new(described.collect(), 10_000);
    for row in 0..columns.first().map_or(0, |column| column.cells.len()) {
        let values: Vec<Value> = columns.iter().map(|column| column.cells[row].value()).collect();
        let place = sample.place().expect("room");
        sample.put(place, &values);
    }
    sample
}

fn try_draft(
    columns: &[Column],
    from: &str,
    told: &[(&str, Option<&str>)],
    terciles: bool,
) -> Result<Json, DraftError> {
    let told: Vec<_> = told.iter().map(|(name, column)| (name.to_string(), column.map(str::to_owned))).collect();
    let request = DraftRequest {
        template: template(from).expect("a template"),
        told: &told,
        relation: "crm.accounts",
        source: "all rows",
        as_of: NOON,
        terciles,
    };
    draft(&sample(columns), &request, &mut || ())
}

fn drafted(columns: &[Column], from: &str) -> Json {
    try_draft(columns, from, &[], false).expect("a draft")
}

fn signals(document: &Json) -> Vec<&str> {
    document["signals"].as_object().expect("signals").keys().map(String::as_str).collect()
}

#[test]
fn names_and_synonyms_are_found_and_scales_fitted() {
    let document = drafted(
        &[
            texts("accountID", &["x"]),
            numbers("MonthlyLogins", upto(101)),
            numbers("logins_prev_30d", upto(83)),
            numbers("open tickets", upto(21)),
            numbers("csat_score", (0..200).map(|row| 1.0 + f64::from(row % 10))),
            numbers("Days Overdue", upto(61)),
            column("churned", ColumnKind::Boolean, (0..200).map(|row| Cell::Bool(row % 2 == 0))),
            numbers("age", upto(80)),
        ],
        "simple",
    );
    assert_eq!(signals(&document), ["csat", "logins", "overdue", "tickets", "usage_change"]);
    let signal = |name: &str| &document["signals"][name];
    assert_eq!(signal("logins")["input"], "MonthlyLogins");
    assert_eq!(signal("logins")["label"], "Logins");
    assert_eq!(signal("logins")["scale"], json!({"linear": [5, 94]}));
    assert_eq!(signal("usage_change")["input"], json!({"change": ["MonthlyLogins", "logins_prev_30d"]}));
    assert_eq!(signal("tickets")["scale"], json!({"linear": [19, 1]}), "fewer are healthier");
    assert_eq!(signal("overdue")["input"], "Days Overdue");
    assert_eq!(
        signal("csat")["scale"],
        json!({"curve": [[1, 0], [5.5, 40], [7.75, 70], [10, 100]]}),
        "the template's answers of 1 to 5 stretched to 1 to 10"
    );
    assert_eq!(signal("csat")["unit"], "of 10");
    let rules: Vec<_> = document["rules"].as_array().expect("rules").iter().map(|rule| &rule["name"]).collect();
    assert_eq!(rules, ["no usage", "payment default"]);
    assert_eq!(document["rules"][1]["when"]["input"], "Days Overdue");
    let told = &document["meta"]["draft"];
    assert_eq!(told["dropped"]["signals"], json!({"seat_use": "no column for active_users"}));
    assert_eq!(told["left_out"]["churned"], "looks like the outcome that the score predicts");
    assert_eq!(told["left_out"]["age"], "describes the customer, not the relationship");
    assert_eq!(told["left_out"]["accountID"], "identifies or names the account");
}

#[test]
fn measures_that_no_template_has_are_added() {
    let document = drafted(
        &[
            numbers("tenure", upto(72)),
            texts("Contract", &["Month-to-month", "One year", "Two year", "Barter"]),
            texts("TechSupport", &["Yes", "No", "No internet service"]),
            numbers("has_autopay", upto(2)),
            column("price_increased", ColumnKind::Boolean, (0..200).map(|row| Cell::Bool(row % 3 == 0))),
            column("last_seen_at", ColumnKind::Time, (0..200).map(Cell::DaysAgo)),
            column(
                "created_at",
                ColumnKind::Text,
                (0..200).map(|row| Cell::Text(format!("20{:02}-01-31", 10 + row % 10))),
            ),
        ],
        "simple",
    );
    let signal = |name: &str| &document["signals"][name];
    assert_eq!(signals(&document), ["autopay", "contract", "last_active", "price_increase", "tech_support", "tenure"]);
    let contract = json!({"map": {"Month-to-month": 15, "One year": 75, "Two year": 100}, "otherwise": 50});
    assert_eq!(signal("contract")["scale"], contract);
    assert_eq!(signal("tech_support")["scale"], json!({"map": {"Yes": 100, "No": 0}, "otherwise": 50}));
    assert_eq!(signal("autopay")["scale"], json!({"map": {"0": 0, "1": 100}}));
    assert_eq!(signal("price_increase")["scale"], json!({"boolean": false}));
    assert_eq!(signal("last_active")["scale"], json!({"recency": {"best": "9 days", "worst": "190 days"}}));
    // The number of months is there already: the date is not a second tenure.
    assert_eq!(signal("tenure")["input"], "tenure");
}

#[test]
fn what_is_told_goes_before_what_is_known() {
    let columns =
        [numbers("logins", upto(50)), numbers("kicks", upto(30)), numbers("nps", upto(11)), texts("t", &["a"])];
    let told = |told: &[(&str, Option<&str>)]| try_draft(&columns, "simple", told, false);
    let document = told(&[("logins_30d", Some("kicks")), ("nps", None)]).expect("a draft");
    assert_eq!(document["signals"]["logins"]["input"], "kicks");
    assert_eq!(signals(&document), ["logins"]);
    let by_signal = told(&[("logins", Some("kicks"))]).expect("a draft");
    assert_eq!(by_signal["signals"]["logins"]["input"], "kicks");
    let without = told(&[("logins", None), ("logins_30d", None)]).expect("a draft");
    assert_eq!(signals(&without), ["nps"]);
    let column_out = told(&[("kicks", None)]).expect("a draft");
    assert_eq!(column_out["meta"]["draft"]["left_out"]["kicks"], "left out by inputs");
    let measure = told(&[("tenure", Some("kicks"))]).expect("a draft");
    assert_eq!(measure["signals"]["tenure"]["input"], "kicks");

    let name = |name: &str| name.to_owned();
    assert_eq!(
        told(&[("login_30d", None)]),
        Err(DraftError::UnknownInput { name: name("login_30d"), nearest: Some(name("logins_30d")) })
    );
    assert_eq!(
        told(&[("logins_30d", Some("kick"))]),
        Err(DraftError::UnknownColumn { name: name("kick"), nearest: Some(name("kicks")) })
    );
    assert_eq!(
        told(&[("logins_30d", Some("kicks")), ("csat", Some("kicks"))]),
        Err(DraftError::Twice { column: name("kicks") })
    );
    for wrong in ["logins_30d", "tenure"] {
        assert!(matches!(told(&[(wrong, Some("t"))]), Err(DraftError::Unsuitable { column, .. }) if column == "t"));
    }
}

#[test]
fn nothing_known_is_an_error_and_no_data_a_note() {
    let error = try_draft(&[texts("id", &["a", "b"]), texts("country", &["x"])], "simple", &[], false);
    assert!(matches!(error, Err(DraftError::NothingFits { wanted }) if wanted.contains(&"logins_30d".to_owned())));
    let empty = [numbers("logins_30d", []), numbers("tenure", [])];
    let document = drafted(&empty, "simple");
    assert_eq!(signals(&document), ["logins"]);
    assert_eq!(document["meta"]["draft"]["dropped"]["signals"]["tenure"], "there are no data to fit a scale to");
    assert!(matches!(try_draft(&[], "simple", &[], false), Err(DraftError::NothingFits { .. })));
}

#[test]
fn terciles_part_the_sample_into_thirds() {
    let columns = [numbers("logins", (0..3000).map(|row| f64::from(row) / 30.0))];
    let document = try_draft(&columns, "simple", &[], true).expect("a draft");
    let from: Vec<f64> =
        document["bands"].as_array().expect("bands").iter().filter_map(|band| band["from"].as_f64()).collect();
    assert_eq!(from[0], 0.0);
    assert!((31.0..=35.0).contains(&from[1]) && (65.0..=69.0).contains(&from[2]), "{from:?}");
    let same = [numbers("logins", (0..100).map(|row| f64::from(row / 99)))];
    assert_eq!(try_draft(&same, "simple", &[], true), Err(DraftError::NoTerciles));
}

#[test]
fn values_beside_the_segments_are_written_down() {
    let columns = [numbers("logins_30d", upto(50)), texts("plan", &["basic", "enterprise", "pro"])];
    let document = drafted(&columns, "saas");
    assert_eq!(document["meta"]["known_values"], json!({"plan": ["basic", "pro"]}));
    let segments: Vec<_> = document["segments"].as_array().expect("segments").iter().map(|s| &s["name"]).collect();
    assert_eq!(segments, ["enterprise"], "the others read signup_date");
    let patch = &document["segments"][0]["patch"];
    assert!(patch["signals"].get("logins").is_none(), "its scale was in the template's units: {patch}");
}

#[test]
fn every_template_is_drafted_from_its_own_inputs() {
    for template in templates() {
        let document: Json = serde_json::from_str(template.document).expect("JSON");
        let model = Model::compile(&document, &mut || ()).expect("a model");
        const CODES: [&str; 7] =
            ["plan", "line", "contract_type", "client_segment", "customer_type", "pricing_model", "main_department"];
        const FLAGS: [&str; 6] =
            ["sponsor_left", "salary_paid_in", "auto_renew", "onboarding_done", "email_opt_out", "subscription_active"];
        let of = |(at, name): (usize, &str)| {
            if name.ends_with("_at") || name.ends_with("_date") {
                column(name, ColumnKind::Time, (0..200).map(Cell::DaysAgo))
            } else if CODES.contains(&name) {
                texts(name, &["enterprise", "commercial", "other"])
            } else if FLAGS.contains(&name) || name.ends_with("_requested") {
                column(name, ColumnKind::Boolean, (0..200).map(|row| Cell::Bool(row % 2 == 0)))
            } else {
                // Different columns, or a ratio of two would be the same for every account.
                numbers(name, upto(50 + 7 * at as u32))
            }
        };
        let columns: Vec<Column> = model.columns().map(|input| input.name.as_str()).enumerate().map(of).collect();
        let drafted = drafted(&columns, template.name);
        assert_eq!(
            signals(&drafted),
            document["signals"].as_object().expect("signals").keys().collect::<Vec<_>>(),
            "{}",
            template.name
        );
        assert_eq!(drafted["meta"]["draft"]["dropped"]["rules"], Json::Null, "{}: {}", template.name, drafted["meta"]);
        assert_eq!(Model::check(&drafted, &mut || ()), [], "{}", template.name);
    }
}

/// Names that mean something to the draft, and some that do not.
fn any_name() -> impl Strategy<Value = String> {
    let known: Vec<String> = templates()
        .iter()
        .flat_map(|template| {
            let document: Json = serde_json::from_str(template.document).expect("JSON");
            let model = Model::compile(&document, &mut || ()).expect("a model");
            model.columns().map(|input| input.name.clone()).collect::<Vec<_>>()
        })
        .chain(
            [
                "tenure",
                "Contract",
                "payment_method",
                "churn",
                "gender",
                "@",
                "@x",
                "…",
                "nps score",
                "last seen",
                "TechSupport",
            ]
            .map(Into::into),
        )
        .collect();
    prop_oneof![8 => proptest::sample::select(known), 1 => "[a-zA-Z_@ 0-9é\"]{1,12}"]
}

fn any_cells() -> impl Strategy<Value = (ColumnKind, Vec<Cell>)> {
    let rows = 0..12usize;
    let number = prop_oneof![6 => (-3.0..120.0f64).prop_map(Cell::Number), 2 => Just(Cell::Missing), 1 => Just(Cell::Number(0.0)),
        1 => proptest::sample::select(vec![f64::NAN, f64::INFINITY, 1e308, -1e308, 5e-324]).prop_map(Cell::Number)];
    let time =
        prop_oneof![5 => (-400..4000i64).prop_map(Cell::DaysAgo), 1 => Just(Cell::Missing), 1 => Just(Cell::Unusable)];
    let text = prop_oneof![
        proptest::sample::select(vec!["Yes", "No", "month", "two year", "2026-01-02", "enterprise", "", "7"])
            .prop_map(|t| Cell::Text(t.into())),
        "\\PC{0,9}".prop_map(Cell::Text),
        Just(Cell::Missing)
    ];
    let (numbers, times, texts) = (rows.clone(), rows.clone(), rows.clone());
    prop_oneof![
        4 => proptest::collection::vec(number, numbers).prop_map(|cells| (ColumnKind::Number, cells)),
        2 => proptest::collection::vec(time, times).prop_map(|cells| (ColumnKind::Time, cells)),
        2 => proptest::collection::vec(text, texts).prop_map(|cells| (ColumnKind::Text, cells)),
        1 => proptest::collection::vec(any::<bool>().prop_map(Cell::Bool), rows.clone()).prop_map(|cells| (ColumnKind::Boolean, cells)),
        1 => proptest::collection::vec(Just(Cell::Unusable), rows).prop_map(|cells| (ColumnKind::Other, cells)),
    ]
}

fn any_relation() -> impl Strategy<Value = Vec<Column>> {
    proptest::collection::btree_map(any_name(), any_cells(), 0..25).prop_map(|columns| {
        let rows = columns.values().map(|(_, cells)| cells.len()).min().unwrap_or(0);
        let cut = |(name, (kind, cells)): (String, (ColumnKind, Vec<Cell>))| Column {
            name,
            kind,
            cells: cells[..rows].to_vec(),
        };
        columns.into_iter().map(cut).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn any_relation_gives_a_sound_document_or_a_reason(columns in any_relation(), at in 0..11usize, terciles in proptest::bool::weighted(0.2)) {
        let from = templates()[at].name;
        let first = try_draft(&columns, from, &[], terciles);
        let again = try_draft(&columns, from, &[], terciles);
        prop_assert_eq!(&first, &again, "the same rows, the same draft");
        let document = match first {
            Ok(document) => document,
            Err(DraftError::NothingFits { .. } | DraftError::NoTerciles) => return Ok(()),
            Err(other) => return Err(TestCaseError::fail(format!("{other:?}"))),
        };
        let model = Model::compile(&document, &mut || ()).map_err(|issues| TestCaseError::fail(format!("{issues:?}")))?;
        for input in model.columns() {
            prop_assert!(columns.iter().any(|column| column.name == input.name), "reads {}, which is not there", input.name);
            prop_assert!(!["churn", "gender", "@x"].contains(&input.name.as_str()), "reads {}", input.name);
        }
        // Whatever is in the sample: a score or a value that cannot be read, no other error.
        let sample = sample(&columns);
        let mut assessor = Assessor::default();
        for row in 0..sample.rows() {
            let values: Vec<Value> = model.inputs().iter().map(|input| sample.position(&input.name).map_or(Value::Missing, |column| sample.value(row, column))).collect();
            if let Ok(assessment) = assessor.assess(&model, &values, Some(NOON), SegmentChoice::Auto) {
                prop_assert!(assessment.score.is_none_or(|score| (0.0..=100.0).contains(&score)));
            }
        }
        // Each column is either read or has a reason.
        let left_out = document["meta"]["draft"]["left_out"].as_object();
        for column in &columns {
            // What is gathered from events has names of its own, which no column can be read by.
            let read = model.columns().any(|input| input.name == column.name);
            prop_assert!(read != left_out.is_some_and(|left_out| left_out.contains_key(&column.name)), "{}", column.name);
        }
    }

    #[test]
    fn a_sample_keeps_every_row_with_the_same_chance(most in 1..40usize, rows in 1..200usize) {
        let mut sample = Sample::new(vec![SampleColumn { name: "n".into(), kind: ColumnKind::Number, type_name: "int".into() }], most);
        for row in 0..rows {
            if let Some(place) = sample.place() {
                sample.put(place, &[Value::Number(row as f64)]);
            }
        }
        prop_assert_eq!(sample.rows(), most.min(rows));
        prop_assert_eq!(sample.seen(), rows as u64);
        let mut kept: Vec<i64> = sample.values(0).map(|value| match value { Value::Number(n) => n as i64, _ => -1 }).collect();
        kept.sort_unstable();
        kept.dedup();
        prop_assert_eq!(kept.len(), most.min(rows), "no row twice");
    }
}

#[test]
fn the_late_rows_of_a_stream_are_not_forgotten() {
    let mut sample =
        Sample::new(vec![SampleColumn { name: "n".into(), kind: ColumnKind::Number, type_name: "int".into() }], 1000);
    for row in 0..100_000u32 {
        if let Some(place) = sample.place() {
            sample.put(place, &[Value::Number(f64::from(row))]);
        }
    }
    let late = sample.values(0).filter(|value| matches!(value, Value::Number(n) if *n >= 50_000.0)).count();
    // 500 expected, standard deviation 16.
    assert!((420..580).contains(&late), "{late}");
}
