//! A score, or its change, in a few plain sentences. The numbers are those of the drivers and of the change, rounded
//! only for display. Labels, units and reasons are inserted unchanged, and do not affect the choice of the sentences.

use std::cmp::Ordering;

use super::assess::Assessment;
use super::change::{Change, ChangeKind, Comparison};
use super::driver::{Driver, DriverKind};
use crate::base::rounding::round9;
use crate::base::time::DAY;
use crate::base::value::Value;
use crate::model::band::Display;
use crate::model::overriding::note_of;
use crate::model::plan::Formula;
use crate::signal::definition::Signal;
use crate::signal::reading::Status;
use crate::signal::source::Source;
use crate::signal::table::Axis;
use crate::words::phrase::Words;
use crate::words::shown::{Shown, in_days, plainly};

/// The most drivers, changes, strengths and gaps that are named; the others are summed or counted.
const DRIVERS: usize = 5;
const CHANGES: usize = 6;
const STRENGTHS: usize = 2;
const GAPS: usize = 5;

/// From this subscore on a signal is a strength.
const STRONG: f64 = 70.0;

impl<'a> Assessment<'a> {
    /// The score with its band, what costs most and what is best, and what is not known.
    pub fn explain(&mut self) -> String {
        self.in_words("")
    }

    /// `aside` follows the score and its band.
    fn in_words(&mut self, aside: &str) -> String {
        let drivers: Vec<Driver> = self.drivers().collect();
        let mut sentences = Vec::new();
        if let Some(score) = self.score {
            sentences.push(format!("{}{}{aside}.", self.shown_score(&self.plan.display, score), self.in_segment()));
            match self.plan.formula {
                Formula::Weighted => self.add_costs(&drivers, &mut sentences),
                Formula::Points(_) => self.add_points_given_and_taken(&drivers, &mut sentences),
            }
        } else {
            sentences.push(format!("No score{}{aside}: {}.", self.in_segment(), self.why_no_score()));
        }
        self.add_gaps(&mut sentences);
        if self.score.is_some() && self.coverage < 1.0 {
            sentences.push(self.basis());
        }
        sentences.join(" ")
    }

    fn shown_score(&self, display: &Display, score: f64) -> String {
        let band = self.band().map_or("", |(_, band)| &band.label);
        format!("{}, {band}", display.format(score))
    }

    fn in_segment(&self) -> String {
        self.segment.map_or(String::new(), |name| format!(" (segment {})", self.model.segment_label(name)))
    }

    fn why_no_score(&self) -> String {
        let needed = self.plan.min_coverage;
        if self.coverage >= needed {
            return "nothing that counts has a value".into();
        }
        // Rounded apart, or 39.6 % of 40 % would be "40 %, 40 % is needed".
        let needed = round9(needed * 100.0).ceil();
        let verb = if matches!(self.plan.formula, Formula::Weighted) { "has" } else { "have" };
        format!("{} {verb} a value, {needed} % is needed", self.known_share())
    }

    fn known_share(&self) -> String {
        let whole = match self.plan.formula {
            Formula::Weighted => "weight",
            Formula::Points(_) => "signals",
        };
        format!("{} % of the {whole}", round9(self.coverage * 100.0).floor())
    }

    /// Both ends are floored as scores are: the upper end must not show a band that cannot be reached.
    fn basis(&self) -> String {
        let (low, high) = self.interval();
        let [low, high] = [low, high].map(|end| self.plan.display.format(end));
        if low == high {
            return format!("Based on {}.", self.known_share());
        }
        format!("Based on {}: between {low} and {high} once the rest is known.", self.known_share())
    }

