//! health_conflicts(model, account …) → SETOF rows: categories of one account that disagree strongly

use crate::account::call_site::{CallSite, Purpose};
use crate::pg::returning::Returned;
use crate::sql_function;

const COLUMNS: usize = 8;

sql_function! {
    fn health_conflicts(arguments) {
        let (site, returned) = CallSite::with::<Returned>(arguments);
        returned.each_row(arguments, COLUMNS, |rows| {
            site.assess(arguments, Purpose::Explain, |mut assessment, _| {
                for conflict in assessment.conflicts() {
                    rows.add(|row| {
                        row.text(Some(conflict.high.category));
                        row.float8(Some(conflict.high.subscore));
                        row.text(Some(conflict.high.signal));
                        row.text(Some(conflict.low.category));
                        row.float8(Some(conflict.low.subscore));
                        row.text(Some(conflict.low.signal));
                        row.float8(Some(conflict.gap));
                        row.text(Some(&conflict.message));
                    });
                }
            });
        })
    }
}
