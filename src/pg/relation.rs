//! Reading a sample of a relation, with the rights of the current user and under the active snapshot.
//!
//! Of a large table, blocks chosen at random are read, since the first rows are seldom typical. A view cannot be
//! sampled that way: its first rows are read, and the result says so.

use std::ffi::CStr;
use std::panic::AssertUnwindSafe;

use health_score_engine::{ColumnKind, Sample, SampleColumn, Value};
use pgrx::pg_sys::panic::CaughtError;
use pgrx::{PgSqlErrorCode, PgTryBuilder, pg_sys};

use crate::pg::datum::DatumKind;
use crate::pg::error::{Report, code};
use crate::pg::spi::{Connection, FetchedRow};

/// Limits of a sample, in rows and in cells: a percentile is right to a fraction of a percent, and the sample fits
/// memory.
const MOST_ROWS: usize = 50_000;
const MOST_CELLS: usize = 2_000_000;
/// A table of at most this many blocks (32 MB) is read whole; of a larger one, about this many blocks are read.
const MOST_BLOCKS: f64 = 4096.0;
/// The number of rows of a view that are read.
const MOST_OF_A_VIEW: u64 = 200_000;

pub struct Relation {
    oid: pg_sys::Oid,
    /// Quoted, with its schema.
    pub name: String,
    is_table: bool,
}

/// Rows of a relation, and in words how they were chosen.
pub struct SampleReading {
    pub sample: Sample,
    pub source: String,
}

impl Relation {
    /// Raises 42P01 where there is none, 42809 where it is not a table or view.
    pub fn open(oid: pg_sys::Oid) -> Relation {
        // SAFETY: catalog look-ups by Oid inside a transaction; names are C strings in the call's memory.
        unsafe {
            let kind = pg_sys::get_rel_relkind(oid) as u8;
            if kind == 0 {
                Report::new(code::UNDEFINED_TABLE, format!("there is no relation with OID {}", oid.to_u32()))
                    .hint("Name a table or view, as in 'crm.accounts'.")
                    .raise();
            }
            let schema = pg_sys::get_namespace_name(pg_sys::get_rel_namespace(oid));
            let quoted = pg_sys::quote_qualified_identifier(schema, pg_sys::get_rel_name(oid));
            let name = CStr::from_ptr(quoted).to_string_lossy().into_owned();
            let is_table =
                [pg_sys::RELKIND_RELATION, pg_sys::RELKIND_PARTITIONED_TABLE, pg_sys::RELKIND_MATVIEW].contains(&kind);
            if !is_table && ![pg_sys::RELKIND_VIEW, pg_sys::RELKIND_FOREIGN_TABLE].contains(&kind) {
                Report::new(code::WRONG_OBJECT_TYPE, format!("{name} is not a table or view"))
                    .hint("Name a table, view, materialized view or foreign table.")
                    .raise();
            }
            Relation { oid, name, is_table }
        }
    }

    /// A sample of all columns.
    pub fn read(&self) -> SampleReading {
        self.trying(|| self.read_sample())
    }

    /// The columns alone.
    pub fn columns(&self) -> Vec<SampleColumn> {
        self.trying(|| {
            let connection = Connection::open();
            columns_of(connection.each_row(&format!("SELECT * FROM {} LIMIT 0", self.name), |_| false)).0
        })
    }

    /// Hands out all rows, one by one.
    pub fn each_row(&self, mut act: impl FnMut(&FetchedRow)) {
        self.trying(|| {
            Connection::open().each_row(&format!("SELECT * FROM {}", self.name), |row| {
                act(row);
                true
            });
        });
    }

    /// Hands out one column of the rows that fulfil a condition, both in SQL.
    pub fn each_row_where(&self, column: &str, condition: &str, mut act: impl FnMut(&FetchedRow)) {
        self.trying(|| {
            Connection::open().each_row(&format!("SELECT {column} FROM {} WHERE {condition}", self.name), |row| {
                act(row);
                true
            });
        });
    }

    /// An error inside, for example in an expression of a view, is reported with the relation's name.
    fn trying<R>(&self, act: impl FnOnce() -> R) -> R {
        let act = AssertUnwindSafe(act);
        // The whole wrapper is moved in, not the closure inside it.
        PgTryBuilder::new(AssertUnwindSafe(move || { act }.0()))
            .catch_others(|caught| match &caught {
                CaughtError::PostgresError(report) if !is_interrupt(report.sql_error_code()) => {
                    let message = format!("could not read {}: {}", self.name, report.message());
                    let mut again = Report::new(report.sql_error_code(), message);
                    if let Some(detail) = report.detail() {
                        again = again.detail(detail);
                    }
                    let otherwise = || format!("SELECT * FROM {} fails the same way.", self.name);
                    again.hint(report.hint().map_or_else(otherwise, str::to_owned)).raise()
                }
                _ => caught.rethrow(),
            })
            .execute()
    }

    fn read_sample(&self) -> SampleReading {
        let connection = Connection::open();
        let whole = format!("SELECT * FROM {}", self.name);
        if !self.is_table {
            let rows = sample(&connection, &format!("{whole} LIMIT {}", MOST_OF_A_VIEW + 1), MOST_OF_A_VIEW);
            let cut = rows.seen() > MOST_OF_A_VIEW;
            let source = if cut { among_first(&rows) } else { of_all(&rows) };
            return SampleReading { sample: rows, source };
        }
        let (blocks, estimate) = size(&connection, self.oid);
        if blocks <= MOST_BLOCKS {
            let sample = sample(&connection, &whole, u64::MAX);
            return SampleReading { source: of_all(&sample), sample };
        }
        // The seed is fixed, so that the same blocks are read every time.
        let percent = (MOST_BLOCKS / blocks * 100.0).max(1e-4);
        let sample = sample(&connection, &format!("{whole} TABLESAMPLE SYSTEM ({percent}) REPEATABLE (1)"), u64::MAX);
        let all = if estimate > 0.0 { estimate } else { sample.seen() as f64 / percent * 100.0 };
        let source = format!(
            "a sample of {} of about {} rows, from blocks chosen at random",
            grouped(sample.rows() as u64),
            grouped(two_digits(all))
        );
        SampleReading { sample, source }
    }
}

