//! One call site: what a function call inside a statement needs again for the next row. It lives in fn_extra.

use std::rc::Rc;

use health_score_engine::{Assessment, Assessor, Comparer, Comparison, SegmentChoice, Side, Value};
use pgrx::{PgMemoryContexts, pg_sys};

use crate::account::columns::check_caller;
use crate::account::reader::{Account, AccountReader, AccountType};
use crate::model::cache::{Compiled, Named, by_document, by_name};
use crate::model::store::Store;
use crate::pg::arguments::{Arguments, text_of};
use crate::pg::datum::{instant, varlena_bytes};
use crate::pg::error::{Report, code, score_error};
use crate::pg::json::write::JsonbWriter;
use crate::pg::tuple::{PendingRows, TupleWriter};

/// Whether the explanation is wanted, or the number alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Score,
    Explain,
}

pub struct Site {
    by_name: bool,
    /// The model argument is a constant of the query, so it need not be compared for every row.
    constant_model: bool,
    account: AccountType,
    /// Of a second account, in argument 2.
    second_account: AccountType,
    context: pg_sys::MemoryContext,
    model: Option<SiteModel>,
    reader: AccountReader,
    assessor: Assessor,
    values: Vec<Value<'static>>,
    /// The row type that a function returns, for those that return rows; and memory to write them in.
    pub descriptor: Option<pg_sys::TupleDesc>,
    pub row: Option<TupleWriter>,
    /// Rows of a set that is being handed out.
    pub pending: PendingRows,
    pub buffer: String,
    pub json: JsonbWriter,
    /// For functions of two accounts.
    second: Second,
}

/// What reading and comparing a second account takes.
#[derive(Default)]
struct Second {
    reader: AccountReader,
    values: Vec<Value<'static>>,
    comparer: Comparer,
}

/// One of two accounts: which argument it is, and the as_of that was given for it.
pub struct SideArgument {
    pub account: usize,
    pub as_of: Option<i64>,
}

enum SiteModel {
    Named { argument: Box<str>, named: Named },
    Document { bytes: Box<[u8]>, compiled: Rc<Compiled> },
}

/// Who made a score: none for a document.
pub struct Identity<'a> {
    pub name: Option<&'a str>,
    pub version: Option<i32>,
}

impl SiteModel {
    fn compiled(&self) -> &Compiled {
        match self {
            SiteModel::Named { named, .. } => &named.compiled,
            SiteModel::Document { compiled, .. } => compiled,
        }
    }

    #[inline]
    fn is_for(&self, argument: &[u8]) -> bool {
        match self {
            SiteModel::Named { argument: known, .. } => known.as_bytes() == argument,
            SiteModel::Document { bytes, .. } => **bytes == *argument,
        }
    }

    #[inline]
    fn is_current(&self) -> bool {
        match self {
            SiteModel::Named { named, .. } => named.is_current(),
            SiteModel::Document { .. } => true,
        }
    }

    fn identity(&self) -> Identity<'_> {
        match self {
            SiteModel::Named { named, .. } => Identity { name: Some(&named.name), version: Some(named.version) },
            SiteModel::Document { .. } => Identity { name: None, version: None },
        }
    }
}

