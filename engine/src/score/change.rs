//! Why a score changed: two assessments of one account, and a row for each part of the difference. The rows sum to the
//! score after minus the score before.
//!
//! One plan frames the rows. If the segments differ, the plan of the side before is used: the account after is scored
//! by this plan too, and the difference between its two scores is the row `segment`.

use super::assess::{Assessment, Assessor, ScoreError};
use crate::base::rounding::round9;
use crate::base::value::Value;
use crate::model::compiled::{Model, SegmentChoice};
use crate::model::overriding::note_of;
use crate::model::plan::{Formula, Plan};
use crate::signal::definition::Signal;
use crate::signal::reading::Status;

/// One of the two accounts, or one account at one of two times.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// In the order of [`Model::inputs`].
    pub values: &'a [Value<'a>],
    /// Microseconds since 1970-01-01 00:00 UTC; needed where the model reads time.
    pub as_of: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    Signal,
    /// The effect of signals that appeared or vanished, by their own subscores and by the weights of the others.
    Coverage,
    /// What the ends of a points range cut off.
    Limit,
    Rule,
    /// A person's override.
    Override,
    /// The effect of another segment's plan on the same account.
    Segment,
}

impl ChangeKind {
    pub fn as_str(self) -> &'static str {
        match self {
            ChangeKind::Signal => "signal",
            ChangeKind::Coverage => "coverage",
            ChangeKind::Limit => "limit",
            ChangeKind::Rule => "rule",
            ChangeKind::Override => "override",
            ChangeKind::Segment => "segment",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Change<'a> {
    pub kind: ChangeKind,
    pub category: Option<&'a str>,
    pub name: &'a str,
    pub label: &'a str,
    pub unit: Option<&'a str>,
    /// A signal's value as given; the effect of a rule where it fired, of an override; a segment's name.
    pub before: Value<'a>,
    pub after: Value<'a>,
    /// The second values of a cross, before and after.
    pub seconds: Option<[Value<'a>; 2]>,
    /// Score points; none unless both sides have a score.
    pub change: Option<f64>,
    /// The signal and its result on each side; none where the plan of that side lacks the signal.
    pub(crate) signal: Option<&'a Signal>,
    pub(crate) statuses: [Option<Status>; 2],
    /// The reason of a rule, the note of an override, or the note of the judgement of a signal that counts after.
    pub(crate) reason: Option<&'a str>,
    /// Of coverage: the signals that went missing, and those that are new.
    pub(crate) moved: [Vec<&'a Signal>; 2],
}

impl Change<'_> {
    /// Of coverage: the labels of the signals that went missing, and of those that are new; none where there are none.
    pub fn moved(&self) -> [Option<String>; 2] {
        [0, 1].map(|side| {
            let labels: Vec<&str> = self.moved[side].iter().map(|signal| signal.label.as_str()).collect();
            (!labels.is_empty()).then(|| labels.join(", "))
        })
    }
}

/// Scratch memory to compare the accounts of one model.
#[derive(Debug, Default)]
pub struct Comparer {
    before: Assessor,
    after: Assessor,
    /// For one side under the plan of the other.
    elsewhere: Assessor,
}

/// Two assessments and what lies between them.
pub struct Comparison<'a> {
    pub before: Assessment<'a>,
    pub after: Assessment<'a>,
    /// The largest loss comes first, ties by name. If a side has no score: signals that went missing, then other
    /// changes of status, then the rest.
    pub rows: Vec<Change<'a>>,
}

impl Comparer {
    pub fn compare<'a>(
        &'a mut self,
        model: &'a Model,
        before: Side<'a>,
        after: Side<'a>,
        segment: SegmentChoice,
    ) -> Result<Comparison<'a>, ScoreError> {
        let mut before = self.before.assess(model, before.values, before.as_of, segment)?;
        let mut after = self.after.assess(model, after.values, after.as_of, segment)?;
        before.weigh_signals();
        after.weigh_signals();
        let mut rows = Ends { before: &before, after: &after }.rows(&mut self.elsewhere);
        // The sort is stable: rows with the same name, such as a signal and a rule, keep their order.
        rows.sort_by(|a, b| rank_of(a).total_cmp(&rank_of(b)).then_with(|| a.name.cmp(b.name)));
        Ok(Comparison { before, after, rows })
    }
}

/// Rounded, or the last digit of equal changes would rank them instead of their names.
fn rank_of(row: &Change) -> f64 {
    match (row.change, row.statuses) {
        (Some(change), _) => round9(change),
        (None, [Some(Status::Ok), after]) if after != Some(Status::Ok) => 0.0,
        (None, [before, after]) if before != after => 1.0,
        (None, _) => 2.0,
    }
}

/// The account of one side scored by the plan of the other side, at any coverage; none if an invalid value or a lack of
/// weight prevents a score.
fn score_by<'s>(
    scratch: &'s mut Assessor,
    other: &Assessment<'s>,
    account: &Assessment<'s>,
) -> Option<(f64, Assessment<'s>)> {
    let plan = (other.plan, other.segment);
    let mut there = scratch.assess_by(plan, 0.0, account.model, account.values, account.as_of).ok()?;
    there.weigh_signals();
    Some((there.score?, there))
}

