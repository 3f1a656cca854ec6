//! health_drivers(model, account …) → SETOF rows, one for each signal and each rule that fired

use health_score_engine::Driver;

use crate::account::call_site::{CallSite, Purpose};
use crate::pg::returning::Returned;
use crate::pg::tuple::{TupleWriter, written, written_pair};
use crate::sql_function;

pub const COLUMNS: usize = 14;

sql_function! {
    fn health_drivers(arguments) {
        let (site, (returned, buffer)) = CallSite::with::<(Returned, String)>(arguments);
        returned.each_row(arguments, COLUMNS, |rows| {
            site.assess(arguments, Purpose::Explain, |mut assessment, _| {
                for (rank, driver) in assessment.drivers().enumerate() {
                    rows.add(|row| write(row, rank as i32 + 1, &driver, buffer));
                }
            });
        })
    }
}

#[inline(always)]
pub fn write(row: &mut TupleWriter, rank: i32, driver: &Driver, buffer: &mut String) {
    row.int4(rank);
    row.text(Some(driver.kind.as_str()));
    row.text(driver.category);
    row.text(Some(driver.name));
    row.text(Some(driver.label));
    row.text(written_pair(&driver.value, driver.second.as_ref(), buffer));
    row.text(driver.unit);
    row.float8(driver.subscore);
    row.float8(driver.weight);
    row.float8(driver.contribution);
    row.float8(driver.lost);
    row.text(Some(driver.status));
    row.text(driver.reason.as_deref());
    row.text(written(&driver.evidence, buffer));
}