impl Site {
    /// The site of this call, made at the first one.
    pub fn of(arguments: &Arguments) -> &'static mut Site {
        // SAFETY: fn_extra is ours: null, or the Site that we put there; it is dropped with fn_mcxt, after the last
        // call. A call site is never entered twice at once, so the reference is the only one.
        unsafe {
            let flinfo = arguments.flinfo();
            if (*flinfo).fn_extra.is_null() {
                let site = Site::new(arguments);
                (*flinfo).fn_extra = PgMemoryContexts::For((*flinfo).fn_mcxt).leak_and_drop_on_delete(site).cast();
            }
            &mut *(*flinfo).fn_extra.cast::<Site>()
        }
    }

    fn new(arguments: &Arguments) -> Site {
        let flinfo = arguments.flinfo();
        let declared = declared_types(arguments);
        let account = AccountType::of(declared.get(1).copied().unwrap_or(pg_sys::InvalidOid));
        if account == AccountType::Columns {
            check_caller(arguments);
        }
        Site {
            by_name: declared.first() != Some(&pg_sys::JSONBOID),
            constant_model: arguments.is_constant(0),
            account,
            second_account: AccountType::of(declared.get(2).copied().unwrap_or(pg_sys::InvalidOid)),
            // SAFETY: flinfo is valid during the call.
            context: unsafe { (*flinfo).fn_mcxt },
            model: None,
            reader: AccountReader::default(),
            assessor: Assessor::default(),
            values: Vec::new(),
            descriptor: None,
            row: None,
            pending: PendingRows::default(),
            buffer: String::new(),
            json: JsonbWriter::default(),
            second: Second::default(),
        }
    }

    /// The model of argument 0, looked up again only where it may have changed.
    #[inline]
    fn model(&mut self, arguments: &Arguments, datum: pg_sys::Datum) -> &Compiled {
        let unchanged = match &self.model {
            Some(model) if self.constant_model => model.is_current(),
            // SAFETY: argument 0 is declared text, or jsonb.
            Some(model) => model.is_for(unsafe { varlena_bytes(datum) }) && model.is_current(),
            None => false,
        };
        if !unchanged {
            let before = self.model.take();
            let after = if self.by_name {
                let text = text_of(datum);
                // SAFETY: flinfo is valid during the call.
                let store = Store::of_function(unsafe { (*arguments.flinfo()).fn_oid });
                SiteModel::Named { argument: text.into(), named: by_name(store, text) }
            } else {
                // SAFETY: argument 0 is declared jsonb.
                let bytes = unsafe { varlena_bytes(datum) };
                SiteModel::Document { bytes: bytes.into(), compiled: by_document(bytes) }
            };
            // Looked at again, it is most often the same.
            if !before.is_some_and(|before| std::ptr::eq(before.compiled(), after.compiled())) {
                self.reader.reset();
                self.second.reader.reset();
            }
            self.model = Some(after);
        }
        match &self.model {
            Some(model) => model.compiled(),
            None => unreachable!("set above"),
        }
    }

    /// The model alone, for functions without an account.
    pub fn with_model<R>(&mut self, arguments: &Arguments, act: impl FnOnce(&Compiled) -> R) -> Option<R> {
        let model = arguments.datum(0)?;
        Some(act(self.model(arguments, model)))
    }

    /// Assesses the account of argument 1 as of argument 2 in the segment of argument 3. None if model or account are
    /// NULL.
    #[inline]
    pub fn assess<R>(
        &mut self,
        arguments: &Arguments,
        purpose: Purpose,
        act: impl FnOnce(Assessment, Identity) -> R,
    ) -> Option<R> {
        let given = given_as_of(arguments, 2);
        self.assess_at(arguments, purpose, given, arguments.datum(3).map(text_of), act)
    }

    /// As [`Self::assess`], to explain, with the values of a jsonb object over those of the account.
    pub fn assess_with<R>(
        &mut self,
        arguments: &Arguments,
        over: Option<&[u8]>,
        act: impl FnOnce(Assessment, Identity) -> R,
    ) -> Option<R> {
        let given = given_as_of(arguments, 2);
        self.assess_over(arguments, Purpose::Explain, given, arguments.datum(3).map(text_of), over, act)
    }

    /// As [`Self::assess`], with an as_of and a segment that do not stand in arguments 2 and 3.
    #[inline(always)]
    pub fn assess_at<R>(
        &mut self,
        arguments: &Arguments,
        purpose: Purpose,
        given: Option<i64>,
        segment: Option<&str>,
        act: impl FnOnce(Assessment, Identity) -> R,
    ) -> Option<R> {
        self.assess_over(arguments, purpose, given, segment, None, act)
    }

    #[inline(always)]
    fn assess_over<R>(
        &mut self,
        arguments: &Arguments,
        purpose: Purpose,
        given: Option<i64>,
        segment: Option<&str>,
        over: Option<&[u8]>,
        act: impl FnOnce(Assessment, Identity) -> R,
    ) -> Option<R> {
        let (model, account) = (arguments.datum(0)?, arguments.datum(1)?);
        self.model(arguments, model);
        let Some(site_model) = &self.model else {
            return None;
        };
        let compiled = site_model.compiled();
        let as_of = self.as_of(given, compiled);
        // SAFETY: the account is of the declared type, and used only during this call.
        let account = unsafe { Account::from_datum(self.account, account, arguments) };
        let mut values = recycle(std::mem::take(&mut self.values));
        self.reader.read(&account, compiled, purpose == Purpose::Explain, self.context, &mut values);
        if let Some(over) = over {
            self.second.reader.read_over(over, compiled, &mut values);
        }
        let assessed = self.assessor.assess(&compiled.model, &values, as_of, SegmentChoice::from_argument(segment));
        let result = match assessed {
            Ok(assessment) => act(assessment, site_model.identity()),
            Err(error) => score_error(error).raise(),
        };
        self.values = recycle(values);
        Some(result)
    }

    /// Compares two accounts. None if the model or an account is NULL.
    pub fn compare<R>(
        &mut self,
        arguments: &Arguments,
        before: SideArgument,
        after: SideArgument,
        act: impl FnOnce(Comparison) -> R,
    ) -> Option<R> {
        let model = arguments.datum(0)?;
        let (first, second) = (arguments.datum(before.account)?, arguments.datum(after.account)?);
        self.model(arguments, model);
        let Some(site_model) = &self.model else {
            return None;
        };
        let compiled = site_model.compiled();
        let as_of = [before.as_of, after.as_of].map(|given| self.as_of(given, compiled));
        let declared = |side: &SideArgument| if side.account == 1 { self.account } else { self.second_account };
        // SAFETY: the accounts are of the declared types, and used only during this call.
        let (first, second) = unsafe {
            (
                Account::from_datum(declared(&before), first, arguments),
                Account::from_datum(declared(&after), second, arguments),
            )
        };
        let mut values = recycle(std::mem::take(&mut self.values));
        let mut second_values = recycle(std::mem::take(&mut self.second.values));
        self.reader.read(&first, compiled, true, self.context, &mut values);
        self.second.reader.read(&second, compiled, true, self.context, &mut second_values);
        let before = Side { values: &values, as_of: as_of[0] };
        let after = Side { values: &second_values, as_of: as_of[1] };
        let result = match self.second.comparer.compare(&compiled.model, before, after, SegmentChoice::Auto) {
            Ok(comparison) => act(comparison),
            Err(error) => score_error(error).raise(),
        };
        self.values = recycle(values);
        self.second.values = recycle(second_values);
        Some(result)
    }

    /// What was given, or the transaction's now() for a model by name that reads time.
    #[inline]
    fn as_of(&self, given: Option<i64>, compiled: &Compiled) -> Option<i64> {
        if given.is_none() && self.by_name && compiled.model.may_read_time() { Some(now()) } else { given }
    }
}

