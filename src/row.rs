//! Reading an account from a row: the columns are found by name once per row type, then one deform a row.

use health_score_engine::{Input, Value};
use pgrx::{PgMemoryContexts, pg_sys};

use crate::datum::Kind;
use crate::error::{Report, code, did_you_mean, quoted};

/// Where the inputs of one model lie in the rows of one type.
pub struct Layout {
    /// Changes when the type does, unlike its Oid.
    identifier: u64,
    /// Cut after the last column that is needed.
    descriptor: pg_sys::TupleDesc,
    /// Per input.
    columns: Vec<Option<Column>>,
    datums: Vec<pg_sys::Datum>,
    nulls: Vec<bool>,
}

#[derive(Clone, Copy)]
struct Column {
    /// From 0.
    attribute: usize,
    kind: Kind,
    /// Evidence is read only where it is shown.
    scored: bool,
}

/// A composite datum, in plain memory.
pub struct Row {
    header: pg_sys::HeapTupleHeader,
    identifier: u64,
}

impl Row {
    /// # Safety
    /// `datum` is a non-null datum of a composite type.
    #[inline]
    pub unsafe fn from_datum(datum: pg_sys::Datum) -> Row {
        // SAFETY: a composite datum is a varlena with a tuple header, and names its type there.
        unsafe {
            let header = pg_sys::pg_detoast_datum(datum.cast_mut_ptr()).cast::<pg_sys::HeapTupleHeaderData>();
            let fields = &(*header).t_choice.t_datum;
            let identifier = pg_sys::assign_record_type_identifier(fields.datum_typeid, fields.datum_typmod);
            Row { header, identifier }
        }
    }

    fn type_id(&self) -> (pg_sys::Oid, i32) {
        // SAFETY: header is valid by the contract of from_datum().
        let fields = unsafe { &(*self.header).t_choice.t_datum };
        (fields.datum_typeid, fields.datum_typmod)
    }
}

impl Row {
    /// All columns: name, type and datum.
    pub fn columns(&self) -> Vec<(String, pg_sys::Oid, Option<pg_sys::Datum>)> {
        let (type_id, typmod) = self.type_id();
        // SAFETY: the row's own type; the copy belongs to the call's memory.
        let descriptor = unsafe { pg_sys::lookup_rowtype_tupdesc_copy(type_id, typmod) };
        // SAFETY: the copy is valid.
        let count = unsafe { (*descriptor).natts } as usize;
        let mut datums = vec![pg_sys::Datum::from(0); count];
        let mut nulls = vec![true; count];
        self.deform(descriptor, &mut datums, &mut nulls);
        let column = |column: NamedColumn| {
            let datum = (!nulls[column.attribute]).then_some(datums[column.attribute]);
            (column.name, column.type_id, datum)
        };
        column_names(descriptor).into_iter().map(column).collect()
    }

    /// `descriptor` is of the row's own type; the slices hold its natts entries.
    #[inline]
    fn deform(&self, descriptor: pg_sys::TupleDesc, datums: &mut [pg_sys::Datum], nulls: &mut [bool]) {
        // SAFETY: the header is a valid tuple by the contract of from_datum(); the rest by this function's.
        unsafe {
            let length = pgrx::varsize_any(self.header.cast()) as u32;
            let mut tuple = pg_sys::HeapTupleData { t_len: length, t_data: self.header, ..Default::default() };
            pg_sys::heap_deform_tuple(&mut tuple, descriptor, datums.as_mut_ptr(), nulls.as_mut_ptr());
        }
    }
}

impl Layout {
    pub fn fits(&self, row: &Row) -> bool {
        self.identifier == row.identifier
    }

    /// Finds the columns of `inputs`; memory comes from `context`, which lives as long as the layout.
    pub fn resolve(row: &Row, inputs: &[Input], context: pg_sys::MemoryContext) -> Layout {
        let (type_id, typmod) = row.type_id();
        // SAFETY: the row's own type; the copy belongs to `context`.
        let descriptor = unsafe {
            PgMemoryContexts::For(context).switch_to(|_| pg_sys::lookup_rowtype_tupdesc_copy(type_id, typmod))
        };
        let names = column_names(descriptor);
        let columns: Vec<Option<Column>> = inputs
            .iter()
            .map(|input| {
                let found = names.iter().find(|column| column.name == input.name)?;
                Some(Column { attribute: found.attribute, kind: Kind::of(found.type_id), scored: input.scored })
            })
            .collect();
        require_columns(inputs, &columns, &names);
        let needed = columns.iter().flatten().map(|column| column.attribute + 1).max().unwrap_or(0);
        // SAFETY: our own copy; deforming stops at natts, so wide rows cost only what lies before the last input.
        unsafe { (*descriptor).natts = needed as i32 };
        Layout {
            identifier: row.identifier,
            descriptor,
            columns,
            datums: vec![pg_sys::Datum::from(0); needed],
            nulls: vec![true; needed],
        }
    }

    /// Fills `values` (all [`Value::Missing`] before), evidence only if `explain`.
    #[inline]
    pub fn read<'a>(&mut self, row: &'a Row, explain: bool, values: &mut [Value<'a>]) {
        row.deform(self.descriptor, &mut self.datums, &mut self.nulls);
        for (value, column) in values.iter_mut().zip(&self.columns) {
            if let Some(column) = column
                && !self.nulls[column.attribute]
                && (column.scored || explain)
            {
                // SAFETY: the kind was made from this column's type.
                *value = unsafe { column.kind.value(self.datums[column.attribute]) };
            }
        }
    }
}

struct NamedColumn {
    name: String,
    attribute: usize,
    type_id: pg_sys::Oid,
}

fn column_names(descriptor: pg_sys::TupleDesc) -> Vec<NamedColumn> {
    // SAFETY: the descriptor is our own valid copy.
    let descriptor = unsafe { pgrx::PgTupleDesc::from_pg_unchecked(descriptor) };
    descriptor
        .iter()
        .enumerate()
        .filter(|(_, attribute)| !attribute.attisdropped)
        .map(|(at, attribute)| NamedColumn {
            name: attribute.name().to_owned(),
            attribute: at,
            type_id: attribute.atttypid,
        })
        .collect()
}

/// A renamed column must not quietly re-weigh everybody.
fn require_columns(inputs: &[Input], columns: &[Option<Column>], names: &[NamedColumn]) {
    let known = || names.iter().map(|column| column.name.as_str());
    let listed = || known().take(20).collect::<Vec<_>>().join(", ");
    if columns.iter().all(Option::is_none) {
        let wanted: Vec<_> = inputs.iter().map(|input| input.name.as_str()).take(20).collect();
        Report::new(code::INVALID_PARAMETER, "the row has none of the model's inputs")
            .detail(format!("The model reads: {}. The row has: {}.", wanted.join(", "), listed()))
            .hint("Pass the row of the table that has these columns, or rename them in a subquery.")
            .raise();
    }
    let absent = inputs.iter().zip(columns).find(|(input, column)| input.required && column.is_none());
    if let Some((input, _)) = absent {
        let otherwise = "Add the column, change the signal's \"input\", or make the signal \"optional\".";
        Report::new(code::UNDEFINED_COLUMN, format!("the row has no column {}, which the model reads", quoted(&input.name)))
            .detail(format!("The row has: {}.", listed()))
            .hint(did_you_mean(&input.name, known(), otherwise))
            .raise();
    }
}