    fn add_costs(&self, drivers: &[Driver<'a>], sentences: &mut Vec<String>) {
        let display = &self.plan.display;
        let costs = parts(drivers, |driver| driver.lost.map_or(0.0, |lost| -lost), |points| points < 0.0);
        let raised = parts(drivers, |driver| driver.contribution.unwrap_or(0.0), |points| points > 0.0);
        let by_rule = |driver: &Driver| matches!(driver.kind, DriverKind::Rule | DriverKind::Override);
        let raised: Vec<_> = raised.into_iter().filter(|(_, driver)| by_rule(driver)).collect();
        let named = count_of_named(display, &costs, DRIVERS);
        let mut strengths: Vec<(f64, &Driver)> =
            parts(drivers, |driver| driver.contribution.unwrap_or(0.0), |points| points > 0.0)
                .into_iter()
                // Of two values together only what is better than the two by themselves.
                .filter(|(_, driver)| driver.second.is_none())
                .filter(|(_, driver)| {
                    driver.status == Status::Ok.as_str() && driver.subscore.is_some_and(|s| round9(s) >= STRONG)
                })
                // A signal named as the costliest is not named as a strength too.
                .filter(|(_, driver)| !costs[..named].iter().any(|(_, costly)| std::ptr::eq(*costly, *driver)))
                .collect();
        strengths.extend(parts(drivers, gained_together, |points| points > 0.0));
        largest_first(&mut strengths, |driver| driver.name);
        let best = strengths.iter().take(STRENGTHS).map(|(_, driver)| self.driver_words(driver)).collect();
        let words = |driver: &&Driver| self.driver_words(driver);
        sentences.extend(sentence("Costs most", clauses(display, &costs, DRIVERS, words)));
        sentences.extend(sentence("Raised by", clauses(display, &raised, DRIVERS, words)));
        sentences.extend(sentence("Best", best));
    }

    fn add_points_given_and_taken(&self, drivers: &[Driver<'a>], sentences: &mut Vec<String>) {
        let contribution = |driver: &Driver| {
            let counts = driver.kind != DriverKind::Start;
            driver.contribution.filter(|_| counts).unwrap_or(0.0)
        };
        for (head, sign) in [("Took most", Ordering::Less), ("Gave most", Ordering::Greater)] {
            let mut moved = parts(drivers, contribution, |points| points.total_cmp(&0.0) == sign);
            largest_first(&mut moved, |driver| driver.name);
            let words = |driver: &&Driver| self.driver_words(driver);
            sentences.extend(sentence(head, clauses(&self.plan.display, &moved, DRIVERS, words)));
        }
    }

    fn driver_words(&self, driver: &Driver) -> String {
        match (driver.kind, self.plan.find_signal(driver.name)) {
            (DriverKind::Signal, Some(at)) => {
                let (signal, status) = (&self.plan.signals[at], self.scratch.states[at].status);
                if let Some(pair) = self.pair_words(signal, driver) {
                    return pair;
                }
                let shown = Shown::of(signal, Some(status), &driver.value, self.as_of);
                let words = format!("{} {}", driver.label, shown.with_unit());
                noted(words, driver.reason.as_deref().filter(|_| status == Status::Ok))
            }
            (DriverKind::Override, _) => override_words(driver.label, driver.reason.as_deref()),
            _ => driver.reason.as_deref().unwrap_or(driver.label).to_owned(),
        }
    }

    /// Two values together, as in "low Logins (3) together with high Seats (40)"; none for any other signal, or
    /// without both values.
    fn pair_words(&self, signal: &Signal, driver: &Driver) -> Option<String> {
        let words = Words { inputs: self.model.inputs(), plan: self.plan };
        let (table, places) = signal.place_in_table(self.values, self.as_of)?;
        let [first, second] = signal.source.parts()?;
        let side = |part: &Source, axis: &Axis, place: Option<usize>, value: &Value| {
            let (label, value) = (words.part_label(part), plainly(value));
            match (axis, place) {
                (Axis::Steps(bounds), Some(at)) if bounds.len() > 1 => {
                    let size = if at == 0 {
                        "low"
                    } else if at + 1 == bounds.len() {
                        "high"
                    } else {
                        "middling"
                    };
                    format!("{size} {label} ({value})")
                }
                _ => format!("{label} {value}"),
            }
        };
        let first = side(&first, &table.rows, places[0], &driver.value);
        let second = side(&second, &table.columns, places[1], &driver.second?);
        Some(format!("{first} together with {second}"))
    }

    fn add_gaps(&self, sentences: &mut Vec<String>) {
        let without = [Status::Missing, Status::Default];
        for (head, statuses) in
            [("No value", &without[..]), ("Out of date", &[Status::Stale]), ("Unreadable", &[Status::Invalid])]
        {
            sentences.extend(self.gaps(head, statuses));
        }
    }

    /// The weightiest signals of these statuses, grouped by how they are treated.
    fn gaps(&self, head: &str, statuses: &[Status]) -> Option<String> {
        let shares = &self.plan.weighing.shares;
        let weight = |at: usize| shares.get(at).map_or(1.0, |share| share.nominal);
        let states = self.scratch.states.iter().enumerate();
        let mut signals: Vec<usize> = states
            .filter(|(at, state)| statuses.contains(&state.status) && weight(*at) > 0.0)
            .map(|(at, _)| at)
            .collect();
        signals.sort_by(|a, b| round9(weight(*b)).total_cmp(&round9(weight(*a))));
        let mut groups: Vec<(String, Vec<String>)> = Vec::new();
        for &at in signals.iter().take(GAPS) {
            let (name, treatment) = self.gap(at);
            match groups.iter_mut().find(|(known, _)| *known == treatment) {
                Some((_, names)) => names.push(name),
                None => groups.push((treatment, vec![name])),
            }
        }
        let mut clauses: Vec<String> =
            groups.into_iter().map(|(treatment, names)| format!("{} ({treatment})", names.join(", "))).collect();
        if signals.len() > GAPS {
            clauses.push(format!("and {} more", signals.len() - GAPS));
        }
        sentence(head, clauses)
    }

    /// A signal whose own value does not count, and the treatment of the signal.
    fn gap(&self, at: usize) -> (String, String) {
        let signal = &self.plan.signals[at];
        let label = &signal.label;
        match self.scratch.states[at].status {
            Status::Ok | Status::Missing | Status::Default => (label.clone(), signal.treatment().to_owned()),
            Status::Stale => (format!("{label}{}", self.age_of(signal)), signal.stale_reason.clone()),
            Status::Invalid => {
                let problem = self.scratch.problems.iter().find(|(invalid, _)| *invalid == at);
                let sentence = problem.map(|(_, problem)| problem.sentence(self.model.inputs(), self.values));
                (label.clone(), format!("{}: {}", sentence.unwrap_or_default(), signal.treatment()))
            }
        }
    }

    fn age_of(&self, signal: &Signal) -> String {
        let at = signal.observed_at(self.values).ok().flatten();
        match at.map(|at| self.as_of.saturating_sub(at) / DAY as i64) {
            Some(days @ 1..) => format!(" {} old", in_days(days)),
            _ => String::new(),
        }
    }
}

impl<'a> Comparison<'a> {
    /// The score with its band and how far it moved, what moved it most, and what is not known now.
    pub fn explain(&mut self) -> String {
        let aside = match (self.before.score, self.after.score) {
            (Some(before), Some(after)) => return self.movement(before, after),
            (None, None) => ", as before".into(),
            (None, Some(_)) => ", no score before".into(),
            (Some(before), None) => {
                format!(", was {}", self.before.shown_score(&self.before.plan.display, before))
            }
        };
        self.after.in_words(&aside)
    }

    fn movement(&self, before: f64, after: f64) -> String {
        // One display for both, or their difference would mean nothing.
        let display = &self.after.plan.display;
        let now = format!("{}{}", self.after.shown_score(display, after), self.after.in_segment());
        let mut sentences = vec![format!("{now}, {}.", self.step(display, before, after))];
        let moved = self.rows.iter().filter_map(|row| Some((round9(row.change?), row)));
        let mut moved: Vec<(f64, &Change)> = moved.filter(|(change, _)| *change != 0.0).collect();
        largest_first(&mut moved, |row| row.name);
        let named = count_of_named(display, &moved, CHANGES);
        // Stable: the largest stay first on either side.
        let against = |change: f64| (change < 0.0) != (after < before);
        moved[..named].sort_by_key(|(change, _)| against(*change));
        let clauses = clauses(display, &moved, CHANGES, |row| self.change_words(row));
        if !clauses.is_empty() {
            sentences.push(format!("{}.", clauses.join("; ")));
        }
        self.after.add_gaps(&mut sentences);
        sentences.join(" ")
    }

    /// The difference of the two shown numbers.
    fn step(&self, display: &Display, before: f64, after: f64) -> String {
        let names = [&self.before, &self.after].map(|side| side.band().map(|(_, band)| &band.name));
        let was = self.before.shown_score(display, before);
        let was = if names[0] == names[1] { display.format(before) } else { was };
        match display.difference(before, after) {
            (Ordering::Less, by) => format!("down {by} from {was}"),
            (Ordering::Greater, by) => format!("up {by} from {was}"),
            (Ordering::Equal, _) if names[0] == names[1] => "unchanged".into(),
            (Ordering::Equal, _) => format!("was {was}"),
        }
    }

    fn change_words(&self, row: &Change) -> String {
        match (row.kind, row.signal) {
            (ChangeKind::Signal, Some(signal)) => {
                let [before, after] = row.statuses;
                if let Some([second_before, second_after]) = &row.seconds {
                    let before = Shown::pair(before, &row.before, second_before);
                    return format!("{} {}", row.label, before.to(&Shown::pair(after, &row.after, second_after)));
                }
                let before = Shown::of(signal, before, &row.before, self.before.as_of);
                let after = Shown::of(signal, after, &row.after, self.after.as_of);
                noted(format!("{} {}", row.label, before.to(&after)), row.reason)
            }
            (ChangeKind::Rule, _) if row.after == Value::Missing => {
                format!("No longer: {}", row.reason.unwrap_or(row.label))
            }
            (ChangeKind::Override, _) if row.after == Value::Missing => format!("No longer: {}", row.label),
            (ChangeKind::Override, _) => override_words(row.label, row.reason),
            (ChangeKind::Segment, _) => self.segment_words(),
            (ChangeKind::Coverage, _) => self.coverage_words(row),
            _ => row.reason.unwrap_or(row.label).to_owned(),
        }
    }

    /// The signals that came, with their values, and those that went.
    fn coverage_words(&self, row: &Change) -> String {
        let [went, came] = &row.moved;
        let new = |signal: &&Signal| {
            let value = signal.given(self.after.values, self.after.as_of);
            if value == Value::Missing {
                return signal.label.clone();
            }
            let shown = Shown::of(signal, Some(Status::Ok), &value, self.after.as_of);
            let note = note_of(self.after.values, self.after.model.notes, &signal.name);
            noted(format!("{} {}", signal.label, shown.with_unit()), note)
        };
        let came = some_of("new", came.iter().map(new).collect());
        let went = some_of("no longer counted", went.iter().map(|signal| signal.label.clone()).collect());
        let mut words: String = [came, went].into_iter().flatten().collect::<Vec<_>>().join(", ");
        if words.is_empty() {
            return row.label.to_owned();
        }
        words[..1].make_ascii_uppercase();
        words
    }

    fn segment_words(&self) -> String {
        let label = |name| self.after.model.segment_label(name);
        match (self.after.segment, self.before.segment) {
            (Some(now), _) => format!("Now in segment {}", label(now)),
            (None, before) => format!("No longer in segment {}", before.map_or("", label)),
        }
    }
}

/// The points by which two values together are better than the two by themselves.
fn gained_together(driver: &Driver) -> f64 {
    driver.second.and(driver.lost).map_or(0.0, |lost| -lost)
}

/// A note is the opinion of a person and must not read as the model's.
fn override_words(label: &str, note: Option<&str>) -> String {
    noted(label.to_owned(), note)
}

fn noted(words: String, note: Option<&str>) -> String {
    match note {
        Some(note) => format!("{words}: {note}"),
        None => words,
    }
}

/// The drivers whose points are on the wanted side of 0.
fn parts<'d, 'a>(
    drivers: &'d [Driver<'a>],
    points: impl Fn(&Driver) -> f64,
    wanted: impl Fn(f64) -> bool,
) -> Vec<(f64, &'d Driver<'a>)> {
    drivers.iter().map(|driver| (round9(points(driver)), driver)).filter(|(points, _)| wanted(*points)).collect()
}

fn largest_first<T>(parts: &mut [(f64, T)], name: impl Fn(&T) -> &str) {
    parts.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()).then_with(|| name(&a.1).cmp(name(&b.1))));
}

