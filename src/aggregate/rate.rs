//! health_churn_rate(churned [, weight]), health_usage_rate(active, total) → float8

use health_score_engine::{ChurnRate, UsageRate};
use pgrx::IntoDatum;

use crate::aggregate::state::{self, require_aggregate};
use crate::{sql_function, state_of_numbers};

state_of_numbers!(ChurnRate, state::CHURN_RATE);
state_of_numbers!(UsageRate, state::USAGE_RATE);

sql_function! {
    fn health_churn_rate_step(arguments) {
        require_aggregate(arguments, state::CHURN_RATE);
        let (Some(churned), Some(weight)) = (arguments.get(1), arguments.get_or(2, 1.0)) else {
            return arguments.datum(0);
        };
        state::step(arguments, |rate: &mut ChurnRate| rate.add(churned, weight))
    }
}

sql_function! {
    fn health_churn_rate_combine(arguments) {
        state::combine_all(arguments, ChurnRate::merge)
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
        state::combine_all(arguments, UsageRate::merge)
    }
}

sql_function! {
    fn health_usage_rate_final(arguments) {
        state::finished::<UsageRate>(arguments)?.value().into_datum()
    }
}