/// The argument types of the running function's declaration.
pub fn declared_types(arguments: &Arguments) -> Vec<pg_sys::Oid> {
    // SAFETY: get_func_signature fills what it is given, for a function that exists, with memory of the call; flinfo is
    // valid during the call.
    unsafe {
        let mut types: *mut pg_sys::Oid = std::ptr::null_mut();
        let mut count = 0;
        pg_sys::get_func_signature((*arguments.flinfo()).fn_oid, &mut types, &mut count);
        std::slice::from_raw_parts(types, count as usize).to_vec()
    }
}

/// The as_of in an argument, none where it is NULL.
#[inline]
pub fn given_as_of(arguments: &Arguments, at: usize) -> Option<i64> {
    arguments.datum(at).map(|datum| finite_as_of(datum.value() as i64))
}

/// A timestamptz as an as_of.
#[inline]
pub fn finite_as_of(timestamp: i64) -> i64 {
    instant(timestamp).unwrap_or_else(|| {
        Report::new(code::INVALID_PARAMETER, "as_of must be a finite time")
            .hint("Pass a time, for example now().")
            .raise()
    })
}

/// The transaction's now().
pub fn now() -> i64 {
    // SAFETY: a read of backend state. It is finite.
    instant(unsafe { pg_sys::GetCurrentTransactionStartTimestamp() }).unwrap_or_default()
}

pub fn as_of_or_now(arguments: &Arguments, at: usize) -> i64 {
    given_as_of(arguments, at).unwrap_or_else(now)
}

/// The same memory for values of another lifetime. Emptied first, the collect runs in place.
pub fn recycle<'a, 'b>(mut values: Vec<Value<'a>>) -> Vec<Value<'b>> {
    values.clear();
    values.into_iter().map(|_| Value::Missing).collect()
}
