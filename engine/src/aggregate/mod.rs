//! States over many rows: plain numbers with `add`, `merge` and a result. A state may come from another process, so
//! each can check itself. Nothing here scores an account.

pub(crate) mod backtest;
pub(crate) mod counts;
pub(crate) mod moments;
pub(crate) mod moving_trend;
pub(crate) mod outcomes;
pub(crate) mod past;
pub(crate) mod ranking;
pub(crate) mod rates;
pub(crate) mod refused;
pub(crate) mod spark;
pub(crate) mod stability;
pub(crate) mod survey;
pub(crate) mod trend;
