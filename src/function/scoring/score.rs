//! health_score(model, account [, as_of [, segment]]) → float8

use pgrx::IntoDatum;

use crate::account::call_site::{CallSite, Purpose};
use crate::sql_function;

sql_function! {
    fn health_score(arguments) {
        let score = CallSite::of(arguments).assess(arguments, Purpose::Score, |assessment, _| assessment.score)?;
        score.and_then(IntoDatum::into_datum)
    }
}
