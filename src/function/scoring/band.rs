//! health_band(model, account …) and health_band(model, score [, segment]) → text

use health_score_engine::{Assessment, ScoreError, SegmentChoice};

use crate::account::call_site::{CallSite, Identity, Purpose};
use crate::function::scoring::display::score_argument;
use crate::pg::arguments::text_datum;
use crate::pg::error::score_error;
use crate::sql_function;

sql_function! {
    fn health_band(arguments) {
        let band = |assessment: Assessment, _: Identity| assessment.band().and_then(|(_, band)| text_datum(&band.name));
        CallSite::of(arguments).assess(arguments, Purpose::Score, band)?
    }
}

sql_function! {
    fn health_band_of_score(arguments) {
        let score = score_argument(arguments)?;
        let segment = arguments.text(2);
        CallSite::of(arguments).with_model(arguments, |compiled| {
            match compiled.model.band(score, SegmentChoice::from_argument(segment)) {
                Ok(band) => band.and_then(|band| text_datum(&band.name)),
                Err(unknown) => score_error(ScoreError::UnknownSegment(unknown)).raise(),
            }
        })?
    }
}
