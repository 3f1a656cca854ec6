//! health_what_if(model, model, relation …) → SETOF rows: who changes band if one model takes the place of another

use std::rc::Rc;

use health_score_engine::{Transition, Value, WhatIf};
use pgrx::{IntoDatum, pg_sys};

use crate::account::call_site::{as_of_or_now, declared_types};
use crate::account::row::{NamedColumn, Reading, column_names};
use crate::model::cache::{Compiled, by_document, by_name};
use crate::model::store::Store;
use crate::pg::arguments::{Arguments, text_of};
use crate::pg::datum::{Kind, output, varlena_bytes};
use crate::pg::error::{Report, code, no_column, quoted, score_error};
use crate::pg::relation::{FetchedRow, Relation};
use crate::pg::returning::each_row;
use crate::sql_function;

const COLUMNS: usize = 7;

sql_function! {
    fn health_what_if(arguments) {
        each_row(arguments, COLUMNS, |_, give| {
            for transition in transitions(arguments).unwrap_or_default() {
                give(&|row| {
                    row.text(transition.before.as_deref());
                    row.text(transition.after.as_deref());
                    row.int8(transition.accounts as i64);
                    row.float8(Some(transition.share));
                    row.float8(transition.mean_change);
                    row.float8(arguments.datum(4).map(|_| transition.value));
                    // SAFETY: a text[] that was just made.
                    let who = arguments.datum(3).and(transition.who.clone().into_datum()).map(|datum| unsafe { varlena_bytes(datum) });
                    row.varlena(who);
                });
            }
        })
    }
}

/// None where a model or the relation is NULL.
fn transitions(arguments: &Arguments) -> Option<Vec<Transition>> {
    let (before, after) = (model(arguments, 0)?, model(arguments, 1)?);
    let relation = Relation::open(arguments.get::<pg_sys::Oid>(2)?);
    let as_of = as_of_or_now(arguments, 5);
    let mut what_if = WhatIf::new(&before.model, &after.model);
    let mut columns: Option<Columns> = None;
    relation.each_row(|row| {
        let columns = columns.get_or_insert_with(|| Columns::of(row, [&before, &after], arguments, &relation));
        let values = [columns.values(0, row), columns.values(1, row)];
        let name = || columns.account.as_ref().and_then(|column| name_of(column, row));
        what_if
            .add(&values[0], &values[1], as_of, columns.value(row), name)
            .unwrap_or_else(|error| score_error(error).raise());
    });
    Some(what_if.transitions().collect())
}

fn model(arguments: &Arguments, at: usize) -> Option<Rc<Compiled>> {
    let datum = arguments.datum(at)?;
    if declared_types(arguments)[at] == pg_sys::JSONBOID {
        // SAFETY: the argument is declared jsonb.
        return Some(by_document(unsafe { varlena_bytes(datum) }));
    }
    // SAFETY: flinfo is valid during the call.
    let store = Store::of_function(unsafe { (*arguments.flinfo()).fn_oid });
    Some(by_name(store, text_of(datum)).compiled)
}

/// Where the rows of the relation hold what is needed.
struct Columns {
    readings: [(Reading, usize); 2],
    account: Option<NamedColumn>,
    value: Option<NamedColumn>,
}

impl Columns {
    fn of(row: &FetchedRow, models: [&Rc<Compiled>; 2], arguments: &Arguments, relation: &Relation) -> Columns {
        let names = column_names(row.descriptor);
        let reading = |model: &Rc<Compiled>| {
            let inputs = model.model.inputs();
            (Reading::resolve(inputs, &names), inputs.len())
        };
        let named = |at: usize| {
            let wanted = arguments.datum(at).map(text_of)?;
            Some(column_names(row.descriptor).into_iter().find(|column| column.name == wanted).unwrap_or_else(|| {
                let known = names.iter().map(|column| column.name.as_str());
                no_column(&relation.name, wanted, known).raise()
            }))
        };
        Columns { readings: models.map(reading), account: named(3), value: named(4) }
    }

    fn values<'a>(&self, model: usize, row: &'a FetchedRow) -> Vec<Value<'a>> {
        let (reading, inputs) = &self.readings[model];
        let mut values = vec![Value::Missing; *inputs];
        // SAFETY: the reading was resolved for these columns; the row's datums live until the next row.
        unsafe { reading.read(false, |at| row.datum(at), &mut values) };
        values
    }

    /// Without a value an account counts 0.
    fn value(&self, row: &FetchedRow) -> f64 {
        let Some(column) = &self.value else { return 0.0 };
        let Some(datum) = row.datum(column.attribute) else { return 0.0 };
        // SAFETY: the kind is made from this column's type.
        match unsafe { Kind::of(column.type_id).value(datum) } {
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
