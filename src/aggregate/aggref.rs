//! What the executor tells a support function about the aggregate that is running.

use std::ffi::CStr;

use pgrx::pg_sys;

use crate::pg::arguments::Arguments;
use crate::pg::catalog::same_extension;

/// Whether an argument of the aggregate is the same in every row: a constant, or a parameter of the statement.
pub fn is_constant(arguments: &Arguments, at: usize) -> bool {
    // SAFETY: fcinfo is valid; the node is null or an Aggref, whose list elements are target entries.
    unsafe {
        let Some(aggref) = pg_sys::AggGetAggref(arguments.fcinfo()).cast::<pg_sys::Aggref>().as_ref() else {
            return false;
        };
        let Some(list) = aggref.args.as_ref() else { return false };
        // The state is no argument of the aggregate.
        let at = at - 1;
        if at >= list.length as usize {
            return false;
        }
        let entry = (*list.elements.add(at)).ptr_value.cast::<pg_sys::TargetEntry>();
        let node = (*entry).expr.cast::<pg_sys::Node>();
        match (*node).type_ {
            pg_sys::NodeTag::T_Const => true,
            pg_sys::NodeTag::T_Param => (*node.cast::<pg_sys::Param>()).paramkind == pg_sys::ParamKind::PARAM_EXTERN,
            _ => false,
        }
    }
}

/// Whether the states of this call may leave this process or the functions here: in a parallel worker, or in an
/// aggregate that others build over our functions, as Citus does.
pub fn leaves(arguments: &Arguments) -> bool {
    // SAFETY: fcinfo is valid; its context is null or a node, whose tag is checked before it is cast. The elements of an
    // AggState's list within its length are Aggrefs.
    unsafe {
        let context = (*arguments.fcinfo()).context;
        if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_AggState {
            return true;
        }
        let state = context.cast::<pg_sys::AggState>();
        if (*state).aggsplit & pg_sys::AGGSPLITOP_SKIPFINAL != 0 {
            return true;
        }
        let aggref = pg_sys::AggGetAggref(arguments.fcinfo()).cast::<pg_sys::Aggref>().as_ref();
        let (Some(aggref), Some(list)) = (aggref, (*state).aggs.as_ref()) else { return true };
        // Postgres keeps one state for all aggregates over the same rows and support functions.
        (0..list.length as usize)
            .map(|at| &*(*list.elements.add(at)).ptr_value.cast::<pg_sys::Aggref>())
            .any(|other| other.aggtransno == aggref.aggtransno && !is_ours(arguments, other.aggfnoid))
    }
}

fn is_ours(arguments: &Arguments, aggregate: pg_sys::Oid) -> bool {
    // SAFETY: a look-up by Oid, inside a transaction; the name is a C string in the call's memory.
    let name = unsafe {
        let name = pg_sys::get_func_name(aggregate);
        (!name.is_null()).then(|| CStr::from_ptr(name).to_bytes())
    };
    matches!(name, Some(b"health_score" | b"health_signals")) && same_extension(aggregate, arguments.function())
}
