//! Forged aggregate states: rows are added, states merged, and a state that passes the checks at the end gives a
//! sensible result. Each step is refused or taken as the extension does it, which checks the form first.
//!
//! The bytes: which aggregate, then a script for two states.

use std::mem::size_of;

use health_score_engine::{
    Assessor, Backtest, Ces, ChurnRate, Csat, Gathering, Model, MovingTrend, Nps, Outcomes, Refused, Rollup,
    SegmentChoice, Spark, Stability, Stop, Trend, TrendStats, UsageRate, Value, merge_counts, room_for,
};
use serde_json::json;

use crate::given::Given;

const NOON: i64 = 1_780_000_000_000_000;
const DAY: i64 = 86_400_000_000;
/// A state that asks for more words than this is not followed further.
const MOST_WORDS: usize = 1 << 16;

pub fn run(bytes: &[u8]) {
    let mut given = Given(bytes);
    let given = &mut given;
    match given.byte() % 16 {
        0 => fixed(
            given,
            |s: &mut Trend, g| s.add(g.number(), time(g), g.number()),
            Trend::merge,
            |s| {
                if s.is_consistent() {
                    s.direction();
                }
            },
        ),
        1 => fixed(given, |s: &mut TrendStats, g| s.add(g.number(), time(g), g.number()), TrendStats::merge, stats),
        2 => fixed(
            given,
            |s: &mut Nps, g| s.add(g.number()),
            |s, other| ok(s.merge(other)),
            |s| {
                within(s.is_consistent().then(|| s.value()), -100.0, 100.0);
            },
        ),
        3 => fixed(
            given,
            |s: &mut Csat, g| s.add(g.number(), i32::from(g.byte())),
            Csat::merge,
            |s| {
                within(s.is_consistent().then(|| s.value()), 0.0, 100.0);
            },
        ),
        4 => fixed(
            given,
            |s: &mut Ces, g| s.add(g.number(), i32::from(g.byte())),
            Ces::merge,
            |s| {
                within(s.is_consistent().then(|| s.value()), 1.0, 10.0);
            },
        ),
        5 => fixed(
            given,
            |s: &mut Rollup, g| s.add(g.number(), g.number()),
            |s, other| ok(s.merge(other)),
            |s| {
                within(s.is_consistent().then(|| s.value()), -10_000.001, 10_000.001);
            },
        ),
        6 => fixed(
            given,
            |s: &mut ChurnRate, g| s.add(g.byte() > 99, g.number()),
            |s, other| ok(s.merge(other)),
            |s| {
                within(s.is_consistent().then(|| s.value()), 0.0, 1.0);
            },
        ),
        7 => fixed(
            given,
            |s: &mut UsageRate, g| s.add(g.number(), g.number()),
            |s, other| ok(s.merge(other)),
            |s| {
                within(s.is_consistent().then(|| s.value()), 0.0, f64::MAX);
            },
        ),
        8 => fixed(
            given,
            |s: &mut Spark, g| s.add((g.byte() > 9).then(|| g.number())).map(|_| ()),
            |_, _| Ok(()),
            |s| {
                if s.is_consistent() {
                    assert!(s.draw().is_none_or(|line| line.chars().count() <= Spark::MOST_POINTS));
                }
            },
        ),
        9 => moving(given),
        10 => growing(given, outcomes()),
        11 => growing(given, stability()),
        _ => events(given),
    }
}

fn ok<T>(_: T) -> Result<(), Refused> {
    Ok(())
}

fn time(given: &mut Given) -> i64 {
    match given.byte() {
        0..=200 => NOON + i64::from(given.byte()) * DAY / 3,
        _ => given.word() as i64,
    }
}

/// The result of a state that passes the checks, if there is a result.
fn within(passed: Option<Option<f64>>, least: f64, most: f64) {
    assert!(passed.flatten().is_none_or(|result| (least..=most).contains(&result)), "{passed:?}");
}

fn stats(stats: &TrendStats) {
    if !stats.is_consistent() {
        return;
    }
    stats.trend().direction();
    if let Some(line) = stats.trend().line() {
        assert!(line.change.is_finite() && line.slope_per_day.is_finite());
    }
    assert!(
        [stats.first_score(), stats.last_score(), stats.lowest(), stats.highest()]
            .iter()
            .all(|score| score.is_finite())
    );
}

/// Changes words of a state at will.
fn forge(given: &mut Given, words: &mut [u64]) {
    for _ in 0..given.byte() % 8 {
        let at = given.below(words.len());
        if let Some(word) = words.get_mut(at) {
            *word = given.word();
        }
    }
}

fn as_words<T>(state: &mut T) -> &mut [u64] {
    // SAFETY: the states of the engine that the extension keeps are made of 64-bit numbers alone, any of which are one.
    unsafe { std::slice::from_raw_parts_mut(std::ptr::from_mut(state).cast(), size_of::<T>() / size_of::<u64>()) }
}

