//! The inputs of a model among named columns: found once, read for each row. Where the columns come from does not
//! matter here.

use health_score_engine::{Input, Value};
use pgrx::pg_sys;

use crate::pg::composite::NamedColumn;
use crate::pg::datum::DatumKind;
use crate::pg::error::{Report, code, did_you_mean, quoted, wanted_inputs};

/// Which columns give which inputs.
pub struct InputColumns {
    /// The columns that exist; those that are scored come first.
    columns: Vec<InputColumn>,
    scored: usize,
}

#[derive(Clone, Copy)]
struct InputColumn {
    /// Where its value goes.
    input: usize,
    /// From 0.
    attribute: usize,
    kind: DatumKind,
}

impl InputColumns {
    /// Finds the inputs among the columns, or raises what is missing.
    pub fn resolve(inputs: &[Input], names: &[NamedColumn]) -> InputColumns {
        let found: Vec<Option<&NamedColumn>> =
            inputs.iter().map(|input| names.iter().find(|column| column.name == input.name)).collect();
        require_columns(inputs, &found, names);
        InputColumns::of(inputs, found)
    }

    /// The inputs that are columns. The others come from elsewhere.
    pub fn resolve_some(inputs: &[Input], names: &[NamedColumn]) -> InputColumns {
        let column = |input: &Input| names.iter().find(|column| column.name == input.name && !input.gathered);
        InputColumns::of(inputs, inputs.iter().map(column).collect())
    }

    /// Which inputs are columns.
    pub fn mark(&self, inputs: &mut [bool]) {
        for column in &self.columns {
            inputs[column.input] = true;
        }
    }

    fn of(inputs: &[Input], found: Vec<Option<&NamedColumn>>) -> InputColumns {
        let columns_of = |scored: bool| {
            let found = found.iter().zip(inputs).enumerate().filter(move |(_, (_, input))| input.scored == scored);
            found.filter_map(|(input, (column, _))| {
                let column = (*column)?;
                Some(InputColumn { input, attribute: column.attribute, kind: DatumKind::of(column.type_id) })
            })
        };
        let scored = columns_of(true).count();
        InputColumns { columns: columns_of(true).chain(columns_of(false)).collect(), scored }
    }

    /// Fills `values` (all [`Value::Missing`] before), evidence only if `explain`.
    ///
    /// # Safety
    /// `datum` gives the datums of the columns that were resolved, none for NULL, and they live for `'a`.
    #[inline(always)]
    pub unsafe fn read<'a>(
        &self,
        explain: bool,
        datum: impl Fn(usize) -> Option<pg_sys::Datum>,
        values: &mut [Value<'a>],
    ) {
        let columns = if explain { &self.columns } else { &self.columns[..self.scored] };
        for column in columns {
            if let Some(datum) = datum(column.attribute) {
                // SAFETY: by this function's contract.
                unsafe { column.kind.read(datum, &mut values[column.input]) };
            }
        }
    }
}

/// A required column that is missing is an error: a renamed column must not change all scores silently.
fn require_columns(inputs: &[Input], columns: &[Option<&NamedColumn>], names: &[NamedColumn]) {
    let known = || names.iter().map(|column| column.name.as_str());
    let has = || match known().take(20).collect::<Vec<_>>() {
        none if none.is_empty() => "The row has no columns.".to_owned(),
        some => format!("The row has: {}.", some.join(", ")),
    };
    if columns.iter().all(Option::is_none) {
        Report::new(code::INVALID_PARAMETER, "the row has none of the model's inputs")
            .detail(format!("{} {}", wanted_inputs(inputs), has()))
            .hint("Pass the row of the table that has these columns, or rename them in a subquery.")
            .raise();
    }
    let absent = inputs.iter().zip(columns).find(|(input, column)| input.required && column.is_none());
    if let Some((input, _)) = absent {
        let otherwise =
            "Add the column (NULL is enough), change the \"input\" in the model, or make the signal \"optional\".";
        Report::new(
            code::UNDEFINED_COLUMN,
            format!("the row has no column {}, which the model reads", quoted(&input.name)),
        )
        .detail(has())
        .hint(did_you_mean(&input.name, known(), otherwise))
        .raise();
    }
}