/// How many of the largest parts are named: those whose points show.
fn count_of_named<T>(display: &Display, parts: &[(f64, T)], most: usize) -> usize {
    parts.iter().take(most).take_while(|(points, _)| display.amount(*points).is_some()).count()
}

/// The largest parts in words, each with its points, and the others as one.
fn clauses<T>(display: &Display, parts: &[(f64, T)], most: usize, words: impl Fn(&T) -> String) -> Vec<String> {
    let (named, others) = parts.split_at(count_of_named(display, parts, most));
    let named =
        named.iter().filter_map(|(points, part)| Some(format!("{} ({})", words(part), display.amount(*points)?)));
    let mut clauses: Vec<String> = named.collect();
    if let Some(amount) = display.amount(others.iter().map(|(points, _)| points).sum()) {
        let others = match (others.len(), clauses.is_empty()) {
            (count, true) => format!("{count} small ones"),
            (1, false) => "1 other".into(),
            (count, false) => format!("{count} others"),
        };
        clauses.push(format!("{others} ({amount})"));
    }
    clauses
}

/// A head and the first names behind it; the others are counted.
fn some_of(head: &str, mut names: Vec<String>) -> Option<String> {
    let others = names.len().saturating_sub(GAPS);
    if others > 0 {
        names.truncate(GAPS);
        names.push(format!("and {others} more"));
    }
    (!names.is_empty()).then(|| format!("{head}: {}", names.join(", ")))
}

fn sentence(head: &str, clauses: Vec<String>) -> Option<String> {
    (!clauses.is_empty()).then(|| format!("{head}: {}.", clauses.join("; ")))
}
