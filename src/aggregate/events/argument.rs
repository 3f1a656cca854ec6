//! The arguments of one event, and its value, of whatever type the query has.

use health_score_engine::Value;
use pgrx::pg_sys;

use crate::pg::arguments::Arguments;
use crate::pg::datum::{DatumKind, varlena_bytes};
use crate::pg::json::jsonb;

/// Arguments of a row.
pub const STATE: usize = 0;
pub const MODEL: usize = 1;
pub const SIGNAL: usize = 2;
pub const VALUE: usize = 3;
pub const OBSERVED_AT: usize = 4;
pub const AS_OF: usize = 5;

/// How the values of a call site are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueReader {
    Plain(DatumKind),
    Jsonb,
}

impl ValueReader {
    /// For the type that an argument has in the query.
    pub fn of(arguments: &Arguments, at: usize) -> ValueReader {
        let type_id = arguments.type_of(at);
        // SAFETY: a catalog look-up by Oid, inside a transaction.
        match unsafe { pg_sys::getBaseType(type_id) } {
            pg_sys::JSONBOID => ValueReader::Jsonb,
            _ => ValueReader::Plain(DatumKind::of(type_id)),
        }
    }

    /// # Safety
    /// The datum is of the type that this was made for, and lives for `'a`.
    #[inline]
    pub unsafe fn value<'a>(self, datum: pg_sys::Datum) -> Value<'a> {
        match self {
            ValueReader::Plain(kind) => {
                let mut value = Value::Missing;
                // SAFETY: by this function's contract.
                unsafe { kind.read(datum, &mut value) };
                value
            }
            // SAFETY: the same.
            ValueReader::Jsonb => jsonb::scalar_value(unsafe { varlena_bytes(datum) }),
        }
    }
}
