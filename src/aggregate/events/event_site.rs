//! One call site of health_score_step(): what it needs again for the next row. It holds the models of its groups, and
//! exists longer than their states.

use health_score_engine::{ScoreError, Value};
use pgrx::pg_sys;

use crate::aggregate::aggref::{is_constant, leaves};
use crate::aggregate::events::argument::{AS_OF, MODEL, OBSERVED_AT, VALUE, ValueReader};
use crate::aggregate::events::held::{Held, StateReference};
use crate::model::argument::is_by_name;
use crate::model::cache::{Compiled, by_document, by_name};
use crate::model::store::ModelStore;
use crate::pg::arguments::{Arguments, text_of};
use crate::pg::as_of::{given_as_of, now};
use crate::pg::datum::varlena_bytes;
use crate::pg::error::{Report, code, quoted, score_error};
use crate::pg::fn_extra::kept;
use crate::pg::json::text::jsonb_text;

pub struct EventSite {
    pub form: EventForm,
    /// The model argument of the last row, undecoded, with the number of its model. A constant argument is not
    /// compared.
    last: Option<(Box<[u8]>, usize)>,
    models: Vec<Held>,
}

/// What the declaration and the query determine for all rows.
#[derive(Clone, Copy)]
pub struct EventForm {
    by_name: bool,
    constant_model: bool,
    /// Whether events have an argument for their time.
    pub timed: bool,
    leaves: bool,
    reader: ValueReader,
    now: i64,
}

impl EventSite {
    pub fn of(arguments: &Arguments) -> &'static mut EventSite {
        kept(arguments, || EventSite { form: EventForm::of(arguments), last: None, models: Vec::new() })
    }

    /// A model of this call site.
    #[inline]
    pub fn model(&self, number: usize) -> &Held {
        &self.models[number]
    }

    /// The number of this row's model.
    #[inline]
    pub fn model_number(&mut self, arguments: &Arguments, datum: pg_sys::Datum) -> usize {
        match &self.last {
            Some((_, at)) if self.form.constant_model => *at,
            // SAFETY: the argument is declared text or jsonb.
            Some((argument, at)) if **argument == *unsafe { stored_bytes(datum) } => *at,
            _ => self.resolve(arguments, datum),
        }
    }

    #[cold]
    fn resolve(&mut self, arguments: &Arguments, datum: pg_sys::Datum) -> usize {
        let form = self.form;
        let held = if form.by_name {
            let named = by_name(ModelStore::of_function(arguments.function()), text_of(datum));
            let name = format!("{}@{}", named.name, named.version);
            Held::new(named.compiled, if form.leaves { StateReference::Name(&name) } else { StateReference::None })
        } else {
            // SAFETY: the argument is declared jsonb.
            let bytes = unsafe { varlena_bytes(datum) };
            let document = if form.leaves { jsonb_text(bytes) } else { String::new() };
            Held::new(
                by_document(bytes),
                if form.leaves { StateReference::Document(&document) } else { StateReference::None },
            )
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

impl EventForm {
    fn of(arguments: &Arguments) -> EventForm {
        EventForm {
            by_name: is_by_name(arguments, MODEL),
            constant_model: is_constant(arguments, MODEL),
            timed: arguments.count() > OBSERVED_AT,
            leaves: leaves(arguments),
            reader: ValueReader::of(arguments, VALUE),
            now: now(),
        }
    }

    /// Prepares a model that this call site sees for the first time.
    fn prepared(&self, arguments: &Arguments, held: Held) -> Held {
        if self.timed {
            return held;
        }
        require_no_times(&held.compiled);
        let as_of = self.as_of(arguments, &held);
        if self.leaves { held } else { held.with_compact(as_of) }
    }

    /// The time that the ages of a row's events are counted to.
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
            .detail("The signal has a window or a lag, or counts days.")
            .hint("Pass them: health_score(model, signal, value, observed_at).")
            .raise();
    }
}

/// The stored bytes of a varlena, which may be compressed or a pointer to TOAST: equal bytes are equal values, so
/// comparing them needs no decompression.
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
