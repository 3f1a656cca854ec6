//! Queries through SPI, under the active snapshot and with the rights of the current user. pgrx's own interface takes a
//! new snapshot after the first write of the transaction, so the raw one is used here.

use std::ffi::CString;

use pgrx::{FromDatum, PgMemoryContexts, pg_sys};

use crate::pg::memory::interruptible;

/// The number of rows that are fetched at once.
const BATCH: i64 = 1000;

/// SPI, connected as long as this lives.
pub struct Connection {
    pushed_snapshot: bool,
}

impl Connection {
    pub fn open() -> Connection {
        // SAFETY: popped when this is dropped; on an error Postgres cleans up both at abort. A function is rarely
        // called without a snapshot; then the transaction's is used.
        unsafe {
            let pushed_snapshot = !pg_sys::ActiveSnapshotSet();
            if pushed_snapshot {
                pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
            }
            pg_sys::SPI_connect();
            Connection { pushed_snapshot }
        }
    }

    /// All rows of a query that reads, with arguments of these types and values. `act` copies what it keeps.
    pub fn select<T>(
        &self,
        query: &str,
        arguments: &[(pg_sys::Oid, pg_sys::Datum)],
        act: impl Fn(&FetchedRow) -> T,
    ) -> Vec<T> {
        let Ok(query) = CString::new(query) else { return Vec::new() };
        let (mut types, mut values): (Vec<_>, Vec<_>) = arguments.iter().copied().unzip();
        // SAFETY: SPI is connected; there are as many types as values, and none of them is NULL.
        unsafe {
            let result = pg_sys::SPI_execute_with_args(
                query.as_ptr(),
                arguments.len() as i32,
                types.as_mut_ptr(),
                values.as_mut_ptr(),
                std::ptr::null(),
                true,
                0,
            );
            if result != pg_sys::SPI_OK_SELECT as i32 || pg_sys::SPI_tuptable.is_null() {
                return Vec::new();
            }
            let table = &*pg_sys::SPI_tuptable;
            let mut row = FetchedRow::new(table.tupdesc);
            let rows = (0..pg_sys::SPI_processed as usize).map(|at| {
                row.read(*table.vals.add(at));
                act(&row)
            });
            rows.collect()
        }
    }

    /// Hands out the rows of a query one by one, until `act` returns false. Gives their descriptor, good until the
    /// connection ends.
    pub fn each_row(&self, query: &str, mut act: impl FnMut(&FetchedRow) -> bool) -> pg_sys::TupleDesc {
        let query = CString::new(query).unwrap_or_default();
        // SAFETY: SPI is connected; the plan takes no arguments. What reading a row allocates is freed batch by batch:
        // the rows with their table, the rest with `memory`.
        unsafe {
            let plan = pg_sys::SPI_prepare(query.as_ptr(), 0, std::ptr::null_mut());
            let portal = pg_sys::SPI_cursor_open(std::ptr::null(), plan, std::ptr::null_mut(), std::ptr::null(), true);
            let descriptor = pg_sys::CreateTupleDescCopy((*portal).tupDesc);
            let mut memory = PgMemoryContexts::new("health_score rows");
            let mut row = FetchedRow::new(descriptor);
            'batches: loop {
                interruptible();
                pg_sys::SPI_cursor_fetch(portal, true, BATCH);
                let (table, count) = (pg_sys::SPI_tuptable, pg_sys::SPI_processed as usize);
                let more = memory.switch_to(|_| {
                    (0..count).all(|at| {
                        row.read(*(*table).vals.add(at));
                        act(&row)
                    })
                });
                pg_sys::SPI_freetuptable(table);
                memory.reset();
                if !more || count == 0 {
                    break 'batches;
                }
            }
            pg_sys::SPI_cursor_close(portal);
            descriptor
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // An error is on its way: Postgres ends SPI and snapshots with the transaction.
            return;
        }
        // SAFETY: connected and pushed by open().
        unsafe {
            pg_sys::SPI_finish();
            if self.pushed_snapshot {
                pg_sys::PopActiveSnapshot();
            }
        }
    }
}

/// The current row.
pub struct FetchedRow {
    pub descriptor: pg_sys::TupleDesc,
    datums: Vec<pg_sys::Datum>,
    nulls: Vec<bool>,
}

impl FetchedRow {
    /// # Safety
    /// The descriptor of a query's result, which lives as long as this.
    unsafe fn new(descriptor: pg_sys::TupleDesc) -> FetchedRow {
        // SAFETY: by this function's contract.
        let columns = unsafe { (*descriptor).natts } as usize;
        FetchedRow { descriptor, datums: vec![pg_sys::Datum::from(0); columns], nulls: vec![true; columns] }
    }

    /// # Safety
    /// A row of that result, which lives until the next one is read.
    unsafe fn read(&mut self, tuple: pg_sys::HeapTuple) {
        // SAFETY: by this function's contract; both lists are as long as the row has columns.
        unsafe {
            pg_sys::heap_deform_tuple(tuple, self.descriptor, self.datums.as_mut_ptr(), self.nulls.as_mut_ptr());
        }
    }

    pub fn datum(&self, at: usize) -> Option<pg_sys::Datum> {
        (!self.nulls[at]).then_some(self.datums[at])
    }

    /// The column as a Rust value; the caller knows the types of the query.
    pub fn get<T: FromDatum>(&self, at: usize) -> Option<T> {
        // SAFETY: the caller's query fixes the type.
        self.datum(at).and_then(|datum| unsafe { T::from_datum(datum, false) })
    }
}