fn fixed<T: Copy + Default>(
    given: &mut Given,
    add: impl Fn(&mut T, &mut Given) -> Result<(), Refused>,
    merge: impl Fn(&mut T, &T) -> Result<(), Refused>,
    judge: impl Fn(&T),
) {
    let mut states = [T::default(); 2];
    while !given.is_empty() {
        match given.byte() % 8 {
            0 => forge(given, as_words(&mut states[0])),
            1 => _ = merge(&mut { states[0] }, &states[1]),
            2 => {
                let mut merged = states[0];
                if merge(&mut merged, &states[1]).is_ok() {
                    states[0] = merged;
                }
            }
            3 => states.swap(0, 1),
            4 => judge(&states[0]),
            _ => {
                let mut more = states[0];
                if add(&mut more, given).is_ok() {
                    states[0] = more;
                }
            }
        }
    }
    states.iter().for_each(judge);
}

fn moving(given: &mut Given) {
    let mut trend = MovingTrend::default();
    let mut slots = vec![0; MovingTrend::FIRST_SLOTS];
    let mut points = std::collections::VecDeque::new();
    while !given.is_empty() {
        let command = given.byte() % 8;
        match command {
            0 => forge(given, as_words(&mut trend)),
            1 => forge(given, &mut slots),
            2 => slots.resize(given.below(300), given.word()),
            _ => {}
        }
        if !trend.fits(slots.len()) {
            return;
        }
        match command {
            3 => {
                let point = points.pop_front().unwrap_or_else(|| (given.number(), time(given)));
                let _ = trend.remove(&slots, point.0, point.1);
            }
            4.. => {
                if trend.is_full(slots.len()) {
                    let mut more = vec![0; slots.len() * 2];
                    if more.len() > MOST_WORDS {
                        return;
                    }
                    trend.move_to(&slots, &mut more);
                    slots = more;
                }
                let point = (given.number(), time(given));
                if trend.fits(slots.len()) && trend.add(&mut slots, point.0, point.1, 5.0).is_ok() {
                    points.push_back(point);
                }
            }
            _ => {}
        }
        if trend.fits(slots.len()) && trend.is_consistent(&slots) {
            trend.direction(&slots);
        }
    }
}

/// What the extension does with a state that grows.
struct Growing<H> {
    first_words: usize,
    is_full: fn(&H, &[u64]) -> bool,
    fits: fn(&H, &[u64]) -> bool,
    add: fn(&mut H, &mut [u64], &mut Given) -> Result<(), Refused>,
    merge: fn(&mut H, &mut [u64], &H, &[u64]) -> Result<(), Refused>,
    judge: fn(&H, &[u64], &mut Given),
}

fn outcomes() -> Growing<Outcomes> {
    Growing {
        first_words: Outcomes::FIRST_WORDS,
        is_full: Outcomes::is_full,
        fits: Outcomes::fits,
        add: |head, table, given| head.add(table, given.number(), given.byte() > 99, given.byte() > 250, &[40.0, 70.0]),
        merge: Outcomes::merge,
        judge: |head, table, given| {
            if !head.is_consistent(table) {
                return;
            }
            if let Some(auc) = head.auc(table) {
                assert!((0.0..=1.0).contains(&auc.value), "{auc:?}");
                let (low, high) = auc.interval();
                assert!(low <= auc.value && auc.value <= high, "{auc:?}: {low} to {high}");
            }
            let from = [0.0, f64::from(given.byte()) / 3.0 + 0.1, 90.0];
            let bands: Vec<(String, f64)> = from.iter().map(|from| (from.to_string(), *from)).collect();
            let backtest = Backtest::of(head, table, &bands);
            let numbers = [
                backtest.base_rate(),
                backtest.gini(),
                backtest.ks,
                backtest.worst_decile_lift,
                backtest.worst_decile_capture,
            ];
            assert!(numbers.iter().flatten().all(|number| number.is_finite()), "{numbers:?}");
        },
    }
}

fn stability() -> Growing<Stability> {
    Growing {
        first_words: Stability::FIRST_WORDS,
        is_full: Stability::is_full,
        fits: Stability::fits,
        add: |head, table, given| {
            let value = (given.byte() > 20).then(|| given.number());
            head.add(table, value, given.byte() > 99)
        },
        merge: Stability::merge,
        judge: |head, table, _| {
            within(head.is_consistent(table).then(|| head.index(table)), 0.0, 100.0);
        },
    }
}

fn growing<H: Copy + Default>(given: &mut Given, act: Growing<H>) {
    let mut states = [(H::default(), vec![0; act.first_words]), (H::default(), vec![0; act.first_words])];
    let moved = |table: &[u64], room: usize| {
        let mut more = vec![0; room];
        merge_counts(&mut more, table);
        more
    };
    while !given.is_empty() {
        let [(head, table), (other, others)] = &mut states;
        let command = given.byte() % 8;
        match command {
            0 => forge(given, as_words(head)),
            1 => forge(given, table),
            2 => table.resize(given.below(300), given.word()),
            3 => states.swap(0, 1),
            4 if (act.fits)(head, table) && (act.fits)(other, others) => {
                let room = room_for(table, others);
                if room > MOST_WORDS {
                    return;
                }
                if room > table.len() {
                    *table = moved(table, room);
                }
                let _ = (act.merge)(head, table, other, others);
            }
            5.. if (act.fits)(head, table) => {
                if (act.is_full)(head, table) {
                    if table.len() * 2 > MOST_WORDS {
                        return;
                    }
                    *table = moved(table, table.len() * 2);
                }
                let _ = (act.add)(head, table, given);
            }
            _ => {}
        }
        let (head, table) = &states[0];
        if (act.fits)(head, table) {
            (act.judge)(head, table, given);
        }
    }
}

