//! What is done with any bytes, and what must hold whatever they are. The readers of the extension's side that take bytes are
//! included as they are: they know nothing of Postgres's memory.

#[path = "../../src/json_flat.rs"]
mod json_flat;
#[allow(dead_code)]
#[path = "../../src/jsonb.rs"]
mod jsonb;
#[path = "../../src/numeric.rs"]
mod numeric;

mod given;
mod jsonb_bytes;
pub mod target {
    pub mod document;
    pub mod jsonb;
    pub mod states;
}
