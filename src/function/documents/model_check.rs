//! health_model_check(definition) → SETOF rows: errors and warnings of a document;
//! health_model_require_valid(definition): its errors raised, for the trigger of health_model

use health_score_engine::{Issue, Model, Severity};
use pgrx::IntoDatum;

use crate::model::document::{parse, read};
use crate::pg::arguments::Arguments;
use crate::pg::error::invalid_document;
use crate::pg::memory::interruptible;
use crate::pg::returning::Returned;
use crate::sql_function;

const COLUMNS: usize = 3;

sql_function! {
    fn health_model_check(arguments) {
        Returned::of(arguments).each_row(arguments, COLUMNS, |rows| {
            for issue in issues(arguments) {
                rows.add(|row| {
                    row.text(Some(issue.severity.as_str()));
                    row.text(Some(&issue.path));
                    row.text(Some(&issue.message));
                });
            }
        })
    }
}

fn issues(arguments: &Arguments) -> Vec<Issue> {
    let Some(document) = arguments.payload(0) else { return Vec::new() };
    match read(document) {
        Ok(document) => Model::check(&document, &mut interruptible),
        Err(unreadable) => {
            vec![Issue { severity: Severity::Error, path: "$".into(), message: unreadable.reason() }]
        }
    }
}

sql_function! {
    /// Raises all errors of a document; for the trigger of health_model.
    fn health_model_require_valid(arguments) {
        let document = parse(arguments.payload(0)?, "model document");
        match Model::compile(&document, &mut interruptible) {
            Ok(_) => true.into_datum(),
            Err(issues) => invalid_document("model document", &issues).raise(),
        }
    }
}
