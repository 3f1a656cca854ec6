//! What follows from what a history has kept of an account: health_kept_drivers(…), health_kept_assess(…),
//! health_kept_change(…), health_kept_explain(…), health_model_trend(model)
//!
//! The arguments are the columns of a row: model, inputs, scored_at, segment, score, coverage. A row that the model cannot
//! read gives no rows, NULL, or a sentence, never an error: it must not take away the rows beside it.

use health_score_engine::{Driver, ScoreError};
use pgrx::IntoDatum;

use crate::account::call_site::CallSite;
use crate::function::scoring::assess::{self, assess_columns, drivers_jsonb};
use crate::function::scoring::{change, drivers};
use crate::pg::arguments::text_datum;
use crate::pg::error::quoted;
use crate::pg::json::write::JsonbWriter;
use crate::pg::returning::{Returned, row};
use crate::sql_function;

sql_function! {
    fn health_kept_drivers(arguments) {
        let (site, (returned, buffer)) = CallSite::with::<(Returned, String)>(arguments);
        returned.each_row(arguments, drivers::COLUMNS, |rows| {
            site.assess_kept(arguments, |assessed| {
                let Ok((mut assessment, _)) = assessed else { return };
                for (rank, driver) in assessment.drivers().enumerate() {
                    rows.add(|row| drivers::write(row, rank as i32 + 1, &driver, buffer));
                }
            });
        })
    }
}

sql_function! {
    /// The drivers as one jsonb, as histories stored them up to 0.9.0.
    fn health_kept_drivers_jsonb(arguments) {
        let (site, json) = CallSite::with::<JsonbWriter>(arguments);
        site.assess_kept(arguments, |assessed| Some(drivers_jsonb(&mut assessed.ok()?.0, json)))?
    }
}

sql_function! {
    /// The label of the driver that costs the most.
    fn health_kept_top_driver(arguments) {
        let label = |driver: Driver| text_datum(driver.label).filter(|_| driver.lost.is_some_and(|lost| lost > 0.0));
        CallSite::of(arguments).assess_kept(arguments, |assessed| assessed.ok()?.0.drivers().next().and_then(label))?
    }
}

sql_function! {
    fn health_kept_assess(arguments) {
        let (site, (returned, json)) = CallSite::with::<(Returned, JsonbWriter)>(arguments);
        let row_type = returned.row_type(arguments, assess::COLUMNS);
        site.assess_kept(arguments, |assessed| {
            let (mut assessment, identity) = assessed.ok()?;
            Some(row(row_type, assess_columns(&mut assessment, &identity, json)))
        })?
    }
}

sql_function! {
    /// model, inputs before and after, their times
    fn health_kept_change(arguments) {
        let (site, returned) = CallSite::with::<Returned>(arguments);
        returned.each_row(arguments, change::COLUMNS, |rows| {
            site.compare_kept(arguments, |comparison| {
                for (rank, part) in comparison.iter().flat_map(|comparison| &comparison.rows).enumerate() {
                    rows.add(|row| change::write(row, rank as i32 + 1, part));
                }
            });
        })
    }
}

sql_function! {
    /// The score of a row in words.
    fn health_kept_explain(arguments) {
        CallSite::of(arguments).assess_kept(arguments, |assessed| {
            text_datum(&match assessed {
                Ok((mut assessment, _)) => assessment.explain(),
                Err(error) => format!("Not explained: {}", told(&error)),
            })
        })?
    }
}

sql_function! {
    /// The change of a score in words: model, inputs before and after, their times. Where one of them cannot be read, the
    /// sentence that says so.
    fn health_kept_explain_change(arguments) {
        CallSite::of(arguments).compare_kept(arguments, |comparison| {
            text_datum(&match comparison {
                Ok(mut comparison) => comparison.explain(),
                Err(error) => format!("Not compared with the score before: {}", told(&error)),
            })
        })?
    }
}

fn told(error: &ScoreError) -> String {
    match error {
        ScoreError::Invalid(invalid) => format!("invalid value for {}: {}.", invalid.place, invalid.sentence),
        ScoreError::UnknownSegment(unknown) => format!("the model has no segment {}.", quoted(&unknown.name)),
        ScoreError::AsOfRequired => "the model reads time.".to_owned(),
    }
}

sql_function! {
    /// The window of a model's trends in microseconds, and their tolerance.
    fn health_model_trend(arguments) {
        let (site, returned) = CallSite::with::<Returned>(arguments);
        let row_type = returned.row_type(arguments, 2);
        let (window, tolerance) = site.with_model(arguments, |compiled| compiled.model.trend())?;
        Some(row(row_type, [window.into_datum(), tolerance.into_datum()]))
    }
}
