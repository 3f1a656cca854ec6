//! From events to inputs: what the long form gathers of an account, row by row, and how the value of a signal is
//! derived. A state is a slice of 64-bit words that its owner keeps and can pass on; nothing here knows who the owner
//! is.

mod builder;
mod cell;
mod compact;
mod heap;
mod layout;
mod name_table;
pub(crate) mod state;
pub(crate) mod stop;
