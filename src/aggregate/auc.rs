//! health_auc(score, event [, event_is_good]) → float8

use health_score_engine::Outcomes;
use pgrx::IntoDatum;

use crate::aggregate::growing;
use crate::aggregate::state::{self, require_aggregate};
use crate::sql_function;

sql_function! {
    fn health_auc_step(arguments) {
        require_aggregate(arguments, state::AUC);
        let (Some(score), Some(event)) = (arguments.get(1), arguments.get(2)) else { return arguments.datum(0) };
        let good = arguments.get(3).unwrap_or(false);
        growing::step::<Outcomes>(arguments, state::AUC, &[], |state| state.head.add(state.table, score, event, good, &[]))
    }
}

sql_function! {
    fn health_auc_combine(arguments) {
        growing::combine::<Outcomes>(arguments, state::AUC).unwrap_or_else(|_| state::forged(state::AUC))
    }
}

sql_function! {
    fn health_auc_final(arguments) {
        let auc = growing::finished::<Outcomes, _>(arguments, state::AUC, |state| {
            if !state.fixed.is_empty() {
                state::forged(state::AUC);
            }
            state.head.auc(state.table)
        })?;
        auc?.value.into_datum()
    }
}