/// The two accounts, each by the plan of its own segment.
struct Ends<'e, 'a> {
    before: &'e Assessment<'a>,
    after: &'e Assessment<'a>,
}

impl<'a> Ends<'_, 'a> {
    fn rows(&self, scratch: &mut Assessor) -> Vec<Change<'a>> {
        let (before, after) = (self.before, self.after);
        let (Some(score_before), Some(score_after)) = (before.score, after.score) else {
            return self.unscored();
        };
        if std::ptr::eq(before.plan, after.plan) {
            let rows = self.parts(before.plan, before, after);
            return settled(rows, score_after - score_before);
        }
        let (mut rows, by_segment) = self.parts_between_plans(score_before, score_after, scratch);
        rows.push(self.segment_row(Some(by_segment)));
        settled(rows, score_after - score_before)
    }

    /// All rows except the row `segment`, and the change of the row `segment`.
    fn parts_between_plans(&self, before: f64, after: f64, scratch: &mut Assessor) -> (Vec<Change<'a>>, f64) {
        if let Some((score, there)) = score_by(scratch, self.before, self.after) {
            return (self.parts(self.before.plan, self.before, &there), after - score);
        }
        if let Some((score, there)) = score_by(scratch, self.after, self.before) {
            return (self.parts(self.after.plan, &there, self.after), score - before);
        }
        // Neither plan can score both accounts: the whole difference belongs to the segment.
        (self.signals_by_name(Some(0.0)), after - before)
    }

    /// The parts of the difference under one plan, which has scored both sides.
    fn parts(&self, plan: &'a Plan, before: &Assessment, after: &Assessment) -> Vec<Change<'a>> {
        let mut rows = Vec::with_capacity(plan.signals.len() + plan.rules.len() + 2);
        match plan.formula {
            Formula::Weighted => self.weighted_parts(plan, before, after, &mut rows),
            Formula::Points(range) => {
                for at in 0..plan.signals.len() {
                    let [then, now] = [before, after].map(|side| side.scratch.states[at]);
                    let change = range.share(now.result.unwrap_or(0.0) - then.result.unwrap_or(0.0));
                    let statuses = [then, now].map(|state| Some(state.status));
                    rows.push(self.signal_row(plan, at, statuses, Some(change)));
                }
                if before.limit() != 0.0 || after.limit() != 0.0 {
                    rows.push(plain_row(
                        ChangeKind::Limit,
                        "limit",
                        "End of the range",
                        Some(after.limit() - before.limit()),
                    ));
                }
            }
        }
        rule_parts(plan, before, after, &mut rows);
        let effect =
            |side: &Assessment| side.overridden.map_or(0.0, |overridden| round9(overridden.after - overridden.before));
        rows.extend(self.override_row(Some(effect(after) - effect(before))));
        rows
    }

    /// A product's change is split evenly: ½(Wa + Wb)(sa − sb) is the signal's, ½(sa + sb)(Wa − Wb) that of coverage.
    fn weighted_parts(&self, plan: &'a Plan, before: &Assessment, after: &Assessment, rows: &mut Vec<Change<'a>>) {
        let mut by_coverage = 0.0;
        let mut weights_moved = false;
        let mut moved = [Vec::new(), Vec::new()];
        for at in 0..plan.signals.len() {
            let [then, now] = [before, after].map(|side| side.scratch.states[at]);
            let [weight_then, weight_now] = [before, after].map(|side| side.scratch.weights[at]);
            weights_moved |= weight_then != weight_now;
            let change = match (then.result, now.result) {
                (Some(a), Some(b)) => {
                    by_coverage += (a + b) / 2.0 * (weight_now - weight_then);
                    (weight_then + weight_now) / 2.0 * (b - a)
                }
                (a, b) => {
                    by_coverage += weight_now * b.unwrap_or(0.0) - weight_then * a.unwrap_or(0.0);
                    if weight_then != weight_now {
                        moved[usize::from(b.is_some())].push(&plan.signals[at]);
                    }
                    0.0
                }
            };
            let statuses = [then, now].map(|state| Some(state.status));
            rows.push(self.signal_row(plan, at, statuses, Some(change)));
        }
        if weights_moved {
            let row = plain_row(ChangeKind::Coverage, "coverage", "Other data missing or new", Some(by_coverage));
            rows.push(Change { moved, ..row });
        }
    }

    /// The rows if a side has no score: values, rules and segments.
    fn unscored(&self) -> Vec<Change<'a>> {
        let mut rows = self.signals_by_name(None);
        // At most one side has a score, and with it rules.
        rows.extend(
            self.before.scratch.fired.iter().map(|fired| rule_row(self.before.plan, fired.rule, [true, false])),
        );
        rows.extend(self.after.scratch.fired.iter().map(|fired| rule_row(self.after.plan, fired.rule, [false, true])));
        rows.extend(self.override_row(None));
        if !std::ptr::eq(self.before.plan, self.after.plan) {
            rows.push(self.segment_row(None));
        }
        rows
    }

    /// The signals of the plan after, each with its results under the plan of each side.
    fn signals_by_name(&self, change: Option<f64>) -> Vec<Change<'a>> {
        let plan = self.after.plan;
        let row = |at: usize| {
            let twin = self.before.plan.find_signal(&plan.signals[at].name);
            let before = twin.map(|twin| self.before.scratch.states[twin].status);
            self.signal_row(plan, at, [before, Some(self.after.scratch.states[at].status)], change)
        };
        (0..plan.signals.len()).map(row).collect()
    }

    fn signal_row(&self, plan: &'a Plan, at: usize, statuses: [Option<Status>; 2], change: Option<f64>) -> Change<'a> {
        let signal = &plan.signals[at];
        Change {
            category: signal.category.map(|at| plan.categories[at].name.as_str()),
            unit: signal.unit.as_deref(),
            before: signal.given(self.before.values, self.before.as_of),
            after: signal.given(self.after.values, self.after.as_of),
            seconds: signal
                .given_second(self.before.values, self.before.as_of)
                .zip(signal.given_second(self.after.values, self.after.as_of))
                .map(<[Value; 2]>::from),
            signal: Some(signal),
            reason: note_of(self.after.values, self.after.model.notes, &signal.name)
                .filter(|_| statuses[1] == Some(Status::Ok)),
            statuses,
            ..plain_row(ChangeKind::Signal, &signal.name, &signal.label, change)
        }
    }

    /// None where neither side has an override.
    fn override_row(&self, change: Option<f64>) -> Option<Change<'a>> {
        let [before, after] = [self.before, self.after].map(|side| side.overridden.map(|overridden| overridden.by));
        let note = after.or(before)?.note;
        let [before, after] = [before, after].map(|by| by.map_or(Value::Missing, |by| Value::Text(by.effect)));
        let row = plain_row(ChangeKind::Override, "override", "Override", change);
        Some(Change { before, after, reason: note, ..row })
    }

    fn segment_row(&self, change: Option<f64>) -> Change<'a> {
        let [before, after] = [self.before, self.after].map(|side| side.segment.map_or(Value::Missing, Value::Text));
        Change { before, after, ..plain_row(ChangeKind::Segment, "segment", "Segment", change) }
    }
}

