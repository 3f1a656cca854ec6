//! Reading an account from a row: the columns are found by name once per row type, then one deform a row.

use std::ptr::NonNull;
use std::sync::OnceLock;

use health_score_engine::{Input, Value};
use pgrx::{PgMemoryContexts, pg_sys};

use crate::account::reader::wanted_inputs;
use crate::pg::datum::Kind;
use crate::pg::error::{Report, code, did_you_mean, quoted};

/// Where the inputs of one model lie in the rows of one type.
pub struct Layout {
    row_type: RowType,
    descriptor: pg_sys::TupleDesc,
    reading: Reading,
    datums: Vec<pg_sys::Datum>,
    nulls: Vec<bool>,
}

/// Which columns give which inputs.
pub struct Reading {
    /// Those that are there, scored ones first.
    columns: Vec<Column>,
    scored: usize,
}

#[derive(Clone, Copy)]
struct Column {
    /// Where its value goes.
    input: usize,
    /// From 0.
    attribute: usize,
    kind: Kind,
}

/// A composite datum, in plain memory.
pub struct Row {
    header: pg_sys::HeapTupleHeader,
}

/// A row type as of now. Its cache entry lives as long as the backend, and its identifier changes when the type does,
/// unlike its Oid: Postgres's own way for callers that keep a descriptor (typcache.h).
struct RowType {
    type_id: pg_sys::Oid,
    typmod: i32,
    /// None for anonymous rows, whose typmod means one shape for ever.
    entry: Option<NonNull<pg_sys::TypeCacheEntry>>,
    identifier: u64,
}

impl RowType {
    fn of(row: &Row) -> RowType {
        let (type_id, typmod) = row.type_id();
        // SAFETY: cache look-ups inside a transaction; the identifier is made here if it is not there yet.
        let (entry, identifier) = unsafe {
            let identifier = pg_sys::assign_record_type_identifier(type_id, typmod);
            let entry = (type_id != pg_sys::RECORDOID)
                .then(|| pg_sys::lookup_type_cache(type_id, pg_sys::TYPECACHE_TUPDESC as i32));
            (entry.and_then(NonNull::new), identifier)
        };
        RowType { type_id, typmod, entry, identifier }
    }

    #[inline]
    fn is_of(&self, row: &Row) -> bool {
        let (type_id, typmod) = row.type_id();
        if type_id != self.type_id {
            return false;
        }
        match self.entry {
            // SAFETY: entries of the type cache are never freed.
            Some(entry) => unsafe { entry.as_ref() }.tupDesc_identifier == self.identifier,
            None => typmod == self.typmod && typmod >= 0,
        }
    }
}

/// Postgres's own conversion of a composite datum, where this server exports it. Minor releases of November 2026 mark
/// composite datums with the version of their type, to refuse rows older than an ALTER; datums that earlier releases
/// stored get their mark there. Found at run time, so that one build serves servers with and without it.
type ToHeader = unsafe extern "C-unwind" fn(pg_sys::Datum) -> pg_sys::HeapTupleHeader;

fn to_header() -> Option<ToHeader> {
    static FOUND: OnceLock<Option<ToHeader>> = OnceLock::new();
    // SAFETY: the symbol, where it exists, has this signature (fmgr.h).
    *FOUND.get_or_init(|| unsafe {
        let symbol = libc::dlsym(libc::RTLD_DEFAULT, c"DatumGetHeapTupleHeader".as_ptr());
        (!symbol.is_null()).then(|| std::mem::transmute::<*mut libc::c_void, ToHeader>(symbol))
    })
}

/// Both bits together mark a composite datum (HEAP_IS_DATUM of those releases); a stored table row cannot have them
/// here.
pub const MARKED: u16 = (pg_sys::HEAP_XMAX_COMMITTED | pg_sys::HEAP_XMAX_INVALID) as u16;

impl Row {
    /// # Safety
    /// `datum` is a non-null datum of a composite type.
    #[inline]
    pub unsafe fn from_datum(datum: pg_sys::Datum) -> Row {
        // SAFETY: a composite datum is a varlena with a tuple header, and names its type there.
        unsafe {
            let mut header: pg_sys::HeapTupleHeader = datum.cast_mut_ptr();
            if !pgrx::varatt_is_4b_u(header.cast()) || (*header).t_infomask & MARKED != MARKED {
                header = Row::convert(datum);
            }
            Row { header }
        }
    }

    /// # Safety
    /// As of [`Self::from_datum`].
    unsafe fn convert(datum: pg_sys::Datum) -> pg_sys::HeapTupleHeader {
        // SAFETY: by this function's contract; the guard turns an error into a panic.
        unsafe {
            match to_header() {
                Some(to_header) => pg_sys::ffi::pg_guard_ffi_boundary(|| to_header(datum)),
                None => pg_sys::pg_detoast_datum(datum.cast_mut_ptr()).cast(),
            }
        }
    }