/// A cancel, a timeout or a shutdown has nothing to do with the relation.
fn is_interrupt(code: PgSqlErrorCode) -> bool {
    use PgSqlErrorCode as Code;
    matches!(
        code,
        Code::ERRCODE_QUERY_CANCELED
            | Code::ERRCODE_ADMIN_SHUTDOWN
            | Code::ERRCODE_CRASH_SHUTDOWN
            | Code::ERRCODE_LOCK_NOT_AVAILABLE
    )
}

fn of_all(sample: &Sample) -> String {
    let (kept, seen) = (sample.rows() as u64, sample.seen());
    match seen {
        1 => "the only row".into(),
        _ if kept == seen => format!("all {} rows", grouped(seen)),
        _ => format!("a sample of {} of {} rows", grouped(kept), grouped(seen)),
    }
}

fn among_first(sample: &Sample) -> String {
    let kept = grouped(sample.rows() as u64);
    format!("a sample of {kept} of the first {} rows, since a view cannot be sampled further", grouped(MOST_OF_A_VIEW))
}

/// 1234567 as 1,234,567.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// An estimate is shown with two digits.
fn two_digits(estimate: f64) -> u64 {
    let unit = 10f64.powf((estimate.max(1.0).log10().floor() - 1.0).max(0.0));
    ((estimate / unit).round() * unit) as u64
}

/// Blocks and estimated rows of a table with its partitions and children.
fn size(connection: &Connection, oid: pg_sys::Oid) -> (f64, f64) {
    let query = format!(
        "WITH RECURSIVE part (oid) AS (SELECT {}::pg_catalog.oid \
         UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i, part p WHERE i.inhparent OPERATOR(pg_catalog.=) p.oid) \
         SELECT pg_catalog.sum(pg_catalog.pg_relation_size(c.oid))::pg_catalog.float8 \
                OPERATOR(pg_catalog./) pg_catalog.current_setting('block_size')::pg_catalog.float8, \
                pg_catalog.sum(c.reltuples)::pg_catalog.float8 \
         FROM pg_catalog.pg_class c, part p WHERE c.oid OPERATOR(pg_catalog.=) p.oid",
        oid.to_u32()
    );
    let mut size = (0.0, 0.0);
    connection.each_row(&query, |row| {
        let number = |at: usize| row.datum(at).map_or(0.0, |datum| f64::from_bits(datum.value() as u64));
        size = (number(0), number(1));
        false
    });
    size
}

/// Keeps a sample of the first `most` rows of a query.
fn sample(connection: &Connection, query: &str, most: u64) -> Sample {
    let mut sample: Option<(Sample, Vec<DatumKind>)> = None;
    let begin = |descriptor: pg_sys::TupleDesc| {
        let (columns, kinds) = columns_of(descriptor);
        let rows = MOST_ROWS.min(MOST_CELLS / columns.len().max(1));
        (Sample::new(columns, rows), kinds)
    };
    let descriptor = connection.each_row(query, |row| {
        let (sample, kinds) = sample.get_or_insert_with(|| begin(row.descriptor));
        if let Some(place) = sample.place()
            && sample.seen() <= most
        {
            let value = |(at, kind): (usize, &DatumKind)| match row.datum(at) {
                None => Value::Missing,
                // SAFETY: the kinds were made from these columns' types; the values are copied before the row goes.
                Some(datum) => unsafe { kind.value(datum) },
            };
            let values: Vec<Value> = kinds.iter().enumerate().map(value).collect();
            sample.put(place, &values);
        }
        true
    });
    sample.unwrap_or_else(|| begin(descriptor)).0
}

/// Columns as the engine sees them, and how to read them.
pub fn columns_of(descriptor: pg_sys::TupleDesc) -> (Vec<SampleColumn>, Vec<DatumKind>) {
    // SAFETY: a valid descriptor of a query's result.
    let descriptor = unsafe { pgrx::PgTupleDesc::from_pg_unchecked(descriptor) };
    let column = |attribute: &pg_sys::FormData_pg_attribute| {
        let kind = DatumKind::of(attribute.atttypid);
        let column = SampleColumn {
            name: attribute.name().to_owned(),
            kind: column_kind(kind),
            type_name: type_name(attribute),
        };
        (column, kind)
    };
    descriptor.iter().map(column).unzip()
}

fn type_name(attribute: &pg_sys::FormData_pg_attribute) -> String {
    // SAFETY: the type of an existing column; a C string in the call's memory.
    unsafe { CStr::from_ptr(pg_sys::format_type_with_typemod(attribute.atttypid, attribute.atttypmod)) }
        .to_string_lossy()
        .into_owned()
}

fn column_kind(kind: DatumKind) -> ColumnKind {
    match kind {
        DatumKind::Bool => ColumnKind::Boolean,
        DatumKind::Int2
        | DatumKind::Int4
        | DatumKind::Int8
        | DatumKind::Float4
        | DatumKind::Float8
        | DatumKind::Numeric
        | DatumKind::Interval => ColumnKind::Number,
        DatumKind::Text | DatumKind::Padded | DatumKind::Name | DatumKind::Enum => ColumnKind::Text,
        DatumKind::Date | DatumKind::Timestamp => ColumnKind::Time,
        DatumKind::Other(_) => ColumnKind::Other,
    }
}
