//! Aggregates: how Postgres calls the engine's states row by row. What a state adds up, and what follows from it, is the
//! engine's; how it lies in memory is state.rs's.

mod auc;
mod backtest;
mod events;
mod growing;
mod psi;
mod rate;
mod rollup;
mod spark;
mod state;
mod survey;
mod trend;

use health_score_engine::Refused;

pub use events::kept;

use crate::pg::arguments::Arguments;
use crate::pg::error::{Report, code};

/// A weight argument: 1 where the declaration has none, none for NULL.
fn weight(arguments: &Arguments, at: usize) -> Option<f64> {
    if at < arguments.count() { arguments.get(at) } else { Some(1.0) }
}

#[cold]
pub fn raise(refused: Refused) -> ! {
    Report::new(code::INVALID_PARAMETER, refused.message).hint(refused.hint).raise()
}
