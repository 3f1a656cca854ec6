//! One row at a time in Postgres's tuple layout (src/include/access/htup_details.h), for a tuplestore, which copies it,
//! or as a composite datum.
//!
//! heap_form_tuple needs every text as a datum of its own and reads every column twice. A set-returning function that
//! is called for each account would spend most of its time there.

use std::mem::offset_of;

use health_score_engine::{Value, write_pair};
use pgrx::pg_sys;

use crate::pg::composite::MARKED;
use crate::pg::error::{Report, code};

type Header = pg_sys::HeapTupleHeaderData;

/// The longest text with a one-byte header.
const SHORT: usize = 0x7F - 1;
const LONG_HEADER: usize = 4;

/// Writes rows of a fixed number of columns, from the first to the last.
pub struct TupleWriter {
    columns: usize,
    /// Where the columns begin: after header and NULL bitmap, maximally aligned.
    data: usize,
    /// Longer than what is written, by ROOM at least.
    bytes: Vec<u8>,
    end: usize,
    column: usize,
}

/// What any column of fixed length needs, with its alignment.
const ROOM: usize = 16;

impl TupleWriter {
    pub fn new(columns: usize) -> TupleWriter {
        let data = (offset_of!(Header, t_bits) + columns.div_ceil(8)).next_multiple_of(8);
        let mut bytes = vec![0; data + 256];
        let has = (pg_sys::HEAP_HASNULL | pg_sys::HEAP_HASVARWIDTH) as u16;
        let mut put = |at: usize, value: u16| bytes[at..at + 2].copy_from_slice(&value.to_ne_bytes());
        put(offset_of!(Header, t_infomask2), columns as u16);
        put(offset_of!(Header, t_infomask), has);
        bytes[offset_of!(Header, t_hoff)] = data as u8;
        TupleWriter { columns, data, bytes, end: data, column: 0 }
    }

    /// Begins the next row.
    pub fn begin(&mut self) {
        self.bytes[offset_of!(Header, t_bits)..self.data].fill(0);
        self.end = self.data;
        self.column = 0;
    }

    #[inline(always)]
    fn present(&mut self) {
        self.bytes[offset_of!(Header, t_bits) + self.column / 8] |= 1 << (self.column % 8);
        self.column += 1;
    }

    #[inline(always)]
    fn null(&mut self) {
        self.column += 1;
    }

    /// A column of fixed length, aligned from the beginning of the data; what is skipped is zero.
    #[inline(always)]
    fn fixed<const N: usize>(&mut self, value: [u8; N]) {
        self.present();
        self.align::<N>();
        self.bytes[self.end..self.end + N].copy_from_slice(&value);
        self.end += N;
        self.make_room(0);
    }

    #[inline(always)]
    fn align<const N: usize>(&mut self) {
        self.bytes[self.end..self.end + N].fill(0);
        self.end = self.end.next_multiple_of(N);
    }

    #[inline(always)]
    fn make_room(&mut self, length: usize) {
        if self.end + length + ROOM > self.bytes.len() {
            self.bytes.resize((self.end + length + ROOM) * 2, 0);
        }
    }

    pub fn int4(&mut self, value: i32) {
        self.fixed(value.to_ne_bytes());
    }

    #[inline]
    pub fn float8(&mut self, value: Option<f64>) {
        match value {
            Some(value) => self.fixed(value.to_ne_bytes()),
            None => self.null(),
        }
    }

    pub fn int8(&mut self, value: i64) {
        self.fixed(value.to_ne_bytes());
    }

    pub fn optional_int8(&mut self, value: Option<i64>) {
        match value {
            Some(value) => self.int8(value),
            None => self.null(),
        }
    }

    pub fn boolean(&mut self, value: bool) {
        self.fixed([u8::from(value)]);
    }

    #[inline]
    pub fn text(&mut self, text: Option<&str>) {
        self.varlena(text.map(str::as_bytes));
    }

