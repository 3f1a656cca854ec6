//! health_drivers(model, account …) → SETOF rows, one for each signal and each rule that fired

use health_score_engine::Value;
use pgrx::{IntoDatum, pg_sys};

use crate::arguments::text_datum;
use crate::returning::{Rows, row_type};
use crate::site::{Purpose, Site};
use crate::sql_function;

const COLUMNS: usize = 14;

sql_function! {
    fn health_drivers(arguments) {
        let site = Site::of(arguments);
        let descriptor = row_type(arguments, site, COLUMNS);
        let mut rows = Rows::begin(arguments, descriptor);
        let mut buffer = String::new();
        site.assess(arguments, Purpose::Explain, |mut assessment, _| {
            for (rank, driver) in assessment.drivers().enumerate() {
                rows.push([
                    (rank as i32 + 1).into_datum(),
                    text_datum(driver.kind.as_str()),
                    driver.category.and_then(text_datum),
                    text_datum(driver.name),
                    text_datum(driver.label),
                    value_datum(&driver.value, &mut buffer),
                    driver.unit.and_then(text_datum),
                    driver.subscore.into_datum(),
                    driver.weight.into_datum(),
                    driver.contribution.into_datum(),
                    driver.lost.into_datum(),
                    text_datum(driver.status),
                    driver.reason.as_deref().and_then(text_datum),
                    value_datum(&driver.evidence, &mut buffer),
                ]);
            }
        });
        None
    }
}

fn value_datum(value: &Value, buffer: &mut String) -> Option<pg_sys::Datum> {
    if matches!(value, Value::Missing) {
        return None;
    }
    buffer.clear();
    value.write(buffer);
    text_datum(buffer)
}
