//! health_signal_counts(history, scored_at) → SETOF rows: what each signal held in the rows of one run
//! health_run_tally(accounts) → SETOF rows: the same, counted while health_source_assess() scored them
//!
//! One walk over the drivers that history keeps: taken apart as rows in SQL, they would cost more than the scoring. Where one
//! statement scored and wrote all rows of a run, not even that: they are 2 kB wide, and would be read a second time.

use std::cell::RefCell;

use health_score_engine::{Assessment, Rollup};
use pgrx::pg_sys;

use crate::aggregate::raise;
use crate::pg::arguments::Arguments;
use crate::pg::datum::varlena_bytes;
use crate::pg::json::jsonb::{NUMERIC, STRING, each_element, each_member, member_number};
use crate::pg::relation::Relation;
use crate::pg::returning::each_row;
use crate::sql_function;

const COLUMNS: usize = 4;

thread_local! {
    /// Of what this session has scored since health_run_tally_begin().
    static TALLY: RefCell<Option<Tally>> = const { RefCell::new(None) };
}

#[derive(Default)]
struct Tally {
    accounts: i64,
    signals: BySignal,
}

sql_function! {
    fn health_signal_counts(arguments) {
        rows(arguments, counts(arguments).unwrap_or_default())
    }
}

sql_function! {
    fn health_run_tally_begin(arguments) {
        let _ = arguments;
        TALLY.set(Some(Tally::default()));
        None
    }
}

sql_function! {
    /// Nothing, where other accounts were scored than were written: then the rows themselves have to be counted.
    fn health_run_tally(arguments) {
        let written = arguments.get::<i64>(0);
        let tally = TALLY.take().filter(|tally| Some(tally.accounts) == written);
        rows(arguments, tally.map(|tally| tally.signals).unwrap_or_default())
    }
}

/// Called for every account that a source's query scores.
pub(crate) fn tally(assessment: &mut Assessment) {
    TALLY.with_borrow_mut(|tally| {
        let Some(tally) = tally else { return };
        tally.accounts += 1;
        for driver in assessment.drivers() {
            let (kind, name, status) =
                (driver.kind.as_str().as_bytes(), driver.name.as_bytes(), driver.status.as_bytes());
            add(&Driver { kind, name, status, subscore: driver.subscore }, &mut tally.signals);
        }
    });
}

fn rows(arguments: &Arguments, mut signals: BySignal) -> Option<pg_sys::Datum> {
    signals.sort_by(|a, b| a.0.cmp(&b.0));
    each_row(arguments, COLUMNS, |_, give| {
        for (name, counts) in &signals {
            give(&|row| {
                row.text(Some(name));
                row.int8(counts.missing);
                row.int8(counts.invalid);
                row.float8(counts.subscores.value());
            });
        }
    })
}

type BySignal = Vec<(String, Counts)>;

#[derive(Default)]
struct Counts {
    missing: i64,
    invalid: i64,
    subscores: Rollup,
}

/// None where an argument is NULL.
fn counts(arguments: &Arguments) -> Option<BySignal> {
    let history = Relation::open(arguments.get::<pg_sys::Oid>(0)?);
    let scored_at = arguments.datum(1)?.value() as i64;
    let mut all = BySignal::new();
    let condition = format!("scored_at OPERATOR(pg_catalog.=) {}", timestamp_literal(scored_at));
    history.each_row_where("drivers", &condition, |row| {
        if let Some(drivers) = row.datum(0) {
            // SAFETY: the column is jsonb: relations that are a history have it.
            each_element(unsafe { varlena_bytes(drivers) }, |driver| add(&Driver::read(driver), &mut all));
        }
    });
    Some(all)
}

/// A timestamptz in SQL that means the same under any DateStyle, IntervalStyle and TimeZone.
fn timestamp_literal(micros: i64) -> String {
    const SECOND: i64 = 1_000_000;
    const DAY: i64 = 86_400 * SECOND;
    let (days, rest) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
    format!(
        "(('2000-01-01'::pg_catalog.timestamp OPERATOR(pg_catalog.+) \
         '{days} days +{} seconds +{} microseconds'::pg_catalog.interval) AT TIME ZONE 'UTC')",
        rest / SECOND,
        rest % SECOND
    )
}

/// What counts of a driver.
#[derive(Default)]
struct Driver<'a> {
    kind: &'a [u8],
    name: &'a [u8],
    status: &'a [u8],
    subscore: Option<f64>,
}

impl<'a> Driver<'a> {
    fn read(driver: &'a [u8]) -> Driver<'a> {
        let mut read = Driver::default();
        each_member(driver, |key, kind, payload| match (key, kind) {
            (b"kind", STRING) => read.kind = payload,
            (b"driver", STRING) => read.name = payload,
            (b"status", STRING) => read.status = payload,
            (b"subscore", NUMERIC) => read.subscore = member_number(payload),
            _ => {}
        });
        read
    }
}

fn add(driver: &Driver, all: &mut BySignal) {
    if driver.kind != b"signal" {
        return;
    }
    let at = all.iter().position(|(name, _)| name.as_bytes() == driver.name).unwrap_or_else(|| {
        all.push((String::from_utf8_lossy(driver.name).into_owned(), Counts::default()));
        all.len() - 1
    });
    let counts = &mut all[at].1;
    match driver.status {
        b"ok" => {}
        b"invalid" => counts.invalid += 1,
        _ => counts.missing += 1,
    }
    if let Some(subscore) = driver.subscore
        && let Err(refused) = counts.subscores.add(subscore, 1.0)
    {
        raise(refused);
    }
}
