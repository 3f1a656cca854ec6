//! A sample of accounts: rows of a relation as they were read, to see whether a model fits the relation. It knows
//! nothing of models.

use crate::base::column::{ColumnKind, SampleColumn};
use crate::base::random::Xorshift;
use crate::base::time::parse_time;
use crate::base::value::Value;

/// Where a row goes.
#[derive(Debug, Clone, Copy)]
pub struct SampleSlot(usize);

/// Longer texts are cut: no code, date or answer of a survey is longer.
const LONGEST_TEXT: usize = 256;

#[derive(Debug, Clone, PartialEq)]
enum OwnedValue {
    Missing,
    Number(f64),
    Bool(bool),
    Text(Box<str>),
    Time(i64),
    Unusable(&'static str),
}

impl OwnedValue {
    fn of(value: &Value) -> OwnedValue {
        match value {
            Value::Missing => OwnedValue::Missing,
            Value::Number(number) => OwnedValue::Number(*number),
            Value::Bool(flag) => OwnedValue::Bool(*flag),
            Value::Text(text) => {
                let end = (0..=LONGEST_TEXT.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
                OwnedValue::Text(text[..end.unwrap_or(0)].into())
            }
            Value::Time(micros) => OwnedValue::Time(*micros),
            Value::Unusable(what) => OwnedValue::Unusable(what),
        }
    }

    fn value(&self) -> Value<'_> {
        match self {
            OwnedValue::Missing => Value::Missing,
            OwnedValue::Number(number) => Value::Number(*number),
            OwnedValue::Bool(flag) => Value::Bool(*flag),
            OwnedValue::Text(text) => Value::Text(text),
            OwnedValue::Time(micros) => Value::Time(*micros),
            OwnedValue::Unusable(what) => Value::Unusable(what),
        }
    }
}

/// Rows of equal chance out of a stream of unknown length (reservoir sampling, algorithm R of Vitter 1985). The choice
/// is the same every time, so that a draft of the same rows is the same draft.
#[derive(Debug, Clone)]
pub struct Sample {
    columns: Vec<SampleColumn>,
    /// Row after row.
    cells: Vec<OwnedValue>,
    rows: usize,
    most: usize,
    seen: u64,
    random: Xorshift,
}

impl Sample {
    /// Keeps `most` rows at most.
    pub fn new(columns: Vec<SampleColumn>, most: usize) -> Sample {
        Sample { columns, cells: Vec::new(), rows: 0, most, seen: 0, random: Xorshift::USUAL }
    }

    /// Whether the next row of the stream is to be kept, and where.
    pub fn place(&mut self) -> Option<SampleSlot> {
        self.seen += 1;
        if self.rows < self.most {
            return Some(SampleSlot(self.rows));
        }
        let slot = (self.random.draw() % self.seen) as usize;
        (slot < self.most).then_some(SampleSlot(slot))
    }

    /// Keeps a row, a value for each column, in a slot that [`Self::place`] has given.
    pub fn put(&mut self, SampleSlot(row): SampleSlot, values: &[Value]) {
        let cells = values.iter().map(OwnedValue::of);
        if row == self.rows {
            self.cells.extend(cells);
            self.rows += 1;
        } else {
            let start = row * self.columns.len();
            self.cells[start..].iter_mut().zip(cells).for_each(|(old, new)| *old = new);
        }
    }

    /// How many rows the stream had.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    pub fn columns(&self) -> &[SampleColumn] {
        &self.columns
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    pub fn value(&self, row: usize, column: usize) -> Value<'_> {
        self.cells[row * self.columns.len() + column].value()
    }

    pub fn values(&self, column: usize) -> impl Iterator<Item = Value<'_>> {
        (0..self.rows).map(move |row| self.value(row, column))
    }

    /// Whether the column can be read as times: by its type, or as texts that are all dates.
    pub(crate) fn holds_times(&self, column: usize) -> bool {
        match self.columns[column].kind {
            ColumnKind::Time => true,
            ColumnKind::Text => {
                let mut texts = self.values(column).filter_map(|value| match value {
                    Value::Text(text) => Some(text),
                    _ => None,
                });
                let first = texts.next();
                first.is_some_and(|text| parse_time(text).is_some()) && texts.all(|text| parse_time(text).is_some())
            }
            _ => false,
        }
    }

    /// The different texts of a column with how often each stands there, the most frequent first; none if there are
    /// more than `most`.
    pub(crate) fn texts(&self, column: usize, most: usize) -> Option<Vec<(&str, usize)>> {
        let mut counts = std::collections::HashMap::new();
        for value in self.values(column) {
            if let Value::Text(text) = value {
                *counts.entry(text).or_insert(0) += 1;
                if counts.len() > most {
                    return None;
                }
            }
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        Some(counts)
    }
}
