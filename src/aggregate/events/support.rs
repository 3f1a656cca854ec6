//! The support functions of health_score and health_signals over events.

use health_score_engine::{Assessor, Gathering, SegmentChoice, Stop, Value};
use pgrx::IntoDatum;

use crate::account::call_site::recycle;
use crate::aggregate::aggref::leaves;
use crate::aggregate::events::argument::{MODEL, OBSERVED_AT, SIGNAL, STATE, VALUE};
use crate::aggregate::events::compact::{Owners, is_compact};
use crate::aggregate::events::event_site::EventSite;
use crate::aggregate::events::held::{Models, parts, parts_mut, varying};
use crate::aggregate::state::{self, EVENTS, require_aggregate};
use crate::model::cache::Compiled;
use crate::pg::arguments::Arguments;
use crate::pg::datum::instant;
use crate::pg::error::{Report, code, did_you_mean, score_error, wanted_inputs};
use crate::pg::fn_extra::kept;
use crate::pg::json::write::JsonbWriter;
use crate::sql_function;

sql_function! {
    fn health_score_step(arguments) {
        require_aggregate(arguments, EVENTS);
        // Without a model there is no score.
        let Some(model) = arguments.datum(MODEL) else { return arguments.datum(STATE) };
        let site = EventSite::of(arguments);
        let number = site.model_number(arguments, model);
        let (model, form) = (site.model(number), site.form);
        let as_of = form.as_of(arguments, model);
        let event = arguments.payload(SIGNAL).map(|signal| {
            let value = arguments.datum(VALUE).map_or(Value::Missing, |datum| form.value(datum));
            let at = if form.timed { observed_at(arguments) } else { None };
            (signal, value, at)
        });
        let gathering = model.compiled.model.gathering();
        let state = arguments.datum(STATE);
        let words = if let Some(compact) = &model.compact
            && let Some(words) = state.map_or_else(|| Some(compact.first()), |state| compact.open(state))
        {
            match event {
                Some((signal, value, _)) if !gathering.add_compact(words, signal, value) => model.expand(words, as_of),
                _ => return state::datum_of(words),
            }
        } else if let Some(datum) = state {
            if is_compact(datum) {
                varying("model");
            }
            let words = state::open(datum, EVENTS);
            if let Some((signal, Value::Number(number), at)) = event
                && let Some(body) = model.own_body(words, as_of)
                && gathering.add_number(body, signal, number, at)
            {
                return state::datum_of(words);
            }
            model.require_same(words, as_of);
            words
        } else {
            model.first_state(as_of, form.timed)
        };
        let Some((signal, value, at)) = event else { return state::datum_of(words) };
        let words = changed(words, &model.compiled, |body| gathering.add(body, signal, value, at));
        state::datum_of(words)
    }
}

fn observed_at(arguments: &Arguments) -> Option<i64> {
    let at = arguments.datum(OBSERVED_AT)?.value() as i64;
    Some(instant(at).unwrap_or_else(|| infinite_time(at)))
}

#[cold]
fn infinite_time(at: i64) -> ! {
    let shown = if at < 0 { "-infinity" } else { "infinity" };
    Report::new(code::INVALID_PARAMETER, format!("the time of an event must be finite or NULL, not {shown}"))
        .hint("Leave such rows out with FILTER (WHERE isfinite(observed_at)), or pass NULL for an unknown time.")
        .raise()
}

/// The state after a change; if the change needs room, the state is moved to more words first.
#[inline]
fn changed<'a>(
    words: &'a mut [u64],
    compiled: &Compiled,
    act: impl Fn(&mut [u64]) -> Result<(), Stop>,
) -> &'a mut [u64] {
    match act(parts_mut(words).1) {
        Ok(()) => words,
        Err(Stop::Room(body)) => {
            let words = moved(words, compiled, body);
            act(parts_mut(words).1).unwrap_or_else(|stop| stopped(stop, compiled));
            words
        }
        Err(stop) => stopped(stop, compiled),
    }
}

#[cold]
fn moved<'a>(words: &[u64], compiled: &Compiled, body: usize) -> &'a mut [u64] {
    let (head, old) = parts(words);
    let larger = state::allocate(EVENTS, head.len() + body);
    larger[..head.len()].copy_from_slice(head);
    let gathering = compiled.model.gathering();
    gathering.move_to(old, &mut larger[head.len()..]).unwrap_or_else(|stop| stopped(stop, compiled));
    larger
}

