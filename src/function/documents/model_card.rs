//! health_model_card(model …) → text: a model in words, and health_model_describe(definition) → jsonb: in lists for views

use health_score_engine::Heading;

use crate::model::cache::by_document;
use crate::pg::arguments::{Arguments, text_datum, text_of};
use crate::pg::datum::varlena_bytes;
use crate::pg::json::text::parse_jsonb;
use crate::sql_function;

sql_function! {
    fn health_model_card(arguments) {
        // SAFETY: the argument is declared jsonb.
        let compiled = by_document(unsafe { varlena_bytes(arguments.datum(0)?) });
        let heading = Heading {
            name: text(arguments, 1),
            version: arguments.get(2),
            note: text(arguments, 3),
            created: text(arguments, 4),
            created_by: text(arguments, 5),
            reviewed: text(arguments, 6),
        };
        text_datum(&compiled.model.card(&heading))
    }
}

fn text<'a>(arguments: &Arguments, at: usize) -> Option<&'a str> {
    arguments.datum(at).map(text_of)
}

sql_function! {
    fn health_model_describe(arguments) {
        // SAFETY: the argument is declared jsonb.
        let compiled = by_document(unsafe { varlena_bytes(arguments.datum(0)?) });
        Some(parse_jsonb(compiled.model.describe().to_string().into_bytes()))
    }
}
