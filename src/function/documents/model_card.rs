//! health_model_card(definition, heading …) → text: a model in words

use health_score_engine::Heading;

use crate::model::cache::by_document;
use crate::pg::arguments::text_datum;
use crate::sql_function;

sql_function! {
    fn health_model_card(arguments) {
        let compiled = by_document(arguments.payload(0)?);
        let heading = Heading {
            name: arguments.text(1),
            version: arguments.get(2),
            note: arguments.text(3),
            created: arguments.text(4),
            created_by: arguments.text(5),
            reviewed: arguments.text(6),
        };
        text_datum(&compiled.model.card(&heading))
    }
}
