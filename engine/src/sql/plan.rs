//! One plan as steps of a query: values, subscores, base score, one step a rule, band.

use std::collections::BTreeMap;

use super::request::SqlError;
use super::scale::{map_case, table_case};
use super::value::{SqlKind, ValueSql, Writer, double, rounded, text};
use crate::base::time::parse_time;
use crate::base::value::Value;
use crate::model::plan::{Formula, Plan};
use crate::model::rule::Action;
use crate::signal::definition::{Measure, Signal, Weighted};
use crate::signal::scale::Scale;
use crate::signal::source::Source;
use crate::signal::table::{Axis, Table};

/// The columns of the numbers that conditions read.
#[derive(Debug, Clone, Default)]
pub(super) struct StepNames {
    prefix: String,
    pub running: String,
    pub base: String,
    categories: BTreeMap<usize, String>,
}

impl StepNames {
    /// Before there is a score.
    pub fn none() -> StepNames {
        StepNames::default()
    }

    pub fn subscore(&self, signal: usize) -> String {
        format!("{}s{signal}", self.prefix)
    }

    pub fn category(&self, category: usize) -> String {
        self.categories.get(&category).cloned().unwrap_or_else(|| "NULL".into())
    }
}

pub(super) struct Made {
    pub steps: Vec<(String, String)>,
    /// The name of the last step.
    pub last: String,
    pub score: String,
    pub band: String,
}

pub(super) struct PlanSql<'a> {
    pub writer: &'a Writer<'a>,
    pub plan: &'a Plan,
    number: usize,
    steps: Vec<(String, String)>,
}

/// One signal: its subscore or points, whether they come from its own value, and whether that value is unreadable.
pub(super) struct SignalSql {
    pub result: String,
    pub ok: String,
    pub invalid: Option<String>,
}

