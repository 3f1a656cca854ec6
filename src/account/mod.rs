//! Accounts: reading the ACCOUNT argument of a SQL function, in each of its forms, into the inputs of a model.

pub mod call_site;
pub mod columns;
pub mod planner;
pub mod reader;
pub mod row;
