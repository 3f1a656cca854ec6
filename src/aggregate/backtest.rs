//! health_backtest(score, event [, model]) → one row

use health_score_engine::{Auc, Backtest, Outcomes, usual_bands};
use pgrx::{IntoDatum, pg_sys};

use crate::aggregate::growing;
use crate::aggregate::state::{self, require_aggregate};
use crate::model::argument::model_argument;
use crate::pg::arguments::{Arguments, text_datum};
use crate::pg::error::{Report, code};
use crate::pg::fn_extra::kept;
use crate::pg::returning::{row, row_type_of_call};
use crate::sql_function;

const MODEL: usize = 3;

type Bands = Vec<(String, f64)>;

/// The model argument of a call site with its bands as a state holds them, so that each row compares bytes only.
#[derive(Default)]
struct ModelBands {
    argument: Box<[u8]>,
    words: Vec<u64>,
    /// The lowest scores of the bands.
    bounds: Vec<f64>,
}

/// The bands of argument 3 and their lowest scores; no words for the usual bands.
fn bands<'a>(arguments: &Arguments) -> (&'a [u64], &'a [f64]) {
    let last = kept(arguments, ModelBands::default);
    let Some(argument) = arguments.payload(MODEL) else {
        if last.bounds.is_empty() {
            last.bounds = usual_bands().into_iter().map(|(_, from)| from).collect();
        }
        return (&[], &last.bounds);
    };
    if (*last.argument != *argument || last.words.is_empty())
        && let Some(compiled) = model_argument(arguments, MODEL)
    {
        let bands = compiled.model.band_bounds();
        last.words = to_words(&bands);
        last.bounds = bands.into_iter().map(|(_, from)| from).collect();
        last.argument = argument.into();
    }
    (&last.words, &last.bounds)
}

/// As JSON, filled up with blanks.
fn to_words(bands: &Bands) -> Vec<u64> {
    let mut json = serde_json::to_string(bands).unwrap_or_default().into_bytes();
    json.resize(json.len().next_multiple_of(8), b' ');
    json.as_chunks().0.iter().map(|chunk| u64::from_ne_bytes(*chunk)).collect()
}

fn from_words(words: &[u64]) -> Option<Bands> {
    if words.is_empty() {
        return Some(usual_bands());
    }
    let json: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let bands: Bands = serde_json::from_slice(&json).ok()?;
    let rising = bands.windows(2).all(|pair| pair[0].1 < pair[1].1);
    (rising && bands.first().is_some_and(|band| band.1 == 0.0)).then_some(bands)
}

sql_function! {
    fn health_backtest_step(arguments) {
        require_aggregate(arguments, state::BACKTEST);
        let (Some(score), Some(event)) = (arguments.get(1), arguments.get(2)) else { return arguments.datum(0) };
        let (bands, bounds) = bands(arguments);
        growing::step::<Outcomes>(arguments, state::BACKTEST, bands, |state| {
            if *state.fixed != *bands {
                varying();
            }
            state.head.add(state.table, score, event, false, bounds)
        })
    }
}

#[cold]
fn varying() -> ! {
    Report::new(code::INVALID_PARAMETER, "the model of health_backtest differs within a group")
        .hint("Pass one model, or add the model's column to GROUP BY.")
        .raise()
}

sql_function! {
    fn health_backtest_combine(arguments) {
        growing::combine::<Outcomes>(arguments, state::BACKTEST).unwrap_or_else(|_| varying())
    }
}

sql_function! {
    fn health_backtest_final(arguments) {
        let backtest = growing::finished::<Outcomes, _>(arguments, state::BACKTEST, |state| {
            let bands = from_words(state.fixed).unwrap_or_else(|| state::forged(state::BACKTEST));
            Backtest::of(state.head, state.table, &bands)
        })?;
        Some(backtest_row(arguments, &backtest))
    }
}

fn backtest_row(arguments: &Arguments, backtest: &Backtest) -> pg_sys::Datum {
    let interval = backtest.auc.map(|auc: Auc| auc.interval());
    let bands = &backtest.bands;
    let columns = [
        (backtest.accounts as i64).into_datum(),
        (backtest.events as i64).into_datum(),
        backtest.base_rate().into_datum(),
        backtest.auc.map(|auc| auc.value).into_datum(),
        interval.map(|interval| interval.0).into_datum(),
        interval.map(|interval| interval.1).into_datum(),
        backtest.gini().into_datum(),
        backtest.ks.into_datum(),
        backtest.worst_decile_lift.into_datum(),
        backtest.worst_decile_capture.into_datum(),
        bands.iter().map(|band| band.name.clone()).collect::<Vec<_>>().into_datum(),
        bands.iter().map(|band| band.accounts as i64).collect::<Vec<_>>().into_datum(),
        bands.iter().map(|band| band.events as i64).collect::<Vec<_>>().into_datum(),
        bands.iter().map(|band| band.rate()).collect::<Vec<_>>().into_datum(),
        text_datum(&backtest.verdict),
    ];
    row(row_type_of_call(arguments, columns.len()), columns)
}
