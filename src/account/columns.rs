//! An account as the columns of a table, each an argument of its own: what the planner makes of a whole row (plan.rs).
//! Building a row for every account costs more than scoring it, and fetches every long value of it.

use health_score_engine::{Input, Value};
use pgrx::pg_sys;

use crate::account::planner::columns_function;
use crate::account::row::{NamedColumn, Reading};
use crate::pg::arguments::Arguments;
use crate::pg::error::{Report, code};

/// Before the columns: model, names, as_of, segment, and the function that the query calls.
pub const FIRST_COLUMN: usize = 5;
pub const NAMES: usize = 1;
const FUNCTION: usize = 4;

/// Where the inputs of one model lie among the arguments of one call site.
pub struct ColumnLayout {
    reading: Reading,
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
        ColumnLayout { reading: Reading::resolve(inputs, &columns) }
    }

    #[inline(always)]
    pub fn read<'a>(&self, arguments: &'a Arguments, explain: bool, values: &mut [Value<'a>]) {
        // SAFETY: the kinds were made from the types of these arguments, which live as long as the call.
        unsafe { self.reading.read(explain, |at| arguments.datum(at), values) };
    }
}

/// Refuses a call by hand that would go round the rights on the function that the planner stands in for.
pub fn check_caller(arguments: &Arguments) {
    let Some(function) = arguments.get::<pg_sys::Oid>(FUNCTION) else { misused() };
    // SAFETY: catalog look-ups inside a transaction; flinfo is valid during the call.
    unsafe {
        let called = (*arguments.flinfo()).fn_oid;
        if columns_function(function, arguments.type_of(0)) != Some(called) {
            misused();
        }
        if !may_execute(pg_sys::GetUserId(), function) {
            let denied = pg_sys::AclResult::ACLCHECK_NO_PRIV;
            pg_sys::aclcheck_error(denied, pg_sys::ObjectType::OBJECT_FUNCTION, pg_sys::get_func_name(function));
        }
    }
}

/// Whether a role (none: everybody) may execute the function.
pub fn may_execute(role: pg_sys::Oid, function: pg_sys::Oid) -> bool {
    // SAFETY: catalog look-ups inside a transaction.
    unsafe {
        let execute = pg_sys::ACL_EXECUTE as pg_sys::AclMode;
        #[cfg(feature = "pg15")]
        let result = pg_sys::pg_proc_aclcheck(function, role, execute);
        #[cfg(not(feature = "pg15"))]
        let result = pg_sys::object_aclcheck(pg_sys::ProcedureRelationId, function, role, execute);
        result == pg_sys::AclResult::ACLCHECK_OK
    }
}

fn misused() -> ! {
    Report::new(code::INVALID_PARAMETER, "this function is for the planner, which puts it in place of a whole row")
        .hint("Call health_score(model, row) or health_band(model, row).")
        .raise()
}
