//! A model as a query: plain standard SQL that gives each row of a relation the score and band that the engine gives
//! it. For review, and for databases that the extension cannot be installed in.
//!
//! Where the engine refuses a row, the query has NULL. The names of the query's steps begin with a prefix of their own.

mod award;
mod condition;
mod plan;
pub(crate) mod request;
mod scale;
mod value;

use std::fmt::Write;

use plan::PlanSql;
use value::Writer;

use request::{LONGEST, SqlError, SqlRequest};

use crate::model::plan::Plan;

const MOST_SIGNALS: usize = 300;

pub fn model_sql(request: &SqlRequest) -> Result<String, SqlError> {
    let model = request.model;
    if let Some(signal) = model.plans().flat_map(|plan| &plan.signals).find(|signal| {
        signal.combine != signal.measure.usual_combine(&signal.source)
            || signal.window.is_some()
            || signal.lag.is_some()
    }) {
        return Err(SqlError::Events { signal: signal.name.clone() });
    }
    if model.base().signals.len() > MOST_SIGNALS {
        return Err(SqlError::TooLong);
    }
    let writer = Writer::new(request);
    for input in model.inputs().iter().filter(|input| input.required && input.scored) {
        if !request.columns.iter().any(|column| column.name == input.name) {
            return Err(SqlError::MissingColumn { name: input.name.clone() });
        }
    }
    let mut query = Query { writer: &writer, text: String::from("WITH\n") };
    query.segments(request)?;
    let mut branches = vec![query.branch(None, model.base(), 0)?];
    for (at, segment) in model.segments().iter().enumerate() {
        branches.push(query.branch(Some(&segment.name), &segment.plan, at + 1)?);
    }
    // A row whose segment is unknown has no score.
    if !model.segments().is_empty() {
        branches.push(query.without_segment());
    }
    query.text.truncate(query.text.trim_end_matches([',', '\n']).len());
    let _ = write!(query.text, "\n{}", branches.join("\nUNION ALL\n"));
    if query.text.len() > LONGEST { Err(SqlError::TooLong) } else { Ok(query.text) }
}

struct Query<'a> {
    writer: &'a Writer<'a>,
    text: String,
}

impl Query<'_> {
    fn add(&mut self, name: &str, body: &str) -> Result<(), SqlError> {
        if self.text.len() + body.len() > LONGEST {
            return Err(SqlError::TooLong);
        }
        let _ = write!(self.text, "{name} AS (\n{body}\n),\n");
        Ok(())
    }

    /// The rows, each with the number of its segment.
    fn segments(&mut self, request: &SqlRequest) -> Result<(), SqlError> {
        let writer = self.writer;
        let mut cases = String::new();
        for (at, segment) in request.model.segments().iter().enumerate() {
            let condition = writer.condition(&segment.when, request.model.base().lenient, &plan::StepNames::none())?;
            if let Some(error) = condition.error {
                let _ = write!(cases, " WHEN {error} THEN NULL");
            }
            let _ = write!(cases, " WHEN {} THEN {}", condition.sql, at + 1);
        }
        let number = if cases.is_empty() { "0".to_owned() } else { format!("CASE{cases} ELSE 0 END") };
        let body = format!("  SELECT a.*, {number} AS {}segment FROM {} AS a", writer.prefix, request.relation);
        self.add(&format!("{}rows", writer.prefix), &body)
    }

    /// The steps of one plan, and the SELECT of its rows.
    fn branch(&mut self, segment: Option<&str>, plan: &Plan, number: usize) -> Result<String, SqlError> {
        let writer = self.writer;
        let mut steps = PlanSql::new(writer, plan, number);
        let made = steps.write()?;
        for (name, body) in &made.steps {
            // A planner inlines the expressions of a step at every reference in the next step, so the expressions
            // double with every rule. A step with its own WITH is not inlined.
            let prefix = &writer.prefix;
            self.add(name, &format!("  WITH {prefix}apart AS (SELECT 1 AS {prefix}one)\n{body}"))?;
        }
        let segment = segment
            .map_or("CAST(NULL AS VARCHAR)".to_owned(), |name| format!("CAST({} AS VARCHAR)", value::text(name)));
        Ok(format!(
            "SELECT {}, {score} AS health_score, {band} AS health_band, {segment} AS health_segment FROM {last}",
            writer.columns(),
            score = made.score,
            band = made.band,
            last = made.last
        ))
    }

    fn without_segment(&self) -> String {
        let prefix = &self.writer.prefix;
        format!(
            "SELECT {}, CAST(NULL AS DOUBLE PRECISION), CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR) FROM {prefix}rows WHERE {prefix}segment IS NULL",
            self.writer.columns()
        )
    }
}
