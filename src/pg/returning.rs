//! Returning rows: one composite, or a set of rows in the way the executor asks for. What the rows hold is the
//! caller's.

use pgrx::{PgMemoryContexts, pg_sys};

use crate::pg::arguments::Arguments;
use crate::pg::error::{Report, code};
use crate::pg::fn_extra::kept;
use crate::pg::tuple::{PendingRows, TupleWriter};

/// What a function that returns rows keeps at a call site.
#[derive(Default)]
pub struct Returned {
    row_type: Option<pg_sys::TupleDesc>,
    writer: Option<TupleWriter>,
    /// Rows of a set that is handed out row by row.
    pending: PendingRows,
}

impl Returned {
    /// For a function that keeps nothing else.
    pub fn of(arguments: &Arguments) -> &'static mut Returned {
        kept(arguments, Returned::default)
    }

    /// The row type of the running function, resolved once.
    pub fn row_type(&mut self, arguments: &Arguments, columns: usize) -> pg_sys::TupleDesc {
        if let Some(descriptor) = self.row_type {
            return descriptor;
        }
        let resolved = row_type_of_call(arguments, columns);
        // SAFETY: flinfo is valid; the copy lives in fn_mcxt, as long as what is kept there.
        let descriptor = unsafe {
            PgMemoryContexts::For((*arguments.flinfo()).fn_mcxt)
                .switch_to(|_| pg_sys::BlessTupleDesc(pg_sys::CreateTupleDescCopy(resolved)))
        };
        self.row_type = Some(descriptor);
        descriptor
    }

    /// Runs a set-returning function of so many columns. `produce` adds its rows.
    pub fn each_row(
        &mut self,
        arguments: &Arguments,
        columns: usize,
        produce: impl FnOnce(&mut Rows),
    ) -> Option<pg_sys::Datum> {
        let descriptor = self.row_type(arguments, columns);
        let writer = self.writer.get_or_insert_with(|| TupleWriter::new(columns));
        match Mode::of(arguments) {
            Mode::Store(store) => {
                produce(&mut Rows { writer, to: Destination::Store(store) });
                None
            }
            Mode::PerCall => {
                let first = self.pending.is_empty();
                if first {
                    // SAFETY: the descriptor lives as long as this, and is blessed.
                    let typmod = unsafe { (*descriptor).tdtypmod };
                    // Taken out, so that nothing is pending after an error.
                    let mut pending = std::mem::take(&mut self.pending);
                    produce(&mut Rows { writer, to: Destination::Pending(&mut pending, typmod) });
                    self.pending = pending;
                }
                self.next_row(arguments, first)
            }
        }
    }

    /// Hands out the next pending row, or ends the set. Between two rows the executor may give up on the set; then the
    /// callback forgets the other rows, so that the next call starts anew.
    fn next_row(&mut self, arguments: &Arguments, first: bool) -> Option<pg_sys::Datum> {
        let row = self.pending.pop();
        let this = pg_sys::Datum::from(std::ptr::from_mut(self));
        // SAFETY: Mode::of() has checked resultinfo. What is kept outlives the callbacks of the expression context,
        // since fn_mcxt outlives the execution.
        unsafe {
            let info = (*arguments.fcinfo()).resultinfo.cast::<pg_sys::ReturnSetInfo>();
            if row.is_some() {
                if first {
                    pg_sys::RegisterExprContextCallback((*info).econtext, Some(forget_rows), this);
                }
                (*info).isDone = pg_sys::ExprDoneCond::ExprMultipleResult;
            } else {
                if !first {
                    pg_sys::UnregisterExprContextCallback((*info).econtext, Some(forget_rows), this);
                }
                (*info).isDone = pg_sys::ExprDoneCond::ExprEndResult;
            }
        }
        if row.is_none() {
            self.pending.clear();
        }
        row
    }
}

unsafe extern "C-unwind" fn forget_rows(returned: pg_sys::Datum) {
    // SAFETY: registered with what a call site keeps, which is still there.
    unsafe { (*returned.cast_mut_ptr::<Returned>()).pending.clear() };
}

/// The rows of a set, as they are produced.
pub struct Rows<'a> {
    writer: &'a mut TupleWriter,
    to: Destination<'a>,
}

enum Destination<'a> {
    Store(*mut pg_sys::Tuplestorestate),
    /// With the typmod of the row type.
    Pending(&'a mut PendingRows, i32),
}

impl Rows<'_> {
    /// Adds a row; `write` writes all its columns, by the OUT columns of the declaration in sql/.
    #[inline(always)]
    pub fn add(&mut self, write: impl FnOnce(&mut TupleWriter)) {
        self.writer.begin();
        write(self.writer);
        match &mut self.to {
            // SAFETY: row_type() counted the OUT columns, and the writer counts what is written.
            Destination::Store(store) => unsafe { self.writer.put(*store) },
            Destination::Pending(rows, typmod) => rows.push(self.writer, *typmod),
        }
    }
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
enum Mode {
    /// All at once: the function stands in FROM. It returns NULL itself.
    Store(*mut pg_sys::Tuplestorestate),
    /// One row per call: the function is in a select list, where a store would only be read again.
    PerCall,
}

impl Mode {
    fn of(arguments: &Arguments) -> Mode {
        // SAFETY: resultinfo is checked to be a ReturnSetInfo; the store belongs to the query's memory, as the executor
        // asks. No setDesc: the function has OUT columns, so the executor knows its row type.
        unsafe {
            let info = (*arguments.fcinfo()).resultinfo.cast::<pg_sys::ReturnSetInfo>();
            if info.is_null() || (*info).type_ != pg_sys::NodeTag::T_ReturnSetInfo {
                Report::new(
                    code::FEATURE_NOT_SUPPORTED,
                    "set-valued function called in a context that cannot accept a set",
                )
                .hint("Call the function in FROM: SELECT … FROM health_drivers(…), or CROSS JOIN LATERAL.")
                .raise();
            }
            let allowed = (*info).allowedModes as u32;
            if allowed & pg_sys::SetFunctionReturnMode::SFRM_Materialize_Preferred == 0 {
                return Mode::PerCall;
            }
            let random = allowed & pg_sys::SetFunctionReturnMode::SFRM_Materialize_Random != 0;
            let memory = (*(*info).econtext).ecxt_per_query_memory;
            let store = PgMemoryContexts::For(memory)
                .switch_to(|_| pg_sys::tuplestore_begin_heap(random, false, pg_sys::work_mem));
            (*info).returnMode = pg_sys::SetFunctionReturnMode::SFRM_Materialize;
            (*info).setResult = store;
            Mode::Store(store)
        }
    }
}
