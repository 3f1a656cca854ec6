//! health_rollup(score [, weight]), health_worst(score) → float8

use health_score_engine::{Rollup, worst};
use pgrx::IntoDatum;

use crate::aggregate::state::{self, require_aggregate};
use crate::pg::error::refuse;
use crate::{sql_function, state_of_numbers};

state_of_numbers!(Rollup, state::ROLLUP);

sql_function! {
    fn health_rollup_step(arguments) {
        require_aggregate(arguments, state::ROLLUP);
        let (Some(score), Some(weight)) = (arguments.get(1), arguments.get_or(2, 1.0)) else {
            return arguments.datum(0);
        };
        state::step(arguments, |rollup: &mut Rollup| rollup.add(score, weight))
    }
}

sql_function! {
    fn health_rollup_combine(arguments) {
        state::combine_all(arguments, Rollup::merge)
    }
}

sql_function! {
    fn health_rollup_final(arguments) {
        state::finished::<Rollup>(arguments)?.value().into_datum()
    }
}

sql_function! {
    /// The state is the lowest score itself, so this function combines states too.
    fn health_worst_step(arguments) {
        require_aggregate(arguments, state::WORST);
        let Some(score) = arguments.get(1) else { return arguments.datum(0) };
        match worst(arguments.get(0).unwrap_or(score), score) {
            Ok(lowest) => lowest.into_datum(),
            Err(refused) => refuse(refused),
        }
    }
}
