//! What is gathered from events, against the definitions worked out over a plain list of them; in any order, split in any
//! way, and from states that were made up.

use health_score_engine::{Assessor, Gathering, Model, SegmentChoice, Stop, Value};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::Config;
use serde_json::{Map, Value as Json, json};

const NOON: i64 = 1_780_000_000_000_000;
const DAY: i64 = 86_400_000_000;

/// A value that an event owns.
#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Missing,
    Number(f64),
    Bool(bool),
    Text(String),
    Time(i64),
}

impl Cell {
    fn value(&self) -> Value<'_> {
        match self {
            Cell::Missing => Value::Missing,
            Cell::Number(number) => Value::Number(*number),
            Cell::Bool(flag) => Value::Bool(*flag),
            Cell::Text(text) => Value::Text(text),
            Cell::Time(micros) => Value::Time(*micros),
        }
    }
}

#[derive(Debug, Clone)]
struct Event {
    signal: String,
    value: Cell,
    at: Option<i64>,
}

fn event(signal: &str, value: Cell, day: f64) -> Event {
    Event { signal: signal.into(), value, at: Some(NOON + (day * DAY as f64) as i64) }
}

fn number(signal: &str, value: f64, day: f64) -> Event {
    event(signal, Cell::Number(value), day)
}

fn text(signal: &str, value: &str, day: f64) -> Event {
    event(signal, Cell::Text(value.into()), day)
}

fn compiled(document: &Json) -> Model {
    Model::compile(document, &mut || ()).unwrap_or_else(|issues| panic!("{document}: {issues:?}"))
}

/// A state, kept as an aggregate would keep it.
struct State(Vec<u64>);

impl State {
    fn new(gathering: &Gathering, as_of: Option<i64>, timed: bool) -> State {
        let mut words = vec![0; gathering.words(timed)];
        gathering.begin(&mut words, as_of, timed);
        State(words)
    }

    fn change(&mut self, gathering: &Gathering, act: impl Fn(&mut [u64]) -> Result<(), Stop>) -> Result<(), Stop> {
        match act(&mut self.0) {
            Err(Stop::Room(words)) => {
                let mut larger = vec![0; words];
                gathering.move_to(&self.0, &mut larger)?;
                self.0 = larger;
                act(&mut self.0)
            }
            other => other,
        }
    }

    /// As rows come in: by the short way where that is enough, which must leave what the long one leaves.
    fn add(&mut self, gathering: &Gathering, event: &Event) -> Result<(), Stop> {
        if let Value::Number(number) = event.value.value() {
            let mut short = self.0.clone();
            if gathering.add_number(&mut short, event.signal.as_bytes(), number, event.at) {
                gathering.add(&mut self.0, event.signal.as_bytes(), event.value.value(), event.at)?;
                assert_eq!(short, self.0);
                return Ok(());
            }
        }
        self.change(gathering, |words| gathering.add(words, event.signal.as_bytes(), event.value.value(), event.at))
    }
}

fn gather(model: &Model, events: &[Event], as_of: Option<i64>, timed: bool) -> Result<State, Stop> {
    let gathering = model.gathering();
    let mut state = State::new(gathering, as_of, timed);
    for event in events {
        state.add(gathering, event)?;
    }
    Ok(state)
}

/// The members of the account that the events come to.
fn account(model: &Model, events: &[Event]) -> Map<String, Json> {
    let state = gather(model, events, Some(NOON), true).expect("a state");
    let mut values = Vec::new();
    model.gathering().read(&state.0, &mut values).expect("values");
    let members = model.members(&values).map(|(name, value)| (name.to_owned(), json_of(value)));
    members.collect()
}

fn json_of(value: &Value) -> Json {
    let mut text = String::new();
    value.write(&mut text);
    match value {
        Value::Missing => Json::Null,
        Value::Number(number) => json!(number),
        Value::Bool(flag) => json!(flag),
        Value::Unusable(_) => json!([text]),
        _ => json!(text),
    }
}

fn score(model: &Model, events: &[Event]) -> Option<f64> {
    let state = gather(model, events, Some(NOON), true).expect("a state");
    score_of(model, &state)
}

fn score_of(model: &Model, state: &State) -> Option<f64> {
    let mut values = Vec::new();
    model.gathering().read(&state.0, &mut values).expect("values");
    let as_of = Gathering::as_of(&state.0);
    Assessor::default().assess(model, &values, as_of, SegmentChoice::Auto).expect("a score").score
}

