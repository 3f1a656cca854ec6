//! One call site of the step function: what it needs again for the next row. The models of its groups live as long as it
//! does, and it outlives their states.

use health_score_engine::{ScoreError, Value};
use pgrx::{PgMemoryContexts, pg_sys};

use crate::aggregate::events::reference::{Held, Reference};
use crate::aggregate::events::value::Reader;
use crate::aggregate::events::{AS_OF, MODEL, OBSERVED_AT, VALUE};
use crate::arguments::{Arguments, text_of};
use crate::datum::varlena_bytes;
use crate::document::jsonb_text;
use crate::error::{Report, code, quoted, score_error};
use crate::model_cache::{Compiled, by_document, by_name};
use crate::model_store::Store;
use crate::site::{declared_types, given_as_of, now};

/// What a call site keeps in fn_extra, made at its first call.
pub fn kept<T: Default>(arguments: &Arguments) -> &'static mut T {
    // SAFETY: fn_extra is ours: null, or what this function put there, since an SQL function always asks for the same type;
    // it is dropped with fn_mcxt, after the last call. A call site is never entered twice at once.
    unsafe {
        let flinfo = arguments.flinfo();
        if (*flinfo).fn_extra.is_null() {
            (*flinfo).fn_extra = PgMemoryContexts::For((*flinfo).fn_mcxt).leak_and_drop_on_delete(T::default()).cast();
        }
        &mut *(*flinfo).fn_extra.cast::<T>()
    }
}

#[derive(Default)]
pub struct Step {
    /// Made at the first call.
    form: Option<Form>,
    /// The argument of the last row as it came, and its model's number. A constant is not compared.
    last: Option<(Box<[u8]>, usize)>,
    models: Vec<Held>,
}

/// What the declaration and the query say.
#[derive(Clone, Copy)]
pub struct Form {
    by_name: bool,
    constant_model: bool,
    /// Whether events have an argument for their time.
    pub timed: bool,
    leaves: bool,
    reader: Reader,
    now: i64,
}

impl Step {
    pub fn of(arguments: &Arguments) -> &'static mut Step {
        let step: &mut Step = kept(arguments);
        step.form.get_or_insert_with(|| Form {
            by_name: declared_types(arguments).get(MODEL) != Some(&pg_sys::JSONBOID),
            constant_model: is_constant(arguments, MODEL),
            timed: arguments.count() > OBSERVED_AT,
            leaves: leaves(arguments),
            reader: Reader::of(arguments, VALUE),
            now: now(),
        });
        step
    }

    /// A model of this call site, and what is known of all rows.
    #[inline]
    pub fn get(&self, number: usize) -> (&Held, &Form) {
        match &self.form {
            Some(form) => (&self.models[number], form),
            None => unreachable!("of() has set it"),
        }
    }

    /// The number of this row's model.
    #[inline]
    pub fn model_number(&mut self, arguments: &Arguments, datum: pg_sys::Datum) -> usize {
        match (&self.last, &self.form) {
            (Some((_, at)), Some(form)) if form.constant_model => *at,
            // SAFETY: the argument is declared text or jsonb.
            (Some((argument, at)), _) if **argument == *unsafe { stored_bytes(datum) } => *at,
            _ => self.resolve(arguments, datum),
        }
    }

    #[cold]
    fn resolve(&mut self, arguments: &Arguments, datum: pg_sys::Datum) -> usize {
        let Some(form) = self.form else { unreachable!("of() has set it") };
        let held = if form.by_name {
            // SAFETY: flinfo is valid during the call.
            let store = Store::of_function(unsafe { (*arguments.flinfo()).fn_oid });
            let named = by_name(store, text_of(datum));
            let name = format!("{}@{}", named.name, named.version);
            Held::new(named.compiled, if form.leaves { Reference::Name(&name) } else { Reference::None })
        } else {
            // SAFETY: the argument is declared jsonb.
            let bytes = unsafe { varlena_bytes(datum) };
            let document = if form.leaves { jsonb_text(bytes) } else { String::new() };
            Held::new(by_document(bytes), if form.leaves { Reference::Document(&document) } else { Reference::None })
        };
        let known = self.models.iter().position(|known| std::ptr::eq(&*known.compiled, &*held.compiled));
        let at = known.unwrap_or_else(|| {
            self.models.push(form.prepared(arguments, held));
            self.models.len() - 1
        });
        // SAFETY: the argument is declared text or jsonb.
        self.last = Some((unsafe { stored_bytes(datum) }.into(), at));
        at
    }
}

impl Form {
    /// A model that is new here.
    fn prepared(&self, arguments: &Arguments, held: Held) -> Held {
        if self.timed {
            return held;
        }
        require_no_times(&held.compiled);
        let as_of = self.as_of(arguments, &held);
        if self.leaves { held } else { held.with_compact(as_of) }
    }

