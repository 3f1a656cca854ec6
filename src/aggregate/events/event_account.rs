//! health_event_account(model, row, as_of, given, events) → jsonb: the account that a row of a relation and a state of
//! its events make together
//!
//! What is given by people, or is a column of the row, stays; the events give the other inputs.

use health_score_engine::{Gathering, Value};

use crate::account::call_site::{CallSite, recycle};
use crate::account::reader::AccountReader;
use crate::account::row::RowLayout;
use crate::aggregate::events::held::{Models, parts, varying};
use crate::aggregate::events::support::stopped;
use crate::aggregate::state::{self, EVENTS};
use crate::model::cache::Compiled;
use crate::pg::arguments::Arguments;
use crate::pg::as_of::as_of_or_now;
use crate::pg::composite::Composite;
use crate::pg::json::write::JsonbWriter;
use crate::sql_function;

const ROW: usize = 1;
const AS_OF: usize = 2;
const GIVEN: usize = 3;
const EVENTS_STATE: usize = 4;

/// What a call site needs for the next account.
#[derive(Default)]
struct Site {
    models: Models,
    layout: Option<(u64, RowLayout)>,
    given: AccountReader,
    given_values: Vec<Value<'static>>,
    values: Vec<Value<'static>>,
    known: Vec<bool>,
    /// The state of an account without events, of a model and a time.
    silence: Option<(u64, i64, Vec<u64>)>,
    object: JsonbWriter,
}

sql_function! {
    fn health_event_account(arguments) {
        let (site, own) = CallSite::with::<Site>(arguments);
        let arguments: &Arguments = arguments;
        site.with_model(arguments, |compiled| own.account(arguments, compiled))
    }
}

impl Site {
    fn account(&mut self, arguments: &Arguments, compiled: &Compiled) -> pgrx::pg_sys::Datum {
        let model = &compiled.model;
        let inputs = model.inputs();
        let as_of = as_of_or_now(arguments, AS_OF);
        // SAFETY: the argument is declared record, and lives as long as the call.
        let row = arguments.datum(ROW).map(|datum| unsafe { Composite::from_datum(datum) });
        let mut values = recycle(std::mem::take(&mut self.values));
        values.resize(inputs.len(), Value::Missing);
        self.known.clear();
        self.known.resize(inputs.len(), false);
        if let Some(row) = &row {
            let fits = |(hash, layout): &(u64, RowLayout)| *hash == compiled.hash && layout.fits(row);
            if !self.layout.as_ref().is_some_and(fits) {
                self.layout = None;
                // SAFETY: flinfo is valid during the call.
                let context = unsafe { (*arguments.flinfo()).fn_mcxt };
                self.layout = Some((compiled.hash, RowLayout::resolve_some(row, inputs, context)));
            }
            if let Some((_, layout)) = &mut self.layout {
                layout.mark(&mut self.known);
                layout.read(row, true, &mut values);
            }
        }
        let mut given_values = recycle(std::mem::take(&mut self.given_values));
        if let Some(given) = arguments.payload(GIVEN) {
            given_values.resize(inputs.len(), Value::Missing);
            self.given.read_over(given, compiled, &mut given_values);
            for (at, value) in given_values.iter().enumerate() {
                if *value != Value::Missing && !inputs[at].gathered {
                    (values[at], self.known[at]) = (*value, true);
                }
            }
        }

        let body: &[u64] = match arguments.datum(EVENTS_STATE) {
            Some(datum) => {
                let words: &[u64] = state::open(datum, EVENTS);
                if self.models.find(arguments, words).compiled.hash != compiled.hash {
                    varying("model");
                }
                parts(words).1
            }
            None => {
                self.prepare_silence(compiled, as_of);
                self.silence.as_ref().map_or(&[], |(_, _, words)| words)
            }
        };
        if Gathering::as_of(body) != Some(as_of) {
            varying("as_of");
        }
        let read = model.gathering().read_beside(body, &self.known, &mut values);
        read.unwrap_or_else(|stop| stopped(stop, compiled));
        self.object.clear();
        self.object.begin_object();
        for (name, value) in model.members(&values) {
            self.object.key(name);
            self.object.input(value);
        }
        self.object.end();
        self.values = recycle(values);
        self.given_values = recycle(given_values);
        self.object.to_datum()
    }

    fn prepare_silence(&mut self, compiled: &Compiled, as_of: i64) {
        let is_same = |(hash, at, _): &(u64, i64, Vec<u64>)| (*hash, *at) == (compiled.hash, as_of);
        if !self.silence.as_ref().is_some_and(is_same) {
            let mut words = vec![0; compiled.model.gathering().words(true)];
            compiled.model.gathering().begin(&mut words, Some(as_of), true);
            self.silence = Some((compiled.hash, as_of, words));
        }
    }
}