fn linear(more: Json) -> Json {
    let mut signal = json!({"scale": {"linear": [0, 100]}});
    if let (Json::Object(signal), Json::Object(more)) = (&mut signal, more) {
        signal.extend(more);
    }
    signal
}

fn all_combines() -> Json {
    let combines = ["last", "sum", "mean", "min", "max", "count", "distinct", "active_days"];
    let signals: Map<String, Json> = combines
        .map(|combine| {
            (
                combine.to_owned(),
                linear(json!({"input": "use", "combine": combine, "window": "7 days", "lag": "1 day"})),
            )
        })
        .into_iter()
        .collect();
    json!({"signals": signals})
}

#[test]
fn the_eight_ways_to_combine() {
    let model = compiled(&all_combines());
    let events = [
        number("use", 100.0, 0.5), // after as_of
        number("use", 50.0, -0.5), // too young for the lag
        number("use", 3.0, -1.0),  // exactly as old as the lag: inside
        number("use", 4.0, -1.1),
        number("use", 4.0, -2.0),
        number("use", 9.0, -7.99),
        number("use", 70.0, -8.0), // exactly as old as window and lag: outside
        Event { signal: "use".into(), value: Cell::Number(80.0), at: None },
    ];
    let expected = json!({"@": true, "@last": 3.0, "@sum": 20.0, "@mean": 5.0, "@min": 3.0, "@max": 9.0, "@count": 4.0,
                          "@distinct": 3.0, "@active_days": 3.0});
    assert_eq!(Json::Object(account(&model, &events)), expected);
}

#[test]
fn silence_counts_as_nothing_done() {
    let model = compiled(&all_combines());
    let expected = json!({"@": true, "@last": null, "@sum": 0.0, "@mean": null, "@min": null, "@max": null, "@count": 0.0,
                          "@distinct": 0.0, "@active_days": 0.0});
    for events in [&[][..], &[number("use", 1.0, -30.0)], &[event("use", Cell::Missing, -2.0)]] {
        assert_eq!(Json::Object(account(&model, events)), expected);
        assert_eq!(score(&model, events), Some(0.0));
    }
}

#[test]
fn a_change_compares_a_window_with_the_one_before() {
    let input = json!({"change": ["use", "use"]});
    let change = json!({"scale": {"linear": [-1, 1]}, "input": input, "combine": "sum", "window": "30 days"});
    let model = compiled(&json!({"signals": {"growth": change}}));
    let events =
        [number("use", 10.0, -1.0), number("use", 5.0, -29.0), number("use", 20.0, -30.0), number("use", 9.0, -60.0)];
    assert_eq!(account(&model, &events)["@growth"], json!(-0.25));
    assert_eq!(account(&model, &events[..2])["@growth"], Json::Null, "nothing before");
}

#[test]
fn both_sides_of_a_ratio_are_combined() {
    let ratio = json!({"ratio": ["used", "seats"]});
    let model = compiled(&json!({"signals": {
        "now": {"scale": {"linear": [0, 1]}, "input": ratio},
        "mean": {"scale": {"linear": [0, 1]}, "input": ratio, "combine": "mean", "window": "7 days"}}}));
    let events = [
        number("used", 2.0, -1.0),
        number("used", 4.0, -2.0),
        number("seats", 10.0, -3.0),
        number("seats", 4.0, -20.0),
    ];
    let account = account(&model, &events);
    assert_eq!((&account["@mean"], &account["used"], &account["seats"]), (&json!(0.3), &json!(2.0), &json!(10.0)));
    assert_eq!(score(&model, &events), Some(25.0));
}

#[test]
fn ties_do_not_depend_on_the_order() {
    let model = compiled(&json!({"signals": {"plan": {"scale": {"map": {"a": 1}, "otherwise": 0}}}}));
    let values = [
        Cell::Number(5.0),
        Cell::Number(7.0),
        Cell::Bool(true),
        Cell::Text("silver".into()),
        Cell::Text("gold and more".into()),
    ];
    let events: Vec<Event> = values.into_iter().map(|value| event("plan", value, -1.0)).collect();
    let backwards: Vec<Event> = events.iter().rev().cloned().collect();
    for events in [&events, &backwards] {
        assert_eq!(account(&model, events)["plan"], json!("silver"));
        assert_eq!(account(&model, &[&events[..], &[number("plan", 0.0, -0.9)]].concat())["plan"], json!(0.0));
    }
}

