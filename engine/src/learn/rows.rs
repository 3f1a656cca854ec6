//! Accounts with their outcomes, column by column: eight bytes a value, so that a million accounts fit. Knows nothing
//! of models.

use std::collections::HashMap;

use crate::base::column::{ColumnKind, SampleColumn};
use crate::base::random::Xorshift;
use crate::base::value::Value;

/// Values kept at most: with 8 bytes each 128 MB, and as much again while a model is fitted.
const MOST_CELLS: usize = 16_000_000;
const MOST_ROWS: usize = 4_000_000;
/// The maximum number of bytes of different texts.
const MOST_TEXT: usize = 128 << 20;

const MISSING: u32 = u32::MAX;

#[derive(Debug, Clone)]
enum ColumnValues {
    /// A missing one is a negative NaN.
    Numbers(Vec<f64>),
    /// Infinite ones count as missing.
    Times(Vec<i64>),
    Codes {
        codes: Vec<u32>,
        texts: Vec<Box<str>>,
        known: HashMap<Box<str>, u32>,
    },
    Bools(Vec<Option<bool>>),
    /// No value of this type can be read.
    Other(Vec<Option<&'static str>>),
}

const NO_TIME: i64 = i64::MIN;

#[derive(Debug, Clone)]
pub struct Rows {
    columns: Vec<SampleColumn>,
    cells: Vec<ColumnValues>,
    events: Vec<bool>,
    most: usize,
    seen: u64,
    random: Xorshift,
    text_bytes: usize,
    /// The number of accounts without a known outcome.
    pub without_outcome: u64,
}

/// The texts of all columns together are too long to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMuchText;

impl Rows {
    pub fn new(columns: Vec<SampleColumn>) -> Rows {
        let cells = columns.iter().map(|column| match column.kind {
            ColumnKind::Number => ColumnValues::Numbers(Vec::new()),
            ColumnKind::Time => ColumnValues::Times(Vec::new()),
            ColumnKind::Text => ColumnValues::Codes { codes: Vec::new(), texts: Vec::new(), known: HashMap::new() },
            ColumnKind::Boolean => ColumnValues::Bools(Vec::new()),
            ColumnKind::Other => ColumnValues::Other(Vec::new()),
        });
        let most = MOST_ROWS.min(MOST_CELLS / columns.len().max(1));
        Rows {
            cells: cells.collect(),
            columns,
            events: Vec::new(),
            most,
            seen: 0,
            random: Xorshift::USUAL,
            text_bytes: 0,
            without_outcome: 0,
        }
    }

    /// Adds an account with a value for each column. If not all accounts fit, each has the same chance to be kept.
    pub fn add(&mut self, values: &[Value], event: bool) -> Result<(), TooMuchText> {
        self.seen += 1;
        let row = if self.events.len() < self.most {
            self.events.push(event);
            self.events.len() - 1
        } else {
            let place = (self.random.draw() % self.seen) as usize;
            if place >= self.most {
                return Ok(());
            }
            self.events[place] = event;
            place
        };
        for (column, value) in self.cells.iter_mut().zip(values) {
            self.text_bytes += column.put(row, value);
        }
        if self.text_bytes > MOST_TEXT { Err(TooMuchText) } else { Ok(()) }
    }

    pub fn columns(&self) -> &[SampleColumn] {
        &self.columns
    }

    /// How many accounts with an outcome there were, of which [`Self::len`] are kept.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    pub fn len(&self) -> usize {
        self.events.len()
    }

    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    pub fn events(&self) -> &[bool] {
        &self.events
    }

    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    pub fn value(&self, row: usize, column: usize) -> Value<'_> {
        match &self.cells[column] {
            ColumnValues::Numbers(list) => match list[row] {
                missing if missing.is_nan() && missing.is_sign_negative() => Value::Missing,
                number => Value::Number(number),
            },
            ColumnValues::Times(list) if list[row] == NO_TIME => Value::Missing,
            ColumnValues::Times(list) => Value::Time(list[row]),
            ColumnValues::Codes { codes, texts, .. } => {
                texts.get(codes[row] as usize).map_or(Value::Missing, |text| Value::Text(text))
            }
            ColumnValues::Bools(list) => list[row].map_or(Value::Missing, Value::Bool),
            ColumnValues::Other(list) => list[row].map_or(Value::Missing, Value::Unusable),
        }
    }

    /// The different texts of a column.
    pub(crate) fn texts(&self, column: usize) -> &[Box<str>] {
        match &self.cells[column] {
            ColumnValues::Codes { texts, .. } => texts,
            _ => &[],
        }
    }
}

impl ColumnValues {
    /// Gives the bytes of a text that was new.
    fn put(&mut self, row: usize, value: &Value) -> usize {
        fn set<T>(list: &mut Vec<T>, row: usize, value: T) {
            match list.get_mut(row) {
                Some(place) => *place = value,
                None => list.push(value),
            }
        }
        match self {
            ColumnValues::Numbers(list) => {
                let number = match value {
                    Value::Number(number) if number.is_nan() => f64::NAN.copysign(1.0),
                    Value::Number(number) => *number,
                    Value::Missing => f64::NAN.copysign(-1.0),
                    _ => f64::NAN.copysign(1.0),
                };
                set(list, row, number);
            }
            ColumnValues::Times(list) => {
                set(list, row, if let Value::Time(at) = value { *at } else { NO_TIME });
            }
            ColumnValues::Codes { codes, texts, known } => {
                let (code, bytes) = match value {
                    Value::Text(text) => match known.get(*text) {
                        Some(code) => (*code, 0),
                        None => {
                            let code = texts.len() as u32;
                            texts.push((*text).into());
                            known.insert((*text).into(), code);
                            (code, 2 * text.len() + 80)
                        }
                    },
                    _ => (MISSING, 0),
                };
                set(codes, row, code);
                return bytes;
            }
            ColumnValues::Bools(list) => set(list, row, if let Value::Bool(flag) = value { Some(*flag) } else { None }),
            ColumnValues::Other(list) => {
                set(list, row, if let Value::Unusable(what) = value { Some(*what) } else { None })
            }
        }
        0
    }
}
