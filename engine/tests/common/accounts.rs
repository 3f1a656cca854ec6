//! Random accounts: values of every kind, of the right kind, or missing.

use std::collections::BTreeMap;

use health_score_engine::{Model, Value};
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// A value that an account owns.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Missing,
    Number(f64),
    Bool(bool),
    Text(String),
    Time(i64),
    Unusable,
}

impl Cell {
    pub fn value(&self) -> Value<'_> {
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
pub type Account = BTreeMap<String, Cell>;

pub const KINDS: [char; 4] = ['n', 't', 'x', 'b'];
pub const COLUMNS: usize = 7;
pub const WORDS: [&str; 4] = ["red", "gold", "1", "true"];

pub fn values<'a>(model: &Model, account: &'a Account) -> Vec<Value<'a>> {
    model.inputs().iter().map(|input| account.get(&input.name).map_or(Value::Missing, Cell::value)).collect()
}

/// A value of the column's kind. Numbers stay small enough for every ratio to be finite.
pub fn good(kind: char) -> BoxedStrategy<Cell> {
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
pub fn wild() -> BoxedStrategy<Cell> {
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

pub fn accounts(of: fn(char) -> BoxedStrategy<Cell>) -> impl Strategy<Value = Account> {
    let columns: Vec<_> = KINDS.into_iter().flat_map(|kind| vec![of(kind); COLUMNS]).collect();
    let names = KINDS.into_iter().flat_map(|kind| (0..COLUMNS).map(move |at| format!("{kind}{at}")));
    let names: Vec<String> = names.collect();
    columns.prop_map(move |cells| names.iter().cloned().zip(cells).collect())
}

/// With holes, each value of its column's kind.
pub fn good_accounts() -> impl Strategy<Value = Account> {
    accounts(|kind| prop_oneof![3 => good(kind), 1 => Just(Cell::Missing)].boxed())
}

pub fn wild_accounts() -> impl Strategy<Value = Account> {
    accounts(|kind| prop_oneof![3 => good(kind), 1 => Just(Cell::Missing), 1 => wild()].boxed())
}
