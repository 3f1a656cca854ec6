//! health_run_tally(accounts) → SETOF rows: as health_signal_counts(), counted while health_source_score() scored the
//! accounts; health_run_tally_begin() starts the count
//!
//! The rows of a run are 2 kB wide. Where one statement scored and wrote all of them, they need not be read a second
//! time.

use std::cell::RefCell;

use health_score_engine::Assessment;

use crate::function::runs::signal_counts::{BySignal, CountedDriver, add, count_rows};
use crate::sql_function;

thread_local! {
    /// The count of what this session has scored since health_run_tally_begin().
    static TALLY: RefCell<Option<Tally>> = const { RefCell::new(None) };
}

#[derive(Default)]
struct Tally {
    accounts: i64,
    signals: BySignal,
}

sql_function! {
    fn health_run_tally_begin(arguments) {
        let _ = arguments;
        TALLY.set(Some(Tally::default()));
        None
    }
}

sql_function! {
    /// No rows, if the number of scored accounts is not that of the written ones: then the written rows must be
    /// counted.
    fn health_run_tally(arguments) {
        let written = arguments.get::<i64>(0);
        let tally = TALLY.take().filter(|tally| Some(tally.accounts) == written);
        count_rows(arguments, tally.map(|tally| tally.signals).unwrap_or_default())
    }
}

/// Called for every account that a source's query scores.
pub fn tally(assessment: &mut Assessment) {
    TALLY.with_borrow_mut(|tally| {
        let Some(tally) = tally else { return };
        tally.accounts += 1;
        for driver in assessment.drivers() {
            let (kind, name, status) =
                (driver.kind.as_str().as_bytes(), driver.name.as_bytes(), driver.status.as_bytes());
            add(&CountedDriver { kind, name, status, subscore: driver.subscore }, &mut tally.signals);
        }
    });
}
