//! Models learnt from outcomes: what they find, what they leave alone, what they refuse.

use health_score_engine::{
    Assessor, ColumnKind, FitError, FitRequest, Model, Rows, SampleColumn, SegmentChoice, Value, fit, signal_power,
};
use serde_json::{Value as Json, json};

/// The same numbers every time, from 0 to 1.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

const PLANS: [&str; 3] = ["basic", "team", "enterprise"];

struct Account {
    logins: Option<f64>,
    tickets: f64,
    plan: usize,
    noise: [f64; 5],
    event: bool,
}

/// Few logins and the basic plan churn; of tickets both none and many do. Half of what is missing churns too.
fn book(accounts: usize, seed: u64) -> Vec<Account> {
    let mut random = Random(seed);
    (0..accounts)
        .map(|_| {
            let logins = (random.next() > 0.15).then(|| (random.next() * 40.0).floor());
            let (tickets, plan) = ((random.next() * 12.0).floor(), (random.next() * 3.0) as usize);
            let noise = [(); 5].map(|_| random.next());
            let odds = -2.2
                + logins.map_or(1.5, |logins| if logins < 10.0 { 1.5 } else { -logins / 40.0 })
                + if (2.0..7.0).contains(&tickets) { -1.0 } else { 0.8 }
                + [0.9, 0.0, -0.9][plan];
            let event = random.next() < 1.0 / (1.0 + f64::exp(-odds));
            Account { logins, tickets, plan, noise, event }
        })
        .collect()
}

fn rows(book: &[Account], mut event: impl FnMut(usize) -> bool) -> Rows {
    let column = |name: &str, kind| SampleColumn { name: name.into(), kind, type_name: "float8".into() };
    let mut columns = vec![
        column("logins", ColumnKind::Number),
        column("tickets", ColumnKind::Number),
        column("plan", ColumnKind::Text),
        column("same", ColumnKind::Number),
        column("logins_twice", ColumnKind::Number),
        column("account_id", ColumnKind::Number),
    ];
    columns.extend((0..5).map(|at| column(&format!("noise{at}"), ColumnKind::Number)));
    let mut rows = Rows::new(columns);
    for (at, account) in book.iter().enumerate() {
        let number = |number: Option<f64>| number.map_or(Value::Missing, Value::Number);
        let mut values = vec![
            number(account.logins),
            Value::Number(account.tickets),
            Value::Text(PLANS[account.plan]),
            Value::Number(7.0),
            number(account.logins.map(|logins| 2.0 * logins)),
            Value::Number(at as f64),
        ];
        values.extend(account.noise.map(Value::Number));
        rows.add(&values, event(at)).expect("short texts");
    }
    rows
}

fn document() -> Json {
    json!({
        "categories": {"usage": {"weight": 3, "label": "Usage"}, "service": {"weight": 1}},
        "signals": {
            "logins": {"category": "usage", "label": "Logins in 30 days", "weight": 1, "scale": {"linear": [0, 5]}},
            "support": {"category": "service", "input": "tickets", "weight": 1, "scale": {"linear": [9, 0]}}
        },
        "rules": [
            {"name": "quiet", "when": {"subscore": "logins", "lt": 10}, "cap": 30},
            {"name": "vip", "when": {"input": "plan", "eq": "vip"}, "floor": 50}
        ],
        "segments": [{"name": "big", "when": {"input": "plan", "eq": "enterprise"}, "patch": {"min_coverage": 0.1}}]
    })
}

fn fitted(rows: &Rows, document: &Json, columns: &[&str]) -> Result<Json, FitError> {
    let model = Model::compile(document, &mut || ()).expect("a model");
    let columns: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
    let request =
        FitRequest { model: &model, document, relation: "book", outcome: "churned", columns: &columns, as_of: 0 };
    fit(&request, rows, &mut || ())
}

fn signals(document: &Json) -> Vec<&str> {
    document["signals"].as_object().expect("signals").keys().map(String::as_str).collect()
}

