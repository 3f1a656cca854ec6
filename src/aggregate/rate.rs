//! health_churn_rate(churned [, weight]), health_usage_rate(active, total) → float8

use health_score_engine::{ChurnRate, UsageRate};
use pgrx::IntoDatum;

use crate::aggregate::state::{self, Kind, State, require_aggregate};
use crate::aggregate::weight;
use crate::sql_function;

// SAFETY: doubles.
unsafe impl State for ChurnRate {
    const KIND: Kind = state::CHURN_RATE;

    fn is_consistent(&self) -> bool {
        ChurnRate::is_consistent(self)
    }
}

// SAFETY: doubles.
unsafe impl State for UsageRate {
    const KIND: Kind = state::USAGE_RATE;

    fn is_consistent(&self) -> bool {
        UsageRate::is_consistent(self)
    }
}

sql_function! {
    fn health_churn_rate_step(arguments) {
        require_aggregate(arguments, state::CHURN_RATE);
        let (Some(churned), Some(weight)) = (arguments.get(1), weight(arguments, 2)) else { return arguments.datum(0) };
        state::step(arguments, |rate: &mut ChurnRate| rate.add(churned, weight))
    }
}

sql_function! {
    fn health_churn_rate_combine(arguments) {
        state::combine(arguments, |rate: &mut ChurnRate, other| {
            rate.merge(other);
            Ok(())
        })
    }
}

sql_function! {
    fn health_churn_rate_final(arguments) {
        state::finished::<ChurnRate>(arguments)?.value().into_datum()
    }
}

sql_function! {
    fn health_usage_rate_step(arguments) {
        require_aggregate(arguments, state::USAGE_RATE);
        let (Some(active), Some(total)) = (arguments.get(1), arguments.get(2)) else { return arguments.datum(0) };
        state::step(arguments, |rate: &mut UsageRate| rate.add(active, total))
    }
}

sql_function! {
    fn health_usage_rate_combine(arguments) {
        state::combine(arguments, |rate: &mut UsageRate, other| {
            rate.merge(other);
            Ok(())
        })
    }
}

sql_function! {
    fn health_usage_rate_final(arguments) {
        state::finished::<UsageRate>(arguments)?.value().into_datum()
    }
}
