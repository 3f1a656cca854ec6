//! Composite datums: the row type of one, and its columns. No input of a model is known here.

use std::ptr::NonNull;
use std::sync::OnceLock;

use pgrx::pg_sys;

/// A composite datum, in plain memory.
pub struct Composite {
    header: pg_sys::HeapTupleHeader,
}

/// A row type as of now. Its cache entry lives as long as the backend, and its identifier changes when the type does,
/// unlike its Oid: Postgres's own way for callers that keep a descriptor (typcache.h).
pub struct RowType {
    type_id: pg_sys::Oid,
    typmod: i32,
    /// None for anonymous rows, whose typmod means one shape for ever.
    entry: Option<NonNull<pg_sys::TypeCacheEntry>>,
    identifier: u64,
}

impl RowType {
    pub fn of(row: &Composite) -> RowType {
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
    pub fn is_of(&self, row: &Composite) -> bool {
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

impl Composite {
    /// # Safety
    /// `datum` is a non-null datum of a composite type.
    #[inline]
    pub unsafe fn from_datum(datum: pg_sys::Datum) -> Composite {
        // SAFETY: a composite datum is a varlena with a tuple header, and names its type there.
        unsafe {
            let mut header: pg_sys::HeapTupleHeader = datum.cast_mut_ptr();
            if !pgrx::varatt_is_4b_u(header.cast()) || (*header).t_infomask & MARKED != MARKED {
                header = Composite::convert(datum);
            }
            Composite { header }
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
    pub fn type_id(&self) -> (pg_sys::Oid, i32) {
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
    pub fn deform(&self, descriptor: pg_sys::TupleDesc, datums: &mut [pg_sys::Datum], nulls: &mut [bool]) {
        // SAFETY: the header is a valid tuple by the contract of from_datum(); the rest by this function's.
        unsafe {
            let length = pgrx::varsize_any(self.header.cast()) as u32;
            let mut tuple = pg_sys::HeapTupleData { t_len: length, t_data: self.header, ..Default::default() };
            pg_sys::heap_deform_tuple(&mut tuple, descriptor, datums.as_mut_ptr(), nulls.as_mut_ptr());
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
