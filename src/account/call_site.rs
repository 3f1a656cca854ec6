//! One call site of a function that takes an account: what the call needs again for the next row. The model, the form
//! of the accounts and the memory of scoring are kept here; what else a function keeps is its own.

use std::rc::Rc;

use health_score_engine::{Assessment, Assessor, Comparer, Comparison, ScoreError, SegmentChoice, Side, Value};
use pgrx::pg_sys;

use crate::account::columns::replaced_function;
use crate::account::reader::{Account, AccountReader, AccountType};
use crate::model::cache::{Compiled, NamedModel, by_document, find_by_name};
use crate::model::store::{ModelStore, Reference};
use crate::pg::arguments::{Arguments, text_of};
use crate::pg::as_of::{given_as_of, now};
use crate::pg::datum::{instant, varlena_bytes};
use crate::pg::error::score_error;
use crate::pg::fn_extra::kept;

/// Whether the explanation is wanted, or the number alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Score,
    Explain,
}

pub struct CallSite {
    /// The function that the query calls.
    function: pg_sys::Oid,
    by_name: bool,
    /// The model argument is a constant of the query, so it need not be compared for every row.
    constant_model: bool,
    account: AccountType,
    /// The type of a second account, in argument 2.
    second_account: AccountType,
    context: pg_sys::MemoryContext,
    model: Option<SiteModel>,
    reader: AccountReader,
    assessor: Assessor,
    values: Vec<Value<'static>>,
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
    Named { argument: Box<str>, named: NamedModel },
    Document { bytes: Box<[u8]>, compiled: Rc<Compiled> },
}

/// The name and version of the model of a score; none for a document.
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

