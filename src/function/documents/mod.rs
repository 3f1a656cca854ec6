//! Functions of model documents and of the table that stores them.

mod model_card;
mod model_changed;
mod model_check;
mod model_describe;
mod model_diff;
mod model_get;
mod patch;
mod template;
