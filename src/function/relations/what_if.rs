//! health_what_if(model, model, relation …) → SETOF rows: which accounts change band if one model replaces another

use std::rc::Rc;

use health_score_engine::{Transition, Value, WhatIf};
use pgrx::{IntoDatum, pg_sys};

use crate::account::input_columns::InputColumns;
use crate::model::argument::model_argument;
use crate::model::cache::Compiled;
use crate::pg::arguments::Arguments;
use crate::pg::as_of::as_of_or_now;
use crate::pg::composite::{NamedColumn, column_names};
use crate::pg::datum::{DatumKind, output, varlena_bytes};
use crate::pg::error::{Report, code, no_column, quoted, score_error};
use crate::pg::relation::Relation;
use crate::pg::returning::Returned;
use crate::pg::spi::FetchedRow;
use crate::sql_function;

const COLUMNS: usize = 7;

sql_function! {
    fn health_what_if(arguments) {
        Returned::of(arguments).each_row(arguments, COLUMNS, |rows| {
            for transition in transitions(arguments).unwrap_or_default() {
                rows.add(|row| {
                    row.text(transition.before.as_deref());
                    row.text(transition.after.as_deref());
                    row.int8(transition.accounts as i64);
                    row.float8(Some(transition.share));
                    row.float8(transition.mean_change);
                    row.float8(arguments.datum(4).map(|_| transition.value));
                    let who = arguments.datum(3).and(transition.who.into_datum());
                    // SAFETY: a text[] that was just made.
                    row.varlena(who.map(|datum| unsafe { varlena_bytes(datum) }));
                });
            }
        })
    }
}

/// None where a model or the relation is NULL.
fn transitions(arguments: &Arguments) -> Option<Vec<Transition>> {
    let (before, after) = (model_argument(arguments, 0)?, model_argument(arguments, 1)?);
    let relation = Relation::open(arguments.get::<pg_sys::Oid>(2)?);
    let as_of = as_of_or_now(arguments, 5);
    let mut what_if = WhatIf::new(&before.model, &after.model);
    let mut columns: Option<WantedColumns> = None;
    relation.each_row(|row| {
        let columns = columns.get_or_insert_with(|| WantedColumns::of(row, [&before, &after], arguments, &relation));
        let values = [columns.values(0, row), columns.values(1, row)];
        let name = || columns.account.as_ref().and_then(|column| name_of(column, row));
        what_if
            .add(&values[0], &values[1], as_of, columns.value(row), name)
            .unwrap_or_else(|error| score_error(error).raise());
    });
    Some(what_if.transitions().collect())
}

/// Where the rows of the relation hold what is needed.
struct WantedColumns {
    inputs_of: [(InputColumns, usize); 2],
    account: Option<NamedColumn>,
    value: Option<NamedColumn>,
}

impl WantedColumns {
    fn of(row: &FetchedRow, models: [&Rc<Compiled>; 2], arguments: &Arguments, relation: &Relation) -> WantedColumns {
        let names = column_names(row.descriptor);
        let found = |model: &Rc<Compiled>| {
            let inputs = model.model.inputs();
            (InputColumns::resolve(inputs, &names), inputs.len())
        };
        let named = |at: usize| {
            let wanted = arguments.text(at)?;
            Some(column_names(row.descriptor).into_iter().find(|column| column.name == wanted).unwrap_or_else(|| {
                let known = names.iter().map(|column| column.name.as_str());
                no_column(&relation.name, wanted, known).raise()
            }))
        };
        WantedColumns { inputs_of: models.map(found), account: named(3), value: named(4) }
    }

    fn values<'a>(&self, model: usize, row: &'a FetchedRow) -> Vec<Value<'a>> {
        let (found, inputs) = &self.inputs_of[model];
        let mut values = vec![Value::Missing; *inputs];
        // SAFETY: they were resolved for these columns; the row's datums live until the next row.
        unsafe { found.read(false, |at| row.datum(at), &mut values) };
        values
    }

    /// Without a value an account counts 0.
    fn value(&self, row: &FetchedRow) -> f64 {
        let Some(column) = &self.value else { return 0.0 };
        let Some(datum) = row.datum(column.attribute) else { return 0.0 };
        // SAFETY: the kind is made from this column's type.
        match unsafe { DatumKind::of(column.type_id).value(datum) } {
            Value::Number(number) if number.is_finite() => number,
            _ => {
                let (name, found) = (quoted(&column.name), quoted(&output(column.type_id, datum)));
                Report::new(code::INVALID_PARAMETER, format!("value column {name} holds {found}, not a finite number"))
                    .hint("Cast the column in a view, or name another one.")
                    .raise()
            }
        }
    }
}

/// The account's id as its type writes it.
fn name_of(column: &NamedColumn, row: &FetchedRow) -> Option<String> {
    row.datum(column.attribute).map(|datum| output(column.type_id, datum))
}
