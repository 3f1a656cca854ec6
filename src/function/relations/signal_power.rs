//! health_signal_power(model, relation, outcome …) → SETOF rows: how well each signal alone predicts an event

use health_score_engine::{SignalPower, signal_power};
use pgrx::pg_sys;

use crate::function::relations::outcome::{self, no_column};
use crate::model::argument::model_and_document;
use crate::pg::arguments::Arguments;
use crate::pg::as_of::as_of_or_now;
use crate::pg::error::{Report, code, quoted};
use crate::pg::memory::interruptible;
use crate::pg::relation::Relation;
use crate::pg::returning::Returned;
use crate::pg::tuple::TupleWriter;
use crate::sql_function;

const COLUMNS: usize = 11;

sql_function! {
    fn health_signal_power(arguments) {
        Returned::of(arguments).each_row(arguments, COLUMNS, |rows| {
            for power in powers(arguments).unwrap_or_default() {
                rows.add(|row| write(row, &power));
            }
        })
    }
}

/// None where the model, the relation or the outcome is NULL.
fn powers(arguments: &Arguments) -> Option<Vec<SignalPower>> {
    let (compiled, _) = model_and_document(arguments, 0)?;
    let relation = Relation::open(arguments.get::<pg_sys::Oid>(1)?);
    let outcome = arguments.text(2)?;
    let by = arguments.text(3);
    let model = &compiled.model;
    let reads = |name: &str| by == Some(name) || model.inputs().iter().any(|input| input.name == name);
    let rows = outcome::read(&relation, outcome, false, &reads);
    if rows.is_empty() {
        return None;
    }
    let group = by.map(|name| rows.position(name).unwrap_or_else(|| no_column(&relation, name, rows.columns())));
    if let Some(input) = model.inputs().iter().find(|input| input.required && rows.position(&input.name).is_none()) {
        no_column(&relation, &input.name, rows.columns());
    }
    let found = signal_power(model, &rows, group, as_of_or_now(arguments, 4), &mut interruptible);
    Some(found.unwrap_or_else(|many| {
        let name = quoted(by.unwrap_or_default());
        Report::new(
            code::PROGRAM_LIMIT,
            format!("column {name} splits the accounts into more than {} groups", many.most),
        )
        .hint("Name a column with few different values, such as a plan or region.")
        .raise()
    }))
}

fn write(row: &mut TupleWriter, power: &SignalPower) {
    let interval = power.auc.map(|auc| auc.interval());
    row.text(power.group.as_deref());
    row.text(Some(&power.signal));
    row.int8(power.accounts as i64);
    row.int8(power.events as i64);
    row.float8(Some(power.missing_share));
    row.float8(power.auc.map(|auc| auc.value));
    row.float8(interval.map(|interval| interval.0));
    row.float8(interval.map(|interval| interval.1));
    row.float8(power.information_value);
    row.text(power.direction());
    row.text(Some(power.verdict()));
}
