//! Functions that read a whole relation, to make or judge a model.

mod model_draft;
mod model_fit;
mod model_match;
mod model_sql;
mod outcome;
mod signal_power;
mod what_if;
