//! Reading an account from a row: the columns are found by name once per row type, then each row is deformed once.

use health_score_engine::{Input, Value};
use pgrx::{PgMemoryContexts, pg_sys};

use crate::account::input_columns::InputColumns;
use crate::pg::composite::{Composite, NamedColumn, RowType, column_names};

/// Where the inputs of one model lie in the rows of one type.
pub struct RowLayout {
    row_type: RowType,
    descriptor: pg_sys::TupleDesc,
    columns: InputColumns,
    datums: Vec<pg_sys::Datum>,
    nulls: Vec<bool>,
}

impl Drop for RowLayout {
    fn drop(&mut self) {
        // SAFETY: our own copy, made in a context that is still there: a site is dropped before its context's memory.
        unsafe { pg_sys::FreeTupleDesc(self.descriptor) };
    }
}

impl RowLayout {
    pub fn fits(&self, row: &Composite) -> bool {
        self.row_type.is_of(row)
    }

    /// Finds the columns of `inputs`; memory comes from `context`, which lives as long as the layout.
    pub fn resolve(row: &Composite, inputs: &[Input], context: pg_sys::MemoryContext) -> RowLayout {
        RowLayout::with(row, context, |names| InputColumns::resolve(inputs, names))
    }

    /// The same where the row need not have all inputs.
    pub fn resolve_some(row: &Composite, inputs: &[Input], context: pg_sys::MemoryContext) -> RowLayout {
        RowLayout::with(row, context, |names| InputColumns::resolve_some(inputs, names))
    }

    /// Which inputs the rows have.
    pub fn mark(&self, inputs: &mut [bool]) {
        self.columns.mark(inputs);
    }

    fn with(
        row: &Composite,
        context: pg_sys::MemoryContext,
        resolve: impl FnOnce(&[NamedColumn]) -> InputColumns,
    ) -> RowLayout {
        // This comes first: a later change of the type must be noticed at the next row.
        let row_type = RowType::of(row);
        let (type_id, typmod) = row.type_id();
        // SAFETY: the row's own type; the copy belongs to `context`.
        let descriptor = unsafe {
            PgMemoryContexts::For(context).switch_to(|_| pg_sys::lookup_rowtype_tupdesc_copy(type_id, typmod))
        };
        let names = column_names(descriptor);
        let columns = resolve(&names);
        // SAFETY: our own copy.
        let count = unsafe { (*descriptor).natts } as usize;
        RowLayout {
            row_type,
            descriptor,
            columns,
            datums: vec![pg_sys::Datum::from(0); count],
            nulls: vec![true; count],
        }
    }

    /// Fills `values` (all [`Value::Missing`] before), evidence only if `explain`.
    #[inline]
    pub fn read<'a>(&mut self, row: &'a Composite, explain: bool, values: &mut [Value<'a>]) {
        row.deform(self.descriptor, &mut self.datums, &mut self.nulls);
        let (datums, nulls) = (&self.datums, &self.nulls);
        // SAFETY: the kinds were made from these columns' types.
        unsafe { self.columns.read(explain, |at| (!nulls[at]).then_some(datums[at]), values) };
    }
}
