//! health_trend(score, observed_at [, tolerance]) → text; health_trend_stats(…) → one row

use health_score_engine::{DEFAULT_TOLERANCE, Line, MovingTrend, Trend, TrendStats};
use pgrx::{IntoDatum, pg_sys};

use crate::aggregate::state::{self, require_aggregate};
use crate::pg::arguments::{Arguments, text_datum};
use crate::pg::error::{Report, code, refuse};
use crate::pg::returning::{row, row_type_of_call};
use crate::{sql_function, state_of_numbers};

state_of_numbers!(Trend, state::TREND);
state_of_numbers!(TrendStats, state::TREND_STATS);

/// Score and time of a row, none if one of them is NULL. The time is Postgres's own timestamp: a trend needs only
/// differences, and some timestamps have no number of microseconds since 1970.
#[inline(always)]
fn point(arguments: &Arguments) -> Option<(f64, i64)> {
    let (score, at) = (arguments.get(1)?, arguments.get(2)?);
    if at == i64::MIN || at == i64::MAX {
        infinite_time(at);
    }
    Some((score, at))
}

#[cold]
fn infinite_time(at: i64) -> ! {
    let shown = if at < 0 { "-infinity" } else { "infinity" };
    Report::new(code::INVALID_PARAMETER, format!("the time of a score must be finite, not {shown}"))
        .hint("Leave such rows out with FILTER (WHERE isfinite(observed_at)).")
        .raise()
}

#[inline(always)]
fn tolerance(arguments: &Arguments) -> f64 {
    arguments.get(3).unwrap_or(DEFAULT_TOLERANCE)
}

sql_function! {
    fn health_trend_step(arguments) {
        require_aggregate(arguments, state::TREND);
        let Some((score, at)) = point(arguments) else { return arguments.datum(0) };
        state::step(arguments, |trend: &mut Trend| trend.add(score, at, tolerance(arguments)))
    }
}

sql_function! {
    fn health_trend_combine(arguments) {
        state::combine(arguments, Trend::merge)
    }
}

sql_function! {
    fn health_trend_final(arguments) {
        let direction = state::finished::<Trend>(arguments)?.direction()?;
        text_datum(direction.as_str())
    }
}

/// The parts of a moving state.
fn moving(words: &mut [u64]) -> (&mut MovingTrend, &mut [u64]) {
    let (trend, slots) = parts(words);
    if !trend.fits(slots.len()) {
        state::forged(state::MOVING_TREND);
    }
    (trend, slots)
}

fn parts(words: &mut [u64]) -> (&mut MovingTrend, &mut [u64]) {
    // SAFETY: whole numbers and doubles of 64 bits.
    unsafe { state::split(words, state::MOVING_TREND) }
}

fn new_moving<'a>(slots: usize) -> &'a mut [u64] {
    state::allocate(state::MOVING_TREND, size_of::<MovingTrend>() / size_of::<u64>() + slots)
}

fn first_moving<'a>() -> &'a mut [u64] {
    let words = new_moving(MovingTrend::FIRST_SLOTS);
    *parts(words).0 = MovingTrend::default();
    words
}

/// The state with room for one more point.
fn with_room(words: &mut [u64]) -> &mut [u64] {
    let (trend, slots) = moving(words);
    if !trend.is_full(slots.len()) {
        return words;
    }
    let more = new_moving(slots.len() * 2);
    let (larger, more_slots) = parts(more);
    *larger = *trend;
    larger.move_to(slots, more_slots);
    more
}

sql_function! {
    fn health_trend_moving_step(arguments) {
        require_aggregate(arguments, state::MOVING_TREND);
        let words = arguments.datum(0).map_or_else(first_moving, |datum| state::open(datum, state::MOVING_TREND));
        // The state may not be NULL after a row, even if the row does not count.
        let Some((score, at)) = point(arguments) else { return state::datum_of(words) };
        let words = with_room(words);
        let (trend, slots) = moving(words);
        if let Err(refused) = trend.add(slots, score, at, tolerance(arguments)) {
            refuse(refused);
        }
        state::datum_of(words)
    }
}

sql_function! {
    fn health_trend_moving_inverse(arguments) {
        require_aggregate(arguments, state::MOVING_TREND);
        let words = state::open(arguments.datum(0)?, state::MOVING_TREND);
        if let Some((score, at)) = point(arguments) {
            let (trend, slots) = moving(words);
            if let Err(refused) = trend.remove(slots, score, at) {
                refuse(refused);
            }
        }
        state::datum_of(words)
    }
}

sql_function! {
    fn health_trend_moving_final(arguments) {
        require_aggregate(arguments, state::MOVING_TREND);
        let (trend, slots) = moving(state::open(arguments.datum(0)?, state::MOVING_TREND));
        if !trend.is_consistent(slots) {
            state::forged(state::MOVING_TREND);
        }
        text_datum(trend.direction(slots)?.as_str())
    }
}

sql_function! {
    fn health_trend_stats_step(arguments) {
        require_aggregate(arguments, state::TREND_STATS);
        let Some((score, at)) = point(arguments) else { return arguments.datum(0) };
        state::step(arguments, |stats: &mut TrendStats| stats.add(score, at, tolerance(arguments)))
    }
}

sql_function! {
    fn health_trend_stats_combine(arguments) {
        state::combine(arguments, TrendStats::merge)
    }
}

sql_function! {
    fn health_trend_stats_final(arguments) {
        let stats = state::finished::<TrendStats>(arguments)?;
        Some(stats_row(arguments, &stats))
    }
}

fn stats_row(arguments: &Arguments, stats: &TrendStats) -> pg_sys::Datum {
    let trend = stats.trend();
    let line = trend.line();
    let of_line = |number: fn(&Line) -> Option<f64>| line.as_ref().and_then(number).into_datum();
    let columns = [
        trend.direction().and_then(|direction| text_datum(direction.as_str())),
        of_line(|line| Some(line.change)),
        of_line(|line| Some(line.slope_per_day)),
        of_line(|line| line.slope_stderr),
        stats.first_score().into_datum(),
        stats.last_score().into_datum(),
        stats.lowest().into_datum(),
        stats.highest().into_datum(),
        trend.observations().into_datum(),
        trend.from().into_datum(),
        trend.to().into_datum(),
    ];
    row(row_type_of_call(arguments, columns.len()), columns)
}
