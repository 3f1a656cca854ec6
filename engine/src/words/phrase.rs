//! Plain English for compiled parts: sources, scales, conditions, rules, bands, durations. Only labels are cut, so that
//! equal texts have equal meaning. Never escapes: escaping depends on the destination of a text.

use std::fmt::Write;

use crate::base::number::shortest;
use crate::base::value::Literal;
use crate::model::band::Band;
use crate::model::condition::{Check, Condition, Constant, Operator, Subject};
use crate::model::plan::{Plan, TrendSettings};
use crate::model::rule::{Action, Rule};
use crate::signal::definition::{Measure, Signal};
use crate::signal::input::Input;
use crate::signal::points::Award;
use crate::signal::recipe::Combine;
use crate::signal::scale::{Map, Scale};
use crate::signal::source::{Moment, Source};
use crate::signal::table::{Axis, Table};

/// A label stands in every condition that names its signal: a long one is cut.
const LONGEST_LABEL: usize = 80;

/// A plan beside the names of the inputs that it reads.
#[derive(Clone, Copy)]
pub(crate) struct Words<'a> {
    pub inputs: &'a [Input],
    pub plan: &'a Plan,
}

impl Words<'_> {
    /// As in "change from logins_prev_30d to logins_30d".
    pub fn source(&self, source: &Source) -> String {
        let name = |at: usize| spelt(&self.inputs[at].name);
        let moment = |moment: Moment| match moment {
            Moment::AsOf => "as_of".to_owned(),
            Moment::Input(at) => name(at),
        };
        match *source {
            Source::Column(at) => name(at),
            Source::Ratio(a, b) => format!("{} / {}", name(a), name(b)),
            Source::Change(now, before) => format!("change from {} to {}", name(before), name(now)),
            Source::Days(from, to) => format!("days from {} to {}", moment(from), moment(to)),
            Source::Cross(a, b) => format!("{} with {}", self.source(&a.source()), self.source(&b.source())),
        }
    }

    /// How a value earns its subscore or its points.
    pub fn earned(&self, signal: &Signal) -> String {
        match (&signal.measure, signal.source.parts()) {
            (Measure::Weighted(weighted), Some([first, second])) => match weighted.scale.as_table() {
                Some(table) => self.table(table, &first, &second),
                None => scale(&weighted.scale),
            },
            (Measure::Weighted(weighted), None) => scale(&weighted.scale),
            (Measure::Points(award), _) => points(award),
        }
    }

    /// Row by row, as in "logins below 8: 77 with seats below 20, 64 with seats from 20; …".
    fn table(&self, table: &Table, first: &Source, second: &Source) -> String {
        let rows = (0..table.rows.count()).map(|row| {
            let cells = table.row(row).iter().enumerate();
            let cells = cells
                .map(|(column, y)| format!("{} with {}", shortest(*y), self.place(second, &table.columns, column)));
            format!("{}: {}", self.place(first, &table.rows, row), cells.collect::<Vec<_>>().join(", "))
        });
        format!("{}; {} is neutral", rows.collect::<Vec<_>>().join("; "), shortest(table.neutral))
    }

    fn place(&self, source: &Source, axis: &Axis, at: usize) -> String {
        format!("{} {}", self.source(source), axis_range(axis, at))
    }

    /// The label of the signal that reads this value by itself, else what is read.
    pub fn part_label(&self, part: &Source) -> String {
        let own = self.plan.signals.iter().find(|signal| signal.source == *part);
        own.map_or_else(|| self.source(part), |signal| shortened(&signal.label))
    }

    pub fn condition(&self, condition: &Condition) -> String {
        let mut out = String::new();
        self.write_condition(condition, &mut out);
        out
    }

    fn write_condition(&self, condition: &Condition, out: &mut String) {
        match condition {
            Condition::All(list) => self.write_joined(list, " and ", out),
            Condition::Any(list) => self.write_joined(list, " or ", out),
            Condition::Not(inner) => {
                out.push_str("not ");
                self.write_in_brackets(inner, out);
            }
            Condition::Test(subject, checks) => {
                out.push_str(&self.subject(subject));
                // The lower end of a range comes first.
                let (lower, others): (Vec<_>, Vec<_>) = checks.iter().partition(|check| is_lower_bound(check));
                for (at, check) in lower.into_iter().chain(others).enumerate() {
                    out.push_str(if at == 0 { " " } else { " and " });
                    out.push_str(&check_words(check));
                }
            }
        }
    }

    fn write_joined(&self, list: &[Condition], word: &str, out: &mut String) {
        if let [only] = list {
            return self.write_condition(only, out);
        }
        for (at, part) in list.iter().enumerate() {
            if at > 0 {
                out.push_str(word);
            }
            if needs_brackets(part, word) { self.write_in_brackets(part, out) } else { self.write_condition(part, out) }
        }
    }

    fn write_in_brackets(&self, condition: &Condition, out: &mut String) {
        out.push('(');
        self.write_condition(condition, out);
        out.push(')');
    }

    fn subject(&self, subject: &Subject) -> String {
        match subject {
            Subject::Input(source) => self.source(source),
            Subject::Subscore(at) => {
                let signal = &self.plan.signals[*at];
                format!("subscore of {}", title(&signal.name, &signal.label))
            }
            Subject::Category(at) => {
                let category = &self.plan.categories[*at];
                format!("subscore of category {}", title(&category.name, &category.label))
            }
            Subject::RunningScore => "score so far".into(),
            Subject::BaseScore => "score before all rules".into(),
            // Only conditions of playbooks have these subjects.
            Subject::Driver(_) => "points that a driver takes".into(),
            Subject::CategoryDrop(_) => "drop of a category".into(),
        }
    }

    /// As in "if sponsor_left is true, the score is capped at 39".
    pub fn rule(&self, rule: &Rule) -> String {
        format!("if {}, {}", self.condition(&rule.when), action(rule.action))
    }

    /// What is measured: the input with its unit, how events of the long form are combined, the question asked.
    pub fn measured(&self, signal: &Signal) -> String {
        let mut text = self.source(&signal.source);
        if let Some(unit) = &signal.unit {
            let _ = write!(text, " ({unit})");
        }
        if let Some(events) = events(signal) {
            let _ = write!(text, "; of events {events}");
        }
        if let Some(ask) = &signal.ask {
            let _ = write!(text, "; asked: “{ask}”");
        }
        text
    }
}