#[test]
fn finds_what_matters_and_leaves_noise_alone() {
    let book = book(6000, 7);
    let rows = rows(&book, |at| book[at].event);
    let found = fitted(&rows, &document(), &["*"]).expect("a fit");
    let names = signals(&found);
    assert!(names.contains(&"plan") && names.contains(&"support"), "{names:?}");
    assert!(names.contains(&"logins") || names.contains(&"logins_twice"), "{names:?}");
    assert!(!names.iter().any(|name| name.starts_with("noise") || ["same", "account_id"].contains(name)), "{names:?}");
    // The labels and categories are the model's, and the order of plans is the true one.
    assert_eq!(found["signals"]["support"]["category"], "service");
    let plans = &found["signals"]["plan"]["scale"]["map"];
    assert!(plans["basic"].as_f64() < plans["team"].as_f64() && plans["team"].as_f64() < plans["enterprise"].as_f64());
    assert_eq!(found["signals"]["plan"]["label"], "Plan");
    // Tickets go up and down, since the data insist.
    assert_eq!(found["signals"]["support"]["meta"]["why"], "healthiest in the middle of its range");
    let fit = &found["meta"]["fit"];
    assert_eq!(
        (fit["n"].as_u64(), fit["events"].as_u64()),
        (Some(6000), Some(book.iter().filter(|a| a.event).count() as u64))
    );
    let [low, auc, high] = ["auc_low", "auc", "auc_high"].map(|key| fit[key].as_f64().expect("a number"));
    assert!(low < auc && auc < high && auc > 0.75, "{fit}");
    // Rules that look at inputs stay, what was made for the old scales goes.
    assert_eq!(found["rules"].as_array().map(Vec::len), Some(1));
    assert!(fit["dropped"]["rules"]["quiet"].is_string() && fit["dropped"]["segments"]["big"].is_string());
    assert!(found.get("segments").is_none());
    // What was promised holds for accounts that nobody has seen.
    let model = Model::compile(&found, &mut || ()).expect("a valid draft");
    let new = self::book(6000, 99);
    let mut scored: Vec<(f64, bool)> = new.iter().map(|account| (score(&model, account), account.event)).collect();
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let held = auc_of(&scored);
    assert!((held - auc).abs() < 0.02, "promised {auc}, found {held}");
    // And the same rows give the same draft.
    assert_eq!(fitted(&rows, &document(), &["*"]).expect("a fit"), found);
}

fn score(model: &Model, account: &Account) -> f64 {
    let number = |number: Option<f64>| number.map_or(Value::Missing, Value::Number);
    let value = |name: &str| match name {
        "logins" => number(account.logins),
        "logins_twice" => number(account.logins.map(|logins| 2.0 * logins)),
        "tickets" => Value::Number(account.tickets),
        "plan" => Value::Text(PLANS[account.plan]),
        "@override" | "@notes" => Value::Missing,
        other => panic!("{other}"),
    };
    let values: Vec<Value> = model.inputs().iter().map(|input| value(&input.name)).collect();
    let mut assessor = Assessor::default();
    assessor.assess(model, &values, Some(0), SegmentChoice::None).expect("a score").score.expect("enough data")
}

/// By all pairs.
fn auc_of(scored: &[(f64, bool)]) -> f64 {
    let (with, without): (Vec<_>, Vec<_>) = scored.iter().partition(|(_, event)| *event);
    let right = |event: &f64| {
        without
            .iter()
            .map(|(score, _)| {
                if event < score {
                    1.0
                } else if event == score {
                    0.5
                } else {
                    0.0
                }
            })
            .sum::<f64>()
    };
    with.iter().map(|(score, _)| right(score)).sum::<f64>() / (with.len() * without.len()) as f64
}

