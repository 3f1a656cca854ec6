//! Does this relation fit this model, and does the model's scale fit the data? Findings on a sample of accounts.

use std::collections::{BTreeMap, BTreeSet};

use super::sample::Sample;
use super::statistics::{SignalStatistics, signal_statistics};
use crate::base::column::ColumnKind;
use crate::base::nearest::nearest;
use crate::base::quoted::Quoted;
use crate::base::time::days;
use crate::base::value::Value;
use crate::model::compiled::Model;
use crate::signal::definition::{Measure, Signal};
use crate::signal::scale::Scale;
use crate::signal::source::Source;
use crate::signal::table::Axis;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingStatus {
    Ok,
    Warning,
    Error,
}

impl FindingStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            FindingStatus::Ok => "ok",
            FindingStatus::Warning => "warning",
            FindingStatus::Error => "error",
        }
    }
}

/// A finding on the relation (neither signal nor input), on a signal, or on an input that only rules and segments read
/// (no signal).
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    pub signal: Option<String>,
    /// The columns, joined by commas, as their types.
    pub input: Option<String>,
    pub column_type: Option<String>,
    pub status: FindingStatus,
    /// None where there is nothing to say.
    pub message: Option<String>,
    /// Shares of the accounts, 0 to 1; none where nothing was read. The ends are the lowest and the highest subscore
    /// that the scale can give.
    pub missing_share: Option<f64>,
    pub invalid_share: Option<f64>,
    pub at_worst_share: Option<f64>,
    pub at_best_share: Option<f64>,
    /// Figures of the raw values that are numbers; for a time, of its age in days.
    pub min: Option<f64>,
    pub median: Option<f64>,
    pub max: Option<f64>,
}

/// The smallest share of the accounts that gives a warning: at one end of a scale, or without a value.
const CROWDED: f64 = 0.6;
const MOSTLY_MISSING: f64 = 0.5;
/// The smallest useful spread of a scale: the distance in points between the 5th and the 95th percentile of the
/// subscores.
const NARROW: f64 = 10.0;
/// The most values of a column that are looked at one by one, and the most that are named.
const MOST_VALUES: usize = 1000;
const NAMED_VALUES: usize = 5;

/// The findings: on the relation first, then on the signals in name order, then on other inputs. `source` is the origin
/// of the sample, as in "all 7,043 rows".
pub fn match_model(
    model: &Model,
    sample: &Sample,
    source: &str,
    as_of: i64,
    interrupt: &mut dyn FnMut(),
) -> Vec<Finding> {
    let matching = Matching { model, sample };
    let statistics = signal_statistics(model, sample, as_of, interrupt);
    let mut findings = vec![matching.relation(source)];
    let signals = model.base().signals.iter().zip(&statistics);
    findings.extend(signals.map(|(signal, statistics)| matching.signal(signal, statistics, as_of)));
    findings.extend(matching.other_inputs());
    findings
}

struct Matching<'a> {
    model: &'a Model,
    sample: &'a Sample,
}

/// Messages with the most severe status among them.
#[derive(Default)]
struct Remarks {
    status: Option<FindingStatus>,
    messages: Vec<String>,
}

impl Remarks {
    fn add(&mut self, status: FindingStatus, message: String) {
        self.status = self.status.max(Some(status));
        self.messages.push(message);
    }

    fn finding(self, signal: Option<&str>, input: Option<String>, column_type: Option<String>) -> Finding {
        Finding {
            signal: signal.map(str::to_owned),
            input,
            column_type,
            status: self.status.unwrap_or(FindingStatus::Ok),
            message: (!self.messages.is_empty()).then(|| self.messages.join("; ")),
            missing_share: None,
            invalid_share: None,
            at_worst_share: None,
            at_best_share: None,
            min: None,
            median: None,
            max: None,
        }
    }
}

fn whole_percent(share: f64) -> String {
    let percent = share * 100.0;
    // 3 of 10,000 accounts are few, not none; and all but 3 are not all.
    if percent > 0.0 && percent < 1.0 {
        "less than 1 %".into()
    } else if percent > 99.0 && percent < 100.0 {
        "more than 99 %".into()
    } else {
        format!("{percent:.0} %")
    }
}

