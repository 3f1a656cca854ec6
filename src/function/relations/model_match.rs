//! health_model_match(model, relation …) → SETOF rows: whether the columns of a relation fit the model, and its scales
//! the data

use health_score_engine::{Finding, match_model};
use pgrx::pg_sys;

use crate::account::call_site::CallSite;
use crate::pg::arguments::Arguments;
use crate::pg::as_of::as_of_or_now;
use crate::pg::memory::interruptible;
use crate::pg::relation::Relation;
use crate::pg::returning::Returned;
use crate::pg::tuple::TupleWriter;
use crate::sql_function;

const COLUMNS: usize = 12;

sql_function! {
    fn health_model_match(arguments) {
        let (site, returned) = CallSite::with::<Returned>(arguments);
        returned.each_row(arguments, COLUMNS, |rows| {
            for finding in findings(arguments, site) {
                rows.add(|row| write(row, &finding));
            }
        })
    }
}

fn findings(arguments: &Arguments, site: &mut CallSite) -> Vec<Finding> {
    let Some(oid) = arguments.get::<pg_sys::Oid>(1) else { return Vec::new() };
    let as_of = as_of_or_now(arguments, 2);
    let found = site.with_model(arguments, |compiled| {
        let reading = Relation::open(oid).read();
        match_model(&compiled.model, &reading.sample, &reading.source, as_of, &mut interruptible)
    });
    found.unwrap_or_default()
}

fn write(row: &mut TupleWriter, finding: &Finding) {
    row.text(finding.signal.as_deref());
    row.text(finding.input.as_deref());
    row.text(finding.column_type.as_deref());
    row.text(Some(finding.status.as_str()));
    row.text(finding.message.as_deref());
    row.float8(finding.missing_share);
    row.float8(finding.invalid_share);
    row.float8(finding.at_worst_share);
    row.float8(finding.at_best_share);
    row.float8(finding.min);
    row.float8(finding.median);
    row.float8(finding.max);
}
