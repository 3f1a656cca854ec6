//! Drivers: what each signal and rule added to a score or took from it. Their contributions sum to the score.

use std::borrow::Cow;

use super::assess::Assessment;
use crate::base::rounding::round9;
use crate::base::value::Value;
use crate::model::overriding::note_of;
use crate::model::plan::Formula;
use crate::signal::reading::Status;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriverKind {
    Signal,
    Rule,
    /// A person's override.
    Override,
    /// Where a points score starts.
    Start,
    /// What the ends of a points range cut off.
    Limit,
}

impl DriverKind {
    pub fn as_str(self) -> &'static str {
        match self {
            DriverKind::Signal => "signal",
            DriverKind::Rule => "rule",
            DriverKind::Override => "override",
            DriverKind::Start => "start",
            DriverKind::Limit => "limit",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Driver<'a> {
    pub kind: DriverKind,
    pub category: Option<&'a str>,
    pub name: &'a str,
    pub label: &'a str,
    pub value: Value<'a>,
    /// The second value of a cross.
    pub second: Option<Value<'a>>,
    pub unit: Option<&'a str>,
    pub subscore: Option<f64>,
    /// The effective weight, a share of 1.
    pub weight: Option<f64>,
    /// Score points; none where there is no score.
    pub contribution: Option<f64>,
    /// weight · (100 − subscore), for a table weight · (neutral − subscore); for a rule, the points that it took
    /// (negative: gave).
    pub lost: Option<f64>,
    pub status: &'static str,
    pub reason: Option<Cow<'a, str>>,
    pub evidence: Value<'a>,
}

/// Appends two values that are read together, as in "3 with 40"; nothing where both are missing.
pub fn write_pair(first: &Value, second: &Value, out: &mut String) {
    if (first, second) == (&Value::Missing, &Value::Missing) {
        return;
    }
    for (value, before) in [(first, ""), (second, " with ")] {
        out.push_str(before);
        if *value == Value::Missing { out.push_str("no value") } else { value.write(out) }
    }
}

impl<'a> Assessment<'a> {
    /// The drivers, the costliest first, ties by name.
    pub fn drivers(&mut self) -> impl Iterator<Item = Driver<'a>> {
        let signals = self.plan.signals.len();
        let total = self.driver_count();
        self.weigh_signals();
        let mut order = std::mem::take(&mut self.scratch.order);
        order.clear();
        // Rounded, or the last digit of equal losses would rank them instead of their names.
        order.extend((0..total).map(|at| (round9(self.cost(at)), at)));
        order.sort_unstable_by(|a, b| {
            let names = || self.name_of(a.1).cmp(self.name_of(b.1));
            b.0.total_cmp(&a.0).then_with(names).then(a.1.cmp(&b.1))
        });
        self.scratch.order = order;
        (0..total).map(move |rank| {
            let at = self.scratch.order[rank].1;
            if at < signals { self.signal_driver(at) } else { self.other_driver(at) }
        })
    }

    /// The effective weights: signals that count share the weight of signals that do not count.
    pub(crate) fn weigh_signals(&mut self) {
        self.scratch.weights.clear();
        let weighing = &self.plan.weighing;
        for (at, signal) in self.plan.signals.iter().enumerate() {
            let weight = signal.weight();
            let counts = weight > 0.0 && self.total_weight > 0.0 && self.scratch.states[at].result.is_some();
            self.scratch.weights.push(if counts {
                let group = weighing.shares[at].group;
                weighing.group_weights[group] / self.total_weight * (weight / self.scratch.groups[group].0)
            } else {
                0.0
            });
        }
    }

    /// Signals, then rules that fired, then an override, then start and limit of a points plan.
    fn driver_count(&self) -> usize {
        let ends = match self.plan.formula {
            Formula::Weighted => 0,
            Formula::Points(_) => 1 + usize::from(self.limit() != 0.0),
        };
        self.ends_from() + ends
    }

    /// The number of the first driver behind signals, rules and override.
    fn ends_from(&self) -> usize {
        self.plan.signals.len() + self.scratch.fired.len() + usize::from(self.overridden.is_some())
    }

    pub(crate) fn limit(&self) -> f64 {
        self.unclamped.clamp(0.0, 100.0) - self.unclamped
    }

    /// The ranking key of a driver. Without a score it is the weight of a missing signal, because missing signals are
    /// the cause.
    fn cost(&self, at: usize) -> f64 {
        let signals = self.plan.signals.len();
        if at >= signals {
            // Without −0, which would be ranked below 0.
            return -self.other_contribution(at) + 0.0;
        }
        let state = &self.scratch.states[at];
        match self.plan.formula {
            Formula::Points(range) => -range.share(state.result.unwrap_or(0.0)) + 0.0,
            Formula::Weighted if self.score.is_none() => {
                if state.status == Status::Ok {
                    0.0
                } else {
                    self.plan.weighing.shares[at].nominal
                }
            }
            Formula::Weighted => {
                let best = self.plan.signals[at].best();
                state.result.map_or(0.0, |subscore| self.scratch.weights[at] * (best - subscore))
            }
        }
    }