    /// A datum of a variable-length type, by its payload.
    #[inline]
    pub fn varlena(&mut self, payload: Option<&[u8]>) {
        let Some(payload) = payload else { return self.null() };
        self.make_room(payload.len());
        self.present();
        if payload.len() <= SHORT {
            self.bytes[self.end] = ((payload.len() as u8 + 1) << 1) | 1;
            self.end += 1;
        } else {
            self.align::<LONG_HEADER>();
            let header = ((payload.len() + LONG_HEADER) as u32) << 2;
            self.bytes[self.end..self.end + LONG_HEADER].copy_from_slice(&header.to_le_bytes());
            self.end += LONG_HEADER;
        }
        self.bytes[self.end..self.end + payload.len()].copy_from_slice(payload);
        self.end += payload.len();
        self.make_room(0);
    }

    /// Appends the row to a tuplestore.
    ///
    /// # Safety
    /// The rows of `store` have the columns that were written, in number and types.
    pub unsafe fn put(&mut self, store: *mut pg_sys::Tuplestorestate) {
        assert_eq!(self.column, self.columns, "every column is written");
        let mut tuple = pg_sys::HeapTupleData {
            t_len: self.end as u32,
            t_data: self.bytes.as_mut_ptr().cast(),
            ..Default::default()
        };
        // SAFETY: a complete tuple, by this function's contract; its bytes are copied as they are before this returns,
        // so that it need not be aligned here.
        unsafe { pg_sys::tuplestore_puttuple(store, &mut tuple) };
    }
}

/// The value as text, in `buffer` unless it is a text already.
pub fn written<'a>(value: &Value<'a>, buffer: &'a mut String) -> Option<&'a str> {
    match value {
        Value::Missing => None,
        Value::Text(text) => Some(text),
        other => {
            buffer.clear();
            other.write(buffer);
            Some(buffer)
        }
    }
}

/// The value of a signal, or the two values of a cross.
pub fn written_pair<'a>(first: &Value<'a>, second: Option<&Value>, buffer: &'a mut String) -> Option<&'a str> {
    let Some(second) = second else { return written(first, buffer) };
    buffer.clear();
    write_pair(first, second, buffer);
    (!buffer.is_empty()).then_some(buffer.as_str())
}

/// The maximum length of a composite datum.
const LONGEST_ROW: usize = (1 << 30) - 1;

/// The rows of one call of a set-returning function, as composite datums that are handed out one by one.
#[derive(Default)]
pub struct PendingRows {
    /// Words, because a tuple is maximally aligned.
    words: Vec<u64>,
    /// Where each row begins.
    starts: Vec<usize>,
    next: usize,
}

impl PendingRows {
    pub fn clear(&mut self) {
        self.words.clear();
        self.starts.clear();
        self.next = 0;
    }

    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// Keeps a copy of the row as a datum of the record type with this typmod.
    pub fn push(&mut self, row: &TupleWriter, typmod: i32) {
        assert_eq!(row.column, row.columns, "every column is written");
        if row.end > LONGEST_ROW {
            Report::new(code::PROGRAM_LIMIT, "a driver's row is too long")
                .detail("The texts of the row, mostly its evidence, exceed a gigabyte.")
                .hint("Leave the evidence column out of the model, or shorten its texts.")
                .raise();
        }
        let start = self.words.len();
        self.words.resize(start + row.end.div_ceil(8), 0);
        self.starts.push(start);
        // SAFETY: the words were just made for these bytes; the header lies at their beginning.
        unsafe {
            let image: *mut u8 = self.words.as_mut_ptr().add(start).cast();
            std::ptr::copy_nonoverlapping(row.bytes.as_ptr(), image, row.end);
            let header = &mut *image.cast::<Header>();
            header.t_choice.t_datum = pg_sys::DatumTupleFields {
                datum_len_: (row.end << 2) as i32,
                datum_typmod: typmod,
                datum_typeid: pg_sys::RECORDOID,
            };
            header.t_ctid.ip_blkid = pg_sys::BlockIdData { bi_hi: u16::MAX, bi_lo: u16::MAX };
            header.t_ctid.ip_posid = 0;
            header.t_infomask |= MARKED;
        }
    }

    /// The next row's datum, good until the rows are cleared.
    pub fn pop(&mut self) -> Option<pg_sys::Datum> {
        let start = *self.starts.get(self.next)?;
        self.next += 1;
        Some(pg_sys::Datum::from(self.words[start..].as_mut_ptr()))
    }
}
