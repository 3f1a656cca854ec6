//! health_explain(model, account …) and health_explain(model, account, before …) → text: a score, or its change, in words

use crate::arguments::text_datum;
use crate::site::{Purpose, SideArguments, Site};
use crate::sql_function;

sql_function! {
    fn health_explain(arguments) {
        let explain = |mut assessment: health_score_engine::Assessment, _: crate::site::Identity| text_datum(&assessment.explain());
        Site::of(arguments).assess(arguments, Purpose::Explain, explain)?
    }
}

sql_function! {
    fn health_explain_before(arguments) {
        let after = SideArguments { account: 1, as_of: 3 };
        let before = SideArguments { account: 2, as_of: 4 };
        Site::of(arguments).compare(arguments, before, after, |mut comparison| text_datum(&comparison.explain()))?
    }
}
