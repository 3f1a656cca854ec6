//! health_psi(value, is_current) → float8

use health_score_engine::Stability;
use pgrx::IntoDatum;

use crate::aggregate::growing;
use crate::aggregate::state::{self, require_aggregate};
use crate::sql_function;

sql_function! {
    fn health_psi_step(arguments) {
        require_aggregate(arguments, state::PSI);
        let Some(is_current) = arguments.get(2) else { return arguments.datum(0) };
        let value = arguments.get(1);
        growing::step::<Stability>(arguments, state::PSI, &[], |state| state.head.add(state.table, value, is_current))
    }
}

sql_function! {
    fn health_psi_combine(arguments) {
        growing::combine::<Stability>(arguments, state::PSI).unwrap_or_else(|_| state::forged(state::PSI))
    }
}

sql_function! {
    fn health_psi_final(arguments) {
        let index = growing::finished::<Stability, _>(arguments, state::PSI, |state| {
            if !state.fixed.is_empty() {
                state::forged(state::PSI);
            }
            state.head.index(state.table)
        })?;
        index.into_datum()
    }
}