impl CallSite {
    /// The site of this call, made at the first one.
    pub fn of(arguments: &Arguments) -> &'static mut CallSite {
        &mut CallSite::with::<()>(arguments).0
    }

    /// The same, with a value of the function's own.
    pub fn with<T: Default + 'static>(arguments: &Arguments) -> &'static mut (CallSite, T) {
        kept(arguments, || (CallSite::new(arguments), T::default()))
    }

    fn new(arguments: &Arguments) -> CallSite {
        let declared = arguments.declared_types();
        let account_type = |at: usize| AccountType::of(declared.get(at).copied().unwrap_or(pg_sys::InvalidOid));
        let account = account_type(1);
        let is_replaced = account == AccountType::Columns;
        CallSite {
            function: if is_replaced { replaced_function(arguments) } else { arguments.function() },
            by_name: declared.first() != Some(&pg_sys::JSONBOID),
            constant_model: arguments.is_constant(0),
            account,
            second_account: account_type(2),
            // SAFETY: flinfo is valid during the call.
            context: unsafe { (*arguments.flinfo()).fn_mcxt },
            model: None,
            reader: AccountReader::default(),
            assessor: Assessor::default(),
            values: Vec::new(),
            second: Second::default(),
        }
    }

    /// The model of argument 0, looked up again only where it may have changed.
    #[inline]
    fn model(&mut self, datum: pg_sys::Datum) -> &Compiled {
        if !self.find_model(datum) {
            ModelStore::of_function(self.function).not_found(&Reference::parse(text_of(datum)));
        }
        match &self.model {
            Some(model) => model.compiled(),
            None => unreachable!("found above"),
        }
    }

    /// Whether there is a model of this name. A document is always there.
    #[inline]
    fn find_model(&mut self, datum: pg_sys::Datum) -> bool {
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
                let Some(named) = find_by_name(ModelStore::of_function(self.function), text) else { return false };
                SiteModel::Named { argument: text.into(), named }
            } else {
                // SAFETY: argument 0 is declared jsonb.
                let bytes = unsafe { varlena_bytes(datum) };
                SiteModel::Document { bytes: bytes.into(), compiled: by_document(bytes) }
            };
            // A model that was looked up again is most often the same.
            if !before.is_some_and(|before| std::ptr::eq(before.compiled(), after.compiled())) {
                self.reader.reset();
                self.second.reader.reset();
            }
            self.model = Some(after);
        }
        true
    }

    /// The model alone, for functions without an account.
    pub fn with_model<R>(&mut self, arguments: &Arguments, act: impl FnOnce(&Compiled) -> R) -> Option<R> {
        let model = arguments.datum(0)?;
        Some(act(self.model(model)))
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
        self.assess_at(arguments, purpose, given, arguments.text(3), act)
    }

    /// As [`Self::assess`], with the values of a jsonb object over those of the account.
    pub fn assess_with<R>(
        &mut self,
        arguments: &Arguments,
        purpose: Purpose,
        over: Option<&[u8]>,
        act: impl FnOnce(Assessment, Identity) -> R,
    ) -> Option<R> {
        let given = given_as_of(arguments, 2);
        self.assess_over(arguments, purpose, given, arguments.text(3), over, act)
    }

    /// As [`Self::assess`], for what a history has kept of an account (a jsonb), and without raising an error: the error
    /// goes to `act`. None also for a model that is not there, and for a time that is not finite. Where the arguments 4
    /// and 5 are declared, they are the kept score and coverage; another result means that inputs were left out.
    pub fn assess_kept<R>(
        &mut self,
        arguments: &Arguments,
        act: impl FnOnce(Result<(Assessment, Identity), ScoreError>) -> R,
    ) -> Option<R> {
        let (model, kept) = (arguments.datum(0)?, arguments.payload(1)?);
        let as_of = instant(arguments.get(2)?)?;
        let site_model = self.find_model(model).then_some(()).and(self.model.as_ref())?;
        let compiled = site_model.compiled();
        let mut values = recycle(std::mem::take(&mut self.values));
        self.reader.read_kept(kept, compiled, &mut values);
        let segment = SegmentChoice::from_argument(arguments.text(3));
        let assessed = self.assessor.assess(&compiled.model, &values, Some(as_of), segment);
        let is_whole = arguments.count() < 6
            || assessed.as_ref().map_or(true, |assessment| {
                assessment.score == arguments.get(4) && Some(assessment.coverage) == arguments.get(5)
            });
        let result = is_whole.then(|| act(assessed.map(|assessment| (assessment, site_model.identity()))));
        self.values = recycle(values);
        result
    }

    /// As [`Self::compare`], for what a history has kept: before and after are the arguments 1 and 2, their times 3 and 4.
    pub fn compare_kept<R>(
        &mut self,
        arguments: &Arguments,
        act: impl FnOnce(Result<Comparison, ScoreError>) -> R,
    ) -> Option<R> {
        let (model, first, second) = (arguments.datum(0)?, arguments.payload(1)?, arguments.payload(2)?);
        let as_of = (instant(arguments.get(3)?)?, instant(arguments.get(4)?)?);
        let site_model = self.find_model(model).then_some(()).and(self.model.as_ref())?;
        let compiled = site_model.compiled();
        let mut values = recycle(std::mem::take(&mut self.values));
        let mut second_values = recycle(std::mem::take(&mut self.second.values));
        self.reader.read_kept(first, compiled, &mut values);
        self.second.reader.read_kept(second, compiled, &mut second_values);
        let before = Side { values: &values, as_of: Some(as_of.0) };
        let after = Side { values: &second_values, as_of: Some(as_of.1) };
        let result = act(self.second.comparer.compare(&compiled.model, before, after, SegmentChoice::Auto));
        self.values = recycle(values);
        self.second.values = recycle(second_values);
        Some(result)
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
        self.model(model);
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
        self.model(model);
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

    /// The given as_of, or the transaction's now() for a model by name that reads time.
    #[inline]
    fn as_of(&self, given: Option<i64>, compiled: &Compiled) -> Option<i64> {
        if given.is_none() && self.by_name && compiled.model.may_read_time() { Some(now()) } else { given }
    }
}

/// Reuses the memory of a vector for values of another lifetime: the vector is emptied, so collect() works in place.
pub fn recycle<'a, 'b>(mut values: Vec<Value<'a>>) -> Vec<Value<'b>> {
    values.clear();
    values.into_iter().map(|_| Value::Missing).collect()
}
