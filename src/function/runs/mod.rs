//! What the refresh of a source calls for things that SQL cannot do, or does slowly.

mod as_of;
mod event_names;
mod kept;
mod past;
mod playbook_condition;
mod raise;
mod refresh_outside_transaction;
mod run_mark;
mod run_tally;
mod signal_counts;
mod source_assess;
