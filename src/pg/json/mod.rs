//! JSON in Postgres's forms: reading and writing the binary form of jsonb, and reading JSON text.

pub mod flat;
pub mod jsonb;
pub mod text;
pub mod write;
