//! Which cells a model needs, and where they lie in a state.

use std::collections::HashMap;

use super::cell::{Ages, Cell};
use crate::signal::recipe::{Combine, Derivation, Gathered, Recipe};
use crate::signal::source::{Moment, Source};

/// A derived value, by the cells that it is made of.
#[derive(Debug)]
pub(super) struct Derived {
    pub recipe: Recipe,
    pub gathered: Gathered,
    /// Over the values of the cells below.
    pub source: Source,
    pub cells: Vec<usize>,
}

/// The identity of a cell: input, way to combine, ages, half-life.
type Key = (usize, Combine, Option<Ages>, Option<i64>);

/// The requested cells, each once.
#[derive(Default)]
pub(super) struct Builder {
    cells: Vec<Cell>,
    known: HashMap<Key, usize>,
}

impl Builder {
    pub fn count(&self) -> usize {
        self.cells.len()
    }

    /// The number of an equal existing cell, or of a new cell.
    pub fn cell(
        &mut self,
        input: usize,
        combine: Combine,
        ages: Option<Ages>,
        half_life: Option<i64>,
        keeps_time: bool,
        signal: &str,
    ) -> usize {
        let key = (input, combine, ages, half_life);
        let number = *self.known.entry(key).or_insert_with(|| {
            let signal = signal.to_owned();
            let number = self.cells.len();
            let cell = Cell { input, combine, ages, half_life, keeps_time, signal, number, at: 0, time_at: 0 };
            self.cells.push(cell);
            number
        });
        self.cells[number].keeps_time |= keeps_time;
        number
    }

    pub fn derive(&mut self, derivation: &Derivation) -> Derived {
        let recipe = &derivation.recipe;
        let lag = recipe.lag.unwrap_or(0);
        let window = |end: i64| Ages { from: end, below: recipe.window.map(|window| end.saturating_add(window)) };
        let half_life = recipe.half_life.filter(|_| recipe.fades_each());
        let mut cells = Vec::new();
        let mut side = |input: usize, end: i64| {
            let ages = recipe.is_bounded().then(|| window(end));
            cells.push(self.cell(input, recipe.combine, ages, half_life, recipe.keeps_time, &recipe.signal));
            cells.len() - 1
        };
        let moment = |moment: Moment, side: &mut dyn FnMut(usize, i64) -> usize| match moment {
            Moment::AsOf => Moment::AsOf,
            Moment::Input(input) => Moment::Input(side(input, lag)),
        };
        let source = match recipe.source {
            Source::Column(input) => Source::Column(side(input, lag)),
            Source::Ratio(a, b) => Source::Ratio(side(a, lag), side(b, lag)),
            // A change with one column compares a window with the window before it.
            Source::Change(now, before) if now == before => {
                let end = recipe.window.map_or(lag, |window| lag.saturating_add(window));
                Source::Change(side(now, lag), side(before, end))
            }
            Source::Change(now, before) => Source::Change(side(now, lag), side(before, lag)),
            Source::Days(from, to) => {
                let from = moment(from, &mut side);
                Source::Days(from, moment(to, &mut side))
            }
            // Derived part by part.
            Source::Cross(..) => recipe.source,
        };
        Derived { recipe: recipe.clone(), gathered: derivation.gathered, source, cells }
    }

    /// Gives the cells their places behind the first `before` words: first the values, then the times.
    pub fn lay_out(mut self, before: usize) -> Vec<Cell> {
        let mut at = before;
        for cell in &mut self.cells {
            cell.at = at;
            at += cell.words();
        }
        for cell in self.cells.iter_mut().filter(|cell| cell.has_time()) {
            cell.time_at = at;
            at += 1;
        }
        self.cells
    }
}