#[test]
fn recency_is_the_time_of_the_last_event() {
    let recency = json!({"recency": {"best": "12 hours", "worst": "100 days 12 hours"}});
    let model = compiled(&json!({"signals": {"seen": {"input": "login", "scale": recency}}}));
    for (last, expected) in [
        (number("login", 3.0, -10.5), 90.0),
        (event("login", Cell::Bool(true), -10.5), 90.0),
        (text("login", "mobile", -10.5), 90.0),
        (event("login", Cell::Time(NOON - DAY * 201 / 2), -10.5), 0.0),
    ] {
        assert_eq!(score(&model, &[number("login", 1.0, -90.0), last.clone()]), Some(expected), "{last:?}");
    }
    let state = gather(&model, &[text("login", "12/31/2025", -1.0)], Some(NOON), true).expect("a state");
    let mut values = Vec::new();
    model.gathering().read(&state.0, &mut values).expect("values");
    assert!(
        Assessor::default().assess(&model, &values, Some(NOON), SegmentChoice::Auto).is_err(),
        "no date, but it begins like one"
    );
}

#[test]
fn values_grow_old() {
    let model =
        compiled(&json!({"signals": {"nps": linear(json!({"max_age": "90 days"})), "csat": linear(json!({}))}}));
    assert_eq!(score(&model, &[number("nps", 80.0, -90.0), number("csat", 20.0, -900.0)]), Some(50.0));
    assert_eq!(score(&model, &[number("nps", 80.0, -91.0), number("csat", 20.0, -900.0)]), Some(20.0));
}

#[test]
fn points_of_every_action_fade() {
    let model = compiled(&json!({"method": "points", "range": [0, 100], "signals": {
        "demo": {"points": 10, "half_life": "30 days", "max": 25},
        "visit": {"points": 1, "combine": "count"},
        "review": {"points": 5, "absent": -10, "within": "30 days"}}}));
    let review = number("review", 1.0, -2.0);
    let old_review = number("review", 1.0, -31.0);
    let demo = |day: f64| event("demo", Cell::Bool(true), day);
    assert_eq!(score(&model, &[demo(0.0), demo(-30.0), demo(-60.0), review.clone()]), Some(22.5));
    assert_eq!(score(&model, &[demo(0.0), demo(0.0), demo(0.0), review.clone()]), Some(30.0), "no more than max");
    assert_eq!(score(&model, &[demo(0.0), old_review]), Some(5.0), "10 + 5 − 10");
    assert_eq!(score(&model, &[demo(0.0)]), Some(0.0), "10 − 10");
    assert_eq!(score(&model, &[number("visit", 30.0, -1.0), text("visit", "home", -400.0), review]), Some(7.0));
}

#[test]
fn names_of_inputs_and_of_signals_count() {
    let model = compiled(&json!({"signals": {"logins": linear(json!({"input": "logins_30d"}))}}));
    assert_eq!(score(&model, &[number("logins", 40.0, -1.0)]), Some(40.0));
    assert_eq!(score(&model, &[number("logins_30d", 40.0, -1.0), number("anything", 1.0, 0.0)]), Some(40.0));
    let state = gather(
        &model,
        &[number("login", 1.0, -1.0), number("logouts", 1.0, -1.0), number("login", 1.0, 0.0)],
        None,
        true,
    );
    let stop = model.gathering().read(&state.expect("a state").0, &mut Vec::new());
    assert_eq!(stop, Err(Stop::Unknown("\"login\", \"logouts\"".into())));
    let many: Vec<Event> = (0..99).map(|at| number(&format!("some unknown name {at}"), 1.0, 0.0)).collect();
    let stop = model.gathering().read(&gather(&model, &many, None, false).expect("a state").0, &mut Vec::new());
    assert!(matches!(stop, Err(Stop::Unknown(names)) if names.contains("name 0") && names.len() <= 128));
    let stop = model
        .gathering()
        .read(&gather(&model, &[number(&"x".repeat(900), 1.0, 0.0)], None, false).expect("a state").0, &mut Vec::new());
    assert!(matches!(stop, Err(Stop::Unknown(_))));
}

