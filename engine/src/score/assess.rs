//! Scoring one account: subscores, weighing, rules. An [`Assessor`] is scratch memory for one model; once it has seen
//! an account it allocates nothing.

use crate::base::quoted::Quoted;
use crate::base::rounding::round9;
use crate::base::value::Value;
use crate::model::band::{Band, band_of};
use crate::model::compiled::{ChoiceError, Model, SegmentChoice, UnknownSegment};
use crate::model::condition::Numbers;
use crate::model::overriding::{Overridden, Override};
use crate::model::plan::{Formula, Plan};
use crate::signal::definition::{Measure, Signal};
use crate::signal::points::PointsRange;
use crate::signal::problem::{InvalidValue, Problem};
use crate::signal::reading::{Reckoned, State, Status};
use crate::signal::scale::linear;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScoreError {
    Invalid(InvalidValue),
    UnknownSegment(UnknownSegment),
    /// The document reads time, and none was given.
    AsOfRequired,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Fired {
    pub rule: usize,
    pub before: f64,
    pub after: f64,
}

#[derive(Debug, Default)]
pub struct Assessor {
    pub(crate) states: Vec<State>,
    /// Signals with the problems of their values.
    pub(crate) problems: Vec<(usize, Problem)>,
    /// Per group: the weights that count, and weight · subscore.
    pub(crate) groups: Vec<(f64, f64)>,
    /// The same per category, where a rule asks for it.
    pub(crate) categories: Vec<(f64, f64)>,
    pub(crate) fired: Vec<Fired>,
    /// The cost and the number of each driver, in the order of the ranks; and the effective weights of the signals.
    pub(crate) order: Vec<(f64, usize)>,
    pub(crate) weights: Vec<f64>,
}

/// The result for one account, with everything that explains it.
pub struct Assessment<'a> {
    pub(crate) model: &'a Model,
    pub(crate) plan: &'a Plan,
    pub(crate) values: &'a [Value<'a>],
    pub(crate) as_of: i64,
    pub(crate) scratch: &'a mut Assessor,
    /// The weight of all groups that count.
    pub(crate) total_weight: f64,
    /// Before clamping; under method `points` it may lie outside 0 to 100.
    pub(crate) unclamped: f64,
    pub(crate) base: f64,
    /// A person's override, where there is a score.
    pub(crate) overridden: Option<Overridden<'a>>,
    /// The name of the segment whose patch was used.
    pub segment: Option<&'a str>,
    /// 0 to 100, or none for lack of data.
    pub score: Option<f64>,
    /// The share of the weight (of the signals, under method `points`) that comes from the account's own values.
    pub coverage: f64,
}