#[test]
fn refuses_what_cannot_be_learnt() {
    let book = book(1500, 3);
    let few = rows(&book, |at| at < 5);
    assert_eq!(fitted(&few, &document(), &["*"]), Err(FitError::TooFew { with: 5, without: 1495 }));
    let all = rows(&book, |_| true);
    assert_eq!(fitted(&all, &document(), &["*"]), Err(FitError::TooFew { with: 1500, without: 0 }));
    let none = rows(&[], |_| true);
    assert_eq!(fitted(&none, &document(), &[]), Err(FitError::TooFew { with: 0, without: 0 }));
    let some = rows(&book, |at| book[at].event);
    let unknown = fitted(&some, &document(), &["plam"]);
    assert_eq!(unknown, Err(FitError::UnknownColumn { name: "plam".into(), nearest: Some("plan".into()) }));
    let points = json!({"method": "points", "range": [0, 10], "signals": {"logins": {"points": 1}}});
    assert_eq!(fitted(&some, &points, &["*"]), Err(FitError::Points));
    // A signal that is the same for all tells nothing.
    let constant = json!({"signals": {"same": {"scale": {"linear": [0, 10]}}}});
    assert_eq!(fitted(&some, &constant, &[]), Err(FitError::Chance { auc: None }));
}

#[test]
fn outcomes_of_chance_are_refused() {
    let refused = (1..=20_u64).filter(|seed| {
        let book = book(1500, 11);
        let mut random = Random(seed * 7919);
        let rows = rows(&book, |_| random.next() < 0.25);
        matches!(fitted(&rows, &document(), &["*"]), Err(FitError::Chance { .. }))
    });
    assert!(refused.count() >= 19);
}

#[test]
fn a_signal_that_knows_the_outcome_is_suspicious() {
    let book = book(3000, 5);
    let mut leaky = rows(&book, |at| book[at].event);
    let model = Model::compile(
        &json!({"signals": {
            "logins": {"scale": {"linear": [0, 20]}},
            "noise0": {"scale": {"linear": [0, 1]}},
            "reversed": {"input": "logins", "scale": {"linear": [20, 0]}}}}),
        &mut || (),
    )
    .expect("a model");
    let powers = signal_power(&model, &leaky, leaky.position("plan"), 0, &mut || ()).expect("few groups");
    assert_eq!(powers.len(), 9);
    let all = signal_power(&model, &leaky, None, 0, &mut || ()).expect("one group");
    let told: Vec<_> = all.iter().map(|power| (power.signal.as_str(), power.direction(), power.verdict())).collect();
    assert_eq!(told[0].1, Some("as scaled"));
    assert_eq!(told[1], ("noise0", Some("none"), "useless"));
    assert_eq!(told[2].1, Some("reversed"));
    assert!((all[0].missing_share - 0.15).abs() < 0.03 && all[1].missing_share == 0.0);
    assert_eq!(all[0].accounts, 3000);
    assert!((all[0].auc.expect("both").value + all[2].auc.expect("both").value - 1.0).abs() < 1e-12);
    // The same column as the outcome itself.
    leaky = rows(&book, |at| book[at].logins.is_some_and(|logins| logins < 10.0));
    let leak = signal_power(&model, &leaky, None, 0, &mut || ()).expect("one group");
    assert_eq!(leak[0].verdict(), "suspicious");
}

#[test]
fn a_signal_that_parts_the_two_kinds_is_no_chance() {
    let book = book(3500, 11);
    for stray in [0.0, 0.002, 0.02] {
        let some = rows(&book, |at| book[at].noise[0] < 0.05 || book[at].noise[1] < stray);
        let document = fitted(&some, &document(), &["noise0", "noise2"]).expect("noise0 tells");
        let auc = document["meta"]["fit"]["auc"].as_f64().expect("a number");
        assert!(auc > 0.8, "{stray}: {auc}");
        assert!(document["signals"]["noise0"]["weight"].as_f64().is_some_and(|weight| weight > 0.0));
    }
}
