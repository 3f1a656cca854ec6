//! health_raise(sqlstate, message, detail, hint): an error of a PL/pgSQL function of this extension

use crate::pg::error::{Report, code, state};
use crate::sql_function;

sql_function! {
    fn health_raise(arguments) {
        let state = state(arguments.text(0)?).unwrap_or(code::INVALID_PARAMETER);
        let mut report = Report::new(state, arguments.text(1).unwrap_or_default());
        if let Some(detail) = arguments.text(2) {
            report = report.detail(detail);
        }
        if let Some(hint) = arguments.text(3) {
            report = report.hint(hint);
        }
        report.raise()
    }
}