    #[inline]
    fn type_id(&self) -> (pg_sys::Oid, i32) {
        // SAFETY: header is valid by the contract of from_datum().
        let fields = unsafe { &(*self.header).t_choice.t_datum };
        // Only anonymous rows have a typmod; of a named type the field may hold a version.
        let typmod = if fields.datum_typeid == pg_sys::RECORDOID { fields.datum_typmod } else { -1 };
        (fields.datum_typeid, typmod)
    }

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

impl Drop for Layout {
    fn drop(&mut self) {
        // SAFETY: our own copy, made in a context that is still there: a site is dropped before its context's memory.
        unsafe { pg_sys::FreeTupleDesc(self.descriptor) };
    }
}

impl Layout {
    pub fn fits(&self, row: &Row) -> bool {
        self.row_type.is_of(row)
    }

    /// Finds the columns of `inputs`; memory comes from `context`, which lives as long as the layout.
    pub fn resolve(row: &Row, inputs: &[Input], context: pg_sys::MemoryContext) -> Layout {
        // First of all: a change of the type that comes in later must be seen at the next row.
        let row_type = RowType::of(row);
        let (type_id, typmod) = row.type_id();
        // SAFETY: the row's own type; the copy belongs to `context`.
        let descriptor = unsafe {
            PgMemoryContexts::For(context).switch_to(|_| pg_sys::lookup_rowtype_tupdesc_copy(type_id, typmod))
        };
        let names = column_names(descriptor);
        let reading = Reading::resolve(inputs, &names);
        // SAFETY: our own copy.
        let count = unsafe { (*descriptor).natts } as usize;
        Layout { row_type, descriptor, reading, datums: vec![pg_sys::Datum::from(0); count], nulls: vec![true; count] }
    }

    /// Fills `values` (all [`Value::Missing`] before), evidence only if `explain`.
    #[inline]
    pub fn read<'a>(&mut self, row: &'a Row, explain: bool, values: &mut [Value<'a>]) {
        row.deform(self.descriptor, &mut self.datums, &mut self.nulls);
        let (datums, nulls) = (&self.datums, &self.nulls);
        // SAFETY: the kinds were made from these columns' types.
        unsafe { self.reading.read(explain, |at| (!nulls[at]).then_some(datums[at]), values) };
    }
}

impl Reading {
    /// Finds the inputs among the columns, or raises what is missing.
    pub fn resolve(inputs: &[Input], names: &[NamedColumn]) -> Reading {
        let found: Vec<Option<&NamedColumn>> =
            inputs.iter().map(|input| names.iter().find(|column| column.name == input.name)).collect();
        require_columns(inputs, &found, names);
        let columns_of = |scored: bool| {
            let found = found.iter().zip(inputs).enumerate().filter(move |(_, (_, input))| input.scored == scored);
            found.filter_map(|(input, (column, _))| {
                let column = (*column)?;
                Some(Column { input, attribute: column.attribute, kind: Kind::of(column.type_id) })
            })
        };
        let scored = columns_of(true).count();
        Reading { columns: columns_of(true).chain(columns_of(false)).collect(), scored }
    }

    /// Fills `values` (all [`Value::Missing`] before), evidence only if `explain`.
    ///
    /// # Safety
    /// `datum` gives the datums of the columns that were resolved, none for NULL, and they live for `'a`.
    #[inline(always)]
    pub unsafe fn read<'a>(
        &self,
        explain: bool,
        datum: impl Fn(usize) -> Option<pg_sys::Datum>,
        values: &mut [Value<'a>],
    ) {
        let columns = if explain { &self.columns } else { &self.columns[..self.scored] };
        for column in columns {
            if let Some(datum) = datum(column.attribute) {
                // SAFETY: by this function's contract.
                unsafe { column.kind.read(datum, &mut values[column.input]) };
            }
        }
    }
}

pub struct NamedColumn {
    pub name: String,
    pub attribute: usize,
    pub type_id: pg_sys::Oid,
}

pub fn column_names(descriptor: pg_sys::TupleDesc) -> Vec<NamedColumn> {
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
fn require_columns(inputs: &[Input], columns: &[Option<&NamedColumn>], names: &[NamedColumn]) {
    let known = || names.iter().map(|column| column.name.as_str());
    let has = || match known().take(20).collect::<Vec<_>>() {
        none if none.is_empty() => "The row has no columns.".to_owned(),
        some => format!("The row has: {}.", some.join(", ")),
    };
    if columns.iter().all(Option::is_none) {
        Report::new(code::INVALID_PARAMETER, "the row has none of the model's inputs")
            .detail(format!("{} {}", wanted_inputs(inputs), has()))
            .hint("Pass the row of the table that has these columns, or rename them in a subquery.")
            .raise();
    }
    let absent = inputs.iter().zip(columns).find(|(input, column)| input.required && column.is_none());
    if let Some((input, _)) = absent {
        let otherwise =
            "Add the column (NULL will do), change the \"input\" in the model, or make the signal \"optional\".";
        Report::new(
            code::UNDEFINED_COLUMN,
            format!("the row has no column {}, which the model reads", quoted(&input.name)),
        )
        .detail(has())
        .hint(did_you_mean(&input.name, known(), otherwise))
        .raise();
    }
}
