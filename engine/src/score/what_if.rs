//! What if: the same accounts scored by two models, and how many move from which band to which.

use std::collections::BTreeMap;

use super::assess::{Assessor, ScoreError};
use crate::base::value::Value;
use crate::model::compiled::{Model, SegmentChoice};

/// The most accounts of each transition that are named, those that move farthest.
const NAMED: usize = 100;

/// One band before and one band after, none for accounts without a score.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    pub before: Option<String>,
    pub after: Option<String>,
    pub accounts: u64,
    /// The share of all accounts.
    pub share: f64,
    /// In score points; none where one side has no score.
    pub mean_change: Option<f64>,
    pub value: f64,
    /// The accounts that change band, the farthest moved first; empty for those that stay.
    pub who: Vec<String>,
}

pub struct WhatIf<'m> {
    models: [&'m Model; 2],
    assessors: [Assessor; 2],
    /// By the names of the bands: segments may give one name different ranks.
    transitions: BTreeMap<[Option<String>; 2], Sums>,
    accounts: u64,
}

/// A band's rank and name; none without a score.
type Placed = Option<(usize, String)>;

#[derive(Default)]
struct Sums {
    /// The ranks of the bands where they were first met, for the order; 0 without a score.
    ranks: [usize; 2],
    accounts: u64,
    changes: f64,
    value: f64,
    /// |change| and name, the farthest first.
    who: Vec<(f64, String)>,
}

impl<'m> WhatIf<'m> {
    pub fn new(before: &'m Model, after: &'m Model) -> WhatIf<'m> {
        WhatIf { models: [before, after], assessors: Default::default(), transitions: BTreeMap::new(), accounts: 0 }
    }

    /// Scores one account by both models. `name` is asked for only if the account is to be named.
    pub fn add(
        &mut self,
        before: &[Value],
        after: &[Value],
        as_of: i64,
        value: f64,
        name: impl FnOnce() -> Option<String>,
    ) -> Result<(), ScoreError> {
        let [first, second] = &mut self.assessors;
        let (from, score_before) = placed(first, self.models[0], before, as_of)?;
        let (to, score_after) = placed(second, self.models[1], after, as_of)?;
        let ranks = [&from, &to].map(|band| band.as_ref().map_or(0, |band| band.0));
        let key = [from, to].map(|band| band.map(|band| band.1));
        let moves = key[0] != key[1];
        let change = score_before.zip(score_after).map_or(0.0, |(before, after)| after - before);
        let sums = self.transitions.entry(key).or_insert_with(|| Sums { ranks, ..Sums::default() });
        self.accounts += 1;
        sums.accounts += 1;
        sums.changes += change;
        sums.value += value;
        let distance = change.abs();
        if moves && (sums.who.len() < NAMED || sums.who.last().is_some_and(|last| last.0 < distance)) {
            let at = sums.who.partition_point(|known| known.0 >= distance);
            if let Some(name) = name() {
                sums.who.insert(at, (distance, name));
                sums.who.truncate(NAMED);
            }
        }
        Ok(())
    }

    /// The transitions that occur, from the lowest band before to the highest.
    pub fn transitions(self) -> impl Iterator<Item = Transition> {
        let all = self.accounts as f64;
        let mut transitions: Vec<_> = self.transitions.into_iter().collect();
        transitions.sort_by_key(|(_, sums)| sums.ranks);
        transitions.into_iter().map(move |([before, after], sums)| Transition {
            mean_change: (before.is_some() && after.is_some()).then(|| sums.changes / sums.accounts as f64),
            before,
            after,
            accounts: sums.accounts,
            share: sums.accounts as f64 / all,
            value: sums.value,
            who: sums.who.into_iter().map(|(_, name)| name).collect(),
        })
    }
}

fn placed(
    assessor: &mut Assessor,
    model: &Model,
    values: &[Value],
    as_of: i64,
) -> Result<(Placed, Option<f64>), ScoreError> {
    let assessment = assessor.assess(model, values, Some(as_of), SegmentChoice::Auto)?;
    Ok((assessment.band().map(|(rank, band)| (rank, band.name.clone())), assessment.score))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn model(best: f64) -> Model {
        let document = json!({"signals": {"a": {"scale": {"linear": [0, best]}}}});
        Model::compile(&document, &mut || ()).expect("a model")
    }

    #[test]
    fn accounts_are_counted_from_band_to_band() {
        let (before, after) = (model(100.0), model(50.0));
        let mut what_if = WhatIf::new(&before, &after);
        for number in 0..200u32 {
            let values = [if number == 150 { Value::Missing } else { Value::Number(f64::from(number % 100)) }];
            what_if.add(&values, &values, 0, 10.0, || Some(number.to_string())).expect("a score");
        }
        let found: Vec<Transition> = what_if.transitions().collect();
        let told: Vec<_> = found
            .iter()
            .map(|t| (t.before.as_deref(), t.after.as_deref(), t.accounts, t.value, t.who.first().map(String::as_str)))
            .collect();
        assert_eq!(
            told,
            [
                (None, None, 1, 10.0, None),
                (Some("red"), Some("red"), 40, 400.0, None),
                (Some("red"), Some("yellow"), 30, 300.0, Some("34")),
                (Some("red"), Some("green"), 10, 100.0, Some("39")),
                (Some("yellow"), Some("green"), 59, 590.0, Some("50")),
                (Some("green"), Some("green"), 60, 600.0, None),
            ]
        );
        assert_eq!(found[2].mean_change, Some(27.0));
        assert_eq!(found[0].mean_change, None);
        assert!((found.iter().map(|t| t.share).sum::<f64>() - 1.0).abs() < 1e-12);
        assert_eq!(found[4].who.len(), 59);
    }
}