impl Assessor {
    pub fn assess<'a>(
        &'a mut self,
        model: &'a Model,
        values: &'a [Value<'a>],
        as_of: Option<i64>,
        segment: SegmentChoice,
    ) -> Result<Assessment<'a>, ScoreError> {
        if as_of.is_none() && model.reads_time(values) {
            return Err(ScoreError::AsOfRequired);
        }
        let as_of = as_of.unwrap_or(0);
        let chosen = model.choose(segment, values, as_of).map_err(|error| match error {
            ChoiceError::Unknown(unknown) => ScoreError::UnknownSegment(unknown),
            ChoiceError::Invalid(name, problem) => {
                let place = format!("segment {name}", name = Quoted(name));
                ScoreError::Invalid(InvalidValue::new(place, problem, model.inputs(), values))
            }
        })?;
        let plan = chosen.map_or(model.base(), |segment| &segment.plan);
        let segment = chosen.map(|segment| segment.name.as_str());
        self.assess_by((plan, segment), plan.min_coverage, model, values, as_of)
    }

    /// Assesses by one plan of the model, which belongs to `segment`; a score needs `min_coverage`.
    pub(crate) fn assess_by<'a>(
        &'a mut self,
        (plan, segment): (&'a Plan, Option<&'a str>),
        min_coverage: f64,
        model: &'a Model,
        values: &'a [Value<'a>],
        as_of: i64,
    ) -> Result<Assessment<'a>, ScoreError> {
        let invalid = |place: String, problem: Problem| {
            ScoreError::Invalid(InvalidValue::new(place, problem, model.inputs(), values))
        };
        let weighed = match plan.formula {
            Formula::Weighted => self.weigh(plan, values, as_of),
            Formula::Points(range) => self.add_points(plan, &range, values, as_of),
        }
        .map_err(|(signal, problem)| invalid(format!("signal {}", Quoted(&signal.name)), problem))?;

        let enough = weighed.has_score && weighed.coverage >= min_coverage;
        let base = round9(weighed.unclamped.clamp(0.0, 100.0));
        self.fired.clear();
        let score = if enough {
            let score = self
                .apply_rules(plan, values, as_of, base)
                .map_err(|(rule, problem)| invalid(format!("rule {}", Quoted(&plan.rules[rule].name)), problem))?;
            Some(score)
        } else {
            None
        };
        let given = Override::of(values, model.overridden).map_err(|problem| invalid("override".into(), problem))?;
        let overridden = given.zip(score).map(|(by, before)| {
            let after = round9(by.action.apply(before));
            Overridden { by, before, after }
        });
        let score = overridden.map_or(score, |overridden| Some(overridden.after));
        Ok(Assessment {
            overridden,
            model,
            plan,
            values,
            as_of,
            scratch: self,
            total_weight: weighed.total_weight,
            unclamped: weighed.unclamped,
            base,
            segment,
            score,
            coverage: weighed.coverage,
        })
    }

    fn weigh<'p>(&mut self, plan: &'p Plan, values: &[Value], as_of: i64) -> Result<Weighed, (&'p Signal, Problem)> {
        let weighing = &plan.weighing;
        self.begin(plan);
        self.groups.clear();
        self.groups.resize(weighing.group_weights.len(), (0.0, 0.0));
        // Without category weights there is one group, and its sums stay in registers.
        let one_group = self.groups.len() == 1;
        let (mut only_weight, mut only_sum) = (0.0, 0.0);
        let mut covered = 0.0;
        let mut uncovered = 0.0;
        for (at, share) in weighing.shares.iter().enumerate() {
            let state = match values.get(share.linear_input) {
                Some(Value::Number(number)) if number.is_finite() => {
                    State { status: Status::Ok, result: Some(linear(*number, share.worst, share.range)) }
                }
                _ => self.another_way(plan, at, values, as_of)?,
            };
            if let Some(subscore) = state.result {
                if one_group {
                    only_weight += share.weight;
                    only_sum += share.weight * subscore;
                } else {
                    let group = &mut self.groups[share.group];
                    group.0 += share.weight;
                    group.1 += share.weight * subscore;
                }
            }
            if state.status == Status::Ok {
                covered += share.nominal;
            } else {
                uncovered += share.nominal;
            }
            self.states.push(state);
        }
        if one_group {
            self.groups[0] = (only_weight, only_sum);
        }
        let (mut total_weight, mut sum) = (0.0, 0.0);
        for ((weight, weighted_sum), group_weight) in self.groups.iter().zip(&weighing.group_weights) {
            if *weight > 0.0 {
                total_weight += group_weight;
                sum += group_weight * (weighted_sum / weight);
            }
        }
        let has_score = total_weight > 0.0;
        Ok(Weighed {
            has_score,
            unclamped: if has_score { sum / total_weight } else { 0.0 },
            total_weight,
            // Coverage is 1 only where nothing is missing, however small its weight.
            coverage: if uncovered == 0.0 { 1.0 } else { round9(covered).min(1.0 - 1e-9) },
        })
    }

    fn begin(&mut self, plan: &Plan) {
        self.problems.clear();
        self.states.clear();
        self.states.reserve(plan.signals.len());
    }

    /// A signal that is not linear, not on a plain input, or has no usable value of its own: then by its default, or by
    /// its missing policy.
    fn another_way<'p>(
        &mut self,
        plan: &'p Plan,
        at: usize,
        values: &[Value],
        as_of: i64,
    ) -> Result<State, (&'p Signal, Problem)> {
        let signal = &plan.signals[at];
        let Measure::Weighted(weighted) = &signal.measure else { unreachable!("shares are those of a weighted plan") };
        let Reckoned { state, problem } = signal.reckon(weighted, values, as_of);
        if let Some(problem) = problem {
            if !plan.lenient {
                return Err((signal, problem));
            }
            self.problems.push((at, problem));
        }
        Ok(state)
    }

    fn add_points<'p>(
        &mut self,
        plan: &'p Plan,
        range: &PointsRange,
        values: &[Value],
        as_of: i64,
    ) -> Result<Weighed, (&'p Signal, Problem)> {
        self.begin(plan);
        let mut points = range.start - range.low;
        let mut covered = 0usize;
        for (at, signal) in plan.signals.iter().enumerate() {
            let Measure::Points(award) = &signal.measure else {
                continue;
            };
            let (earned, raw) = signal.award(award, range, values, as_of);
            if let Some(problem) = raw.problem {
                if !plan.lenient {
                    return Err((signal, problem));
                }
                self.problems.push((at, problem));
            }
            points += earned;
            covered += usize::from(raw.status == Status::Ok);
            self.states.push(State { status: raw.status, result: Some(earned) });
        }
        Ok(Weighed {
            has_score: true,
            unclamped: range.share(points),
            total_weight: 0.0,
            coverage: round9(covered as f64 / plan.signals.len() as f64),
        })
    }

    fn apply_rules(&mut self, plan: &Plan, values: &[Value], as_of: i64, base: f64) -> Result<f64, (usize, Problem)> {
        if plan.reads_categories {
            // Computed once per account, not once per condition.
            category_subscores(plan, &self.states, &mut self.categories);
        }
        let mut running = base;
        for (at, rule) in plan.rules.iter().enumerate() {
            let numbers = RuleNumbers { states: &self.states, categories: &self.categories, running, base };
            let holds = rule.when.holds(values, as_of, plan.lenient, &numbers).map_err(|problem| (at, problem))?;
            if holds == Some(true) {
                let after = round9(rule.action.apply(running));
                self.fired.push(Fired { rule: at, before: running, after });
                running = after;
            }
        }
        Ok(running)
    }
}

