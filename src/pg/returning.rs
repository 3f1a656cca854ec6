//! Returning rows: one composite, or many through a tuplestore.

use pgrx::pg_sys;

use crate::account::call_site::Site;
use crate::pg::arguments::Arguments;
use crate::pg::error::{Report, code};
use crate::pg::tuple::TupleWriter;

/// The row type of the running function, resolved once per call site and kept with it.
pub fn row_type(arguments: &Arguments, site: &mut Site, columns: usize) -> pg_sys::TupleDesc {
    if let Some(descriptor) = site.descriptor {
        return descriptor;
    }
    let resolved = row_type_of_call(arguments, columns);
    // SAFETY: flinfo is valid; the copy lives in fn_mcxt as the site does.
    let descriptor = unsafe {
        pgrx::PgMemoryContexts::For((*arguments.flinfo()).fn_mcxt)
            .switch_to(|_| pg_sys::BlessTupleDesc(pg_sys::CreateTupleDescCopy(resolved)))
    };
    site.descriptor = Some(descriptor);
    descriptor
}

/// The row type of the running function, for this call alone.
pub fn row_type_of_call(arguments: &Arguments, columns: usize) -> pg_sys::TupleDesc {
    // SAFETY: fcinfo is valid; the descriptor is checked before it is used.
    unsafe {
        let mut descriptor: pg_sys::TupleDesc = std::ptr::null_mut();
        let class = pg_sys::get_call_result_type(arguments.fcinfo(), std::ptr::null_mut(), &mut descriptor);
        if class != pg_sys::TypeFuncClass::TYPEFUNC_COMPOSITE || (*descriptor).natts as usize != columns {
            Report::new(code::WRONG_OBJECT_TYPE, "the function is not declared as in extension health_score")
                .hint("Use the function that CREATE EXTENSION health_score made.")
                .raise();
        }
        descriptor
    }
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

/// How the executor wants the rows of a set-returning function.
pub enum Mode {
    /// All at once: the function stands in FROM. It returns NULL itself.
    Store(*mut pg_sys::Tuplestorestate),
    /// One a call: it stands in a select list, where a store would only be read again.
    PerCall,
}

impl Mode {
    pub fn of(arguments: &Arguments) -> Mode {
        // SAFETY: resultinfo is checked to be a ReturnSetInfo; the store belongs to the query's memory, as the executor
        // asks. No setDesc: the function has OUT columns, so the executor knows its row type.
        unsafe {
            let info = (*arguments.fcinfo()).resultinfo.cast::<pg_sys::ReturnSetInfo>();
            if info.is_null() || (*info).type_ != pg_sys::NodeTag::T_ReturnSetInfo {
                Report::new(
                    code::FEATURE_NOT_SUPPORTED,
                    "set-valued function called in a context that cannot accept a set",
                )
                .hint("Put it into FROM: SELECT … FROM health_drivers(…), or CROSS JOIN LATERAL.")
                .raise();
            }
            let allowed = (*info).allowedModes as u32;
            if allowed & pg_sys::SetFunctionReturnMode::SFRM_Materialize_Preferred == 0 {
                return Mode::PerCall;
            }
            let random = allowed & pg_sys::SetFunctionReturnMode::SFRM_Materialize_Random != 0;
            let memory = (*(*info).econtext).ecxt_per_query_memory;
            let store = pgrx::PgMemoryContexts::For(memory)
                .switch_to(|_| pg_sys::tuplestore_begin_heap(random, false, pg_sys::work_mem));
            (*info).returnMode = pg_sys::SetFunctionReturnMode::SFRM_Materialize;
            (*info).setResult = store;
            Mode::Store(store)
        }
    }
}

/// Runs a set-returning function of so many columns. `produce` writes its rows, each by a call of what it is given.
pub fn each_row(
    arguments: &Arguments,
    columns: usize,
    produce: impl FnOnce(&mut Site, &mut dyn FnMut(&dyn Fn(&mut TupleWriter))),
) -> Option<pg_sys::Datum> {
    let site = Site::of(arguments);
    let descriptor = row_type(arguments, site, columns);
    let mut row = TupleWriter::new(columns);
    match Mode::of(arguments) {
        Mode::Store(store) => {
            produce(site, &mut |write| {
                row.begin();
                write(&mut row);
                // SAFETY: row_type() counted the OUT columns of the declaration, and the writer counts what is written.
                unsafe { row.put(store) };
            });
            None
        }
        Mode::PerCall => {
            let first = site.pending.is_empty();
            if first {
                // SAFETY: the descriptor lives as long as the site, and is blessed.
                let typmod = unsafe { (*descriptor).tdtypmod };
                let mut pending = std::mem::take(&mut site.pending);
                produce(site, &mut |write| {
                    row.begin();
                    write(&mut row);
                    pending.push(&row, typmod);
                });
                site.pending = pending;
            }
            next_row(arguments, site, first)
        }
    }
}

/// Hands out the next pending row of the site, or ends the set. Between two rows the executor may give up on the set;
/// then the callback forgets the rest, so that the next call begins anew.
pub fn next_row(arguments: &Arguments, site: &mut Site, first: bool) -> Option<pg_sys::Datum> {
    let site_datum = pg_sys::Datum::from(std::ptr::from_mut(site));
    let row = site.pending.pop();
    // SAFETY: Mode::of() has checked resultinfo; the site outlives the expression context's callbacks, since fn_mcxt
    // outlives the execution.
    unsafe {
        let info = (*arguments.fcinfo()).resultinfo.cast::<pg_sys::ReturnSetInfo>();
        if row.is_some() {
            if first {
                pg_sys::RegisterExprContextCallback((*info).econtext, Some(forget_rows), site_datum);
            }
            (*info).isDone = pg_sys::ExprDoneCond::ExprMultipleResult;
        } else {
            if !first {
                pg_sys::UnregisterExprContextCallback((*info).econtext, Some(forget_rows), site_datum);
            }
            site.pending.clear();
            (*info).isDone = pg_sys::ExprDoneCond::ExprEndResult;
        }
    }
    row
}

unsafe extern "C-unwind" fn forget_rows(site: pg_sys::Datum) {
    // SAFETY: registered with a live site.
    unsafe { (*site.cast_mut_ptr::<Site>()).pending.clear() };
}