#[cold]
pub fn stopped(stop: Stop, compiled: &Compiled) -> ! {
    match stop {
        Stop::Invalid(invalid) => score_error(health_score_engine::ScoreError::Invalid(invalid)).raise(),
        Stop::Unknown(seen) => {
            let first = seen.trim_start_matches('"').split('"').next().unwrap_or_default();
            let known = compiled.model.columns().map(|input| input.name.as_str());
            let hint = did_you_mean(first, known, "Name signals or inputs of the model; other names are ignored.");
            Report::new(code::INVALID_PARAMETER, "the events have none of the model's signals")
                .detail(format!("Seen: {seen}. {}", wanted_inputs(compiled.model.inputs())))
                .hint(hint)
                .raise()
        }
        Stop::Room(_) | Stop::Forged => state::forged(EVENTS),
    }
}

sql_function! {
    fn health_score_combine(arguments) {
        require_aggregate(arguments, EVENTS);
        let Some(other) = arguments.datum(1) else { return arguments.datum(STATE) };
        let other: &[u64] = state::open(other, EVENTS);
        let model = Models::of(arguments).find(arguments, other);
        let as_of = Gathering::as_of(parts(other).1);
        let Some(datum) = arguments.datum(STATE) else {
            let words = model.state(parts(other).1.len());
            parts_mut(words).1.copy_from_slice(parts(other).1);
            return state::datum_of(words);
        };
        let words = state::open(datum, EVENTS);
        model.require_same(words, as_of);
        let gathering = model.compiled.model.gathering();
        let words = changed(words, &model.compiled, |body| gathering.merge(body, parts(other).1));
        state::datum_of(words)
    }
}

/// What a final function keeps from one group to the next.
#[derive(Default)]
struct FinalSite<T> {
    models: Models,
    owners: Owners,
    /// Whether states may be compact; decided at the first group.
    compact: Option<bool>,
    values: Vec<Value<'static>>,
    own: T,
}

/// Reads the account of a state. The state stays as it is: other functions or more rows may need it.
fn read<T: Default + 'static, R>(
    arguments: &Arguments,
    act: impl FnOnce(&Compiled, &[Value], Option<i64>, &mut T) -> R,
) -> Option<R> {
    require_aggregate(arguments, EVENTS);
    let datum = arguments.datum(STATE)?;
    let FinalSite { models, owners, compact, values: last, own } = kept(arguments, FinalSite::default);
    let mut values = recycle(std::mem::take(last));
    // Aggregates that somebody else has made may pass any bytes as a state.
    let compact = *compact.get_or_insert_with(|| !leaves(arguments));
    let (compiled, as_of, read) = match compact.then(|| owners.open(datum)).flatten() {
        Some((words, compiled, as_of)) => {
            (compiled, as_of, compiled.model.gathering().read_compact(words, &mut values))
        }
        None => {
            let words: &[u64] = state::open(datum, EVENTS);
            let compiled = &models.find(arguments, words).compiled;
            let body = parts(words).1;
            (compiled, Gathering::as_of(body), compiled.model.gathering().read(body, &mut values))
        }
    };
    read.unwrap_or_else(|stop| stopped(stop, compiled));
    let result = act(compiled, &values, as_of, own);
    *last = recycle(values);
    Some(result)
}

sql_function! {
    fn health_score_final(arguments) {
        let score = read(arguments, |compiled, values, as_of, assessor: &mut Assessor| {
            match assessor.assess(&compiled.model, values, as_of, SegmentChoice::Auto) {
                Ok(assessment) => assessment.score,
                Err(error) => score_error(error).raise(),
            }
        });
        score??.into_datum()
    }
}

sql_function! {
    /// The account as a jsonb object; functions that take an account score it as they would score the events.
    fn health_signals_final(arguments) {
        read(arguments, |compiled, values, _, object: &mut JsonbWriter| {
            object.clear();
            object.begin_object();
            for (name, value) in compiled.model.members(values) {
                object.key(name);
                object.input(value);
            }
            object.end();
            object.to_datum()
        })
    }
}
