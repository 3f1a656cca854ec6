//! health_drivers(model, account …) → SETOF rows, one for each signal and each rule that fired

use health_score_engine::Driver;

use crate::arguments::Arguments;
use crate::returning::{Mode, next_row, row_type};
use crate::site::{Purpose, Site};
use crate::sql_function;
use crate::tuple::{TupleWriter, written};

const COLUMNS: usize = 14;

sql_function! {
    fn health_drivers(arguments) {
        let site = Site::of(arguments);
        let descriptor = row_type(arguments, site, COLUMNS);
        match Mode::of(arguments) {
            Mode::Store(store) => {
                // SAFETY: write() writes the OUT columns of health_drivers in sql/score/drivers.sql; row_type() counted them.
                each_driver(arguments, site, |row| unsafe { row.put(store) });
                None
            }
            Mode::PerCall => {
                let first = site.pending.is_empty();
                if first {
                    // SAFETY: the descriptor lives as long as the site, and is blessed.
                    let typmod = unsafe { (*descriptor).tdtypmod };
                    let mut pending = std::mem::take(&mut site.pending);
                    each_driver(arguments, site, |row| pending.push(row, typmod));
                    site.pending = pending;
                }
                next_row(arguments, site, first)
            }
        }
    }
}

/// Writes each driver of the account as a row, and gives it away.
fn each_driver(arguments: &Arguments, site: &mut Site, mut give: impl FnMut(&mut TupleWriter)) {
    let mut row = std::mem::take(&mut site.row).unwrap_or_else(|| TupleWriter::new(COLUMNS));
    let mut buffer = std::mem::take(&mut site.buffer);
    site.assess(arguments, Purpose::Explain, |mut assessment, _| {
        for (rank, driver) in assessment.drivers().enumerate() {
            write(&mut row, rank as i32 + 1, &driver, &mut buffer);
            give(&mut row);
        }
    });
    site.row = Some(row);
    site.buffer = buffer;
}

#[inline(always)]
fn write(row: &mut TupleWriter, rank: i32, driver: &Driver, buffer: &mut String) {
    row.begin();
    row.int4(rank);
    row.text(Some(driver.kind.as_str()));
    row.text(driver.category);
    row.text(Some(driver.name));
    row.text(Some(driver.label));
    row.text(written(&driver.value, buffer));
    row.text(driver.unit);
    row.float8(driver.subscore);
    row.float8(driver.weight);
    row.float8(driver.contribution);
    row.float8(driver.lost);
    row.text(Some(driver.status));
    row.text(driver.reason.as_deref());
    row.text(written(&driver.evidence, buffer));
}
