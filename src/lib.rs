//! The Postgres side of health_score: reading rows and jsonb into inputs, caching models, returning results.
//! Nothing here computes with scores; that is the engine's.

#![cfg_attr(not(test), warn(clippy::expect_used, clippy::unwrap_used))]

#[cfg(not(target_endian = "little"))]
compile_error!("health_score reads jsonb and numeric in little-endian layout");
#[cfg(not(panic = "unwind"))]
compile_error!("health_score needs panic = \"unwind\", or an error would end the server");

mod account;
mod aggregate;
mod function;
mod model;
mod pg;

use pgrx::pg_sys;

use crate::pg::error::{Report, code};

pgrx::pg_module_magic!(name, version);

/// Refuses a database whose texts are not UTF-8: names and map keys are compared byte by byte.
#[pgrx::pg_guard]
pub extern "C-unwind" fn _PG_init() {
    // SAFETY: plain reads of backend globals, set before any library is loaded into a backend.
    let (in_database, encoding) =
        unsafe { (pg_sys::MyDatabaseId != pg_sys::InvalidOid, pg_sys::GetDatabaseEncoding()) };
    if in_database && encoding != pg_sys::pg_enc::PG_UTF8 as i32 {
        Report::new(code::FEATURE_NOT_SUPPORTED, "health_score needs a database with encoding UTF8")
            .hint("Create the database with ENCODING 'UTF8' TEMPLATE template0.")
            .raise();
    }
}
