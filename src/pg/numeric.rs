//! Postgres numeric to double, from its bytes, correctly rounded, without going through text where that is exact.
//!
//! Layout: src/backend/utils/adt/numeric.c (NumericShort, NumericLong, base-10000 digits). Safe code: a wrong layout
//! gives a wrong value, never a wild read.

use health_score_engine::{Value, nearest_double, parse_decimal};

const SIGN_MASK: u16 = 0xC000;
const SHORT: u16 = 0x8000;
const SPECIAL: u16 = 0xC000;
const NEGATIVE: u16 = 0x4000;
const SHORT_NEGATIVE: u16 = 0x2000;

/// Powers of ten that a double holds exactly.
const EXACT_POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

fn word(bytes: &[u8], at: usize) -> u16 {
    match bytes.get(at..at + 2) {
        Some(&[low, high]) => u16::from_le_bytes([low, high]),
        _ => 0,
    }
}

/// The value of a numeric's payload (after its varlena header).
pub fn numeric_value(bytes: &[u8]) -> Value<'static> {
    let mut value = Value::Missing;
    read_numeric(bytes, &mut value);
    value
}

/// The same, straight into its place.
#[inline]
pub fn read_numeric(bytes: &[u8], into: &mut Value) {
    let header = word(bytes, 0);
    let (negative, weight, digits) = match header & SIGN_MASK {
        SPECIAL => {
            *into = Value::Number(match header & 0xF000 {
                0xD000 => f64::INFINITY,
                0xF000 => f64::NEG_INFINITY,
                _ => f64::NAN,
            });
            return;
        }
        SHORT => {
            // Six bits of weight and its sign, as two's complement.
            let weight = i32::from(header & 0x3F) - if header & 0x40 != 0 { 0x40 } else { 0 };
            (header & SHORT_NEGATIVE != 0, weight, bytes.get(2..).unwrap_or_default())
        }
        sign => (sign == NEGATIVE, i32::from(word(bytes, 2) as i16), bytes.get(4..).unwrap_or_default()),
    };
    let count = digits.len() / 2;
    let exponent = (weight + 1 - count as i32) * 4;
    // A whole number below 10,000, as most are.
    if count == 1 && exponent == 0 {
        let number = f64::from(word(digits, 0));
        *into = Value::Number(if negative { -number } else { number });
        return;
    }
    if let Some(magnitude) = magnitude(digits, exponent) {
        *into = Value::Number(if negative { -magnitude } else { magnitude });
        return;
    }
    *into = slow(negative, digits, exponent);
}

/// The value of base-10000 digits, the last of which counts 10^exponent. None where only the text tells.
fn magnitude(digits: &[u8], exponent: i32) -> Option<f64> {
    let append = |mantissa: u64, unit: u64, number: u64| mantissa.checked_mul(unit)?.checked_add(number);
    let mut mantissa = 0;
    let mut unread = digits.len() as i32 / 2;
    for digit in digits.chunks_exact(2).map(|digit| u64::from(word(digit, 0))) {
        unread -= 1;
        let Some(appended) = append(mantissa, 10_000, digit) else {
            // As many decimals of this digit as fit. What is not read lies between 0 and 1 of the last one.
            let (decimals, unit, low) = [(1, 10), (2, 100), (3, 1_000), (4, 10_000)]
                .into_iter()
                .find_map(|(decimals, unit)| Some((decimals, unit, append(mantissa, 10_000 / unit, digit / unit)?)))?;
            let exponent = exponent + 4 * unread + decimals;
            let number = nearest_double(low, exponent)?;
            let is_whole = unread == 0 && digit % unit == 0;
            return (is_whole || nearest_double(low.checked_add(1)?, exponent)? == number).then_some(number);
        };
        mantissa = appended;
    }
    exact(mantissa, exponent).or_else(|| nearest_double(mantissa, exponent))
}

/// One rounding of two exact parts.
fn exact(mantissa: u64, exponent: i32) -> Option<f64> {
    let power = EXACT_POWERS.get(exponent.unsigned_abs() as usize)?;
    (mantissa < 1 << 53).then(|| if exponent < 0 { mantissa as f64 / power } else { mantissa as f64 * power })
}

fn slow(negative: bool, digits: &[u8], exponent: i32) -> Value<'static> {
    use std::fmt::Write;
    let mut text = String::with_capacity(digits.len() * 2 + 16);
    if negative {
        text.push('-');
    }
    text.push('0');
    for at in (0..digits.len() - digits.len() % 2).step_by(2) {
        let _ = write!(text, "{:04}", word(digits, at));
    }
    let _ = write!(text, "e{exponent}");
    match parse_decimal(&text) {
        Some(number) if number.is_finite() => Value::Number(number),
        _ => Value::Unusable("a number beyond double precision"),
    }
}
