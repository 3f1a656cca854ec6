//! health_drivers(model, account …) → SETOF rows, one for each signal and each rule that fired

use health_score_engine::Value;

use crate::returning::{begin_rows, row_type};
use crate::site::{Purpose, Site};
use crate::sql_function;
use crate::tuple::TupleWriter;

const COLUMNS: usize = 14;

sql_function! {
    fn health_drivers(arguments) {
        let site = Site::of(arguments);
        row_type(arguments, site, COLUMNS);
        let store = begin_rows(arguments);
        let mut row = std::mem::take(&mut site.row).unwrap_or_else(|| TupleWriter::new(COLUMNS));
        let mut buffer = std::mem::take(&mut site.buffer);
        site.assess(arguments, Purpose::Explain, |mut assessment, _| {
            for (rank, driver) in assessment.drivers().enumerate() {
                row.begin();
                row.int4(rank as i32 + 1);
                row.text(Some(driver.kind.as_str()));
                row.text(driver.category);
                row.text(Some(driver.name));
                row.text(Some(driver.label));
                row.text(written(&driver.value, &mut buffer));
                row.text(driver.unit);
                row.float8(driver.subscore);
                row.float8(driver.weight);
                row.float8(driver.contribution);
                row.float8(driver.lost);
                row.text(Some(driver.status));
                row.text(driver.reason.as_deref());
                row.text(written(&driver.evidence, &mut buffer));
                // SAFETY: these are the OUT columns of health_drivers in sql/drivers.sql; row_type() counted them.
                unsafe { row.put(store) };
            }
        });
        site.row = Some(row);
        site.buffer = buffer;
        None
    }
}

/// The value as text, in `buffer` unless it is a text already.
fn written<'a>(value: &Value<'a>, buffer: &'a mut String) -> Option<&'a str> {
    match value {
        Value::Missing => None,
        Value::Text(text) => Some(text),
        other => {
            buffer.clear();
            other.write(buffer);
            Some(buffer)
        }
    }
}
