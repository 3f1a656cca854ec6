//! health_model_get(name) → jsonb: the document of a stored model

use crate::model::argument::stored_definition;
use crate::pg::json::text::jsonb_datum;
use crate::sql_function;

sql_function! {
    fn health_model_get(arguments) {
        let name = arguments.text(0)?;
        Some(jsonb_datum(&stored_definition(arguments, name)))
    }
}