#[test]
fn what_does_not_combine_is_an_error_or_invalid() {
    let sum = |lenient: bool| {
        let policy = if lenient { "missing" } else { "error" };
        compiled(
            &json!({"on_invalid": policy, "signals": {"tickets": linear(json!({"combine": "sum"})), "nps": linear(json!({}))}}),
        )
    };
    let events = [number("tickets", 1.0, -1.0), text("tickets", "many", -1.0), number("nps", 30.0, -1.0)];
    match gather(&sum(false), &events, Some(NOON), true).map(|_| ()) {
        Err(Stop::Invalid(invalid)) => {
            let told = "signal \"tickets\": \"tickets\" is the text \"many\" where a finite number belongs";
            assert_eq!(invalid.to_string(), told);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(score(&sum(true), &events), Some(30.0));
    assert_eq!(account(&sum(true), &events)["@tickets"], json!(["made of a value that does not combine with others"]));
}

#[test]
fn a_segment_may_derive_another_value() {
    let model = compiled(&json!({
        "signals": {"use": linear(json!({"input": "logins", "combine": "sum"})), "plan": {"weight": 0, "scale": {"map": {"big": 1}, "otherwise": 0}}},
        "segments": [{"name": "big", "when": {"input": "plan", "eq": "big"}, "patch": {"signals": {"use": {"input": "sessions"}}}}]}));
    let events = [number("logins", 10.0, -1.0), number("sessions", 70.0, -1.0), text("plan", "big", -1.0)];
    let account = account(&model, &events);
    assert_eq!((&account["@use"], &account["@use@2"]), (&json!(10.0), &json!(70.0)));
    assert_eq!((score(&model, &events), score(&model, &events[..2])), (Some(70.0), Some(10.0)));
}

// ------------------------------------------------------------- by definition

const INPUTS: [&str; 4] = ["e0", "e1", "e2", "e3"];
const COMBINES: [&str; 8] = ["last", "sum", "mean", "min", "max", "count", "distinct", "active_days"];

fn signal() -> impl Strategy<Value = Json> {
    let input = || select(INPUTS.to_vec());
    let source = prop_oneof![
        4 => input().prop_map(|input| json!(input)),
        1 => (input(), input()).prop_map(|(a, b)| json!({"ratio": [a, b]})),
        1 => (input(), input()).prop_map(|(a, b)| json!({"change": [a, b]})),
    ];
    let days = || prop::option::of(select(vec![1, 7, 30, 600]));
    (source, select(COMBINES.to_vec()), days(), days(), prop::option::of(1..200)).prop_map(
        |(input, combine, window, lag, max_age)| {
            let mut signal = json!({"input": input, "combine": combine, "scale": {"linear": [0, 50]}});
            for (key, days) in [("window", window), ("lag", lag), ("max_age", max_age)] {
                if let Some(days) = days {
                    signal[key] = json!(format!("{days} days"));
                }
            }
            signal
        },
    )
}

fn document() -> impl Strategy<Value = Json> {
    prop::collection::vec(signal(), 1..6).prop_map(|signals| {
        let signals: Map<String, Json> =
            signals.into_iter().enumerate().map(|(at, signal)| (format!("s{at}"), signal)).collect();
        json!({"on_invalid": "missing", "signals": signals})
    })
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let value = prop_oneof![
        6 => (-8..9).prop_map(|n| Cell::Number(f64::from(n) / 4.0)),
        1 => any::<bool>().prop_map(Cell::Bool),
        1 => Just(Cell::Missing),
        1 => select(vec!["a", "bb", "a text of some length", "another text of some length"]).prop_map(|text| Cell::Text(text.into())),
    ];
    let at = prop_oneof![
        8 => (-100 * 24..48i64).prop_map(|hours| Some(NOON + hours * DAY / 24)),
        1 => (-900..2i64).prop_map(|days| Some(NOON + days * DAY)),
        1 => Just(None),
    ];
    let names: Vec<&str> = INPUTS.into_iter().chain(["other"]).collect();
    prop::collection::vec((select(names), value, at), 0..60).prop_map(|rows| {
        rows.into_iter().map(|(signal, value, at)| Event { signal: signal.into(), value, at }).collect()
    })
}

fn days_of(signal: &Json, key: &str) -> Option<i64> {
    let text = signal[key].as_str()?;
    Some(text.split(' ').next()?.parse::<i64>().ok()? * DAY)
}

/// One side of a signal by the definition: the events of an input in (as_of − lag − window, as_of − lag], combined.
fn defined<'e>(signal: &Json, input: &str, shift: i64, events: &'e [Event]) -> Result<Value<'e>, ()> {
    let (window, lag) = (days_of(signal, "window"), days_of(signal, "lag"));
    let end = NOON - lag.unwrap_or(0) - shift;
    let inside = |event: &&Event| {
        event.signal == input
            && event.value != Cell::Missing
            && match event.at {
                Some(at) => at <= end && window.is_none_or(|window| at > end - window),
                None => window.is_none() && lag.is_none(),
            }
    };
    let events: Vec<&'e Event> = events.iter().filter(inside).collect();
    let numbers = || -> Result<Vec<f64>, ()> {
        let number = |event: &&Event| match event.value {
            Cell::Number(number) => Ok(number),
            Cell::Bool(flag) => Ok(f64::from(u8::from(flag))),
            _ => Err(()),
        };
        events.iter().map(number).collect()
    };
    let or_missing = |number: Option<f64>| number.map_or(Value::Missing, Value::Number);
    let distinct = |keys: Vec<String>| keys.into_iter().collect::<std::collections::BTreeSet<_>>().len() as f64;
    Ok(match signal["combine"].as_str().expect("a text") {
        "last" => {
            let key = |event: &'e Event| (event.at.unwrap_or(i64::MIN), rank(&event.value));
            events
                .iter()
                .max_by(|a, b| key(a).partial_cmp(&key(b)).expect("numbers"))
                .map_or(Value::Missing, |event| event.value.value())
        }
        "sum" => Value::Number(numbers()?.iter().sum()),
        "mean" => or_missing(
            Some(numbers()?).filter(|all| !all.is_empty()).map(|all| all.iter().sum::<f64>() / all.len() as f64),
        ),
        "min" => or_missing(numbers()?.into_iter().reduce(f64::min)),
        "max" => or_missing(numbers()?.into_iter().reduce(f64::max)),
        "count" => Value::Number(events.len() as f64),
        "distinct" => Value::Number(distinct(events.iter().map(|event| format!("{:?}", event.value)).collect())),
        _ => Value::Number(distinct(
            events.iter().filter_map(|event| Some(event.at?.div_euclid(DAY).to_string())).collect(),
        )),
    })
}