/// The rules that fired on either side.
fn rule_parts<'a>(plan: &'a Plan, before: &Assessment, after: &Assessment, rows: &mut Vec<Change<'a>>) {
    let effect = |side: &Assessment, rule: usize| {
        // In order of the rules: that is how they fired.
        let at = side.scratch.fired.binary_search_by_key(&rule, |fired| fired.rule).ok()?;
        let fired = &side.scratch.fired[at];
        Some(round9(fired.after - fired.before))
    };
    for rule in 0..plan.rules.len() {
        let (then, now) = (effect(before, rule), effect(after, rule));
        if then.is_some() || now.is_some() {
            let change = now.unwrap_or(0.0) - then.unwrap_or(0.0);
            rows.push(Change { change: Some(change), ..rule_row(plan, rule, [then.is_some(), now.is_some()]) });
        }
    }
}

fn rule_row(plan: &Plan, rule: usize, fired: [bool; 2]) -> Change<'_> {
    let rule = &plan.rules[rule];
    let [before, after] = fired.map(|fired| if fired { Value::Text(&rule.effect) } else { Value::Missing });
    Change {
        before,
        after,
        reason: rule.reason.as_deref(),
        ..plain_row(ChangeKind::Rule, &rule.name, &rule.label, None)
    }
}

fn plain_row<'a>(kind: ChangeKind, name: &'a str, label: &'a str, change: Option<f64>) -> Change<'a> {
    Change {
        kind,
        category: None,
        name,
        label,
        unit: None,
        before: Value::Missing,
        after: Value::Missing,
        seconds: None,
        // Adding 0 turns −0 into 0.
        change: change.map(|change| change + 0.0),
        signal: None,
        statuses: [None, None],
        reason: None,
        moved: [Vec::new(), Vec::new()],
    }
}

/// The tolerance between the sum of the rows and the difference: half of the last decimal of a score.
const TOLERATED: f64 = 5e-10;

/// Scores are rounded to nine decimals, but their parts are not. A rounding error above the tolerance goes to the
/// largest row, so that the rows sum to the difference of the scores.
fn settled<'a>(mut rows: Vec<Change<'a>>, difference: f64) -> Vec<Change<'a>> {
    let left = difference - rows.iter().filter_map(|row| row.change).sum::<f64>();
    if left.abs() <= TOLERATED {
        return rows;
    }
    let amounts = rows.iter_mut().filter_map(|row| row.change.as_mut());
    if let Some(largest) = amounts.max_by(|a, b| a.abs().total_cmp(&b.abs())) {
        *largest = *largest + left + 0.0;
    }
    rows
}
