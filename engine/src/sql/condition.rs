//! Conditions of rules and segments: SQL has the same three-valued logic as the document. An unreadable value is an
//! error in the document's logic, so it is tracked separately here.

use super::plan::StepNames;
use super::request::{LONGEST, SqlError};
use super::value::{SqlKind, ValueSql, Writer, double, rounded, seconds, text};
use crate::base::value::Literal;
use crate::model::condition::{Check, Condition, Constant, Operator, Subject};
use crate::signal::source::Source;

/// A truth value, and the condition under which it cannot be told because a value cannot be read.
pub(super) struct ConditionSql {
    pub sql: String,
    pub error: Option<String>,
}

impl ConditionSql {
    fn sure(sql: impl Into<String>) -> ConditionSql {
        ConditionSql { sql: sql.into(), error: None }
    }
}

const UNKNOWN: &str = "CAST(NULL AS BOOLEAN)";

impl Writer<'_> {
    pub fn condition(&self, condition: &Condition, lenient: bool, steps: &StepNames) -> Result<ConditionSql, SqlError> {
        match condition {
            Condition::Not(inner) => {
                let inner = self.condition(inner, lenient, steps)?;
                Ok(ConditionSql { sql: format!("NOT ({})", inner.sql), error: inner.error })
            }
            Condition::All(list) | Condition::Any(list) => {
                let all = matches!(condition, Condition::All(_));
                let parts: Result<Vec<_>, _> = list.iter().map(|inner| self.condition(inner, lenient, steps)).collect();
                joined(parts?, all)
            }
            Condition::Test(subject, checks) => {
                let value = self.subject(subject, steps)?;
                let parts: Result<Vec<_>, _> =
                    checks.iter().map(|check| self.check(&value, subject, check, lenient)).collect();
                joined(parts?, true)
            }
        }
    }

    fn subject(&self, subject: &Subject, steps: &StepNames) -> Result<ValueSql, SqlError> {
        let number = |sql: String| ValueSql { sql, kind: SqlKind::Number, invalid: None };
        Ok(match subject {
            Subject::Input(source) => self.source(source)?,
            Subject::Subscore(signal) => number(rounded(&steps.subscore(*signal))),
            Subject::Category(category) => number(steps.category(*category)),
            Subject::RunningScore => number(steps.running.clone()),
            Subject::BaseScore => number(steps.base.clone()),
            Subject::Driver(_) | Subject::CategoryDrop(_) => unreachable!("a model's conditions have neither"),
        })
    }

    fn check(
        &self,
        value: &ValueSql,
        subject: &Subject,
        check: &Check,
        lenient: bool,
    ) -> Result<ConditionSql, SqlError> {
        let sql = &value.sql;
        let found = match check {
            Check::Missing(wanted) => {
                let missing = match (value.kind, lenient, &value.invalid) {
                    (SqlKind::Absent, ..) => "1 = 1".to_owned(),
                    // An unreadable value counts as missing.
                    (SqlKind::Other, true, _) => "1 = 1".to_owned(),
                    (_, true, Some(invalid)) => format!("({sql} IS NULL OR {invalid})"),
                    _ => format!("{sql} IS NULL"),
                };
                let missing = if *wanted { missing } else { format!("NOT ({missing})") };
                ConditionSql::sure(missing)
            }
            Check::Compare(operator, constant) => match self.compare(value, subject, *operator, constant)? {
                Some(sql) => ConditionSql::sure(sql),
                None => unsuitable(value),
            },
            Check::In(list) => {
                let mut equals = Vec::new();
                for constant in list {
                    equals.extend(self.compare(value, subject, Operator::Eq, constant)?);
                }
                if equals.is_empty() {
                    unsuitable(value)
                } else {
                    ConditionSql::sure(format!("({})", equals.join(" OR ")))
                }
            }
        };
        if lenient {
            let sql = match &value.invalid {
                Some(invalid) if !matches!(check, Check::Missing(_)) => {
                    format!("CASE WHEN {invalid} THEN NULL ELSE {} END", found.sql)
                }
                _ => found.sql,
            };
            return Ok(ConditionSql::sure(sql));
        }
        let error = match (&value.invalid, found.error) {
            (Some(invalid), Some(error)) => Some(format!("({invalid} OR {error})")),
            (invalid, error) => error.or(invalid.clone()),
        };
        Ok(ConditionSql { sql: found.sql, error })
    }

    /// None where values of this kind are not compared with such a constant.
    fn compare(
        &self,
        value: &ValueSql,
        subject: &Subject,
        operator: Operator,
        constant: &Constant,
    ) -> Result<Option<String>, SqlError> {
        let sign = match operator {
            Operator::Eq => "=",
            Operator::Ne => "<>",
            Operator::Lt => "<",
            Operator::Le => "<=",
            Operator::Gt => ">",
            Operator::Ge => ">=",
        };
        let right = match (&constant.literal, value.kind) {
            (_, SqlKind::Absent) => return Ok(Some(UNKNOWN.into())),
            (Literal::Number(number), SqlKind::Number) => double(*number),
            (Literal::Bool(flag), SqlKind::Bool) => (if *flag { "TRUE" } else { "FALSE" }).to_owned(),
            (Literal::Text(_), SqlKind::Text) if constant.time.is_some() => {
                if let Subject::Input(Source::Column(input)) = subject {
                    return Err(self.unsupported(*input, "a date or timestamp: cast it in a view"));
                }
                return Ok(None);
            }
            (Literal::Text(wanted), SqlKind::Text) => text(wanted),
            (Literal::Text(_), SqlKind::Time) => match constant.time {
                Some(time) => seconds(time),
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        Ok(Some(format!("{} {sign} {right}", value.sql)))
    }
}

/// Every present value is of the wrong kind.
fn unsuitable(value: &ValueSql) -> ConditionSql {
    ConditionSql { sql: UNKNOWN.into(), error: Some(format!("{} IS NOT NULL", value.sql)) }
}

/// The parts in order: the first decisive part ends the evaluation, so later parts may be unreadable.
fn joined(parts: Vec<ConditionSql>, all: bool) -> Result<ConditionSql, SqlError> {
    let word = if all { " AND " } else { " OR " };
    let sql: Vec<String> = parts.iter().map(|part| format!("({})", part.sql)).collect();
    let mut error: Option<String> = None;
    // Starts at the last part: an error counts only if no earlier part decides.
    for part in parts.iter().rev() {
        let decides = if all { format!("({}) IS FALSE", part.sql) } else { format!("({}) IS TRUE", part.sql) };
        error = match (&part.error, error) {
            (Some(own), Some(later)) => {
                Some(format!("CASE WHEN {own} THEN TRUE WHEN {decides} THEN FALSE ELSE {later} END"))
            }
            (Some(own), None) => Some(own.clone()),
            (None, Some(later)) => Some(format!("CASE WHEN {decides} THEN FALSE ELSE {later} END")),
            (None, None) => None,
        };
        if error.as_ref().is_some_and(|error| error.len() > LONGEST) {
            return Err(SqlError::TooLong);
        }
    }
    let sql = sql.join(word);
    if sql.len() > LONGEST { Err(SqlError::TooLong) } else { Ok(ConditionSql { sql, error }) }
}
