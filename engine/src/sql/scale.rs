//! Scales in SQL: from a value to its subscore.

use super::value::{SqlKind, ValueSql, Writer, double, text};
use crate::signal::scale::{Map, Scale};
use crate::signal::table::{Axis, Table};

impl Writer<'_> {
    /// The subscore of a present value that the scale can read.
    pub(super) fn subscore(&self, scale: &Scale, value: &ValueSql) -> String {
        let x = &value.sql;
        let clamped = |y: String| format!("CASE WHEN {y} < 0 THEN 0e0 WHEN {y} > 100 THEN 100e0 ELSE {y} END");
        match scale {
            _ if matches!(value.kind, SqlKind::Other | SqlKind::Absent) => "NULL".into(),
            Scale::Linear { worst, range, .. } => {
                clamped(format!("({x} - {}) / {} * 100", double(*worst), double(*range)))
            }
            Scale::Steps(steps) => {
                let cases = steps
                    .iter()
                    .skip(1)
                    .rev()
                    .map(|(from, y)| format!(" WHEN {x} >= {} THEN {}", double(*from), double(*y)));
                let cases: String = cases.collect();
                if cases.is_empty() {
                    double(steps[0].1)
                } else {
                    format!("CASE{cases} ELSE {} END", double(steps[0].1))
                }
            }
            Scale::Curve(points) => curve(points, x),
            Scale::Map(map) => {
                let case = map_case(map, x, value.kind);
                match map.otherwise {
                    Some(otherwise) => format!("COALESCE({case}, {})", double(otherwise)),
                    None => case,
                }
            }
            Scale::Boolean(healthy) => {
                let (yes, no) = if *healthy { ("100e0", "0e0") } else { ("0e0", "100e0") };
                format!("CASE WHEN {x} THEN {yes} ELSE {no} END")
            }
            Scale::Recency { worst, range } => {
                let age = format!("CAST({} - {x} AS DOUBLE PRECISION)", self.as_of());
                clamped(format!("({age} - {}) / {} * 100", double(worst / 1e6), double(range / 1e6)))
            }
            Scale::Table(_) => "NULL".into(),
        }
    }
}

fn curve(points: &[(f64, f64)], x: &str) -> String {
    let (first, last) = (points[0], points[points.len() - 1]);
    let mut cases = format!(
        " WHEN {x} < {} THEN {} WHEN {x} >= {} THEN {}",
        double(first.0),
        double(first.1),
        double(last.0),
        double(last.1)
    );
    for pair in points.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let between = format!("{} + ({x} - {}) / {} * {}", double(y0), double(x0), double(x1 - x0), double(y1 - y0));
        cases.push_str(&format!(" WHEN {x} < {} THEN {between}", double(x1)));
    }
    format!("CASE{cases} END")
}

/// The subscore of two present values that the axes can read.
pub(super) fn table_case(table: &Table, first: &ValueSql, second: &ValueSql) -> String {
    let neutral = double(table.neutral);
    let line = |row: usize| {
        let subscores: Vec<String> = table.row(row).iter().map(|subscore| double(*subscore)).collect();
        axis_case(&table.columns, second, &subscores, &neutral)
    };
    let lines: Vec<String> = (0..table.rows.count()).map(line).collect();
    axis_case(&table.rows, first, &lines, &neutral)
}

/// What belongs to the place of a value on an axis.
fn axis_case(axis: &Axis, value: &ValueSql, results: &[String], otherwise: &str) -> String {
    let x = &value.sql;
    let (cases, last): (Vec<String>, &str) = match axis {
        Axis::Steps(bounds) => {
            let above = bounds.iter().zip(results).skip(1).rev();
            (above.map(|(from, result)| format!(" WHEN {x} >= {} THEN {result}", double(*from))).collect(), &results[0])
        }
        Axis::Groups { map, .. } => {
            let of = |place: f64, test: String| Some(format!(" WHEN {test} THEN {}", results.get(place as usize)?));
            let cases: Vec<Option<String>> = match value.kind {
                SqlKind::Number => {
                    map.codes.iter().map(|(code, at)| of(*at, format!("{x} = {}", double(*code)))).collect()
                }
                SqlKind::Bool => {
                    let flags = map.texts.iter().filter(|(key, _)| key == "true" || key == "false");
                    flags.map(|(key, at)| of(*at, format!("{x} = {}", key.to_uppercase()))).collect()
                }
                _ => map.texts.iter().map(|(key, at)| of(*at, format!("{x} = {}", text(key)))).collect(),
            };
            (cases.into_iter().flatten().collect(), otherwise)
        }
    };
    if cases.is_empty() { last.to_owned() } else { format!("CASE{} ELSE {last} END", cases.concat()) }
}

pub(super) fn map_case(map: &Map, x: &str, kind: SqlKind) -> String {
    let cases: Vec<String> = match kind {
        SqlKind::Number => {
            map.codes.iter().map(|(code, y)| format!(" WHEN {x} = {} THEN {}", double(*code), double(*y))).collect()
        }
        SqlKind::Bool => map
            .texts
            .iter()
            .filter(|(key, _)| key == "true" || key == "false")
            .map(|(key, y)| format!(" WHEN {x} = {} THEN {}", key.to_uppercase(), double(*y)))
            .collect(),
        _ => map.texts.iter().map(|(key, y)| format!(" WHEN {x} = {} THEN {}", text(key), double(*y))).collect(),
    };
    if cases.is_empty() { "CAST(NULL AS DOUBLE PRECISION)".into() } else { format!("CASE{} END", cases.concat()) }
}
