//! One datum of a known type to a value of the engine. All reading of Postgres's plain data types is here.

use std::ffi::CStr;

use health_score_engine::{Value, parse_decimal};
use pgrx::pg_sys;

use crate::pg::numeric::numeric_value;

/// From 1970-01-01 to 2000-01-01, Postgres's zero.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;
const DAY: i64 = 86_400_000_000;

/// How a column's datums are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatumKind {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric,
    Text,
    /// char(n): trailing blanks mean nothing.
    Padded,
    Name,
    Enum,
    Date,
    /// With or without time zone: without, it is UTC.
    Timestamp,
    Interval,
    /// A type that no signal can read; the text says so.
    Other(&'static str),
}

impl DatumKind {
    /// The kind of a type; a domain has the kind of its base type.
    pub fn of(type_id: pg_sys::Oid) -> DatumKind {
        // Most types are not domains and need no catalog look-up.
        DatumKind::plain(type_id).unwrap_or_else(|| {
            // SAFETY: catalog look-ups by Oid, inside a transaction.
            let base = unsafe { pg_sys::getBaseType(type_id) };
            DatumKind::plain(base).unwrap_or_else(|| DatumKind::of_category(base))
        })
    }

    fn plain(type_id: pg_sys::Oid) -> Option<DatumKind> {
        Some(match type_id {
            pg_sys::BOOLOID => DatumKind::Bool,
            pg_sys::INT2OID => DatumKind::Int2,
            pg_sys::INT4OID => DatumKind::Int4,
            pg_sys::INT8OID => DatumKind::Int8,
            pg_sys::FLOAT4OID => DatumKind::Float4,
            pg_sys::FLOAT8OID => DatumKind::Float8,
            pg_sys::NUMERICOID => DatumKind::Numeric,
            pg_sys::TEXTOID | pg_sys::VARCHAROID => DatumKind::Text,
            pg_sys::BPCHAROID => DatumKind::Padded,
            pg_sys::NAMEOID => DatumKind::Name,
            pg_sys::DATEOID => DatumKind::Date,
            pg_sys::TIMESTAMPOID | pg_sys::TIMESTAMPTZOID => DatumKind::Timestamp,
            pg_sys::INTERVALOID => DatumKind::Interval,
            pg_sys::UNKNOWNOID => DatumKind::Other("a value of unknown type"),
            pg_sys::MONEYOID => DatumKind::Other("a value of type money"),
            pg_sys::JSONOID | pg_sys::JSONBOID => DatumKind::Other("a JSON value"),
            _ => return None,
        })
    }

    fn of_category(type_id: pg_sys::Oid) -> DatumKind {
        // SAFETY: catalog look-ups by Oid, inside a transaction.
        let (category, element) = unsafe { (pg_sys::get_typtype(type_id), pg_sys::get_element_type(type_id)) };
        match category as u8 {
            // A cast without a function, as of citext: the type's values are those of text.
            // SAFETY: a catalog look-up.
            _ if unsafe { pg_sys::IsBinaryCoercible(type_id, pg_sys::TEXTOID) } => DatumKind::Text,
            pg_sys::TYPTYPE_ENUM => DatumKind::Enum,
            pg_sys::TYPTYPE_COMPOSITE => DatumKind::Other("a composite value"),
            _ if element != pg_sys::InvalidOid => DatumKind::Other("an array"),
            _ => DatumKind::Other("a value that is neither number, text, boolean nor time"),
        }
    }

    /// Reads into its place: moving a value costs more than reading it.
    ///
    /// # Safety
    /// As of [`Self::value`].
    #[inline(always)]
    pub unsafe fn read<'a>(self, datum: pg_sys::Datum, into: &mut Value<'a>) {
        match self {
            DatumKind::Int4 => *into = Value::Number(f64::from(datum.value() as i32)),
            DatumKind::Float8 => *into = Value::Number(f64::from_bits(datum.value() as u64)),
            // SAFETY: by this function's contract.
            _ => *into = unsafe { self.value(datum) },
        }
    }

    /// # Safety
    /// `datum` is a non-null datum of the type that this kind was made from, and lives for `'a`.
    #[inline(never)]
    pub unsafe fn value<'a>(self, datum: pg_sys::Datum) -> Value<'a> {
        let bits = datum.value();
        match self {
            DatumKind::Int4 => Value::Number(f64::from(bits as i32)),
            DatumKind::Float8 => Value::Number(f64::from_bits(bits as u64)),
            DatumKind::Bool => Value::Bool(bits as u8 != 0),
            DatumKind::Int2 => Value::Number(f64::from(bits as i16)),
            DatumKind::Int8 => Value::Number(bits as i64 as f64),
            DatumKind::Float4 => float4(f32::from_bits(bits as u32)),
            // SAFETY: the caller vouches for the type.
            DatumKind::Numeric => numeric_value(unsafe { varlena_bytes(datum) }),
            // SAFETY: the same.
            DatumKind::Text => text(unsafe { varlena_bytes(datum) }),
            // SAFETY: the same.
            DatumKind::Padded => text(unsafe { varlena_bytes(datum) }.trim_ascii_end_blanks()),
            // SAFETY: a name is a zero-terminated array.
            DatumKind::Name => text(unsafe { CStr::from_ptr(datum.cast_mut_ptr()) }.to_bytes()),
            DatumKind::Enum => {
                // SAFETY: enum_out gives a palloc'd C string in the call's memory.
                let label = unsafe {
                    CStr::from_ptr(pg_sys::OidOutputFunctionCall(pg_sys::Oid::from(pg_sys::F_ENUM_OUT), datum))
                };
                text(label.to_bytes())
            }
            DatumKind::Date => match bits as i32 {
                i32::MIN | i32::MAX => Value::Unusable("an infinite date"),
                days => Value::Time(i64::from(days).saturating_mul(DAY).saturating_add(POSTGRES_EPOCH)),
            },
            DatumKind::Timestamp => match bits as i64 {
                i64::MIN | i64::MAX => Value::Unusable("an infinite timestamp"),
                micros => Value::Time(micros.saturating_add(POSTGRES_EPOCH)),
            },
            DatumKind::Interval => {
                // SAFETY: an interval is passed by reference.
                let interval = unsafe { *datum.cast_mut_ptr::<pg_sys::Interval>() };
                match (interval.month, interval.day, interval.time) {
                    (i32::MIN, i32::MIN, i64::MIN) | (i32::MAX, i32::MAX, i64::MAX) => {
                        Value::Unusable("an infinite interval")
                    }
                    // Days, with months of 30 as Postgres compares intervals.
                    (month, day, time) => {
                        Value::Number(f64::from(month) * 30.0 + f64::from(day) + time as f64 / DAY as f64)
                    }
                }
            }
            DatumKind::Other(what) => Value::Unusable(what),
        }
    }
}

