//! health_band(model, account …) and health_band(model, score [, segment]) → text; health_display(model, score) → text

use health_score_engine::{ScoreError, SegmentChoice, Value};

use crate::account::call_site::{Purpose, Site};
use crate::pg::arguments::{Arguments, text_datum, text_of};
use crate::pg::error::{Report, code, score_error};
use crate::sql_function;

sql_function! {
    fn health_band(arguments) {
        let band = |assessment: health_score_engine::Assessment, _: crate::account::call_site::Identity| {
            assessment.band().and_then(|(_, band)| text_datum(&band.name))
        };
        Site::of(arguments).assess(arguments, Purpose::Score, band)?
    }
}

sql_function! {
    fn health_band_of_score(arguments) {
        let score = score(arguments)?;
        let segment = arguments.datum(2).map(text_of);
        Site::of(arguments).with_model(arguments, |compiled| {
            match compiled.model.band(score, SegmentChoice::from_argument(segment)) {
                Ok(band) => band.and_then(|band| text_datum(&band.name)),
                Err(unknown) => score_error(ScoreError::UnknownSegment(unknown)).raise(),
            }
        })?
    }
}

sql_function! {
    fn health_display(arguments) {
        let score = score(arguments)?;
        Site::of(arguments).with_model(arguments, |compiled| text_datum(&compiled.model.display(score)))?
    }
}

/// Argument 1: a score between 0 and 100.
fn score(arguments: &Arguments) -> Option<f64> {
    let score: f64 = arguments.get(1)?;
    if !(0.0..=100.0).contains(&score) {
        let mut shown = String::new();
        Value::Number(score).write(&mut shown);
        Report::new(code::INVALID_PARAMETER, format!("a score is between 0 and 100, not {shown}"))
            .hint("Pass what health_score() returned.")
            .raise();
    }
    Some(score)
}
