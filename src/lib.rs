//! The Postgres side of health_score: reading rows and jsonb into inputs, caching models, returning results.
//! Nothing here computes with scores; that is the engine's.

#[cfg(not(target_endian = "little"))]
compile_error!("health_score reads jsonb and numeric in little-endian layout");
#[cfg(not(panic = "unwind"))]
compile_error!("health_score needs panic = \"unwind\", or an error would end the server");

mod account;
mod aggregate;
mod arguments;
mod assess;
mod band;
mod card;
mod change;
mod columns;
mod conflicts;
mod datum;
mod diff;
mod document;
mod draft;
mod drivers;
mod error;
mod explain;
mod fit;
mod inputs;
mod json_flat;
mod json_text;
mod jsonb;
mod jsonb_write;
mod matching;
mod memory;
mod model_cache;
mod model_sql;
mod model_store;
mod numeric;
mod numeric_write;
mod outcome;
mod plan;
mod playbook;
mod power;
mod refresh;
mod relation;
mod returning;
mod row;
mod run_mark;
mod score;
mod signal_counts;
mod site;
mod tuple;
mod what_if;

use pgrx::pg_sys;

pgrx::pg_module_magic!(name, version);

/// Refuses a database whose texts are not UTF-8: names and map keys are compared byte by byte.
#[pgrx::pg_guard]
pub extern "C-unwind" fn _PG_init() {
    // SAFETY: plain reads of backend globals, set before any library is loaded into a backend.
    let (in_database, encoding) =
        unsafe { (pg_sys::MyDatabaseId != pg_sys::InvalidOid, pg_sys::GetDatabaseEncoding()) };
    if in_database && encoding != pg_sys::pg_enc::PG_UTF8 as i32 {
        error::Report::new(error::code::FEATURE_NOT_SUPPORTED, "health_score needs a database with encoding UTF8")
            .hint("Create the database with ENCODING 'UTF8' TEMPLATE template0.")
            .raise();
    }
}
