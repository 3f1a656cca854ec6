//! health_model_fit(model, relation, outcome …) → jsonb: a new draft, learnt from the outcomes of the accounts

use health_score_engine::{FitError, FitRequest, Quoted, fit};
use pgrx::pg_sys;

use crate::function::relations::outcome;
use crate::model::argument::model_and_document;
use crate::pg::arguments::Arguments;
use crate::pg::as_of::as_of_or_now;
use crate::pg::error::{Report, code, invalid_document, quoted, score_error};
use crate::pg::json::text::jsonb_of;
use crate::pg::memory::interruptible;
use crate::pg::relation::Relation;
use crate::sql_function;

sql_function! {
    fn health_model_fit(arguments) {
        let (compiled, document) = model_and_document(arguments, 0)?;
        let relation = Relation::open(arguments.get::<pg_sys::Oid>(1)?);
        let outcome = arguments.text(2)?;
        let columns = columns(arguments);
        let event_is_good = arguments.get(5).unwrap_or(false);
        let all = columns.iter().any(|column| column == "*");
        let model = &compiled.model;
        let reads = |name: &str| {
            all || columns.iter().any(|column| column == name) || model.inputs().iter().any(|input| input.name == name)
        };
        let rows = outcome::read(&relation, outcome, event_is_good, &reads);
        let request = FitRequest {
            model,
            document: &document,
            relation: &relation.name,
            outcome,
            columns: &columns,
            as_of: as_of_or_now(arguments, 4),
        };
        let fitted = fit(&request, &rows, &mut interruptible)
            .unwrap_or_else(|error| report(error, &relation.name, outcome).raise());
        Some(jsonb_of(&fitted))
    }
}

/// Argument 3; NULL elements are passed over.
fn columns(arguments: &Arguments) -> Vec<String> {
    arguments.get::<Vec<Option<String>>>(3).unwrap_or_default().into_iter().flatten().collect()
}

fn report(error: FitError, relation: &str, outcome: &str) -> Report {
    match error {
        FitError::Points => {
            Report::new(code::FEATURE_NOT_SUPPORTED, "a model with method \"points\" has no weights to fit")
                .hint("Fit a weighted model: health_model_draft(relation) makes one.")
        }
        FitError::UnknownColumn { name, nearest } => {
            let hint = match nearest {
                Some(name) => format!("Did you mean {}?", Quoted(&name)),
                None => "Name a column of the relation.".into(),
            };
            Report::new(code::UNDEFINED_COLUMN, format!("{relation} has no column {}", quoted(&name))).hint(hint)
        }
        FitError::Unsuitable { column, found } => Report::new(
            code::DATATYPE_MISMATCH,
            format!("column {} is of type {found}, which no signal can read", quoted(&column)),
        )
        .hint("Cast the column in a view, or leave it out."),
        FitError::TooFew { with, without } => {
            Report::new(code::INVALID_PARAMETER, format!("{relation} has too few outcomes to fit a model to"))
                .detail(format!(
                    "Of its accounts {with} have {} and {without} have not; at least 30 of each are needed.",
                    quoted(outcome)
                ))
                .hint("Use a longer horizon or more accounts; until then set weights by hand.")
        }
        FitError::Chance { auc } => {
            let found = match auc {
                None => "No signal is better than chance on held-out accounts.".to_owned(),
                Some((auc, low, high)) => {
                    format!(
                        "The AUC on held-out accounts is {auc:.3}, with a 95 % interval from {low:.3} to {high:.3}."
                    )
                }
            };
            Report::new(
                code::INVALID_PARAMETER,
                format!("nothing in {relation} predicts {} better than chance", quoted(outcome)),
            )
            .detail(found)
            .hint("Offer more columns: columns => '{*}'; or compare the signals with health_signal_power().")
        }
        FitError::Score(error) => score_error(error),
        FitError::Invalid(issues) => invalid_document("fit", &issues),
    }
}