impl<'a> PlanSql<'a> {
    pub fn new(writer: &'a Writer<'a>, plan: &'a Plan, number: usize) -> PlanSql<'a> {
        PlanSql { writer, plan, number, steps: Vec::new() }
    }

    fn name(&self, step: &str) -> String {
        format!(
            "{}{step}{}",
            self.writer.prefix,
            if self.number == 0 { String::new() } else { format!("_{}", self.number) }
        )
    }

    fn push(&mut self, step: &str, body: String) -> String {
        let name = self.name(step);
        self.steps.push((name.clone(), body));
        name
    }

    pub fn write(&mut self) -> Result<Made, SqlError> {
        let prefix = self.writer.prefix.clone();
        let mut invalid = Vec::new();
        let mut results = Vec::new();
        for (at, signal) in self.plan.signals.iter().enumerate() {
            let made = match &signal.measure {
                Measure::Weighted(weighted) => self.weighted(signal, weighted)?,
                Measure::Points(award) => self.award(signal, award)?,
            };
            results.push(format!("    CAST({} AS DOUBLE PRECISION) AS {prefix}s{at}", made.result));
            results.push(format!("    CASE WHEN {} THEN 1 ELSE 0 END AS {prefix}k{at}", made.ok));
            invalid.extend(made.invalid.filter(|_| !self.plan.lenient));
        }
        let broken = if invalid.is_empty() {
            "0".to_owned()
        } else {
            format!("CASE WHEN {} THEN 1 ELSE 0 END", invalid.join(" OR "))
        };
        let signals = self.push(
            "signals",
            format!(
                "  SELECT r.*,\n{},\n    {broken} AS {prefix}broken\n  FROM {prefix}rows AS r WHERE {prefix}segment = {}",
                results.join(",\n"),
                self.number
            ),
        );
        let (score, enough) = match self.plan.formula {
            Formula::Weighted => (self.weighted_score(), self.enough()),
            Formula::Points(range) => (self.points_score(&range), self.enough_points()),
        };
        let enough = format!("{prefix}broken = 0 AND {enough}");
        let mut last = self.push(
            "weighed",
            format!("  SELECT s.*, CASE WHEN {enough} THEN {score} END AS {prefix}weighed FROM {signals} AS s"),
        );
        let within = format!(
            "CASE WHEN {prefix}weighed < 0 THEN 0e0 WHEN {prefix}weighed > 100 THEN 100e0 ELSE {prefix}weighed END"
        );
        last = self.push("base", format!("  SELECT w.*, {} AS {prefix}base FROM {last} AS w", rounded(&within)));
        let mut running = format!("{prefix}base");
        for (at, rule) in self.plan.rules.iter().enumerate() {
            let steps = StepNames {
                prefix: prefix.clone(),
                running: running.clone(),
                base: format!("{prefix}base"),
                categories: self.categories(),
            };
            let condition = self.writer.condition(&rule.when, self.plan.lenient, &steps)?;
            let error = condition.error.map_or(String::new(), |error| format!(" WHEN {error} THEN NULL"));
            let after = apply(rule.action, &running);
            let next = format!("{prefix}r{at}");
            last = self.push(
                &format!("rule{at}"),
                format!(
                    "  SELECT p.*, CASE WHEN {running} IS NULL THEN NULL{error} WHEN {} THEN {after} ELSE {running} END AS {next} FROM {last} AS p",
                    condition.sql
                ),
            );
            running = next;
        }
        let bands = self
            .plan
            .bands
            .iter()
            .rev()
            .map(|band| format!(" WHEN {running} >= {} THEN {}", double(band.from), text(&band.name)));
        let band = format!("CASE{} END", bands.collect::<String>());
        Ok(Made { steps: std::mem::take(&mut self.steps), last, score: running, band })
    }

    /// By the value, else the default, else the missing policy.
    fn weighted(&self, signal: &Signal, weighted: &Weighted) -> Result<SignalSql, SqlError> {
        if let (Scale::Table(table), Some(parts)) = (&weighted.scale, signal.source.parts()) {
            return self.table(signal, table, parts, weighted.missing);
        }
        let value = self.writer.source(&signal.source)?;
        let fitting = self.fitting(signal, &weighted.scale, value)?;
        let default =
            signal.default.as_ref().and_then(|default| self.default_subscore(&weighted.scale, &default.as_value()));
        let otherwise = default.or(weighted.missing.map(double)).unwrap_or_else(|| "NULL".into());
        let aged = self.aged(signal, &fitting)?;
        let subscore = self.writer.subscore(&weighted.scale, &aged.value);
        let mut ok = format!("{} IS NOT NULL", aged.value.sql);
        ok.push_str(&aged.and_not_stale);
        if let Some(invalid) = &aged.value.invalid {
            ok = format!("{ok} AND NOT COALESCE({invalid}, FALSE)");
        }
        if aged.value.kind == SqlKind::Absent {
            ok = "1 = 0".into();
        }
        let invalid = aged.value.invalid.map(|invalid| format!("COALESCE({invalid}, FALSE)"));
        let result =
            if ok == "1 = 0" { otherwise } else { format!("CASE WHEN {ok} THEN {subscore} ELSE {otherwise} END") };
        Ok(SignalSql { result, ok, invalid })
    }

    /// Both values or the missing policy; a value that cannot be read counts even where the other one is missing.
    fn table(
        &self,
        signal: &Signal,
        table: &Table,
        parts: [Source; 2],
        missing: Option<f64>,
    ) -> Result<SignalSql, SqlError> {
        let mut sides = Vec::with_capacity(2);
        for (part, axis) in parts.iter().zip(table.axes()) {
            let value = self.writer.source(part)?;
            let fits = match axis {
                Axis::Steps(_) => value.kind == SqlKind::Number,
                Axis::Groups { .. } => matches!(value.kind, SqlKind::Number | SqlKind::Text | SqlKind::Bool),
            };
            sides.push(if fits || value.kind == SqlKind::Absent {
                value
            } else {
                let invalid = Some(format!("{} IS NOT NULL", value.sql));
                ValueSql { sql: value.sql, kind: SqlKind::Other, invalid }
            });
        }
        let otherwise = missing.map_or_else(|| "NULL".into(), double);
        let invalid: Vec<String> = sides
            .iter()
            .filter_map(|side| side.invalid.as_ref())
            .map(|one| format!("COALESCE({one}, FALSE)"))
            .collect();
        let invalid = (!invalid.is_empty()).then(|| format!("({})", invalid.join(" OR ")));
        if sides.iter().any(|side| matches!(side.kind, SqlKind::Absent | SqlKind::Other)) {
            debug_assert!(signal.default.is_none());
            return Ok(SignalSql { result: otherwise, ok: "1 = 0".into(), invalid });
        }
        let mut ok = format!("{} IS NOT NULL AND {} IS NOT NULL", sides[0].sql, sides[1].sql);
        if let Some(invalid) = &invalid {
            ok.push_str(&format!(" AND NOT {invalid}"));
        }
        let subscore = table_case(table, &sides[0], &sides[1]);
        Ok(SignalSql { result: format!("CASE WHEN {ok} THEN {subscore} ELSE {otherwise} END"), ok, invalid })
    }

    /// The age of a default time depends on as_of; every other default has one subscore.
    fn default_subscore(&self, scale: &Scale, default: &Value) -> Option<String> {
        if scale.reads_time() {
            let Value::Text(written) = default else { return None };
            let at = parse_time(written)?;
            let value = ValueSql { sql: super::value::seconds(at), kind: SqlKind::Time, invalid: None };
            return Some(self.writer.subscore(scale, &value));
        }
        scale.subscore(default, 0).ok().map(double)
    }

    /// The value, where values that the scale cannot read are marked as invalid too.
    fn fitting(&self, signal: &Signal, scale: &Scale, value: ValueSql) -> Result<ValueSql, SqlError> {
        let ValueSql { sql, kind, invalid } = value;
        let fits = match scale {
            Scale::Linear { .. } | Scale::Steps(_) | Scale::Curve(_) => kind == SqlKind::Number,
            Scale::Map(_) => matches!(kind, SqlKind::Number | SqlKind::Text | SqlKind::Bool),
            Scale::Boolean(_) => kind == SqlKind::Bool,
            Scale::Recency { .. } if kind == SqlKind::Text => {
                let input = signal.source.inputs()[0];
                return Err(self.writer.unsupported(input, "a date or timestamp: cast it in a view"));
            }
            Scale::Recency { .. } => kind == SqlKind::Time,
            // Two values are written apart.
            Scale::Table(_) => false,
        };
        if kind == SqlKind::Absent {
            return Ok(ValueSql { sql, kind, invalid });
        }
        if !fits {
            // Any value there is.
            return Ok(ValueSql { invalid: Some(format!("{sql} IS NOT NULL")), sql, kind: SqlKind::Other });
        }
        if let Scale::Map(map) = scale
            && map.otherwise.is_none()
        {
            let unknown = format!("({sql} IS NOT NULL AND {} IS NULL)", map_case(map, &sql, kind));
            let invalid = invalid.map_or(unknown.clone(), |invalid| format!("({invalid} OR {unknown})"));
            return Ok(ValueSql { sql, kind, invalid: Some(invalid) });
        }
        Ok(ValueSql { sql, kind, invalid })
    }

    /// A stale value is missing, and is not checked further.
    pub(super) fn aged(&self, signal: &Signal, value: &ValueSql) -> Result<Aged, SqlError> {
        let (Some(observed), Some(max_age)) = (signal.observed, signal.max_age) else {
            return Ok(Aged { value: value.clone(), and_not_stale: String::new() });
        };
        let at = self.writer.time(observed)?;
        let stale = if at.sql == "NULL" {
            "FALSE".to_owned()
        } else {
            format!("COALESCE({} - {} > {}, FALSE)", self.writer.as_of(), at.sql, super::value::seconds(max_age))
        };
        // The time is checked where there is a value; the scale checks the value only if the value is not stale.
        let unknown_age = at.invalid.as_ref().map(|invalid| format!("({} IS NOT NULL AND {invalid})", value.sql));
        // An unusable part of a ratio, change or days is found before the age is checked.
        let own = value.invalid.as_ref().map(|invalid| match signal.source {
            Source::Column(_) => format!("(NOT {stale} AND {invalid})"),
            _ => invalid.clone(),
        });
        let invalid = match (unknown_age, own) {
            (Some(a), Some(b)) => Some(format!("(COALESCE({a}, FALSE) OR COALESCE({b}, FALSE))")),
            (a, b) => a.or(b),
        };
        Ok(Aged {
            value: ValueSql { sql: value.sql.clone(), kind: value.kind, invalid },
            and_not_stale: format!(" AND NOT {stale}"),
        })
    }

    fn weighted_score(&self) -> String {
        let prefix = &self.writer.prefix;
        let weighing = &self.plan.weighing;
        let (mut sums, mut totals) = (Vec::new(), Vec::new());
        for (group, group_weight) in weighing.group_weights.iter().enumerate() {
            let members =
                weighing.shares.iter().enumerate().filter(|(_, share)| share.group == group && share.weight > 0.0);
            let members: Vec<(usize, f64)> = members.map(|(at, share)| (at, share.weight)).collect();
            if members.is_empty() || *group_weight == 0.0 {
                continue;
            }
            let (sum, weight) = mean_parts(prefix, &members);
            sums.push(format!("COALESCE({} * ({sum}) / NULLIF({weight}, 0), 0)", double(*group_weight)));
            totals.push(format!("CASE WHEN {weight} > 0 THEN {} ELSE 0 END", double(*group_weight)));
        }
        format!("({}) / NULLIF({}, 0)", sums.join(" + "), totals.join(" + "))
    }

    /// Whether the data suffice for a score.
    fn enough(&self) -> String {
        let prefix = &self.writer.prefix;
        let least = self.plan.min_coverage;
        if least == 0.0 {
            return "1 = 1".into();
        }
        let shares: Vec<(usize, f64)> = self
            .plan
            .weighing
            .shares
            .iter()
            .enumerate()
            .filter(|(_, share)| share.nominal > 0.0)
            .map(|(at, share)| (at, share.nominal))
            .collect();
        let all: Vec<String> = shares.iter().map(|(at, _)| format!("{prefix}k{at}")).collect();
        let whole = format!("{} = {}", all.join(" + "), shares.len());
        if least > 1.0 - 1e-9 {
            return whole;
        }
        let covered: Vec<String> =
            shares.iter().map(|(at, share)| format!("{prefix}k{at} * {}", double(*share))).collect();
        format!("({whole} OR {} >= {})", rounded(&covered.join(" + ")), double(least))
    }

    fn categories(&self) -> BTreeMap<usize, String> {
        let prefix = &self.writer.prefix;
        let of = |category: usize| -> String {
            let signals = self.plan.signals.iter().enumerate();
            let members: Vec<(usize, f64)> = signals
                .filter(|(_, signal)| signal.category == Some(category) && signal.weight() > 0.0)
                .map(|(at, signal)| (at, signal.weight()))
                .collect();
            if members.is_empty() {
                return "CAST(NULL AS DOUBLE PRECISION)".into();
            }
            let (sum, weight) = mean_parts(prefix, &members);
            rounded(&format!("({sum}) / NULLIF({weight}, 0)"))
        };
        (0..self.plan.categories.len()).map(|category| (category, of(category))).collect()
    }
}

pub(super) struct Aged {
    pub value: ValueSql,
    pub and_not_stale: String,
}

/// Σ weight · subscore and Σ weight over the signals that count.
fn mean_parts(prefix: &str, members: &[(usize, f64)]) -> (String, String) {
    let sum = members.iter().map(|(at, weight)| format!("COALESCE({} * {prefix}s{at}, 0)", double(*weight)));
    let weight = members
        .iter()
        .map(|(at, weight)| format!("CASE WHEN {prefix}s{at} IS NULL THEN 0e0 ELSE {} END", double(*weight)));
    (sum.collect::<Vec<_>>().join(" + "), format!("({})", weight.collect::<Vec<_>>().join(" + ")))
}

fn apply(action: Action, running: &str) -> String {
    match action {
        Action::Cap(limit) => {
            format!("CASE WHEN {running} > {limit} THEN {limit} ELSE {running} END", limit = double(limit))
        }
        Action::Floor(limit) => {
            format!("CASE WHEN {running} < {limit} THEN {limit} ELSE {running} END", limit = double(limit))
        }
        Action::Set(to) => double(to),
        Action::Adjust(by) => {
            let moved = format!("{running} + {}", double(by));
            rounded(&format!("CASE WHEN {moved} < 0 THEN 0e0 WHEN {moved} > 100 THEN 100e0 ELSE {moved} END"))
        }
    }
}
