//! health_score and health_signals over events: one row is one value of a signal, one group is one account. A row goes
//! into the state of its group; the state gives the account's inputs, and they are scored as those of any account.

mod argument;
mod compact;
mod event_site;
mod held;
mod support;