fn rank(value: &Cell) -> (u8, f64, &str) {
    match value {
        Cell::Number(number) => (1, *number, ""),
        Cell::Bool(flag) => (2, f64::from(u8::from(*flag)), ""),
        Cell::Text(text) => (4, 0.0, text),
        _ => (9, 0.0, ""),
    }
}

/// The value of a signal by the definition; none where it cannot be read.
fn value_of<'e>(signal: &Json, events: &'e [Event]) -> Option<Value<'e>> {
    let quotient = |a: Value, b: Value, minus: f64| match (a, b) {
        (Value::Missing, Value::Missing | Value::Number(_)) | (Value::Number(_), Value::Missing) => {
            Some(Value::Missing)
        }
        (Value::Number(_), Value::Number(0.0)) => Some(Value::Missing),
        (Value::Number(a), Value::Number(b)) => Some(Value::Number((a - minus * b) / b)),
        _ => None,
    };
    let side = |input: &str, shift: i64| defined(signal, input, shift, events).ok();
    match &signal["input"] {
        Json::String(input) => side(input, 0),
        pair => {
            let (names, minus) = pair.get("ratio").map_or_else(|| (&pair["change"], 1.0), |names| (names, 0.0));
            let (a, b) = (names[0].as_str().expect("a name"), names[1].as_str().expect("a name"));
            let shift = if minus == 1.0 && a == b { days_of(signal, "window").unwrap_or(0) } else { 0 };
            quotient(side(a, 0)?, side(b, shift)?, minus)
        }
    }
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= a.abs().max(b.abs()).max(1.0) * 1e-12
}

fn shuffled(mut events: Vec<Event>, seed: u64) -> Vec<Event> {
    let mut state = seed | 1;
    for at in (1..events.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        events.swap(at, (state >> 33) as usize % (at + 1));
    }
    events
}

