//! health_source_assess(model, account, as_of, segment, given) → one row: what a run writes about an account of a
//! source

use pgrx::IntoDatum;

use crate::account::call_site::CallSite;
use crate::function::runs::run_tally::tally;
use crate::function::scoring::assess::{COLUMNS, assess_columns};
use crate::pg::json::write::JsonbWriter;
use crate::pg::returning::{Returned, row};
use crate::sql_function;

sql_function! {
    /// Argument 1 is a row of the source's relation; the values that people have entered for the account (argument 4)
    /// replace its values.
    fn health_source_assess(arguments) {
        let (site, (returned, json)) = CallSite::with::<(Returned, JsonbWriter)>(arguments);
        let row_type = returned.row_type(arguments, COLUMNS + 1);
        site.assess_with(arguments, arguments.payload(4), |mut assessment, identity| {
            let mut all = [None; COLUMNS + 1];
            all[..COLUMNS].copy_from_slice(&assess_columns(&mut assessment, &identity, json));
            all[COLUMNS] = assessment.calculated().into_datum();
            tally(&mut assessment);
            row(row_type, all)
        })
    }
}