struct Weighed {
    has_score: bool,
    unclamped: f64,
    total_weight: f64,
    coverage: f64,
}

/// The numbers that conditions of rules look at.
struct RuleNumbers<'a> {
    states: &'a [State],
    categories: &'a [(f64, f64)],
    running: f64,
    base: f64,
}

impl Numbers for RuleNumbers<'_> {
    fn subscore(&self, signal: usize) -> Option<f64> {
        self.states[signal].result.map(round9)
    }

    fn category(&self, category: usize) -> Option<f64> {
        let (weight, sum) = self.categories[category];
        (weight > 0.0).then(|| round9(sum / weight))
    }

    fn running(&self) -> f64 {
        self.running
    }

    fn base(&self) -> f64 {
        self.base
    }
}

/// Per category the weights of the signals that count, and weight · subscore: their mean is the category's subscore.
pub(crate) fn category_subscores(plan: &Plan, states: &[State], categories: &mut Vec<(f64, f64)>) {
    categories.clear();
    categories.resize(plan.categories.len(), (0.0, 0.0));
    for (signal, state) in plan.signals.iter().zip(states) {
        if let (Some(category), Some(subscore)) = (signal.category, state.result) {
            let sums = &mut categories[category];
            sums.0 += signal.weight();
            sums.1 += signal.weight() * subscore;
        }
    }
}

impl<'a> Assessment<'a> {
    /// The band, with its rank from the lowest, 1.
    pub fn band(&self) -> Option<(usize, &'a Band)> {
        self.score.and_then(|score| band_of(&self.plan.bands, score))
    }

    pub fn status(&self) -> &'static str {
        if self.score.is_some() { "ok" } else { "insufficient_data" }
    }

    /// The score without the override.
    pub fn calculated(&self) -> Option<f64> {
        self.overridden.map_or(self.score, |overridden| Some(overridden.before))
    }

    /// The names of the rules that fired, in order.
    pub fn fired_rules(&self) -> impl Iterator<Item = &'a str> {
        let plan = self.plan;
        self.scratch.fired.iter().map(move |fired| plan.rules[fired.rule].name.as_str())
    }

    /// The lowest and the highest score that the missing values could give, under the rules that fired.
    pub fn interval(&self) -> (f64, f64) {
        let (low, high) = match self.plan.formula {
            Formula::Weighted => self.weighted_interval(),
            Formula::Points(range) => self.points_interval(&range),
        };
        let (mut low, mut high) = (round9(low.clamp(0.0, 100.0)), round9(high.clamp(0.0, 100.0)));
        if self.score.is_some() {
            // The last digit of a different sum must not put the score outside.
            (low, high) = (low.min(self.base), high.max(self.base));
        }
        for fired in &self.scratch.fired {
            let action = self.plan.rules[fired.rule].action;
            (low, high) = (round9(action.apply(low)), round9(action.apply(high)));
        }
        if let Some(overridden) = &self.overridden {
            let action = overridden.by.action;
            (low, high) = (round9(action.apply(low)), round9(action.apply(high)));
        }
        (low, high)
    }

    fn weighted_interval(&self) -> (f64, f64) {
        let (mut low, mut unknown) = (0.0, 0.0);
        for (state, share) in self.scratch.states.iter().zip(&self.plan.weighing.shares) {
            match state.result {
                Some(subscore) if state.status == Status::Ok => low += share.nominal * subscore,
                _ => unknown += share.nominal,
            }
        }
        // The same sum in another order could end in another digit.
        if unknown == 0.0 { (self.base, self.base) } else { (low, low + unknown * 100.0) }
    }

    fn points_interval(&self, range: &PointsRange) -> (f64, f64) {
        let (mut low, mut high) = (self.unclamped, self.unclamped);
        for (signal, state) in self.plan.signals.iter().zip(&self.scratch.states) {
            if let (Some(award), Some(earned)) = (signal.as_award(), state.result)
                && state.status != Status::Ok
            {
                let (least, most) = award.possible(range);
                low += range.share(least - earned);
                high += range.share(most - earned);
            }
        }
        (low, high)
    }
}
