//! An account as the columns of a table, each an argument of its own: the planner puts them in place of a whole row
//! (planner.rs). Building a row for every account costs more than scoring it, and fetches every long value of it.

use health_score_engine::{Input, Value};
use pgrx::pg_sys;

use crate::account::input_columns::InputColumns;
use crate::pg::arguments::Arguments;
use crate::pg::catalog::{companion, may_execute};
use crate::pg::composite::NamedColumn;
use crate::pg::error::{Report, code};

/// Before the columns: model, names, as_of, segment, and the function that the query calls.
pub const FIRST_COLUMN: usize = 5;
pub const NAMES: usize = 1;
const FUNCTION: usize = 4;

/// Where the inputs of one model lie among the arguments of one call site.
pub struct ColumnLayout {
    columns: InputColumns,
}

impl ColumnLayout {
    pub fn resolve(arguments: &Arguments, inputs: &[Input]) -> ColumnLayout {
        let names: Vec<Option<String>> = arguments.get(NAMES).unwrap_or_default();
        if names.len() + FIRST_COLUMN != arguments.count() || !arguments.is_constant(NAMES) {
            misused();
        }
        let named = |(at, name): (usize, Option<String>)| {
            let type_id = arguments.type_of(FIRST_COLUMN + at);
            NamedColumn { name: name.unwrap_or_default(), attribute: FIRST_COLUMN + at, type_id }
        };
        let columns: Vec<NamedColumn> = names.into_iter().enumerate().map(named).collect();
        ColumnLayout { columns: InputColumns::resolve(inputs, &columns) }
    }

    #[inline(always)]
    pub fn read<'a>(&self, arguments: &'a Arguments, explain: bool, values: &mut [Value<'a>]) {
        // SAFETY: the kinds were made from the types of these arguments, which live as long as the call.
        unsafe { self.columns.read(explain, |at| arguments.datum(at), values) };
    }
}

/// The function that the query calls. A call by hand is refused, since it would go round the rights on that function.
pub fn replaced_function(arguments: &Arguments) -> pg_sys::Oid {
    let Some(function) = arguments.get::<pg_sys::Oid>(FUNCTION) else { misused() };
    if columns_function(function, arguments.type_of(0)) != Some(arguments.function()) {
        misused();
    }
    // SAFETY: a read of backend state, then an error with the name of a function that exists.
    unsafe {
        if !may_execute(Some(pg_sys::GetUserId()), function) {
            let denied = pg_sys::AclResult::ACLCHECK_NO_PRIV;
            pg_sys::aclcheck_error(denied, pg_sys::ObjectType::OBJECT_FUNCTION, pg_sys::get_func_name(function));
        }
    }
    function
}

/// The function that takes the columns in place of the row that `function` takes.
pub fn columns_function(function: pg_sys::Oid, model: pg_sys::Oid) -> Option<pg_sys::Oid> {
    let types: [pg_sys::Oid; FIRST_COLUMN + 1] =
        [model, pg_sys::TEXTARRAYOID, pg_sys::TIMESTAMPTZOID, pg_sys::TEXTOID, pg_sys::OIDOID, pg_sys::ANYOID];
    companion(function, "_columns", &types)
}

fn misused() -> ! {
    Report::new(code::INVALID_PARAMETER, "this function is for the planner, which puts it in place of a whole row")
        .hint("Call health_score(model, row) or health_band(model, row).")
        .raise()
}
