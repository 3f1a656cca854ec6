mod as_of;
mod playbook_condition;
pub mod signal_counts;
