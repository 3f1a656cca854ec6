//! health_display(model, score) → text: a score in the words of the model

use health_score_engine::Value;

use crate::account::call_site::CallSite;
use crate::pg::arguments::{Arguments, text_datum};
use crate::pg::error::{Report, code};
use crate::sql_function;

sql_function! {
    fn health_display(arguments) {
        let score = score_argument(arguments)?;
        CallSite::of(arguments).with_model(arguments, |compiled| text_datum(&compiled.model.display(score)))?
    }
}

/// Argument 1: a score between 0 and 100.
pub fn score_argument(arguments: &Arguments) -> Option<f64> {
    let score: f64 = arguments.get(1)?;
    if !(0.0..=100.0).contains(&score) {
        let mut shown = String::new();
        Value::Number(score).write(&mut shown);
        Report::new(code::INVALID_PARAMETER, format!("a score is between 0 and 100, not {shown}"))
            .hint("Pass a score that health_score() returned.")
            .raise();
    }
    Some(score)
}
