//! Raw values in SQL: columns by their types, ratio, change and days, literals.

use super::request::{SqlError, SqlRequest};
use crate::base::column::{ColumnKind, SampleColumn};
use crate::signal::source::{Moment, Source};

/// An expression that is NULL where there is no value, with a condition that marks an unreadable value.
#[derive(Debug, Clone)]
pub(super) struct ValueSql {
    pub sql: String,
    pub kind: SqlKind,
    /// For two values: true where the row lacks one of them, so that nothing is computed.
    pub invalid: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SqlKind {
    /// Double precision.
    Number,
    Text,
    Bool,
    /// Seconds since 1970 in whatever number EXTRACT gives.
    Time,
    /// A column that no row has: always missing.
    Absent,
    /// There may be a value, but no signal reads its type.
    Other,
}

pub(super) struct Writer<'a> {
    pub request: &'a SqlRequest<'a>,
    /// The prefix of the names that the query makes.
    pub prefix: String,
}

pub(super) fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub(super) fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A double with an exponent; without one a database would read it as a whole number or a decimal.
pub(super) fn double(number: f64) -> String {
    let plain = number == 0.0 || (1e-5..1e15).contains(&number.abs());
    let written = if plain { format!("{number}e0") } else { format!("{number:e}") };
    if number < 0.0 { format!("({written})") } else { written }
}

/// Rounds a non-negative expression as scores are rounded.
pub(super) fn rounded(sql: &str) -> String {
    format!("FLOOR(({sql}) * 1e9 + 0.5) / 1e9")
}

pub(super) fn seconds(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let micros = micros.unsigned_abs();
    let written = format!("{sign}{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    if sign.is_empty() { written } else { format!("({written})") }
}

impl<'a> Writer<'a> {
    pub fn new(request: &'a SqlRequest<'a>) -> Writer<'a> {
        let mut prefix = String::from("hs_");
        while request.columns.iter().any(|column| column.name.to_lowercase().starts_with(&prefix)) {
            prefix.push('_');
        }
        Writer { request, prefix }
    }

    /// All columns of the relation.
    pub fn columns(&self) -> String {
        let names: Vec<String> = self.request.columns.iter().map(|column| name(&column.name)).collect();
        names.join(", ")
    }

    pub fn as_of(&self) -> String {
        self.request.as_of.map_or("EXTRACT(EPOCH FROM CURRENT_TIMESTAMP)".to_owned(), seconds)
    }

    fn column(&self, input: usize) -> Option<&SampleColumn> {
        let wanted = &self.request.model.inputs()[input].name;
        self.request.columns.iter().find(|column| column.name == *wanted)
    }

    /// A plain column.
    pub fn input(&self, input: usize) -> Result<ValueSql, SqlError> {
        let Some(column) = self.column(input) else {
            return Ok(ValueSql { sql: "NULL".into(), kind: SqlKind::Absent, invalid: None });
        };
        let quoted = name(&column.name);
        let as_number = |sql: String| format!("CAST({sql} AS DOUBLE PRECISION)");
        let found = match column.kind {
            ColumnKind::Number if column.type_name == "interval" => {
                return Err(self.unsupported(input, "a number of days"));
            }
            ColumnKind::Number => {
                let whole = ["smallint", "integer", "bigint"].contains(&column.type_name.as_str());
                // A real stands for its shortest decimal.
                let sql = if column.type_name == "real" {
                    as_number(format!("CAST({quoted} AS VARCHAR)"))
                } else {
                    as_number(quoted)
                };
                let invalid = (!whole).then(|| format!("({sql} - {sql}) <> 0"));
                ValueSql { sql, kind: SqlKind::Number, invalid }
            }
            ColumnKind::Boolean => ValueSql { sql: quoted, kind: SqlKind::Bool, invalid: None },
            ColumnKind::Text => {
                ValueSql { sql: format!("CAST({quoted} AS VARCHAR)"), kind: SqlKind::Text, invalid: None }
            }
            ColumnKind::Time => {
                let sql = format!("EXTRACT(EPOCH FROM {quoted})");
                // Dates and timestamps may be infinite.
                let invalid = Some(format!("({sql} - {sql}) <> 0"));
                ValueSql { sql, kind: SqlKind::Time, invalid }
            }
            ColumnKind::Other => {
                ValueSql { invalid: Some(format!("{quoted} IS NOT NULL")), sql: quoted, kind: SqlKind::Other }
            }
        };
        Ok(found)
    }

    pub fn unsupported(&self, input: usize, wanted: &'static str) -> SqlError {
        let (column, found) = self.column(input).map_or_else(
            || (self.request.model.inputs()[input].name.clone(), "absent".into()),
            |column| (column.name.clone(), column.type_name.clone()),
        );
        SqlError::Unsupported { column, found, wanted }
    }

    /// An input that has to be a number, NULL where it is missing or not a number.
    fn part(&self, input: usize, wanted: SqlKind) -> Result<ValueSql, SqlError> {
        let value = self.input(input)?;
        if value.kind == wanted || value.kind == SqlKind::Absent {
            return Ok(value);
        }
        if wanted == SqlKind::Time && value.kind == SqlKind::Text {
            return Err(self.unsupported(input, "a date or timestamp: cast it in a view"));
        }
        let present = value.sql.clone();
        Ok(ValueSql { sql: "NULL".into(), kind: wanted, invalid: Some(format!("{present} IS NOT NULL")) })
    }

    /// The time of an input, invalid where the input is not a time.
    pub fn time(&self, input: usize) -> Result<ValueSql, SqlError> {
        self.part(input, SqlKind::Time)
    }

    pub fn source(&self, source: &Source) -> Result<ValueSql, SqlError> {
        let both = |a: &ValueSql, b: &ValueSql| match (&a.invalid, &b.invalid) {
            (Some(a), Some(b)) => Some(format!("({a} OR {b})")),
            (Some(one), None) | (None, Some(one)) => Some(one.clone()),
            (None, None) => None,
        };
        match *source {
            Source::Column(input) => self.input(input),
            Source::Ratio(above, below) | Source::Change(above, below) => {
                let (a, b) = (self.part(above, SqlKind::Number)?, self.part(below, SqlKind::Number)?);
                let (x, y) = (&a.sql, &b.sql);
                let quotient = if matches!(source, Source::Ratio(..)) {
                    format!("{x} / NULLIF({y}, 0)")
                } else {
                    format!("({x} - {y}) / NULLIF({y}, 0)")
                };
                Ok(ValueSql {
                    sql: format!("CAST({quotient} AS DOUBLE PRECISION)"),
                    kind: SqlKind::Number,
                    invalid: both(&a, &b),
                })
            }
            // Written part by part.
            Source::Cross(first, _) => self.source(&first.source()),
            Source::Days(from, to) => {
                let moment = |moment: Moment| match moment {
                    Moment::AsOf => Ok(ValueSql { sql: self.as_of(), kind: SqlKind::Time, invalid: None }),
                    Moment::Input(input) => self.time(input),
                };
                let (from, to) = (moment(from)?, moment(to)?);
                let sql = format!("CAST({} - {} AS DOUBLE PRECISION) / 86400e0", to.sql, from.sql);
                Ok(ValueSql { sql, kind: SqlKind::Number, invalid: both(&from, &to) })
            }
        }
    }
}