/// Where "and" stands beside "or" brackets tell what belongs together.
fn needs_brackets(part: &Condition, word: &str) -> bool {
    match part {
        Condition::All(list) | Condition::Any(list) => match list.as_slice() {
            [only] => needs_brackets(only, word),
            _ => true,
        },
        Condition::Not(_) => false,
        Condition::Test(_, checks) => checks.len() > 1 && word == " or ",
    }
}

fn is_lower_bound(check: &Check) -> bool {
    matches!(check, Check::Compare(Operator::Ge | Operator::Gt, _))
}

fn check_words(check: &Check) -> String {
    match check {
        Check::Missing(true) => "is missing".into(),
        Check::Missing(false) => "is present".into(),
        Check::In(list) => match list.as_slice() {
            [only] => format!("is {}", constant(only)),
            _ => format!("is one of {}", list.iter().map(constant).collect::<Vec<_>>().join(", ")),
        },
        Check::Compare(operator, right) => {
            let verb = match (operator, right.time) {
                (Operator::Eq, _) => "is",
                (Operator::Ne, _) => "is not",
                (Operator::Lt, None) => "below",
                (Operator::Le, None) => "at most",
                (Operator::Gt, None) => "above",
                (Operator::Ge, None) => "at least",
                (Operator::Lt, Some(_)) => "before",
                (Operator::Le, Some(_)) => "not after",
                (Operator::Gt, Some(_)) => "after",
                (Operator::Ge, Some(_)) => "not before",
            };
            format!("{verb} {}", constant(right))
        }
    }
}

fn constant(constant: &Constant) -> String {
    match &constant.literal {
        // A text that looks like a number or boolean is told from one by its quotes.
        Literal::Text(text) if text.parse::<f64>().is_ok() || text == "true" || text == "false" => format!("{text:?}"),
        Literal::Text(text) => spelt(text),
        other => other.as_value().written(),
    }
}

fn action(action: Action) -> String {
    match action {
        Action::Cap(limit) => format!("the score is capped at {}", shortest(limit)),
        Action::Floor(limit) => format!("the score is raised to at least {}", shortest(limit)),
        Action::Set(to) => format!("the score is set to {}", shortest(to)),
        Action::Adjust(by) if by < 0.0 => format!("{} is taken off the score", shortest(-by)),
        Action::Adjust(by) => format!("{} is added to the score", shortest(by)),
    }
}

/// A place of an axis, as in "below 8", "8 to below 20", "from 20", "basic or team".
pub(crate) fn axis_range(axis: &Axis, at: usize) -> String {
    match axis {
        Axis::Steps(bounds) => match (at.checked_sub(1).map(|_| bounds[at]), bounds.get(at + 1)) {
            (None, None) => "of any size".into(),
            (None, Some(next)) => format!("below {}", shortest(*next)),
            (Some(from), Some(next)) => format!("{} to below {}", shortest(from), shortest(*next)),
            (Some(from), None) => format!("from {}", shortest(from)),
        },
        Axis::Groups { .. } => axis.members(at).map(spelt).collect::<Vec<_>>().join(" or "),
    }
}

fn scale(scale: &Scale) -> String {
    match scale {
        Scale::Linear { worst, best, .. } => {
            format!("0 at {}, 100 at {}, in between in proportion", shortest(*worst), shortest(*best))
        }
        Scale::Steps(steps) => match steps.as_ref() {
            [(_, always)] => format!("always {}", shortest(*always)),
            _ => pairs(steps, "from"),
        },
        Scale::Curve(points) => match points.as_ref() {
            [(_, always)] => format!("always {}", shortest(*always)),
            _ => format!("{}, straight lines in between", pairs(points, "at")),
        },
        Scale::Map(map) => map_words(map),
        Scale::Boolean(healthy) => format!("100 if {healthy}, 0 if {}", !healthy),
        Scale::Recency { worst, range } => {
            let (worst, best) = (*worst as i64, (worst + range) as i64);
            let (low, high) = if best < worst { ((100, best), (0, worst)) } else { ((0, worst), (100, best)) };
            let (young, old) = (duration(low.1), duration(high.1));
            format!("{} up to {young} old, {} from {old}, in between in proportion", low.0, high.0)
        }
        Scale::Table(table) => format!("by a table, {} is neutral", shortest(table.neutral)),
    }
}

