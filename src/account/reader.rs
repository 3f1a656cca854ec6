//! The ACCOUNT argument in its four forms, as values of a model's inputs.

use health_score_engine::Value;
use pgrx::pg_sys;

use crate::account::columns::ColumnLayout;
use crate::account::row::RowLayout;
use crate::model::cache::Compiled;
use crate::pg::arguments::Arguments;
use crate::pg::composite::Composite;
use crate::pg::datum::varlena_bytes;
use crate::pg::error::{Report, code, wanted_inputs};
use crate::pg::json::flat;
use crate::pg::json::jsonb::{self, LastKeys, NotAnAccount};
use crate::pg::json::text::parse_jsonb;
use crate::pg::memory::require_room_if_large;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountType {
    Row,
    /// A row in the form that the planner gave it.
    Columns,
    Jsonb,
    /// json or text.
    Json,
}

impl AccountType {
    pub fn of(type_id: pg_sys::Oid) -> AccountType {
        match type_id {
            pg_sys::RECORDOID => AccountType::Row,
            pg_sys::TEXTARRAYOID => AccountType::Columns,
            pg_sys::JSONBOID => AccountType::Jsonb,
            _ => AccountType::Json,
        }
    }
}

/// One call site's way to read its accounts.
#[derive(Default)]
pub struct AccountReader {
    row: Option<RowLayout>,
    columns: Option<ColumnLayout>,
    last_keys: LastKeys,
}

impl AccountReader {
    /// Forgets what was resolved for another model.
    pub fn reset(&mut self) {
        self.row = None;
        self.columns = None;
        self.last_keys.clear();
    }

    /// Reads the account into `values`, evidence only if `explain`; `context` lives as long as the call site.
    #[inline]
    pub fn read<'a>(
        &mut self,
        account: &'a Account<'a>,
        model: &Compiled,
        explain: bool,
        context: pg_sys::MemoryContext,
        values: &mut Vec<Value<'a>>,
    ) {
        values.clear();
        values.resize(model.model.inputs().len(), Value::Missing);
        match account {
            Account::Row(row) => {
                if !self.row.as_ref().is_some_and(|layout| layout.fits(row)) {
                    self.row = None;
                    self.row = Some(RowLayout::resolve(row, model.model.inputs(), context));
                }
                if let Some(layout) = &mut self.row {
                    layout.read(row, explain, values);
                }
            }
            Account::Columns(arguments) => {
                let resolve = || ColumnLayout::resolve(arguments, model.model.inputs());
                self.columns.get_or_insert_with(resolve).read(arguments, explain, values);
            }
            Account::Jsonb(bytes) => self.read_jsonb(bytes, model, values),
            Account::Text(text) => match flat::read(text, &model.keys, values) {
                Some(true) => {}
                Some(false) => not_an_account(NotAnAccount::NoKnownKey, model),
                None => {
                    values.fill(Value::Missing);
                    if !could_be_json(text) {
                        not_an_account(NotAnAccount::NoJson, model);
                    }
                    require_room_if_large(text.len());
                    let jsonb = parse_jsonb(text.to_vec());
                    // SAFETY: a jsonb in the call's memory, which outlives the values.
                    self.read_jsonb(unsafe { varlena_bytes(jsonb) }, model, values);
                }
            },
        }
    }
}

impl AccountReader {
    /// Reads what a history has kept of an account. A key that is not there is a missing value.
    pub fn read_kept<'a>(&mut self, kept: &'a [u8], model: &Compiled, values: &mut Vec<Value<'a>>) {
        values.clear();
        values.resize(model.model.inputs().len(), Value::Missing);
        let _ = jsonb::read(kept, &model.keys, &mut self.last_keys, values);
    }

    /// Replaces values by those of a jsonb object. Nulls and keys that the model does not read are ignored.
    pub fn read_over<'a>(&mut self, bytes: &'a [u8], model: &Compiled, values: &mut [Value<'a>]) {
        if let Err(problem @ (NotAnAccount::Array | NotAnAccount::Scalar)) =
            jsonb::read(bytes, &model.keys, &mut self.last_keys, values)
        {
            not_an_account(problem, model);
        }
    }

    #[inline]
    fn read_jsonb<'a>(&mut self, bytes: &'a [u8], model: &Compiled, values: &mut [Value<'a>]) {
        if let Err(problem) = jsonb::read(bytes, &model.keys, &mut self.last_keys, values) {
            not_an_account(problem, model);
        }
    }
}

/// The account of one call.
pub enum Account<'a> {
    Row(Composite),
    Columns(Arguments),
    /// The payload of a jsonb.
    Jsonb(&'a [u8]),
    /// JSON as text.
    Text(&'a [u8]),
}

impl<'a> Account<'a> {
    /// # Safety
    /// `datum` is a non-null datum of the declared type, and the account is used only while it lives.
    #[inline]
    pub unsafe fn from_datum(declared: AccountType, datum: pg_sys::Datum, arguments: &Arguments) -> Account<'a> {
        // SAFETY: by this function's own contract.
        unsafe {
            match declared {
                AccountType::Row => Account::Row(Composite::from_datum(datum)),
                AccountType::Columns => Account::Columns(*arguments),
                AccountType::Jsonb => Account::Jsonb(varlena_bytes(datum)),
                AccountType::Json => Account::Text(varlena_bytes(datum)),
            }
        }
    }
}

/// Whether Postgres's own JSON error would help. For other text our error says what to pass.
fn could_be_json(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    matches!(text, b"true" | b"false" | b"null")
        || text.first().is_some_and(|byte| matches!(byte, b'{' | b'[' | b'"' | b'-' | b'0'..=b'9'))
}

fn not_an_account(problem: NotAnAccount, model: &Compiled) -> ! {
    let reads = wanted_inputs(model.model.inputs());
    match problem {
        NotAnAccount::NoKnownKey => Report::new(code::INVALID_PARAMETER, "the account has none of the model's inputs")
            .detail(reads)
            .hint("Use the input names of the model as keys; a key with null counts as known.")
            .raise(),
        NotAnAccount::NoJson => Report::new(code::INVALID_TEXT, "the account is text that is not JSON")
            .detail(reads)
            .hint("Pass a row, or an object such as {\"nps\": 9}; for the band of a score, pass the score as float8.")
            .raise(),
        NotAnAccount::Array | NotAnAccount::Scalar => {
            let what = if problem == NotAnAccount::Array { "an array" } else { "a scalar" };
            Report::new(code::INVALID_PARAMETER, format!("the account must be a JSON object, not {what}"))
                .detail(reads)
                .hint(
                    "Pass a row, or an object such as {\"nps\": 9}; for the band of a score, pass the score as float8.",
                )
                .raise()
        }
    }
}
