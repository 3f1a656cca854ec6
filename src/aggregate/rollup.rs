//! health_rollup(score [, weight]), health_worst(score) → float8

use health_score_engine::{Rollup, worst};
use pgrx::IntoDatum;

use crate::aggregate::state::{self, Kind, State, require_aggregate};
use crate::aggregate::{raise, weight};
use crate::sql_function;

// SAFETY: doubles.
unsafe impl State for Rollup {
    const KIND: Kind = state::ROLLUP;

    fn is_consistent(&self) -> bool {
        Rollup::is_consistent(self)
    }
}

sql_function! {
    fn health_rollup_step(arguments) {
        require_aggregate(arguments, state::ROLLUP);
        let (Some(score), Some(weight)) = (arguments.get(1), weight(arguments, 2)) else { return arguments.datum(0) };
        state::step(arguments, |rollup: &mut Rollup| rollup.add(score, weight))
    }
}

sql_function! {
    fn health_rollup_combine(arguments) {
        state::combine(arguments, |rollup: &mut Rollup, other| {
            rollup.merge(other);
            Ok(())
        })
    }
}

sql_function! {
    fn health_rollup_final(arguments) {
        state::finished::<Rollup>(arguments)?.value().into_datum()
    }
}

sql_function! {
    /// The state is the lowest score itself, so a state is combined as a score is added.
    fn health_worst_step(arguments) {
        require_aggregate(arguments, state::WORST);
        let Some(score) = arguments.get(1) else { return arguments.datum(0) };
        match worst(arguments.get(0).unwrap_or(score), score) {
            Ok(lowest) => lowest.into_datum(),
            Err(refused) => raise(refused),
        }
    }
}
