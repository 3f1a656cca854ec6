//! Errors as users meet them: SQLSTATE, message, DETAIL and HINT.

use health_score_engine::{Input, Issue, Quoted, Refused, ScoreError, Severity, nearest};
use pgrx::PgLogLevel;
use pgrx::pg_sys::panic::ErrorReport;

use crate::pg::own_frames::leave_own_frames;

/// The SQLSTATEs that this extension raises.
pub mod code {
    use pgrx::PgSqlErrorCode as Code;

    pub const ACTIVE_TRANSACTION: Code = Code::ERRCODE_ACTIVE_SQL_TRANSACTION;
    pub const FEATURE_NOT_SUPPORTED: Code = Code::ERRCODE_FEATURE_NOT_SUPPORTED;
    pub const INVALID_BINARY: Code = Code::ERRCODE_INVALID_BINARY_REPRESENTATION;
    pub const INVALID_TEXT: Code = Code::ERRCODE_INVALID_TEXT_REPRESENTATION;
    pub const INVALID_PARAMETER: Code = Code::ERRCODE_INVALID_PARAMETER_VALUE;
    pub const INSUFFICIENT_PRIVILEGE: Code = Code::ERRCODE_INSUFFICIENT_PRIVILEGE;
    pub const DATATYPE_MISMATCH: Code = Code::ERRCODE_DATATYPE_MISMATCH;
    pub const UNDEFINED_TABLE: Code = Code::ERRCODE_UNDEFINED_TABLE;
    pub const UNDEFINED_COLUMN: Code = Code::ERRCODE_UNDEFINED_COLUMN;
    pub const UNDEFINED_OBJECT: Code = Code::ERRCODE_UNDEFINED_OBJECT;
    pub const PROGRAM_LIMIT: Code = Code::ERRCODE_PROGRAM_LIMIT_EXCEEDED;
    pub const SUCCESSFUL: Code = Code::ERRCODE_SUCCESSFUL_COMPLETION;
    pub const WRONG_OBJECT_TYPE: Code = Code::ERRCODE_WRONG_OBJECT_TYPE;
}

/// The code of a SQLSTATE of five characters, packed as Postgres packs them: six bits each, the first one lowest. None
/// for a state that Postgres does not know.
pub fn state(sqlstate: &str) -> Option<pgrx::PgSqlErrorCode> {
    let packed = sqlstate.bytes().take(5).enumerate();
    let packed = packed.fold(0, |sum, (at, byte)| sum | ((i32::from(byte) - 0x30) & 0x3F) << (6 * at));
    Some(pgrx::PgSqlErrorCode::from(packed)).filter(|code| *code != pgrx::PgSqlErrorCode::ERRCODE_INTERNAL_ERROR)
}

pub struct Report {
    code: pgrx::PgSqlErrorCode,
    message: String,
    detail: Option<String>,
    hint: Option<String>,
}

impl Report {
    pub fn new(code: pgrx::PgSqlErrorCode, message: impl Into<String>) -> Report {
        Report { code, message: message.into(), detail: None, hint: None }
    }

    pub fn detail(mut self, detail: impl Into<String>) -> Report {
        self.detail = Some(detail.into());
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Report {
        self.hint = Some(hint.into());
        self
    }

    #[track_caller]
    pub fn raise(self) -> ! {
        leave_own_frames();
        self.report(PgLogLevel::ERROR);
        unreachable!("ereport(ERROR) does not return")
    }

    /// Tells without an error.
    #[track_caller]
    pub fn notice(self) {
        self.report(PgLogLevel::NOTICE);
    }

    #[track_caller]
    fn report(self, level: PgLogLevel) {
        let mut report = ErrorReport::new(self.code, self.message, "health_score");
        if let Some(detail) = self.detail {
            report = report.set_detail(detail);
        }
        if let Some(hint) = self.hint {
            report = report.set_hint(hint);
        }
        report.report(level);
    }
}

/// The maximum number of columns or inputs in a message.
const MOST_COLUMNS: usize = 20;

/// A name as it is quoted in messages.
pub fn quoted(name: &str) -> String {
    Quoted(name).to_string()
}

/// The nearest known name as a HINT, else `otherwise`.
pub fn did_you_mean<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>, otherwise: &str) -> String {
    match nearest(wanted, known) {
        Some(name) => format!("Did you mean {}?", Quoted(name)),
        None => otherwise.to_owned(),
    }
}

/// 42703 with the nearest column as a HINT, else with the existing columns.
pub fn no_column<'a>(relation: &str, wanted: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Report {
    let some = known.clone().into_iter().take(MOST_COLUMNS).collect::<Vec<_>>().join(", ");
    Report::new(code::UNDEFINED_COLUMN, format!("{relation} has no column {}", quoted(wanted))).hint(did_you_mean(
        wanted,
        known,
        &format!("It has: {some}."),
    ))
}

/// All errors of a model document in one report.
pub fn invalid_document(what: &str, issues: &[Issue]) -> Report {
    invalid(what, issues).hint("SELECT * FROM health_model_check(…) lists errors and warnings without raising them.")
}

/// All errors of a JSON text in one report.
pub fn invalid(what: &str, issues: &[Issue]) -> Report {
    let errors: Vec<_> =
        issues.iter().filter(|issue| issue.severity == Severity::Error).map(Issue::to_string).collect();
    let message = match &errors[..] {
        [only] => format!("invalid {what}: {only}"),
        _ => format!("invalid {what}: {} errors", errors.len()),
    };
    Report::new(code::INVALID_PARAMETER, message).detail(errors.join("\n"))
}

pub fn score_error(error: ScoreError) -> Report {
    match error {
        ScoreError::Invalid(invalid) => {
            Report::new(code::INVALID_PARAMETER, format!("invalid value for {}", invalid.place))
                .detail(format!("{}.", invalid.sentence))
                .hint(invalid.hint)
        }
        ScoreError::UnknownSegment(unknown) => {
            let report =
                Report::new(code::UNDEFINED_OBJECT, format!("the model has no segment {}", quoted(&unknown.name)));
            match unknown.nearest {
                Some(name) => report.hint(format!("Did you mean {}?", Quoted(&name))),
                None => report.hint("Omit the segment to choose one by its condition; '' scores without a segment."),
            }
        }
        ScoreError::AsOfRequired => {
            Report::new(code::INVALID_PARAMETER, "this model reads time, so as_of must be given")
                .detail("A score from a document is IMMUTABLE and may not depend on the clock.")
                .hint("Pass as_of => now(), or name a saved model: its as_of defaults to the transaction's now().")
        }
    }
}

/// The error for a value that an aggregate refuses.
#[cold]
pub fn refuse(refused: Refused) -> ! {
    Report::new(code::INVALID_PARAMETER, refused.message).hint(refused.hint).raise()
}

/// For a DETAIL: what the model reads.
pub fn wanted_inputs(inputs: &[Input]) -> String {
    let columns = inputs.iter().filter(|input| !input.gathered);
    let wanted: Vec<_> = columns.map(|input| input.name.as_str()).take(MOST_COLUMNS).collect();
    format!("The model reads: {}.", wanted.join(", "))
}
