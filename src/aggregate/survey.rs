//! health_nps(rating), health_csat(rating [, top]), health_ces(rating [, highest]) → float8

use health_score_engine::{Ces, Csat, DEFAULT_HIGHEST, DEFAULT_TOP, Nps};
use pgrx::IntoDatum;

use crate::aggregate::state::{self, require_aggregate};
use crate::{sql_function, state_of_numbers};

state_of_numbers!(Nps, state::NPS);
state_of_numbers!(Csat, state::CSAT);
state_of_numbers!(Ces, state::CES);

sql_function! {
    fn health_nps_step(arguments) {
        require_aggregate(arguments, state::NPS);
        let Some(rating) = arguments.get(1) else { return arguments.datum(0) };
        state::step(arguments, |nps: &mut Nps| nps.add(rating))
    }
}

sql_function! {
    fn health_nps_combine(arguments) {
        state::combine_all(arguments, Nps::merge)
    }
}

sql_function! {
    fn health_nps_final(arguments) {
        state::finished::<Nps>(arguments)?.value().into_datum()
    }
}

sql_function! {
    fn health_csat_step(arguments) {
        require_aggregate(arguments, state::CSAT);
        let Some(rating) = arguments.get(1) else { return arguments.datum(0) };
        let top = arguments.get(2).unwrap_or(DEFAULT_TOP);
        state::step(arguments, |csat: &mut Csat| csat.add(rating, top))
    }
}

sql_function! {
    fn health_csat_combine(arguments) {
        state::combine(arguments, Csat::merge)
    }
}

sql_function! {
    fn health_csat_final(arguments) {
        state::finished::<Csat>(arguments)?.value().into_datum()
    }
}

sql_function! {
    fn health_ces_step(arguments) {
        require_aggregate(arguments, state::CES);
        let Some(rating) = arguments.get(1) else { return arguments.datum(0) };
        let highest = arguments.get(2).unwrap_or(DEFAULT_HIGHEST);
        state::step(arguments, |ces: &mut Ces| ces.add(rating, highest))
    }
}

sql_function! {
    fn health_ces_combine(arguments) {
        state::combine(arguments, Ces::merge)
    }
}

sql_function! {
    fn health_ces_final(arguments) {
        state::finished::<Ces>(arguments)?.value().into_datum()
    }
}
