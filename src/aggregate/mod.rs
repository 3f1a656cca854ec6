//! Aggregates: how Postgres calls the engine's states row by row. The engine defines the sums and the results of a
//! state; state.rs defines its layout in memory.

mod aggref;
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
