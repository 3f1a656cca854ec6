//! Instants and durations: microseconds since 1970-01-01 00:00 UTC, and microseconds.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Timestamp, Unit};

pub(crate) const DAY: f64 = 86_400_000_000.0;

/// Reads an ISO 8601 date or timestamp (also with a blank instead of `T`). Without an offset it is UTC.
pub fn parse_time(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant.as_microsecond());
    }
    let local = text.parse::<DateTime>().ok()?;
    let instant = local.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(instant.as_microsecond())
}

/// The day alone at midnight UTC, else the instant; both ISO 8601.
pub(crate) fn write_time(micros: i64, out: &mut String) {
    match Timestamp::from_microsecond(micros) {
        Ok(instant) => {
            let text = instant.to_string();
            out.push_str(text.strip_suffix("T00:00:00Z").unwrap_or(&text));
        }
        // Postgres knows years up to 294276.
        Err(_) => out.push_str(if micros < 0 { "before the year -9999" } else { "after the year 9999" }),
    }
}

/// Reads "90 days", "1 week 2 days", "36 hours"; weeks to seconds only, since a month has no fixed length.
pub fn parse_duration(text: &str) -> Result<i64, String> {
    let span: Span = text.trim().parse().map_err(|_| {
        format!(
            "{text:?} is not a duration; write a number and weeks, days, hours, minutes or seconds, as in \"90 days\""
        )
    })?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return Err(format!("{text:?} counts months or years, which have no fixed length; use days"));
    }
    let micros = span
        .total((Unit::Microsecond, SpanRelativeTo::days_are_24_hours()))
        .map_err(|_| format!("{text:?} is out of range"))?;
    // Below a microsecond it would become 0, and divide by 0.
    if micros < 1.0 {
        return Err(format!("{text:?} is not a positive duration"));
    }
    // The largest Span is some 20,000 years: exact enough in a double and within i64.
    Ok(micros as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_without_offset_are_utc() {
        for text in [
            "2026-01-02",
            "2026-01-02T00:00:00",
            "2026-01-02 00:00:00",
            "2026-01-02T00:00:00Z",
            "2026-01-02 00:00:00+00",
            "2026-01-02T00:00:00+00:00",
            "2026-01-02T02:00:00+02:00",
            "2026-01-01T19:00:00.000-05",
        ] {
            assert_eq!(parse_time(text), Some(1_767_312_000_000_000), "{text}");
        }
        for text in ["", "yesterday", "2026-13-01", "2026-02-30", "infinity", "5", "12:00"] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }

    #[test]
    fn durations_have_a_fixed_length() {
        assert_eq!(parse_duration("90 days"), Ok(90 * DAY as i64));
        assert_eq!(parse_duration("1 week 2 days"), Ok(9 * DAY as i64));
        assert_eq!(parse_duration("36 hours"), Ok(3 * DAY as i64 / 2));
        for text in ["3 months", "1 year", "0 days", "-1 day", "100 nanoseconds", "soon", "", "90"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
