//! Returning rows: one composite, or many through a tuplestore.

use pgrx::pg_sys;

use crate::arguments::Arguments;
use crate::error::{Report, code};
use crate::site::Site;

/// The row type of the running function, resolved once per call site and kept with it.
pub fn row_type(arguments: &Arguments, site: &mut Site, columns: usize) -> pg_sys::TupleDesc {
    if let Some(descriptor) = site.descriptor {
        return descriptor;
    }
    // SAFETY: fcinfo is valid; the copy lives in fn_mcxt as the site does.
    let descriptor = unsafe {
        let mut descriptor: pg_sys::TupleDesc = std::ptr::null_mut();
        let class = pg_sys::get_call_result_type(arguments.fcinfo(), std::ptr::null_mut(), &mut descriptor);
        if class != pg_sys::TypeFuncClass::TYPEFUNC_COMPOSITE || (*descriptor).natts as usize != columns {
            Report::new(code::WRONG_OBJECT_TYPE, "the function is not declared as in extension health_score")
                .hint("Use the function that CREATE EXTENSION health_score made.")
                .raise();
        }
        pgrx::PgMemoryContexts::For((*arguments.flinfo()).fn_mcxt)
            .switch_to(|_| pg_sys::BlessTupleDesc(pg_sys::CreateTupleDescCopy(descriptor)))
    };
    site.descriptor = Some(descriptor);
    descriptor
}

/// A composite datum.
pub fn row<const N: usize>(descriptor: pg_sys::TupleDesc, columns: [Option<pg_sys::Datum>; N]) -> pg_sys::Datum {
    let mut values = columns.map(|column| column.unwrap_or(pg_sys::Datum::from(0)));
    let mut nulls = columns.map(|column| column.is_none());
    // SAFETY: row_type() checked the number of columns; the declarations in sql/ give their types.
    unsafe {
        let tuple = pg_sys::heap_form_tuple(descriptor, values.as_mut_ptr(), nulls.as_mut_ptr());
        pg_sys::HeapTupleHeaderGetDatum((*tuple).t_data)
    }
}

/// Begins the result of a set-returning function, in materialize mode. The function itself then returns NULL.
pub fn begin_rows(arguments: &Arguments) -> *mut pg_sys::Tuplestorestate {
    // SAFETY: resultinfo is checked to be a ReturnSetInfo; the store belongs to the query's memory, as the executor asks.
    // No setDesc: the function has OUT columns, so the executor knows its row type.
    unsafe {
        let info = (*arguments.fcinfo()).resultinfo.cast::<pg_sys::ReturnSetInfo>();
        let modes = pg_sys::SetFunctionReturnMode::SFRM_Materialize;
        if info.is_null()
            || (*info).type_ != pg_sys::NodeTag::T_ReturnSetInfo
            || (*info).allowedModes as u32 & modes == 0
        {
            Report::new(
                code::FEATURE_NOT_SUPPORTED,
                "set-valued function called in a context that cannot accept a set",
            )
            .hint("Put it into FROM: … CROSS JOIN LATERAL health_drivers(…) d.")
            .raise();
        }
        let random = (*info).allowedModes as u32 & pg_sys::SetFunctionReturnMode::SFRM_Materialize_Random != 0;
        let memory = (*(*info).econtext).ecxt_per_query_memory;
        let store = pgrx::PgMemoryContexts::For(memory)
            .switch_to(|_| pg_sys::tuplestore_begin_heap(random, false, pg_sys::work_mem));
        (*info).returnMode = modes;
        (*info).setResult = store;
        store
    }
}
