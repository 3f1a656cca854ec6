//! Reading accounts with their outcome: all rows of a relation, one column of which says whether the event happened.

use health_score_engine::{Rows, SampleColumn, Value};
use pgrx::pg_sys;

use crate::pg::datum::{DatumKind, output};
use crate::pg::error::{self, Report, code, did_you_mean, quoted};
use crate::pg::relation::{Relation, columns_of};
use crate::pg::spi::FetchedRow;

/// The outcome column, the columns to keep, and the rows that were kept so far.
type Begun = (OutcomeColumn, Vec<(usize, DatumKind)>, Rows);

/// Reads the columns that `wanted` accepts. The outcome is negated if the event is a good one.
pub fn read(relation: &Relation, outcome: &str, event_is_good: bool, wanted: &dyn Fn(&str) -> bool) -> Rows {
    let mut reading: Option<Begun> = None;
    relation.each_row(|row| {
        let (outcome, kinds, rows) = reading.get_or_insert_with(|| begin(relation, outcome, wanted, row));
        let Some(happened) = outcome.of(row) else {
            rows.without_outcome += 1;
            return;
        };
        let value = |(at, kind): &(usize, DatumKind)| match row.datum(*at) {
            None => Value::Missing,
            // SAFETY: the kinds were made from these columns' types; the values are copied before the row goes.
            Some(datum) => unsafe { kind.value(datum) },
        };
        let values: Vec<Value> = kinds.iter().map(value).collect();
        if rows.add(&values, happened != event_is_good).is_err() {
            too_much_text(relation);
        }
    });
    reading.map_or_else(|| Rows::new(Vec::new()), |(_, _, rows)| rows)
}

fn too_much_text(relation: &Relation) -> ! {
    Report::new(code::PROGRAM_LIMIT, format!("the texts of {} are too large to keep", relation.name))
        .hint("Name a view without long texts, or without the columns that are not needed.")
        .raise()
}

fn begin(relation: &Relation, outcome: &str, wanted: &dyn Fn(&str) -> bool, row: &FetchedRow) -> Begun {
    let (columns, kinds) = columns_of(row.descriptor);
    let Some(at) = columns.iter().position(|column| column.name == outcome) else {
        error::no_column(&relation.name, outcome, columns.iter().map(|column| column.name.as_str())).raise()
    };
    let kept: Vec<usize> =
        (0..columns.len()).filter(|column| *column != at && wanted(&columns[*column].name)).collect();
    let rows = Rows::new(kept.iter().map(|column| columns[*column].clone()).collect());
    let type_id = type_of(row, at);
    let found = OutcomeColumn { column: at, kind: kinds[at], type_id, name: outcome.to_owned() };
    (found, kept.into_iter().map(|column| (column, kinds[column])).collect(), rows)
}

fn type_of(row: &FetchedRow, at: usize) -> pg_sys::Oid {
    // SAFETY: a valid descriptor of a query's result, and one of its columns.
    let descriptor = unsafe { pgrx::PgTupleDesc::from_pg_unchecked(row.descriptor) };
    descriptor.get(at).map_or(pg_sys::InvalidOid, |attribute| attribute.atttypid)
}

/// 42703 with the nearest of the columns that were read.
pub fn no_column(relation: &Relation, wanted: &str, columns: &[SampleColumn]) -> ! {
    let known = columns.iter().map(|column| column.name.as_str());
    Report::new(code::UNDEFINED_COLUMN, format!("{} has no column {}", relation.name, quoted(wanted)))
        .hint(did_you_mean(wanted, known, "Name a column of the relation."))
        .raise()
}

/// The column that says whether the event happened.
struct OutcomeColumn {
    column: usize,
    kind: DatumKind,
    type_id: pg_sys::Oid,
    name: String,
}

const YES: [&str; 5] = ["yes", "true", "1", "y", "t"];
const NO: [&str; 5] = ["no", "false", "0", "n", "f"];

impl OutcomeColumn {
    fn of(&self, row: &FetchedRow) -> Option<bool> {
        let datum = row.datum(self.column)?;
        // SAFETY: the kind was made from this column's type.
        match unsafe { self.kind.value(datum) } {
            Value::Bool(flag) => Some(flag),
            Value::Number(0.0) => Some(false),
            Value::Number(1.0) => Some(true),
            Value::Text(text) if YES.iter().any(|yes| yes.eq_ignore_ascii_case(text)) => Some(true),
            Value::Text(text) if NO.iter().any(|no| no.eq_ignore_ascii_case(text)) => Some(false),
            _ => {
                let (name, found) = (quoted(&self.name), quoted(&output(self.type_id, datum)));
                Report::new(code::INVALID_PARAMETER, format!("outcome column {name} holds {found}"))
                    .detail("An outcome is a boolean, 0 or 1, or yes or no; NULL means unknown.")
                    .hint("Compute a boolean in a view, as in SELECT *, status = 'cancelled' AS churned FROM accounts.")
                    .raise()
            }
        }
    }
}
