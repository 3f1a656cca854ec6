//! health_model_diff(from, to) → SETOF rows: where two documents differ

use health_score_engine::{Difference, diff};
use serde_json::Value as Json;

use crate::model::document::parse;
use crate::pg::arguments::Arguments;
use crate::pg::datum::varlena_bytes;
use crate::pg::json::text::jsonb_of;
use crate::pg::returning::Returned;
use crate::sql_function;

const COLUMNS: usize = 3;

sql_function! {
    fn health_model_diff(arguments) {
        Returned::of(arguments).each_row(arguments, COLUMNS, |rows| {
            for difference in differences(arguments).unwrap_or_default() {
                rows.add(|row| {
                    row.text(Some(&difference.path));
                    row.varlena(difference.before.as_ref().map(payload));
                    row.varlena(difference.after.as_ref().map(payload));
                });
            }
        })
    }
}

fn differences(arguments: &Arguments) -> Option<Vec<Difference>> {
    let (from, to) = (arguments.payload(0)?, arguments.payload(1)?);
    Some(diff(&parse(from, "model document"), &parse(to, "model document")))
}

/// The value as the payload of a jsonb, in the call's memory.
fn payload<'a>(json: &Json) -> &'a [u8] {
    // SAFETY: a jsonb that was just made.
    unsafe { varlena_bytes(jsonb_of(json)) }
}
