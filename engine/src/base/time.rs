//! Instants and durations: microseconds since 1970-01-01 00:00 UTC, and microseconds.

use jiff::civil::{DateTime, Time, date};
use jiff::fmt::temporal::Pieces;
use jiff::{SignedDuration, Span, SpanRelativeTo, Unit};

use super::quoted::Quoted;

pub(crate) const DAY: f64 = 86_400_000_000.0;

/// Days as microseconds, within what an instant can be.
pub(crate) fn days(days: f64) -> i64 {
    (days * DAY) as i64
}

// Plain calendar arithmetic: an instant of jiff ends a day before 9999-12-31, which many columns use for "never".
const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);

/// Reads an ISO 8601 date or timestamp (also with a blank instead of `T`). Without an offset it is UTC.
pub fn parse_time(text: &str) -> Option<i64> {
    let pieces = Pieces::parse(text.trim()).ok()?;
    let offset = pieces.to_numeric_offset();
    if offset.is_none() && pieces.time_zone_annotation().is_some() {
        // A local time in a named time zone, whose offset is not known here.
        return None;
    }
    let local = pieces.date().to_datetime(pieces.time().unwrap_or(Time::midnight()));
    let ahead = offset.map_or(0, |offset| i64::from(offset.seconds()) * 1_000_000);
    i64::try_from(local.duration_since(EPOCH).as_micros()).ok()?.checked_sub(ahead)
}

/// Writes only the date for midnight UTC, else the full timestamp; both in ISO 8601.
pub(crate) fn write_time(micros: i64, out: &mut String) {
    match EPOCH.checked_add(SignedDuration::from_micros(micros)) {
        Ok(local) => {
            let text = local.to_string();
            match text.strip_suffix("T00:00:00") {
                Some(day) => out.push_str(day),
                None => out.extend([text.as_str(), "Z"]),
            }
        }
        // Postgres knows years up to 294276.
        Err(_) => out.push_str(if micros < 0 { "before the year -9999" } else { "after the year 9999" }),
    }
}

/// Reads "90 days", "1 week 2 days", "36 hours"; weeks to seconds only, since a month has no fixed length.
pub fn parse_duration(text: &str) -> Result<i64, String> {
    let bare_m = text.split(|c: char| c.is_ascii_digit() || c.is_whitespace() || c == '.').any(|unit| unit == "m");
    if bare_m {
        return Err(format!("{text}: m may be minutes or months; write the unit out", text = Quoted(text)));
    }
    let span: Span = text.trim().parse().map_err(|_| {
        format!(
            "{text} is not a duration; write a number and weeks, days, hours, minutes or seconds, as in \"90 days\"",
            text = Quoted(text)
        )
    })?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return Err(format!(
            "{text} counts months or years, which have no fixed length; use days",
            text = Quoted(text)
        ));
    }
    let micros = span
        .total((Unit::Microsecond, SpanRelativeTo::days_are_24_hours()))
        .map_err(|_| format!("{text} is out of range", text = Quoted(text)))?;
    // Below a microsecond it would become 0, and divide by 0.
    if micros < 1.0 {
        return Err(format!("{text} is not a positive duration", text = Quoted(text)));
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
        // The offset of New York is not known here.
        assert_eq!(parse_time("2026-01-02T00:00[America/New_York]"), None);
        assert_eq!(parse_time("2026-01-01T19:00-05:00[America/New_York]"), Some(1_767_312_000_000_000));
    }

    #[test]
    fn the_last_day_of_the_calendar_is_a_time() {
        let written = |text: &str| {
            let mut out = String::new();
            write_time(parse_time(text).expect(text), &mut out);
            out
        };
        for text in
            ["9999-12-31", "9999-12-31T23:59:59Z", "-009999-01-01", "1969-12-31T23:59:59.5Z", "2026-01-02T10:30:00Z"]
        {
            assert_eq!(written(text), text);
        }
        assert_eq!(written("9999-12-31 01:00:00+01:00"), "9999-12-31");
        let mut out = String::new();
        write_time(i64::MAX, &mut out);
        assert_eq!(out, "after the year 9999");
    }

    #[test]
    fn durations_have_a_fixed_length() {
        assert_eq!(parse_duration("90 days"), Ok(90 * DAY as i64));
        assert_eq!(parse_duration("1 week 2 days"), Ok(9 * DAY as i64));
        assert_eq!(parse_duration("36 hours"), Ok(3 * DAY as i64 / 2));
        for text in ["3m", "1 m", "3 months", "1 year", "0 days", "-1 day", "100 nanoseconds", "soon", "", "90"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
