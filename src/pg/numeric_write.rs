//! Writing Postgres's numeric, as it stands in a jsonb: a varlena header, the number's own header, digits of base
//! 10000.
//!
//! Layout: src/backend/utils/adt/numeric.c.

const VARLENA_HEADER: usize = 4;
const BILLION: f64 = 1e9;

/// The number in billionths, if it is a whole number of them, not 0 and of at most fifteen digits. Then those, less the
/// zeros at their end, are its shortest decimal: no two decimals of so few digits are one double.
pub fn whole_billionths(number: f64) -> Option<i64> {
    if number.abs() >= 1e6 {
        return None;
    }
    let scaled = number * BILLION;
    let billionths = (scaled + 0.5_f64.copysign(scaled)) as i64;
    // A division of whole numbers that doubles hold is the double next to the quotient, as reading its decimals is.
    (billionths != 0 && billionths as f64 / BILLION == number).then_some(billionths)
}

/// Appends what [`whole_billionths`] gave, as [`write_decimal`] would its decimals.
pub fn write_billionths(billionths: i64, out: &mut Vec<u8>) {
    let magnitude = billionths.unsigned_abs();
    let (whole, fraction) = ((magnitude / 1_000_000_000) as u32, (magnitude % 1_000_000_000) as u32);
    let digits = [whole / 10_000, whole % 10_000, fraction / 100_000, fraction / 10 % 10_000, fraction % 10 * 1000];
    let first = digits.iter().position(|digit| *digit != 0).unwrap_or(0);
    let last = digits.iter().rposition(|digit| *digit != 0).unwrap_or(0);
    // Four decimals a digit behind the point, without the zeros at the end of the last one.
    let scale = (4 * last.saturating_sub(1)).saturating_sub(if last > 1 { zeros_at_end(digits[last]) } else { 0 });
    let weight = 1 - first as i16;
    let sign = if billionths < 0 { 0x2000 } else { 0 };
    let header = 0x8000 | sign | (scale as u16) << 7 | (weight as u16 & 0x7F);
    let size = VARLENA_HEADER + 2 + 2 * (last + 1 - first);
    let mut bytes = [0; VARLENA_HEADER + 2 + 2 * 5];
    bytes[..VARLENA_HEADER].copy_from_slice(&((size as u32) << 2).to_le_bytes());
    bytes[VARLENA_HEADER..][..2].copy_from_slice(&header.to_le_bytes());
    for (bytes, digit) in bytes[VARLENA_HEADER + 2..].chunks_exact_mut(2).zip(&digits[first..=last]) {
        bytes.copy_from_slice(&(*digit as u16).to_le_bytes());
    }
    out.extend_from_slice(&bytes[..size]);
}

/// The zeros at the end of a base-10000 digit that is not 0.
fn zeros_at_end(digit: u32) -> usize {
    match digit {
        _ if !digit.is_multiple_of(10) => 0,
        _ if !digit.is_multiple_of(100) => 1,
        _ if !digit.is_multiple_of(1000) => 2,
        _ => 3,
    }
}

/// Appends a numeric with its varlena header: base-10000 digits without zeros at the ends, and how many decimals to
/// show.
pub fn write_decimal(text: &str, digits: &mut Vec<u8>, out: &mut Vec<u8>) {
    digits.clear();
    let (mut negative, mut point, mut exponent) = (false, None, 0i32);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'0'..=b'9' => digits.push(byte - b'0'),
            b'.' => point = Some(digits.len()),
            b'-' => negative = true,
            _ => {
                exponent = text.get(at + 1..).and_then(|rest| rest.parse().ok()).unwrap_or(0);
                break;
            }
        }
    }
    let whole = point.unwrap_or(digits.len());
    let leading = digits.iter().take_while(|digit| **digit == 0).count();
    // How many decimal digits stand before the point.
    let before = whole as i32 + exponent - leading as i32;
    let scale = ((digits.len() - whole) as i32 - exponent).max(0) as u16;
    let last = digits.iter().rposition(|digit| *digit != 0).map_or(leading, |at| at + 1);
    let significant = &digits[leading..last];
    let weight = if significant.is_empty() { 0 } else { (before - 1).div_euclid(4) };
    // The first digit of base 10000 may begin with zeros.
    let offset = if significant.is_empty() { 0 } else { ((weight + 1) * 4 - before) as usize };
    let words = (significant.len() + offset).div_ceil(4);
    let negative = negative && !significant.is_empty();

    let short = scale <= 0x3F && (-0x40..=0x3F).contains(&weight);
    let size = VARLENA_HEADER + if short { 2 } else { 4 } + 2 * words;
    out.extend_from_slice(&((size as u32) << 2).to_le_bytes());
    if short {
        let sign = if negative { 0x2000 } else { 0 };
        out.extend_from_slice(&(0x8000 | sign | (scale << 7) | (weight as u16 & 0x7F)).to_le_bytes());
    } else {
        let sign = if negative { 0x4000 } else { 0 };
        out.extend_from_slice(&(sign | (scale & 0x3FFF)).to_le_bytes());
        out.extend_from_slice(&(weight as i16).to_le_bytes());
    }
    for word in 0..words {
        let digit = (4 * word..4 * word + 4)
            .map(|at| at.checked_sub(offset).and_then(|at| significant.get(at)).copied().unwrap_or(0))
            .fold(0u16, |sum, digit| sum * 10 + u16::from(digit));
        out.extend_from_slice(&digit.to_le_bytes());
    }
}
