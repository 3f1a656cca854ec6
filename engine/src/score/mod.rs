//! The score of one account and what follows from it: drivers, change, conflicts, explanation, what-if, conditions of
//! playbooks. Nothing here reads more than the accounts it is given.

pub(crate) mod assess;
pub(crate) mod change;
pub(crate) mod conflict;
pub(crate) mod driver;
pub(crate) mod explain;
pub(crate) mod playbook;
pub(crate) mod what_if;
