//! health_score and health_signals over events: one row a signal's value, one group an account. A row goes into the
//! state of its group; the state gives the account's inputs, and they are scored as those of any account.

mod argument;
mod compact;
mod event_account;
mod event_site;
mod held;
mod support;