impl Matching<'_> {
    fn relation(&self, source: &str) -> Finding {
        let mut remarks = Remarks::default();
        if self.sample.rows() == 0 {
            remarks.add(FindingStatus::Warning, "has no rows: only names and types could be compared".into());
        } else {
            remarks.add(FindingStatus::Ok, format!("read {source}"));
        }
        remarks.finding(None, None, None)
    }

    fn signal(&self, signal: &Signal, statistics: &SignalStatistics, as_of: i64) -> Finding {
        let mut remarks = Remarks::default();
        let inputs = signal.source.inputs();
        let absent = inputs.iter().any(|input| self.column(*input).is_none());
        for input in inputs.iter().copied().chain(signal.observed).chain(signal.evidence) {
            self.absence(input, &mut remarks);
        }
        if !absent {
            self.kinds(signal, &mut remarks);
        }
        let rows = self.sample.rows() as f64;
        let judged = rows > 0.0 && !absent;
        if judged {
            self.data(signal, statistics, &mut remarks);
            self.spread(signal, statistics, as_of, &mut remarks);
        }
        let names: Vec<&str> = inputs.iter().map(|input| self.model.inputs()[*input].name.as_str()).collect();
        let types: Vec<&str> =
            inputs.iter().filter_map(|input| self.column(*input)).map(|at| self.type_name(at)).collect();
        let mut finding =
            remarks.finding(Some(&signal.name), Some(names.join(", ")), (!types.is_empty()).then(|| types.join(", ")));
        if judged {
            let share = |count: usize| Some(count as f64 / rows);
            finding.missing_share = share(statistics.missing);
            finding.invalid_share = share(statistics.invalid);
            if matches!(signal.measure, Measure::Weighted(_)) {
                finding.at_worst_share = share(statistics.at_worst);
                finding.at_best_share = share(statistics.at_best);
            }
            finding.min = statistics.quantile(0.0);
            finding.median = statistics.quantile(0.5);
            finding.max = statistics.quantile(1.0);
        }
        finding
    }

    fn column(&self, input: usize) -> Option<usize> {
        self.sample.position(&self.model.inputs()[input].name)
    }

    fn type_name(&self, column: usize) -> &str {
        &self.sample.columns()[column].type_name
    }

    /// A missing required column is an error; a missing column of an optional signal is a warning.
    fn absence(&self, input: usize, remarks: &mut Remarks) {
        if self.column(input).is_some() {
            return;
        }
        let input = &self.model.inputs()[input];
        let names = self.sample.columns().iter().map(|column| column.name.as_str());
        let near =
            nearest(&input.name, names).map(|name| format!(", did you mean {}?", Quoted(name))).unwrap_or_default();
        let (status, effect) = match input.required {
            true => (FindingStatus::Error, ""),
            false => (FindingStatus::Warning, ", which counts as missing"),
        };
        remarks.add(status, format!("there is no column {}{effect}{near}", Quoted(&input.name)));
    }

    /// The severity of an unreadable value.
    fn unreadable(&self) -> FindingStatus {
        if self.model.base().lenient { FindingStatus::Warning } else { FindingStatus::Error }
    }

    /// Reports columns of a type that the signal cannot read.
    fn kinds(&self, signal: &Signal, remarks: &mut Remarks) {
        let takes = match &signal.measure {
            Measure::Weighted(weighted) => weighted.scale.takes(),
            Measure::Points(_) => [Takes { kinds: &[ColumnKind::Number, ColumnKind::Boolean], words: "numbers" }; 2],
        };
        let times = Takes { kinds: &[ColumnKind::Time, ColumnKind::Text], words: "times" };
        let numbers = Takes { kinds: &[ColumnKind::Number], words: "numbers" };
        let needed = |part: &Source, takes: Takes| match part {
            Source::Column(_) | Source::Cross(..) => takes,
            Source::Ratio(..) | Source::Change(..) => numbers,
            Source::Days(..) => times,
        };
        let of_parts = signal.source.each().zip(takes).flat_map(|(part, takes)| {
            let needed = needed(&part, takes);
            part.inputs().into_iter().map(move |input| (input, needed))
        });
        let observed = signal.observed.map(|input| (input, times));
        for (input, takes) in of_parts.chain(observed) {
            if let Some(column) = self.column(input)
                && !takes.kinds.contains(&self.sample.columns()[column].kind)
            {
                let name = Quoted(&self.model.inputs()[input].name);
                let message = format!("{name} is of type {}, where {} are needed", self.type_name(column), takes.words);
                remarks.add(self.unreadable(), message);
            }
        }
    }

    fn data(&self, signal: &Signal, statistics: &SignalStatistics, remarks: &mut Remarks) {
        let rows = self.sample.rows() as f64;
        let share = |count: usize| count as f64 / rows;
        if statistics.invalid > 0 {
            let example = statistics.problem.as_deref().unwrap_or_default();
            remarks.add(
                self.unreadable(),
                format!(
                    "{} of the accounts have a value that cannot be read: {example}",
                    whole_percent(share(statistics.invalid))
                ),
            );
        }
        if share(statistics.missing) > MOSTLY_MISSING {
            remarks.add(
                FindingStatus::Warning,
                format!("{} of the accounts have no value", whole_percent(share(statistics.missing))),
            );
        }
        if matches!(signal.measure, Measure::Points(_)) {
            return;
        }
        for (count, end) in [(statistics.at_worst, "worst"), (statistics.at_best, "best")] {
            if share(count) > CROWDED {
                remarks.add(
                    FindingStatus::Warning,
                    format!("{} of the accounts lie at the {end} end of the scale", whole_percent(share(count))),
                );
            }
        }
    }

    /// Reports whether the scale separates accounts, and the values that a map scores by `otherwise`.
    fn spread(&self, signal: &Signal, statistics: &SignalStatistics, as_of: i64, remarks: &mut Remarks) {
        let Measure::Weighted(weighted) = &signal.measure else { return };
        if let (Scale::Map(map), Source::Column(input)) = (&weighted.scale, &signal.source)
            && map.has_otherwise()
            && let Some(column) = self.column(*input)
        {
            if let Some(named) = self.unnamed(column, |text| map.knows(text)) {
                remarks.add(FindingStatus::Ok, format!("the map lists no subscore for {named}: otherwise applies"));
            }
            self.misspelt(column, map.texts(), "the map", remarks);
            return;
        }
        if let (Some(least), Some(most)) = (statistics.quantile(0.0), statistics.quantile(1.0))
            && least == most
            && self.sample.rows() > 1
        {
            remarks.add(FindingStatus::Warning, "is the same for every account that has a value".into());
            return;
        }
        let age = signal.measures_age();
        let subscore = |share: f64| {
            let number = statistics.quantile(share)?;
            let value = if age { Value::Time(as_of.saturating_sub(days(number))) } else { Value::Number(number) };
            weighted.scale.subscore(&value, as_of).ok()
        };
        let subscores: Vec<f64> = (1..=19).filter_map(|twentieth| subscore(f64::from(twentieth) / 20.0)).collect();
        let (low, high) = subscores.iter().fold((f64::MAX, f64::MIN), |(low, high), y| (low.min(*y), high.max(*y)));
        if !subscores.is_empty() && high - low < NARROW && remarks.messages.is_empty() {
            remarks.add(
                FindingStatus::Warning,
                format!("the scale hardly tells accounts apart: nine tenths of them lie between subscores {low:.0} and {high:.0}"),
            );
        }
    }

    /// The most frequent texts of a column that nothing `knows`, with their shares.
    fn unnamed(&self, column: usize, knows: impl Fn(&str) -> bool) -> Option<String> {
        let texts = self.sample.texts(column, MOST_VALUES)?;
        let unknown: Vec<_> = texts.into_iter().filter(|(text, _)| !knows(text)).collect();
        let rows = self.sample.rows() as f64;
        let shown = unknown.iter().take(NAMED_VALUES);
        let mut names: Vec<_> =
            shown.map(|(text, count)| format!("{} ({})", Quoted(text), whole_percent(*count as f64 / rows))).collect();
        if unknown.len() > NAMED_VALUES {
            names.push(format!("{} more", unknown.len() - NAMED_VALUES));
        }
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// Inputs that only rules and segments read.
    fn other_inputs(&self) -> Vec<Finding> {
        let signals = self.model.plans().flat_map(|plan| &plan.signals);
        let of_signals: BTreeSet<usize> = signals
            .flat_map(|signal| signal.source.inputs().into_iter().chain(signal.observed).chain(signal.evidence))
            .collect();
        let codes = self.model.segment_codes();
        let of_rules = self.model.rule_codes();
        let mut others: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, input) in self.model.inputs().iter().enumerate() {
            if input.gathered {
                continue;
            }
            if !of_signals.contains(&at) || codes.contains_key(&at) || of_rules.contains_key(&at) {
                others.insert(&input.name, at);
            }
        }
        let finding = |input| self.other_input(input, codes.get(&input), of_rules.get(&input));
        let findings = others.into_values().map(|input| (input, finding(input)));
        // What rules look for in the column of a signal is worth a line only if it is misspelt.
        let told = |input: &usize, finding: &Finding| {
            !of_signals.contains(input) || codes.contains_key(input) || finding.status > FindingStatus::Ok
        };
        findings.filter(|(input, finding)| told(input, finding)).map(|(_, finding)| finding).collect()
    }

    /// Reports texts that the document looks for and no account has, where the accounts have one that is nearly the
    /// same.
    fn misspelt<'c>(&self, column: usize, codes: impl IntoIterator<Item = &'c str>, who: &str, remarks: &mut Remarks) {
        let Some(texts) = self.sample.texts(column, MOST_VALUES) else { return };
        let there = |code: &str| texts.iter().any(|(text, _)| *text == code);
        for code in codes.into_iter().filter(|code| !there(code)) {
            if let Some(near) = nearest(code, texts.iter().map(|(text, _)| *text)) {
                remarks.add(
                    FindingStatus::Warning,
                    format!("{who} names {}, which no account has, did you mean {}?", Quoted(code), Quoted(near)),
                );
            }
        }
    }

    fn other_input(&self, input: usize, codes: Option<&BTreeSet<&str>>, of_rules: Option<&BTreeSet<&str>>) -> Finding {
        let mut remarks = Remarks::default();
        self.absence(input, &mut remarks);
        let name = &self.model.inputs()[input].name;
        let column = self.column(input);
        if let (Some(column), Some(codes)) = (column, codes)
            && let Some(named) =
                self.unnamed(column, |text| codes.contains(text) || self.model.origin.is_known_value(name, text))
        {
            remarks.add(
                FindingStatus::Warning,
                format!("no segment names {named}; list them in meta.known_values if this is intended"),
            );
        }
        if let Some(column) = column {
            self.misspelt(column, codes.into_iter().flatten().copied(), "a segment", &mut remarks);
            self.misspelt(column, of_rules.into_iter().flatten().copied(), "a rule", &mut remarks);
        }
        let mut finding =
            remarks.finding(None, Some(name.clone()), column.map(|column| self.type_name(column).to_owned()));
        if let Some(column) = column.filter(|_| self.sample.rows() > 0) {
            let missing = self.sample.values(column).filter(|value| matches!(value, Value::Missing)).count();
            finding.missing_share = Some(missing as f64 / self.sample.rows() as f64);
        }
        finding
    }
}

/// The columns whose values a signal can read.
#[derive(Clone, Copy)]
struct Takes {
    kinds: &'static [ColumnKind],
    words: &'static str,
}

impl Scale {
    /// For each of the values that it reads, of which most scales have one.
    fn takes(&self) -> [Takes; 2] {
        use ColumnKind::{Boolean, Number, Text, Time};
        let numbers = Takes { kinds: &[Number], words: "numbers" };
        let codes = Takes { kinds: &[Text, Number, Boolean], words: "texts, numbers or true and false" };
        let only = match self {
            Scale::Table(table) => {
                return table.axes().map(|axis| match axis {
                    Axis::Steps(_) => numbers,
                    Axis::Groups { .. } => codes,
                });
            }
            Scale::Linear { .. } | Scale::Steps(_) | Scale::Curve(_) => numbers,
            Scale::Map(_) => codes,
            Scale::Boolean(_) => Takes { kinds: &[Boolean], words: "true and false" },
            Scale::Recency { .. } => Takes { kinds: &[Time, Text], words: "times" },
        };
        [only; 2]
    }
}
