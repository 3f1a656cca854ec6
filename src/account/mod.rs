//! Accounts: the ACCOUNT argument of a SQL function, in each of its forms, read into the inputs of a model and scored.

pub mod call_site;
mod columns;
pub mod input_columns;
mod planner;
pub mod reader;
pub mod row;
