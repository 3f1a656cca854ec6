//! Conflicts: categories of one account that disagree strongly, for example good survey answers and falling usage.

use super::assess::{Assessment, category_subscores};
use crate::base::rounding::round9;
use crate::model::plan::Formula;
use crate::words::shown::Shown;

/// The smallest distance at which two categories disagree.
const GAP: f64 = 40.0;

/// The most conflicts that are reported, the largest ones: a model may have thousands of categories and millions of
/// pairs.
const MOST: usize = 100;

/// Two categories at least 40 points apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Conflict<'a> {
    pub high: Opinion<'a>,
    pub low: Opinion<'a>,
    /// Subscore points.
    pub gap: f64,
    /// In words, subscores as the document's `display` shows scores.
    pub message: String,
}

/// The subscore of one category, and the signal that moves it farthest from the other category.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Opinion<'a> {
    pub category: &'a str,
    pub label: &'a str,
    /// 0 to 100.
    pub subscore: f64,
    pub signal: &'a str,
}

impl<'a> Assessment<'a> {
    /// The largest gap first, ties by the names of the high and the low category. None under method `points`, which has
    /// no subscores.
    pub fn conflicts(&mut self) -> Vec<Conflict<'a>> {
        if matches!(self.plan.formula, Formula::Points(_)) {
            return Vec::new();
        }
        category_subscores(self.plan, &self.scratch.states, &mut self.scratch.categories);
        let sums = self.scratch.categories.iter().enumerate().filter(|(_, (weight, _))| *weight > 0.0);
        let known: Vec<(f64, usize)> = sums.map(|(at, (weight, sum))| (round9(sum / weight), at)).collect();
        // Categories are in the order of their names, which stable sorting keeps among equals. A pair beyond the first
        // hundred of either list has a hundred before it.
        let (mut lowest, mut highest) = (known.clone(), known);
        lowest.sort_by(|a, b| a.0.total_cmp(&b.0));
        highest.sort_by(|a, b| b.0.total_cmp(&a.0));
        lowest.truncate(MOST);
        highest.truncate(MOST);
        let mut pairs = Vec::new();
        for high in &highest {
            pairs.extend(lowest.iter().map(|low| (round9(high.0 - low.0), high, low)).filter(|(gap, ..)| *gap >= GAP));
        }
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.1.cmp(&b.1.1)).then(a.2.1.cmp(&b.2.1)));
        pairs.into_iter().take(MOST).filter_map(|(gap, high, low)| self.conflict(gap, *high, *low)).collect()
    }

    fn conflict(&self, gap: f64, high: (f64, usize), low: (f64, usize)) -> Option<Conflict<'a>> {
        let high_signal = self.farthest(high.1, |subscore| subscore - low.0)?;
        let low_signal = self.farthest(low.1, |subscore| high.0 - subscore)?;
        let (high, high_says) = self.opinion(high, high_signal);
        let (low, low_says) = self.opinion(low, low_signal);
        Some(Conflict { high, low, gap, message: format!("{high_says}, {low_says}") })
    }

    /// The signal of a category with the greatest weight · distance; the first by name of equals.
    fn farthest(&self, category: usize, distance: impl Fn(f64) -> f64) -> Option<usize> {
        let mut farthest: Option<(f64, usize)> = None;
        for (at, (signal, state)) in self.plan.signals.iter().zip(&self.scratch.states).enumerate() {
            let Some(subscore) = state.result.filter(|_| signal.category == Some(category) && signal.weight() > 0.0)
            else {
                continue;
            };
            let pull = round9(signal.weight() * distance(subscore));
            if farthest.is_none_or(|(greatest, _)| pull > greatest) {
                farthest = Some((pull, at));
            }
        }
        farthest.map(|(_, at)| at)
    }

    fn opinion(&self, (subscore, category): (f64, usize), signal: usize) -> (Opinion<'a>, String) {
        let category = &self.plan.categories[category];
        let (signal, status) = (&self.plan.signals[signal], self.scratch.states[signal].status);
        let value = signal.given(self.values, self.as_of);
        let value = match signal.given_second(self.values, self.as_of) {
            Some(second) => Shown::pair(Some(status), &value, &second),
            None => Shown::of(signal, Some(status), &value, self.as_of),
        };
        let says = self.plan.display.format(subscore);
        let words = format!("{} says {says} ({} {})", category.label, signal.label, value.with_unit());
        (Opinion { category: &category.name, label: &category.label, subscore, signal: &signal.name }, words)
    }
}
