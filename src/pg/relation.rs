//! Reading a sample of a relation, with the rights of the current user and under the active snapshot.
//!
//! Large tables are read by blocks chosen at random, since their first rows are seldom like the others; of a view, which
//! cannot be sampled that way, the first rows are taken, and the result says so.

use std::ffi::{CStr, CString};
use std::panic::AssertUnwindSafe;

use health_score_engine::{ColumnKind, Sample, SampleColumn, Value};
use pgrx::pg_sys::panic::CaughtError;
use pgrx::{PgMemoryContexts, PgSqlErrorCode, PgTryBuilder, pg_sys};

use crate::model::document::interruptible;
use crate::pg::datum::Kind;
use crate::pg::error::{Report, code};

/// Rows and cells of a sample: enough that a percentile is right to a fraction of a percent, little enough to hold.
const MOST_ROWS: usize = 50_000;
const MOST_CELLS: usize = 2_000_000;
/// Tables up to so many blocks (32 MB) are read whole; of larger ones about so many are.
const MOST_BLOCKS: f64 = 4096.0;
/// So many rows of a view are looked at.
const MOST_OF_A_VIEW: u64 = 200_000;
const BATCH: i64 = 1000;

pub struct Relation {
    oid: pg_sys::Oid,
    /// Quoted, with its schema.
    pub name: String,
    is_table: bool,
}

/// Rows of a relation, and in words how they were chosen.
pub struct Reading {
    pub sample: Sample,
    pub source: String,
}

impl Relation {
    /// Raises 42P01 where there is none, 42809 where it has no rows to read.
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
                Report::new(code::WRONG_OBJECT_TYPE, format!("{name} has no rows to read"))
                    .hint("Name a table, view, materialized view or foreign table.")
                    .raise();
            }
            Relation { oid, name, is_table }
        }
    }

    /// A sample of all columns.
    pub fn read(&self) -> Reading {
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

    /// What goes wrong inside, as in a view's expression, is reported with the relation's name.
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

    fn read_sample(&self) -> Reading {
        let connection = Connection::open();
        let whole = format!("SELECT * FROM {}", self.name);
        if !self.is_table {
            let rows = connection.sample(&format!("{whole} LIMIT {}", MOST_OF_A_VIEW + 1), MOST_OF_A_VIEW);
            let cut = rows.seen() > MOST_OF_A_VIEW;
            let source = if cut { among_first(&rows) } else { of_all(&rows) };
            return Reading { sample: rows, source };
        }
        let (blocks, estimate) = connection.size(self.oid);
        if blocks <= MOST_BLOCKS {
            let sample = connection.sample(&whole, u64::MAX);
            return Reading { source: of_all(&sample), sample };
        }
        // A block of every so many, the same ones every time.
        let percent = (MOST_BLOCKS / blocks * 100.0).max(1e-4);
        let sample = connection.sample(&format!("{whole} TABLESAMPLE SYSTEM ({percent}) REPEATABLE (1)"), u64::MAX);
        let all = if estimate > 0.0 { estimate } else { sample.seen() as f64 / percent * 100.0 };
        let source = format!(
            "a sample of {} of about {} rows, from blocks chosen at random",
            grouped(sample.rows() as u64),
            grouped(two_digits(all))
        );
        Reading { sample, source }
    }
}

/// A cancel, a timeout or a shutdown is not the relation's doing.
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

/// An estimate is not known to the last row.
fn two_digits(estimate: f64) -> u64 {
    let unit = 10f64.powf((estimate.max(1.0).log10().floor() - 1.0).max(0.0));
    ((estimate / unit).round() * unit) as u64
}

/// SPI, connected as long as this lives.
struct Connection {
    pushed_snapshot: bool,
}

impl Connection {
    fn open() -> Connection {
        // SAFETY: popped when this is dropped; on an error Postgres cleans up both at abort.
        unsafe {
            let pushed_snapshot = !pg_sys::ActiveSnapshotSet();
            if pushed_snapshot {
                pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
            }
            pg_sys::SPI_connect();
            Connection { pushed_snapshot }
        }
    }

    /// Blocks and estimated rows of a table with its partitions and children.
    fn size(&self, oid: pg_sys::Oid) -> (f64, f64) {
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
        self.each_row(&query, |row| {
            let number = |at: usize| row.datum(at).map_or(0.0, |datum| f64::from_bits(datum.value() as u64));
            size = (number(0), number(1));
            false
        });
        size
    }

