//! health_model_sql(model, relation …) → text: the model as a query in plain standard SQL

use health_score_engine::{SampleColumn, SqlError, SqlRequest, model_sql};
use pgrx::pg_sys;

use crate::function::relations::outcome::no_column;
use crate::model::argument::model_and_document;
use crate::pg::arguments::text_datum;
use crate::pg::as_of::given_as_of;
use crate::pg::error::{Report, code, quoted};
use crate::pg::relation::Relation;
use crate::sql_function;

sql_function! {
    fn health_model_sql(arguments) {
        let (compiled, _) = model_and_document(arguments, 0)?;
        let relation = Relation::open(arguments.get::<pg_sys::Oid>(1)?);
        let columns = relation.columns();
        let request = SqlRequest {
            model: &compiled.model,
            relation: &relation.name,
            columns: &columns,
            as_of: given_as_of(arguments, 2),
        };
        match model_sql(&request) {
            Ok(query) => text_datum(&query),
            Err(error) => report(error, &relation, &columns).raise(),
        }
    }
}

fn report(error: SqlError, relation: &Relation, columns: &[SampleColumn]) -> Report {
    match error {
        SqlError::Events { signal } => Report::new(
            code::FEATURE_NOT_SUPPORTED,
            format!("signal {} is computed from events, not from a row", quoted(&signal)),
        )
        .hint("Write the events of each account into a row first, and leave combine, window and lag out of the model."),
        SqlError::MissingColumn { name } => no_column(relation, &name, columns),
        SqlError::Unsupported { column, found, wanted } => Report::new(
            code::FEATURE_NOT_SUPPORTED,
            format!(
                "column {} is of type {found}, which plain SQL reads differently from this extension",
                quoted(&column)
            ),
        )
        .hint(format!("Make the column {wanted}.")),
        SqlError::TooLong => Report::new(code::PROGRAM_LIMIT, "the model is too large to be written as a query")
            .detail("A query has at most 300 signals and at most one megabyte.")
            .hint("Leave out segments or signals that are not used."),
    }
}