    /// The time to which a row's ages count.
    #[inline]
    pub fn as_of(&self, arguments: &Arguments, model: &Held) -> Option<i64> {
        let given = if arguments.count() > AS_OF { given_as_of(arguments, AS_OF) } else { None };
        let as_of = given.or_else(|| self.by_name.then_some(self.now));
        if as_of.is_none() && model.compiled.model.may_read_time() {
            score_error(ScoreError::AsOfRequired).raise();
        }
        as_of
    }

    #[inline]
    pub fn value<'a>(&self, datum: pg_sys::Datum) -> Value<'a> {
        // SAFETY: the reader was made for this argument, and the value is used only during the call.
        unsafe { self.reader.value(datum) }
    }
}

fn require_no_times(compiled: &Compiled) {
    if let Some(signal) = compiled.model.gathering().needs_times() {
        Report::new(code::INVALID_PARAMETER, format!("signal {} needs the times of its events", quoted(signal)))
            .detail("It has a window or a lag, or counts days.")
            .hint("Pass them: health_score(model, signal, value, observed_at).")
            .raise();
    }
}

/// A varlena as it is stored, also compressed or kept outside: equal bytes are equal values, and comparing them needs no
/// decompressing.
///
/// # Safety
/// `datum` is a non-null varlena that lives for `'a`.
unsafe fn stored_bytes<'a>(datum: pg_sys::Datum) -> &'a [u8] {
    // SAFETY: the header tells the length, whatever form follows.
    unsafe {
        let pointer: *mut pg_sys::varlena = datum.cast_mut_ptr();
        std::slice::from_raw_parts(pointer.cast::<u8>(), pgrx::varsize_any(pointer))
    }
}

/// Whether an argument of the aggregate is the same in every row: a constant, or a parameter of the statement.
fn is_constant(arguments: &Arguments, at: usize) -> bool {
    // SAFETY: fcinfo is valid; the node is null or an Aggref, whose list elements are target entries.
    unsafe {
        let Some(aggref) = pg_sys::AggGetAggref(arguments.fcinfo()).cast::<pg_sys::Aggref>().as_ref() else {
            return false;
        };
        let Some(list) = aggref.args.as_ref() else { return false };
        // The state is no argument of the aggregate.
        let at = at - 1;
        if at >= list.length as usize {
            return false;
        }
        let entry = (*list.elements.add(at)).ptr_value.cast::<pg_sys::TargetEntry>();
        let node = (*entry).expr.cast::<pg_sys::Node>();
        match (*node).type_ {
            pg_sys::NodeTag::T_Const => true,
            pg_sys::NodeTag::T_Param => (*node.cast::<pg_sys::Param>()).paramkind == pg_sys::ParamKind::PARAM_EXTERN,
            _ => false,
        }
    }
}

/// Whether the states of this call may reach another process, or anything but the functions here: those of a parallel worker,
/// or of an aggregate that somebody else has built over the functions of ours, as Citus does.
pub fn leaves(arguments: &Arguments) -> bool {
    // SAFETY: fcinfo is valid; its context is null or a node, whose tag is checked before it is cast. The elements of an
    // AggState's list within its length are Aggrefs.
    unsafe {
        let context = (*arguments.fcinfo()).context;
        if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_AggState {
            return true;
        }
        let state = context.cast::<pg_sys::AggState>();
        if (*state).aggsplit & pg_sys::AGGSPLITOP_SKIPFINAL != 0 {
            return true;
        }
        let aggref = pg_sys::AggGetAggref(arguments.fcinfo()).cast::<pg_sys::Aggref>().as_ref();
        let (Some(aggref), Some(list)) = (aggref, (*state).aggs.as_ref()) else { return true };
        // Postgres keeps one state for all aggregates over the same rows and support functions.
        (0..list.length as usize)
            .map(|at| &*(*list.elements.add(at)).ptr_value.cast::<pg_sys::Aggref>())
            .any(|other| other.aggtransno == aggref.aggtransno && !is_ours(arguments, other.aggfnoid))
    }
}

fn is_ours(arguments: &Arguments, aggregate: pg_sys::Oid) -> bool {
    // SAFETY: look-ups by Oid, inside a transaction; names are C strings in the call's memory.
    unsafe {
        let name = pg_sys::get_func_name(aggregate);
        !name.is_null()
            && matches!(std::ffi::CStr::from_ptr(name).to_bytes(), b"health_score" | b"health_signals")
            && pg_sys::get_func_namespace(aggregate) == Store::of_function((*arguments.flinfo()).fn_oid).schema
    }
}
