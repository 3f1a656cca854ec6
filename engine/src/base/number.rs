//! How numbers are read and written: as text, as JSON. Nothing here rounds.

use serde_json::{Value as Json, json};

/// The minus sign of texts for people.
pub(crate) const MINUS: char = '−';

/// Appends the shortest decimal that gives the same double.
pub(crate) fn write_number(number: f64, out: &mut String) {
    if !number.is_finite() {
        out.push_str(if number.is_nan() {
            "NaN"
        } else if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        });
    } else if number.abs() < 1e17 && number as i64 as f64 == number {
        out.push_str(itoa::Buffer::new().format(number as i64));
    } else {
        out.push_str(zmij::Buffer::new().format_finite(number));
    }
}

/// The shortest decimal that gives the same double.
pub(crate) fn shortest(number: f64) -> String {
    let mut text = String::new();
    write_number(number, &mut text);
    text
}

/// The number as a document has it: a whole number without ".0".
pub(crate) fn json_number(number: f64) -> Json {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < EXACT { json!(number as i64) } else { json!(number) }
}

/// The double nearest to a decimal text, or what is wrong with it. Infinite when it is too large.
pub fn parse_decimal(text: &str) -> Option<f64> {
    text.parse().ok()
}
