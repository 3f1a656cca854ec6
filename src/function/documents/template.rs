//! health_template(name) → jsonb and health_template_names() → text[]: the shipped templates

use health_score_engine::templates;
use pgrx::IntoDatum;

use crate::model::template::template_of;
use crate::pg::json::text::parse_jsonb;
use crate::sql_function;

sql_function! {
    fn health_template(arguments) {
        Some(parse_jsonb(template_of(arguments.text(0)?).document.into()))
    }
}

sql_function! {
    fn health_template_names(arguments) {
        let _ = arguments;
        templates().iter().map(|template| template.name).collect::<Vec<_>>().into_datum()
    }
}