proptest! {
    #![proptest_config(Config { cases: 2000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn values_are_as_defined(document in document(), events in events()) {
        let model = compiled(&document);
        let state = gather(&model, &events, Some(NOON), true).expect("a state");
        let known = events.is_empty() || events.iter().any(|event| model.inputs().iter().any(|input| input.name == event.signal));
        let mut values = Vec::new();
        if !known {
            prop_assert!(matches!(model.gathering().read(&state.0, &mut values), Err(Stop::Unknown(_))));
            return Ok(());
        }
        model.gathering().read(&state.0, &mut values).expect("values");
        let find = |name: &str| model.inputs().iter().position(|input| input.name == name).map(|at| values[at]);
        for (name, signal) in document["signals"].as_object().expect("signals") {
            let expected = value_of(signal, &events);
            let found = match find(&format!("@{name}")) {
                Some(found) => found,
                // The last value of a column is not derived.
                None if signal["input"].is_string() => find(signal["input"].as_str().expect("a name")).expect("an input"),
                None => continue,
            };
            match (expected, found) {
                (None, Value::Unusable(_)) => {}
                (Some(Value::Number(expected)), Value::Number(found)) => prop_assert!(close(expected, found), "{name}: {expected} {found}"),
                (expected, found) => prop_assert_eq!(expected, Some(found), "{}", name),
            }
        }
    }

    #[test]
    fn any_order_and_any_split_give_the_same(
        document in document(), events in events(), seed in any::<u64>(), cut in any::<prop::sample::Index>(), timed in any::<bool>(),
    ) {
        let model = compiled(&document);
        let gathering = model.gathering();
        let as_of = timed.then_some(NOON);
        let read = |state: &State| {
            let mut values = Vec::new();
            gathering.read(&state.0, &mut values).map(|()| values.iter().map(json_of).collect::<Vec<_>>())
        };
        let whole = gather(&model, &events, as_of, timed).expect("a state");
        let mixed = gather(&model, &shuffled(events.clone(), seed), as_of, timed).expect("a state");
        let at = cut.index(events.len() + 1);
        let mut left = gather(&model, &events[..at], as_of, timed).expect("a state");
        let right = gather(&model, &events[at..], as_of, timed).expect("a state");
        left.change(gathering, |words| gathering.merge(words, &right.0)).expect("a merged state");
        let expected = read(&whole);
        for other in [read(&mixed), read(&left)] {
            match (&expected, other) {
                (Ok(expected), Ok(other)) => for (expected, other) in expected.iter().zip(&other) {
                    let same = match (expected.as_f64(), other.as_f64()) { (Some(a), Some(b)) => close(a, b), _ => expected == other };
                    prop_assert!(same, "{expected} {other}");
                },
                (Err(Stop::Unknown(_)), Err(Stop::Unknown(_))) => {}
                (expected, other) => prop_assert!(false, "{expected:?} {other:?}"),
            }
        }
    }

    #[test]
    fn one_event_a_signal_scores_as_a_row(document in document(), numbers in prop::collection::vec(prop::option::of(-50..400i32), 4)) {
        let mut document = document;
        for signal in document["signals"].as_object_mut().expect("signals").values_mut() {
            let signal = signal.as_object_mut().expect("a signal");
            for key in ["combine", "window", "lag"] {
                signal.remove(key);
            }
        }
        let model = compiled(&document);
        let given: Vec<(&str, f64)> = INPUTS.into_iter().zip(&numbers).filter_map(|(name, n)| Some((name, f64::from((*n)?) / 8.0))).collect();
        let events: Vec<Event> = given.iter().map(|(name, value)| number(name, *value, 0.0)).collect();
        let row: Vec<Value> = model.inputs().iter()
            .map(|input| given.iter().find(|(name, _)| *name == input.name).map_or(Value::Missing, |(_, value)| Value::Number(*value))).collect();
        let mut assessor = Assessor::default();
        let of_row = assessor.assess(&model, &row, Some(NOON), SegmentChoice::Auto).expect("a score").score;
        let timed = gather(&model, &events, Some(NOON), true).expect("a state");
        let untimed = gather(&model, &events, None, false).expect("a state");
        if let Some(first) = given.first() && model.inputs().iter().any(|input| input.name == first.0) {
            prop_assert_eq!(score_of(&model, &timed), of_row);
            let mut values = Vec::new();
            model.gathering().read(&untimed.0, &mut values).expect("values");
            let of_untimed = assessor.assess(&model, &values, Some(NOON), SegmentChoice::Auto).expect("a score").score;
            prop_assert_eq!(of_untimed, of_row);
        }
    }

    #[test]
    fn the_compact_form_gives_what_the_full_one_gives(
        document in document(), events in events(), numbers_only in any::<bool>(), strict in any::<bool>(),
        odd in prop::collection::vec((any::<prop::sample::Index>(), select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0])), 0..4),
        renamed in any::<prop::sample::Index>(), made_up in prop::option::of((any::<prop::sample::Index>(), any::<u64>())),
    ) {
        let (mut document, mut events) = (document, events);
        for signal in document["signals"].as_object_mut().expect("signals").values_mut() {
            let signal = signal.as_object_mut().expect("a signal");
            for key in ["combine", "window", "lag", "max_age"] {
                signal.remove(key);
            }
        }
        if strict {
            document["on_invalid"] = json!("error");
        }
        if !events.is_empty() {
            for (at, number) in odd {
                let at = at.index(events.len());
                events[at].value = Cell::Number(number);
            }
            let at = renamed.index(events.len());
            events[at].signal = "s0".into();
        }
        let has_alias = document["signals"]["s0"]["input"].is_string();
        let model = compiled(&document);
        let gathering = model.gathering();
        let words = gathering.compact_words().expect("a model of last values");
        let mut compact = vec![0; words];
        Gathering::begin_compact(&mut compact);
        let mut full = State::new(gathering, Some(NOON), false);
        let taken = events.iter().filter(|event| !numbers_only || matches!(event.value, Cell::Number(_) | Cell::Missing));
        for (before_it, event) in taken.enumerate() {
            let before = compact.clone();
            if !gathering.add_compact(&mut compact, event.signal.as_bytes(), event.value.value()) {
                prop_assert_eq!(&before, &compact);
                let known = model.inputs().iter().any(|input| input.name == event.signal) || (event.signal == "s0" && has_alias);
                let fits = matches!(event.value, Cell::Missing) || matches!(event.value, Cell::Number(number) if !number.is_nan());
                prop_assert!(!known && before_it == 0 || !fits);
                break;
            }
            full.add(gathering, &Event { at: None, ..event.clone() }).expect("room");
            let mut expanded = State(vec![0; gathering.words(false)]);
            gathering.expand(&compact, &mut expanded.0, Some(NOON)).expect("a state");
            prop_assert_eq!(&expanded.0, &full.0);
        }
        let (mut of_compact, mut of_full) = (Vec::new(), Vec::new());
        gathering.read_compact(&compact, &mut of_compact).expect("values");
        gathering.read(&full.0, &mut of_full).expect("values");
        prop_assert_eq!(of_compact, of_full);
        if let Some((at, word)) = made_up && words > 0 {
            compact[at.index(words)] = word | 0x7FF0 << 48;
            let _ = gathering.read_compact(&compact, &mut Vec::new());
            let _ = gathering.expand(&compact, &mut full.0, None);
            compact.push(0);
            prop_assert_eq!(gathering.read_compact(&compact, &mut Vec::new()), Err(Stop::Forged));
        }
    }

    #[test]
    fn made_up_states_are_refused_or_read(
        document in document(), events in events(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u64>()), 1..4), cut in any::<prop::sample::Index>(),
        small in any::<bool>(),
    ) {
        let model = compiled(&document);
        let gathering = model.gathering();
        let mut state = gather(&model, &events, Some(NOON), true).expect("a state");
        for (at, word) in changes {
            let at = at.index(state.0.len());
            state.0[at] = if small { word % 70 } else { word };
        }
        if small {
            state.0.truncate(cut.index(state.0.len() + 1));
        }
        let mut whole = gather(&model, &events, Some(NOON), true).expect("a state");
        let _ = gathering.read(&state.0, &mut Vec::new());
        let room = |stop: Result<(), Stop>| !matches!(stop, Err(Stop::Room(words)) if words > 1 << 34);
        let merged = whole.change(gathering, |words| match gathering.merge(words, &state.0) {
            // Nobody has so much memory.
            Err(Stop::Room(words)) if words > 1 << 24 => Err(Stop::Forged),
            other => other,
        });
        prop_assert!(room(merged));
        for event in &events {
            gathering.add_number(&mut state.0, event.signal.as_bytes(), 1.5, event.at);
            let _ = state.change(gathering, |words| match gathering.add(words, event.signal.as_bytes(), event.value.value(), event.at) {
                Err(Stop::Room(words)) if words > 1 << 24 => Err(Stop::Forged),
                other => other,
            });
        }
    }
}
