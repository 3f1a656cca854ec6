//! health_model_describe(definition) → jsonb: a model in lists, for views

use crate::model::cache::by_document;
use crate::pg::json::text::jsonb_of;
use crate::sql_function;

sql_function! {
    fn health_model_describe(arguments) {
        Some(jsonb_of(&by_document(arguments.payload(0)?).model.describe()))
    }
}
