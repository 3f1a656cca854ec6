//! From events to inputs: collects the events of an account row by row, and derives the values of signals. A state is a
//! slice of 64-bit words that its owner keeps and can pass on; nothing here knows the owner.

mod builder;
mod cell;
mod compact;
mod heap;
mod layout;
mod name_table;
pub(crate) mod state;
pub(crate) mod stop;