fn model(number: usize) -> Model {
    let linear = json!({"linear": [0, 100]});
    let document = match number % 3 {
        0 => json!({"signals": {
            "sum": {"input": "use", "combine": "sum", "window": "7 days", "lag": "1 day", "scale": linear},
            "mean": {"input": "use", "combine": "mean", "scale": linear}, "low": {"input": "use", "combine": "min", "scale": linear},
            "high": {"input": "use", "combine": "max", "scale": linear}, "kinds": {"input": "kind", "combine": "distinct", "scale": linear},
            "days": {"input": "kind", "combine": "active_days", "window": "30 days", "scale": linear}, "plan": {"input": "kind", "max_age": "90 days", "scale": {"map": {"a": 1}, "otherwise": 50}}}}),
        1 => {
            json!({"on_invalid": "missing", "signals": {"tone": {"scale": {"map": {"a": 1}, "otherwise": 50}}, "use": {"scale": linear}, "seen": {"input": "kind", "scale": {"recency": {"best": "1 day", "worst": "90 days"}}},
            "ratio": {"input": {"ratio": ["use", "kind"]}, "combine": "mean", "window": "30 days", "scale": linear}, "change": {"input": {"change": ["use", "use"]}, "combine": "sum", "window": "7 days", "scale": linear}}})
        }
        _ => {
            json!({"method": "points", "range": [-100, 100], "signals": {"use": {"points": 2, "half_life": "30 days", "max": 25}, "kind": {"points": 1, "combine": "count"},
            "tone": {"points": 5, "absent": -10, "within": "30 days"}}})
        }
    };
    Model::compile(&document, &mut || ()).unwrap_or_else(|issues| panic!("{issues:?}"))
}

thread_local! {
    static MODELS: [Model; 3] = [model(0), model(1), model(2)];
}

fn events(given: &mut Given) {
    MODELS.with(|models| events_of(&models[given.below(3)], given));
}

fn events_of(model: &Model, given: &mut Given) {
    let gathering = model.gathering();
    let as_of = (given.byte() > 20).then_some(NOON);
    let timed = given.byte() > 20;
    let begin = || {
        let mut words = vec![0; gathering.words(timed)];
        gathering.begin(&mut words, as_of, timed);
        words
    };
    let mut states = [begin(), begin()];
    let texts = ["a", "b", "a text of some length", "0", "2026-05-28T08:00:00Z", "", "ä"];
    while !given.is_empty() {
        let command = given.byte() % 8;
        let other = states[1].clone();
        let words = &mut states[0];
        match command {
            0 => forge(given, words),
            1 => words.resize(given.below(200), given.word()),
            2 => states.swap(0, 1),
            // The time is compared before states are merged.
            3 if words.len() >= gathering.words(false) && Gathering::as_of(words) == Gathering::as_of(&other) => {
                let _ = change(gathering, words, |words| gathering.merge(words, &other));
            }
            4.. if words.len() >= gathering.words(false) => {
                let signal = ["use", "kind", "tone", "unknown"][given.below(4)];
                let value = match given.byte() % 8 {
                    0 => Value::Missing,
                    1 => Value::Bool(given.byte() > 99),
                    2 => Value::Time(time(given)),
                    3 | 4 => Value::Text(texts[given.below(texts.len())]),
                    _ => Value::Number(given.number()),
                };
                let at = (timed && given.byte() > 20).then(|| NOON - (time(given).wrapping_sub(NOON)));
                let short = matches!(value, Value::Number(number) if gathering.add_number(words, signal.as_bytes(), number, at));
                if !short {
                    let _ = change(gathering, words, |words| gathering.add(words, signal.as_bytes(), value, at));
                }
            }
            _ => {}
        }
    }
    for words in &states {
        let mut values = Vec::new();
        if gathering.read(words, &mut values).is_ok() {
            let as_of = Gathering::as_of(words);
            let mut assessor = Assessor::default();
            if let Ok(assessment) = assessor.assess(model, &values, as_of, SegmentChoice::Auto) {
                assert!(assessment.score.is_none_or(|score| (0.0..=100.0).contains(&score)));
            }
            assert!(model.members(&values).count() <= values.len());
        }
    }
}

fn change(
    gathering: &Gathering,
    words: &mut Vec<u64>,
    act: impl Fn(&mut [u64]) -> Result<(), Stop>,
) -> Result<(), Stop> {
    match act(words) {
        Err(Stop::Room(room)) if room <= MOST_WORDS => {
            let mut larger = vec![0; room];
            gathering.move_to(words, &mut larger)?;
            *words = larger;
            act(words)
        }
        other => other,
    }
}
