//! health_source_score(model, account, as_of, segment, given) → one row: what a run writes about an account of a source;
//! health_source_assess(…) → the same with drivers, as up to 0.9.0

use pgrx::IntoDatum;

use crate::account::call_site::{CallSite, Purpose};
use crate::function::runs::run_tally::tally;
use crate::function::scoring::assess::{COLUMNS, assess_columns};
use crate::pg::arguments::text_datum;
use crate::pg::json::write::JsonbWriter;
use crate::pg::returning::{Returned, row};
use crate::sql_function;

sql_function! {
    /// Argument 1 is a row of the source's relation; the values that people have entered for the account (argument 4)
    /// replace its values.
    fn health_source_assess(arguments) {
        let (site, (returned, json)) = CallSite::with::<(Returned, JsonbWriter)>(arguments);
        let row_type = returned.row_type(arguments, COLUMNS + 1);
        site.assess_with(arguments, Purpose::Explain, arguments.payload(4), |mut assessment, identity| {
            let mut all = [None; COLUMNS + 1];
            all[..COLUMNS].copy_from_slice(&assess_columns(&mut assessment, &identity, json));
            all[COLUMNS] = assessment.calculated().into_datum();
            tally(&mut assessment);
            row(row_type, all)
        })
    }
}

const SCORE_COLUMNS: usize = 12;

sql_function! {
    /// Argument 1 is a row of the source's relation; the values that people have entered for the account (argument 4)
    /// replace its values.
    fn health_source_score(arguments) {
        let (site, returned) = CallSite::with::<Returned>(arguments);
        let row_type = returned.row_type(arguments, SCORE_COLUMNS);
        site.assess_with(arguments, Purpose::Score, arguments.payload(4), |mut assessment, identity| {
            let (score, band) = (assessment.score, assessment.band());
            let (low, high) = assessment.interval();
            let rules: Vec<String> = assessment.fired_rules().map(str::to_owned).collect();
            let all = [
                score.into_datum(),
                band.and_then(|(_, band)| text_datum(&band.name)),
                band.and_then(|(rank, _)| (rank as i32).into_datum()),
                assessment.coverage.into_datum(),
                low.into_datum(),
                high.into_datum(),
                text_datum(assessment.status()),
                assessment.segment.and_then(text_datum),
                identity.name.and_then(text_datum),
                identity.version.into_datum(),
                if rules.is_empty() { None } else { rules.into_datum() },
                assessment.calculated().into_datum(),
            ];
            tally(&mut assessment);
            row(row_type, all)
        })
    }
}
