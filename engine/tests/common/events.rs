//! Events, states that gather them as an aggregate would, random models and events, and what they come to by the
//! definition, worked out over a plain list.

use health_score_engine::{Assessor, Gathering, Model, SegmentChoice, Stop, Value};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value as Json, json};

pub const NOON: i64 = 1_780_000_000_000_000;
pub const DAY: i64 = 86_400_000_000;

/// A value that an event owns.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Missing,
    Number(f64),
    Bool(bool),
    Text(String),
    Time(i64),
}

impl Cell {
    pub fn value(&self) -> Value<'_> {
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
pub struct Event {
    pub signal: String,
    pub value: Cell,
    pub at: Option<i64>,
}

pub fn event(signal: &str, value: Cell, day: f64) -> Event {
    Event { signal: signal.into(), value, at: Some(NOON + (day * DAY as f64) as i64) }
}

pub fn number(signal: &str, value: f64, day: f64) -> Event {
    event(signal, Cell::Number(value), day)
}

pub fn text(signal: &str, value: &str, day: f64) -> Event {
    event(signal, Cell::Text(value.into()), day)
}

pub fn compiled(document: &Json) -> Model {
    Model::compile(document, &mut || ()).unwrap_or_else(|issues| panic!("{document}: {issues:?}"))
}

/// A state, kept as an aggregate would keep it.
pub struct State(pub Vec<u64>);

impl State {
    pub fn new(gathering: &Gathering, as_of: Option<i64>, timed: bool) -> State {
        let mut words = vec![0; gathering.words(timed)];
        gathering.begin(&mut words, as_of, timed);
        State(words)
    }

    pub fn change(&mut self, gathering: &Gathering, act: impl Fn(&mut [u64]) -> Result<(), Stop>) -> Result<(), Stop> {
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
    pub fn add(&mut self, gathering: &Gathering, event: &Event) -> Result<(), Stop> {
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

pub fn gather(model: &Model, events: &[Event], as_of: Option<i64>, timed: bool) -> Result<State, Stop> {
    let gathering = model.gathering();
    let mut state = State::new(gathering, as_of, timed);
    for event in events {
        state.add(gathering, event)?;
    }
    Ok(state)
}

/// The members of the account that the events come to.
pub fn account(model: &Model, events: &[Event]) -> Map<String, Json> {
    let state = gather(model, events, Some(NOON), true).expect("a state");
    let mut values = Vec::new();
    model.gathering().read(&state.0, &mut values).expect("values");
    let members = model.members(&values).map(|(name, value)| (name.to_owned(), json_of(value)));
    members.collect()
}

pub fn json_of(value: &Value) -> Json {
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

pub fn score(model: &Model, events: &[Event]) -> Option<f64> {
    let state = gather(model, events, Some(NOON), true).expect("a state");
    score_of(model, &state)
}

pub fn score_of(model: &Model, state: &State) -> Option<f64> {
    let mut values = Vec::new();
    model.gathering().read(&state.0, &mut values).expect("values");
    let as_of = Gathering::as_of(&state.0);
    Assessor::default().assess(model, &values, as_of, SegmentChoice::Auto).expect("a score").score
}

pub fn linear(more: Json) -> Json {
    let mut signal = json!({"scale": {"linear": [0, 100]}});
    if let (Json::Object(signal), Json::Object(more)) = (&mut signal, more) {
        signal.extend(more);
    }
    signal
}

pub fn all_combines() -> Json {
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

pub const INPUTS: [&str; 4] = ["e0", "e1", "e2", "e3"];
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

pub fn document() -> impl Strategy<Value = Json> {
    prop::collection::vec(signal(), 1..6).prop_map(|signals| {
        let signals: Map<String, Json> =
            signals.into_iter().enumerate().map(|(at, signal)| (format!("s{at}"), signal)).collect();
        json!({"on_invalid": "missing", "signals": signals})
    })
}

pub fn events() -> impl Strategy<Value = Vec<Event>> {
    let value = prop_oneof![
        6 => (-8..9).prop_map(|n| Cell::Number(f64::from(n) / 4.0)),
        1 => any::<bool>().prop_map(Cell::Bool),
        2 => Just(Cell::Missing),
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
    // An event without a value is an event all the same.
    let counts = matches!(signal["combine"].as_str(), Some("count" | "active_days"));
    let inside = |event: &&Event| {
        event.signal == input
            && (counts || event.value != Cell::Missing)
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
pub fn value_of<'e>(signal: &Json, events: &'e [Event]) -> Option<Value<'e>> {
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

pub fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= a.abs().max(b.abs()).max(1.0) * 1e-12
}

pub fn shuffled(mut events: Vec<Event>, seed: u64) -> Vec<Event> {
    let mut state = seed | 1;
    for at in (1..events.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        events.swap(at, (state >> 33) as usize % (at + 1));
    }
    events
}