    /// Keeps a sample of a query's rows; `most` of them are looked at.
    fn sample(&self, query: &str, most: u64) -> Sample {
        let mut sample: Option<(Sample, Vec<Kind>)> = None;
        let begin = |descriptor: pg_sys::TupleDesc| {
            let (columns, kinds) = columns_of(descriptor);
            let rows = MOST_ROWS.min(MOST_CELLS / columns.len().max(1));
            (Sample::new(columns, rows), kinds)
        };
        let descriptor = self.each_row(query, |row| {
            let (sample, kinds) = sample.get_or_insert_with(|| begin(row.descriptor));
            if let Some(place) = sample.place()
                && sample.seen() <= most
            {
                let value = |(at, kind): (usize, &Kind)| match row.datum(at) {
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

    /// Hands out the rows of a query one by one, until `act` returns false. Gives their descriptor, good until the
    /// connection ends.
    fn each_row(&self, query: &str, mut act: impl FnMut(&FetchedRow) -> bool) -> pg_sys::TupleDesc {
        let query = CString::new(query).unwrap_or_default();
        // SAFETY: SPI is connected; the plan takes no arguments. What reading a row allocates is freed batch by batch: the
        // rows with their table, the rest with `memory`.
        unsafe {
            let plan = pg_sys::SPI_prepare(query.as_ptr(), 0, std::ptr::null_mut());
            let portal = pg_sys::SPI_cursor_open(std::ptr::null(), plan, std::ptr::null_mut(), std::ptr::null(), true);
            let descriptor = pg_sys::CreateTupleDescCopy((*portal).tupDesc);
            let columns = (*descriptor).natts as usize;
            let mut memory = PgMemoryContexts::new("health_score sample");
            let mut row =
                FetchedRow { descriptor, datums: vec![pg_sys::Datum::from(0); columns], nulls: vec![true; columns] };
            'batches: loop {
                interruptible();
                pg_sys::SPI_cursor_fetch(portal, true, BATCH);
                let (table, count) = (pg_sys::SPI_tuptable, pg_sys::SPI_processed as usize);
                let more = memory.switch_to(|_| {
                    (0..count).all(|at| {
                        let tuple = *(*table).vals.add(at);
                        pg_sys::heap_deform_tuple(
                            tuple,
                            (*table).tupdesc,
                            row.datums.as_mut_ptr(),
                            row.nulls.as_mut_ptr(),
                        );
                        act(&row)
                    })
                });
                pg_sys::SPI_freetuptable(table);
                memory.reset();
                if !more || count == 0 {
                    break 'batches;
                }
            }
            pg_sys::SPI_cursor_close(portal);
            descriptor
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // An error is on its way: Postgres ends SPI and snapshots with the transaction.
            return;
        }
        // SAFETY: connected and pushed by open().
        unsafe {
            pg_sys::SPI_finish();
            if self.pushed_snapshot {
                pg_sys::PopActiveSnapshot();
            }
        }
    }
}

/// The row in hand.
pub struct FetchedRow {
    pub descriptor: pg_sys::TupleDesc,
    datums: Vec<pg_sys::Datum>,
    nulls: Vec<bool>,
}

impl FetchedRow {
    pub fn datum(&self, at: usize) -> Option<pg_sys::Datum> {
        (!self.nulls[at]).then_some(self.datums[at])
    }
}

/// Columns as the engine sees them, and how to read them.
pub fn columns_of(descriptor: pg_sys::TupleDesc) -> (Vec<SampleColumn>, Vec<Kind>) {
    // SAFETY: a valid descriptor of a query's result.
    let descriptor = unsafe { pgrx::PgTupleDesc::from_pg_unchecked(descriptor) };
    let column = |attribute: &pg_sys::FormData_pg_attribute| {
        let kind = Kind::of(attribute.atttypid);
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

fn column_kind(kind: Kind) -> ColumnKind {
    match kind {
        Kind::Bool => ColumnKind::Boolean,
        Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Float4 | Kind::Float8 | Kind::Numeric | Kind::Interval => {
            ColumnKind::Number
        }
        Kind::Text | Kind::Padded | Kind::Name | Kind::Enum => ColumnKind::Text,
        Kind::Date | Kind::Timestamp => ColumnKind::Time,
        Kind::Other(_) => ColumnKind::Other,
    }
}
