//! Aggregates: how Postgres calls the engine's states row by row. What a state adds up, and what follows from it, is the
//! engine's; how it lies in memory is state.rs's.

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