    fn name_of(&self, at: usize) -> &'a str {
        let signals = self.plan.signals.len();
        let rules = self.scratch.fired.len();
        if at < signals {
            &self.plan.signals[at].name
        } else if at < signals + rules {
            &self.plan.rules[self.scratch.fired[at - signals].rule].name
        } else if at < self.ends_from() {
            "override"
        } else if at == self.ends_from() {
            "start"
        } else {
            "limit"
        }
    }

    fn other_contribution(&self, at: usize) -> f64 {
        let signals = self.plan.signals.len();
        let rules = self.scratch.fired.len();
        if at < signals + rules {
            let fired = &self.scratch.fired[at - signals];
            round9(fired.after - fired.before)
        } else if at < self.ends_from() {
            self.overridden.map_or(0.0, |overridden| round9(overridden.after - overridden.before))
        } else if at == self.ends_from() {
            match self.plan.formula {
                Formula::Points(range) => range.share(range.start - range.low),
                Formula::Weighted => 0.0,
            }
        } else {
            self.limit()
        }
    }

    #[inline(always)]
    fn signal_driver(&self, at: usize) -> Driver<'a> {
        let plan = self.plan;
        let signal = &plan.signals[at];
        let state = &self.scratch.states[at];
        let reason = match state.status {
            Status::Ok => note_of(self.values, self.model.notes, &signal.name).map(Cow::Borrowed),
            Status::Default | Status::Missing => Some(Cow::Borrowed(signal.missing_reason.as_str())),
            Status::Stale => Some(Cow::Borrowed(signal.stale_reason.as_str())),
            Status::Invalid => {
                let problem = self.scratch.problems.iter().find(|(signal, _)| *signal == at);
                problem.map(|(_, problem)| Cow::Owned(problem.sentence(self.model.inputs(), self.values)))
            }
        };
        let scored = self.score.is_some();
        let (subscore, weight, contribution, lost) = match plan.formula {
            Formula::Weighted => {
                let weight = self.scratch.weights[at];
                let gained = state.result.map_or(0.0, |subscore| weight * subscore);
                let lost = state.result.map_or(0.0, |subscore| weight * (signal.best() - subscore));
                (state.result, Some(weight), gained, Some(lost))
            }
            Formula::Points(range) => (None, None, range.share(state.result.unwrap_or(0.0)), None),
        };
        Driver {
            kind: DriverKind::Signal,
            category: signal.category.map(|at| plan.categories[at].name.as_str()),
            name: &signal.name,
            label: &signal.label,
            value: signal.given(self.values, self.as_of),
            second: signal.given_second(self.values, self.as_of),
            unit: signal.unit.as_deref(),
            subscore,
            weight,
            contribution: scored.then_some(contribution),
            lost: lost.filter(|_| scored),
            status: state.status.as_str(),
            reason,
            evidence: signal.evidence.map_or(Value::Missing, |at| self.values[at]),
        }
    }

    #[inline(never)]
    fn other_driver(&self, at: usize) -> Driver<'a> {
        let signals = self.plan.signals.len();
        let contribution = self.other_contribution(at);
        let rule = self.scratch.fired.get(at - signals).map(|fired| &self.plan.rules[fired.rule]);
        let name = self.name_of(at);
        let by = self.overridden.filter(|_| rule.is_none() && at < self.ends_from()).map(|overridden| overridden.by);
        let (kind, label, status) = match (rule, name) {
            (Some(rule), _) => (DriverKind::Rule, rule.label.as_str(), "fired"),
            (None, "override") => (DriverKind::Override, "Override", "fired"),
            (None, "start") => (DriverKind::Start, "Start", "ok"),
            (None, _) => (DriverKind::Limit, "End of the range", "ok"),
        };
        Driver {
            kind,
            category: None,
            name,
            label,
            value: rule.map(|rule| rule.effect.as_str()).or(by.map(|by| by.effect)).map_or(Value::Missing, Value::Text),
            second: None,
            unit: None,
            subscore: None,
            weight: None,
            contribution: self.score.map(|_| contribution),
            lost: match self.plan.formula {
                Formula::Weighted => Some(-contribution + 0.0),
                Formula::Points(_) => None,
            },
            status,
            reason: rule.and_then(|rule| rule.reason.as_deref()).or(by.and_then(|by| by.note)).map(Cow::Borrowed),
            evidence: Value::Missing,
        }
    }
}