unsafe extern "C" {
    /// src/common/f2s.c: writes at most FLOAT_SHORTEST_DECIMAL_LEN bytes, returns how many, cannot fail.
    fn float_to_shortest_decimal_bufn(number: f32, result: *mut std::ffi::c_char) -> std::ffi::c_int;
}

/// A float4 is read as its shortest decimal, so that 0.1 in a row equals 0.1 in JSON. The decimal is Postgres's own,
/// which sometimes has a digit more than that of other software.
fn float4(number: f32) -> Value<'static> {
    /// Every whole number below this is its own shortest decimal.
    const EXACT: f32 = 16_777_216.0;
    const LENGTH: usize = 16;
    let wide = f64::from(number);
    if !number.is_finite() || (number.abs() < EXACT && number.fract() == 0.0) {
        return Value::Number(wide);
    }
    let mut decimal = [0u8; LENGTH];
    // SAFETY: the buffer has the length that the function asks for.
    let length = unsafe { float_to_shortest_decimal_bufn(number, decimal.as_mut_ptr().cast()) };
    let written = usize::try_from(length).ok().and_then(|length| decimal.get(..length));
    let parsed = written.and_then(|bytes| std::str::from_utf8(bytes).ok()).and_then(parse_decimal);
    Value::Number(parsed.unwrap_or(wide))
}

fn text<'a>(bytes: &'a [u8]) -> Value<'a> {
    std::str::from_utf8(bytes).map_or(Value::Unusable("a text that is not UTF-8"), Value::Text)
}

trait TrimBlanks {
    fn trim_ascii_end_blanks(&self) -> &[u8];
}

impl TrimBlanks for [u8] {
    fn trim_ascii_end_blanks(&self) -> &[u8] {
        let end = self.iter().rposition(|byte| *byte != b' ').map_or(0, |at| at + 1);
        &self[..end]
    }
}

/// The bytes of a varlena after its header, decompressed and fetched where needed.
///
/// # Safety
/// `datum` is a non-null datum of a variable-length type and lives for `'a` (a decompressed copy: as long as the
/// current memory context).
#[inline]
pub unsafe fn varlena_bytes<'a>(datum: pg_sys::Datum) -> &'a [u8] {
    #[cold]
    #[inline(never)]
    unsafe fn detoasted(pointer: *mut pg_sys::varlena) -> *mut pg_sys::varlena {
        // SAFETY: a valid varlena.
        unsafe { pg_sys::pg_detoast_datum_packed(pointer) }
    }
    // SAFETY: the macros only read the header of a valid varlena.
    unsafe {
        let mut pointer: *mut pg_sys::varlena = datum.cast_mut_ptr();
        if pgrx::varatt_is_1b_e(pointer) || pgrx::varatt_is_4b_c(pointer) {
            pointer = detoasted(pointer);
        }
        std::slice::from_raw_parts(pgrx::vardata_any(pointer).cast::<u8>(), pgrx::varsize_any_exhdr(pointer))
    }
}

/// A timestamptz argument as microseconds since 1970, none where it is infinite.
pub fn instant(timestamp: i64) -> Option<i64> {
    (timestamp != i64::MIN && timestamp != i64::MAX).then(|| timestamp.saturating_add(POSTGRES_EPOCH))
}

/// The text that the type's output function gives.
pub fn output(type_id: pg_sys::Oid, datum: pg_sys::Datum) -> String {
    // SAFETY: the datum is of this type; output functions give C strings in the call's memory.
    unsafe {
        let (mut function, mut is_varlena) = (pg_sys::InvalidOid, false);
        pg_sys::getTypeOutputInfo(type_id, &mut function, &mut is_varlena);
        CStr::from_ptr(pg_sys::OidOutputFunctionCall(function, datum)).to_string_lossy().into_owned()
    }
}
