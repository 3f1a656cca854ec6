//! health_patch(definition, patch) → jsonb: a document with another merged into it

use health_score_engine::merge;

use crate::model::document::parse;
use crate::pg::error::{Report, code};
use crate::pg::json::text::parse_jsonb;
use crate::pg::memory::interruptible;
use crate::sql_function;

sql_function! {
    fn health_patch(arguments) {
        let (document, patch) = (arguments.payload(0)?, arguments.payload(1)?);
        let (document, patch) = (parse(document, "model document"), parse(patch, "patch"));
        if !patch.is_object() {
            Report::new(code::INVALID_PARAMETER, "a patch must be a JSON object")
                .hint("For example '{\"categories\": {\"usage\": {\"weight\": 40}}}'.")
                .raise();
        }
        let merged = merge(&document, &patch);
        interruptible();
        let text = merged.to_string();
        interruptible();
        Some(parse_jsonb(text.into_bytes()))
    }
}
