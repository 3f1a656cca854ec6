//! health_signal_counts(history, scored_at) → SETOF rows: what each signal held in the rows of one run
//!
//! One walk over the drivers that history keeps: taken apart as rows in SQL, they would cost more than the scoring.

use health_score_engine::Rollup;
use pgrx::pg_sys;

use crate::pg::arguments::Arguments;
use crate::pg::datum::varlena_bytes;
use crate::pg::error::refuse;
use crate::pg::json::jsonb::{NUMERIC, STRING, each_element, each_member, member_number};
use crate::pg::relation::Relation;
use crate::pg::returning::Returned;
use crate::sql_function;

const COLUMNS: usize = 4;

sql_function! {
    fn health_signal_counts(arguments) {
        count_rows(arguments, counts(arguments).unwrap_or_default())
    }
}

pub fn count_rows(arguments: &Arguments, mut signals: BySignal) -> Option<pg_sys::Datum> {
    signals.sort_by(|a, b| a.0.cmp(&b.0));
    Returned::of(arguments).each_row(arguments, COLUMNS, |rows| {
        for (name, counts) in &signals {
            rows.add(|row| {
                row.text(Some(name));
                row.int8(counts.missing);
                row.int8(counts.invalid);
                row.float8(counts.subscores.value());
            });
        }
    })
}

pub type BySignal = Vec<(String, Counts)>;

#[derive(Default)]
pub struct Counts {
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
            each_element(unsafe { varlena_bytes(drivers) }, |driver| add(&CountedDriver::read(driver), &mut all));
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

/// The counted part of a driver.
#[derive(Default)]
pub struct CountedDriver<'a> {
    pub kind: &'a [u8],
    pub name: &'a [u8],
    pub status: &'a [u8],
    pub subscore: Option<f64>,
}

impl<'a> CountedDriver<'a> {
    fn read(driver: &'a [u8]) -> CountedDriver<'a> {
        let mut read = CountedDriver::default();
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

pub fn add(driver: &CountedDriver, all: &mut BySignal) {
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
        refuse(refused);
    }
}