fn pairs(pairs: &[(f64, f64)], word: &str) -> String {
    let parts: Vec<_> = pairs.iter().map(|(x, y)| format!("{} {word} {}", shortest(*y), shortest(*x))).collect();
    parts.join(", ")
}

/// The best value first, whatever order the document has.
fn map_words(map: &Map) -> String {
    let mut entries: Vec<_> = map.texts.iter().collect();
    entries.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let mut parts: Vec<_> = entries.iter().map(|(key, y)| format!("{} {}", spelt(key), shortest(*y))).collect();
    parts.extend(map.otherwise.map(|y| format!("anything else {}", shortest(y))));
    parts.join(", ")
}

fn some_points(points: f64) -> String {
    format!("{} point{}", shortest(points), if points.abs() == 1.0 { "" } else { "s" })
}

fn points(award: &Award) -> String {
    let mut text = format!("{} each", some_points(award.points));
    if let Some(max) = award.max {
        let _ = write!(text, ", at most {}", shortest(max));
    }
    if let Some(half_life) = award.half_life {
        let _ = write!(text, ", halved every {}", duration(half_life));
    }
    text
}

/// What the absence of an action costs or earns.
pub(crate) fn absence(award: &Award) -> Option<String> {
    let mut text = format!("{} when there is none", some_points(award.absent?));
    if let Some(within) = award.within {
        let _ = write!(text, " within {}", duration(within));
    }
    Some(text)
}

/// The treatment of a signal without a value of its own.
pub(crate) fn without_value(signal: &Signal) -> String {
    let penalty = signal.as_award().and_then(absence);
    let mut text = match (penalty, &signal.default) {
        (Some(penalty), None) => penalty,
        (Some(penalty), Some(_)) => format!("{}; {penalty}", signal.treatment()),
        (None, _) => signal.treatment(),
    };
    if let Some(max_age) = signal.max_age {
        let _ = write!(text, "; the same when older than {}", duration(max_age));
    }
    text
}

/// How several values of one signal are combined, where the document says it.
fn events(signal: &Signal) -> Option<String> {
    let combine = match signal.combine {
        Combine::Last => "the last",
        Combine::Sum => "the sum",
        Combine::Mean => "the mean",
        Combine::Min => "the least",
        Combine::Max => "the greatest",
        Combine::Count => "the number",
        Combine::Distinct => "the number of different ones",
        Combine::ActiveDays => "the number of days with one",
    };
    let window = signal.window.map(|window| format!(" in {}", duration(window)));
    let lag = signal.lag.map(|lag| format!(" until {} ago", duration(lag)));
    if signal.combine == signal.measure.usual_combine(&signal.source) && window.is_none() && lag.is_none() {
        return None;
    }
    Some(format!("{combine}{}{}", window.unwrap_or_default(), lag.unwrap_or_default()))
}

/// The scores of a band, as in "40 to below 70".
pub(crate) fn band_range(bands: &[Band], at: usize) -> String {
    let from = bands[at].from;
    match bands.get(at + 1) {
        Some(next) => format!("{} to below {}", shortest(from), shortest(next.from)),
        None if from == 100.0 => "100".into(),
        None => format!("{} to 100", shortest(from)),
    }
}

pub(crate) fn trend(trend: &TrendSettings) -> String {
    let (window, tolerance) = (duration(trend.window), shortest(trend.tolerance));
    format!("A trend is read over {window}; a change of less than {tolerance} points counts as stable.")
}

/// The largest unit that leaves no remainder, up to days: "90 days", "36 hours".
pub(crate) fn duration(micros: i64) -> String {
    const UNITS: [(i64, &str); 5] = [
        (86_400_000_000, "day"),
        (3_600_000_000, "hour"),
        (60_000_000, "minute"),
        (1_000_000, "second"),
        (1_000, "millisecond"),
    ];
    let (unit, name) = UNITS.into_iter().find(|(unit, _)| micros % unit == 0).unwrap_or((1, "microsecond"));
    let count = micros / unit;
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

/// A label between quotes; a name that has none, as it is spelt.
pub(crate) fn title(name: &str, label: &str) -> String {
    if name == label { spelt(name) } else { format!("“{}”", shortened(label)) }
}

fn shortened(label: &str) -> String {
    let mut text: String = label.chars().take(LONGEST_LABEL).collect();
    if text.len() < label.len() {
        text.push('…');
    }
    text
}

/// A name or text as it is where it reads as one word, else between quotes.
fn spelt(text: &str) -> String {
    let plain = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "_-.:+".contains(c));
    if plain { text.to_owned() } else { format!("{text:?}") }
}
