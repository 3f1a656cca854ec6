//! Method `points` in SQL.

use super::plan::{PlanSql, SignalSql};
use super::request::SqlError;
use super::value::{SqlKind, double, rounded, seconds};
use crate::base::value::Value;
use crate::model::plan::Formula;
use crate::signal::definition::Signal;
use crate::signal::points::{Award, MOST_RANGES, PointsRange};

impl PlanSql<'_> {
    pub(super) fn award(&self, signal: &Signal, award: &Award) -> Result<SignalSql, SqlError> {
        let Formula::Points(range) = self.plan.formula else { unreachable!("awards are those of a plan of points") };
        let mut value = self.writer.source(&signal.source)?;
        match value.kind {
            SqlKind::Number | SqlKind::Absent => {}
            SqlKind::Bool => {
                value.sql = format!("CASE WHEN {x} THEN 1e0 WHEN NOT {x} THEN 0e0 END", x = value.sql);
                value.kind = SqlKind::Number;
            }
            _ => {
                value.invalid = Some(format!("{} IS NOT NULL", value.sql));
                value.kind = SqlKind::Other;
            }
        }
        let aged = self.aged(signal, &value)?;
        let value = aged.value;
        let mut ok = format!("{} IS NOT NULL{}", value.sql, aged.and_not_stale);
        let mut invalid = value.invalid.clone();
        let mut decay = None;
        let mut too_long_ago = None;
        if let Some(observed) = signal.observed.filter(|_| award.reads_time()) {
            let at = self.writer.time(observed)?;
            if let Some(unknown) = &at.invalid {
                let unknown = format!("({ok} AND {unknown})");
                invalid = Some(
                    invalid.map_or(unknown.clone(), |invalid| format!("(COALESCE({invalid}, FALSE) OR {unknown})")),
                );
            }
            if at.sql != "NULL" {
                let age = format!("CAST({} - {} AS DOUBLE PRECISION)", self.writer.as_of(), at.sql);
                if let Some(half_life) = award.half_life {
                    // A value with a negative or an unknown age does not fade.
                    decay = Some(format!(
                        "COALESCE(POWER(0.5e0, CASE WHEN {age} < 0 THEN 0e0 ELSE {age} / {} END), 1e0)",
                        double(half_life as f64 / 1e6)
                    ));
                }
                too_long_ago = award.within.map(|within| {
                    format!("COALESCE({} - {} > {}, FALSE)", self.writer.as_of(), at.sql, seconds(within))
                });
            }
        }
        if let Some(invalid) = &invalid {
            ok = format!("{ok} AND NOT COALESCE({invalid}, FALSE)");
        }
        let default = signal.default.as_ref().and_then(|default| match default.as_value() {
            Value::Number(number) => Some(number),
            Value::Bool(flag) => Some(f64::from(u8::from(flag))),
            _ => None,
        });
        let most = (range.high - range.low) * MOST_RANGES;
        let limit = award.max.unwrap_or(f64::INFINITY).min(most);
        let limited = |points: String| {
            let limit = double(limit);
            format!(
                "CASE WHEN {points} > {limit} THEN {limit} WHEN {points} < -{limit} THEN -{limit} ELSE {points} END"
            )
        };
        let absent = award.absent.unwrap_or(0.0).clamp(-most, most);
        let without_value = match default.unwrap_or(0.0) {
            0.0 => absent,
            units => (units * award.points).clamp(-limit, limit),
        };
        if value.kind == SqlKind::Absent || value.kind == SqlKind::Other {
            let invalid = invalid.map(|invalid| format!("COALESCE({invalid}, FALSE)"));
            return Ok(SignalSql { result: double(without_value), ok: "1 = 0".into(), invalid });
        }
        let x = &value.sql;
        let points = match decay {
            Some(decay) => format!("{x} * {decay} * {}", double(award.points)),
            None => format!("{x} * {}", double(award.points)),
        };
        let mut own = limited(points);
        if absent != 0.0 {
            let none = match too_long_ago {
                Some(old) => format!("{x} = 0 OR {old}"),
                None => format!("{x} = 0"),
            };
            own = format!("{own} + CASE WHEN {none} THEN {} ELSE 0e0 END", double(absent));
        }
        let result = format!("CASE WHEN {ok} THEN {own} ELSE {} END", double(without_value));
        let invalid = invalid.map(|invalid| format!("COALESCE({invalid}, FALSE)"));
        Ok(SignalSql { result, ok, invalid })
    }

    pub(super) fn points_score(&self, range: &PointsRange) -> String {
        let prefix = &self.writer.prefix;
        let points: Vec<String> = (0..self.plan.signals.len()).map(|at| format!("{prefix}s{at}")).collect();
        format!(
            "({} + {}) / {} * 100",
            double(range.start - range.low),
            points.join(" + "),
            double(range.high - range.low)
        )
    }

    pub(super) fn enough_points(&self) -> String {
        let prefix = &self.writer.prefix;
        let known: Vec<String> = (0..self.plan.signals.len()).map(|at| format!("{prefix}k{at}")).collect();
        let covered = format!("({}) / {}", known.join(" + "), double(self.plan.signals.len() as f64));
        if self.plan.min_coverage == 0.0 {
            return "1 = 1".into();
        }
        format!("{} >= {}", rounded(&covered), double(self.plan.min_coverage))
    }
}
