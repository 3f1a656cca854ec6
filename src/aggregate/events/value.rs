//! The value of one event, of whatever type the query has.

use health_score_engine::Value;
use pgrx::pg_sys;

use crate::pg::arguments::Arguments;
use crate::pg::datum::{Kind, varlena_bytes};
use crate::pg::json::jsonb;

/// How the values of a call site are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    Plain(Kind),
    Jsonb,
}

impl Reader {
    /// For the type that an argument has in the query.
    pub fn of(arguments: &Arguments, at: usize) -> Reader {
        let type_id = arguments.type_of(at);
        // SAFETY: a catalog look-up by Oid, inside a transaction.
        match unsafe { pg_sys::getBaseType(type_id) } {
            pg_sys::JSONBOID => Reader::Jsonb,
            _ => Reader::Plain(Kind::of(type_id)),
        }
    }

    /// # Safety
    /// The datum is of the type that this was made for, and lives for `'a`.
    #[inline]
    pub unsafe fn value<'a>(self, datum: pg_sys::Datum) -> Value<'a> {
        match self {
            Reader::Plain(kind) => {
                let mut value = Value::Missing;
                // SAFETY: by this function's contract.
                unsafe { kind.read(datum, &mut value) };
                value
            }
            // SAFETY: the same.
            Reader::Jsonb => jsonb::scalar_value(unsafe { varlena_bytes(datum) }),
        }
    }
}
