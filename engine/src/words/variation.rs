//! How a segment's plan differs from the unpatched one, in sentences. It compares texts, because the numbers of signals
//! and categories may differ between the plans. Never escapes.

use std::collections::HashMap;

use super::phrase::{Words, band_range, title, without_value};
use crate::base::number::shortest;
use crate::base::rounding::round9;
use crate::model::plan::{Formula, Plan};
use crate::model::rule::Rule;
use crate::signal::definition::Signal;
use crate::signal::points::PointsRange;

/// The most signals that one sentence names.
const LISTED: usize = 15;

/// The differences under `own`, one sentence each.
pub(crate) fn variations(base: &Words, own: &Words) -> Vec<String> {
    let mut sentences = Vec::new();
    let (was, is) = (base.plan, own.plan);
    if was.purpose != is.purpose {
        let purpose = is.purpose.as_ref().map_or("none stated".to_owned(), |purpose| format!("“{purpose}”"));
        sentences.push(format!("Purpose: {purpose}."));
    }
    if was.min_coverage != is.min_coverage {
        sentences.push(format!(
            "A score needs a coverage of {} instead of {}.",
            exact_percent(is.min_coverage),
            exact_percent(was.min_coverage)
        ));
    }
    if was.lenient != is.lenient {
        sentences.push(unreadable(is.lenient).to_owned());
    }
    if let (Formula::Points(was), Formula::Points(is)) = (was.formula, is.formula)
        && was != is
    {
        sentences.push(points_range(&is));
    }
    categories(was, is, &mut sentences);
    weights(was, is, &mut sentences);
    shares(was, is, &mut sentences);
    signals(base, own, &mut sentences);
    rules(base, own, &mut sentences);
    bands(was, is, &mut sentences);
    sentences
}

/// With all decimals of the share, but without rounding errors: "12.5 %".
pub(crate) fn exact_percent(share: f64) -> String {
    format!("{} %", shortest(round9(share * 100.0)))
}

pub(crate) fn unreadable(lenient: bool) -> &'static str {
    if lenient {
        "A value that cannot be read counts as missing."
    } else {
        "A value that cannot be read is an error and stops the scoring."
    }
}

pub(crate) fn points_range(range: &PointsRange) -> String {
    format!(
        "Points start at {} and are added up; a sum of {} or less is a score of 0, a sum of {} or more a score of 100, \
         and in between each point is worth {}.",
        shortest(range.start),
        shortest(range.low),
        shortest(range.high),
        shortest(round9(range.share(1.0))),
    )
}

fn categories(was: &Plan, is: &Plan, sentences: &mut Vec<String>) {
    for category in &is.categories {
        let found = was.categories.binary_search_by(|old| old.name.cmp(&category.name));
        if let Some(old) = found.ok().map(|at| &was.categories[at]).filter(|old| old.label != category.label) {
            let (old, new) = (title(&old.name, &old.label), title(&category.name, &category.label));
            sentences.push(format!("Category {old} is called {new}."));
        }
    }
}

/// The weights that the document itself changes.
fn weights(was: &Plan, is: &Plan, sentences: &mut Vec<String>) {
    let old: HashMap<&str, Option<f64>> = was.categories.iter().map(|c| (c.name.as_str(), c.weight)).collect();
    let categories = is.categories.iter().filter_map(|category| {
        let weight = category.weight?;
        let before = old.get(category.name.as_str()).copied().flatten();
        change(&title(&category.name, &category.label), before, weight)
    });
    let signals = is.signals.iter().filter_map(|signal| {
        let before = was.find_signal(&signal.name).map(|at| was.signals[at].weight())?;
        change(&title(&signal.name, &signal.label), Some(before), signal.weight())
    });
    let changes: Vec<_> = categories.chain(signals).collect();
    if !changes.is_empty() {
        sentences.push(format!("Weights: {}.", listed(&changes)));
    }
}

fn change(title: &str, before: Option<f64>, weight: f64) -> Option<String> {
    match before {
        Some(before) if before == weight => None,
        Some(before) => Some(format!("{title} {} instead of {}", shortest(weight), shortest(before))),
        None => Some(format!("{title} {}", shortest(weight))),
    }
}

/// The new share of every signal: a change of one weight moves the shares of the others.
fn shares(was: &Plan, is: &Plan, sentences: &mut Vec<String>) {
    let one_decimal = |share: f64| format!("{:.1} %", share * 100.0);
    let changes: Vec<_> = is
        .signals
        .iter()
        .zip(&is.weighing.shares)
        .filter_map(|(signal, share)| {
            let before = was.find_signal(&signal.name).map(|at| one_decimal(was.weighing.shares[at].nominal))?;
            let share = one_decimal(share.nominal);
            (share != before).then(|| format!("{} {share} instead of {before}", title(&signal.name, &signal.label)))
        })
        .collect();
    if !changes.is_empty() {
        sentences.push(format!("Shares of the score: {}.", listed(&changes)));
    }
}

/// All of them, or the first and how many more.
fn listed(parts: &[String]) -> String {
    match parts.len().checked_sub(LISTED) {
        None | Some(0) => parts.join(", "),
        Some(more) => format!("{} and {more} more", parts[..LISTED].join(", ")),
    }
}

fn signals(base: &Words, own: &Words, sentences: &mut Vec<String>) {
    for (at, signal) in own.plan.signals.iter().enumerate() {
        match base.plan.find_signal(&signal.name) {
            Some(before) => changed_signal(base, own, &base.plan.signals[before], signal, sentences),
            None => sentences.push(added_signal(own, at)),
        }
    }
    let gone = base.plan.signals.iter().filter(|signal| own.plan.find_signal(&signal.name).is_none());
    sentences.extend(gone.map(|signal| format!("{} is not used.", title(&signal.name, &signal.label))));
}

fn changed_signal(base: &Words, own: &Words, was: &Signal, is: &Signal, sentences: &mut Vec<String>) {
    let name = title(&is.name, &is.label);
    if was.label != is.label {
        sentences.push(format!("{} is called {name}.", title(&was.name, &was.label)));
    }
    let category = |plan: &Plan, signal: &Signal| signal.category.map(|at| plan.categories[at].name.clone());
    if category(base.plan, was) != category(own.plan, is) {
        let moved = is.category.map(|at| &own.plan.categories[at]);
        let moved = moved.map(|category| title(&category.name, &category.label));
        sentences.push(format!(
            "{name} is in {}.",
            moved.map_or("no category".into(), |category| format!("category {category}"))
        ));
    }
    for (verb, was, is) in [
        ("measures", base.measured(was), own.measured(is)),
        ("earns", base.earned(was), own.earned(is)),
        ("without a value:", without_value(was), without_value(is)),
    ] {
        if was != is {
            sentences.push(format!("{name} {verb} {is}."));
        }
    }
}

fn added_signal(own: &Words, at: usize) -> String {
    let signal = &own.plan.signals[at];
    let share = own.plan.weighing.shares.get(at);
    let share = share.map_or(String::new(), |share| format!(", {:.1} % of the score", share.nominal * 100.0));
    format!(
        "{} counts too{share}: measures {}; earns {}; without a value: {}.",
        title(&signal.name, &signal.label),
        own.measured(signal),
        own.earned(signal),
        without_value(signal)
    )
}

fn rules(base: &Words, own: &Words, sentences: &mut Vec<String>) {
    let spoken = |words: &Words| -> Vec<(String, String)> {
        words.plan.rules.iter().map(|rule| (rule.name.clone(), full_rule(words, rule))).collect()
    };
    let (was, is) = (spoken(base), spoken(own));
    let old: HashMap<&str, (usize, &str)> =
        was.iter().enumerate().map(|(at, (name, text))| (name.as_str(), (at, text.as_str()))).collect();
    let mut places = Vec::new();
    for (name, text) in &is {
        match old.get(name.as_str()) {
            Some((at, before)) => {
                places.push(*at);
                if before != text {
                    sentences.push(format!("Rule changed: {text}."));
                }
            }
            None => sentences.push(format!("Rule added: {text}.")),
        }
    }
    let mut kept = vec![false; was.len()];
    for at in &places {
        kept[*at] = true;
    }
    let gone = base.plan.rules.iter().zip(&kept).filter(|(_, kept)| !**kept);
    sentences.extend(gone.map(|(rule, _)| format!("No rule {}.", title(&rule.name, &rule.label))));
    if !places.is_sorted() {
        let order: Vec<_> = own.plan.rules.iter().map(|rule| title(&rule.name, &rule.label)).collect();
        sentences.push(format!("The rules run in this order: {}.", listed(&order)));
    }
}

fn full_rule(words: &Words, rule: &Rule) -> String {
    let reason = rule.reason.as_ref().map_or(String::new(), |reason| format!(" (reason: {reason})"));
    format!("{}, {}{reason}", title(&rule.name, &rule.label), words.rule(rule))
}

fn bands(was: &Plan, is: &Plan, sentences: &mut Vec<String>) {
    let spoken = |plan: &Plan| -> Vec<String> {
        let bands = plan.bands.iter().enumerate();
        bands.map(|(at, band)| format!("{} {}", title(&band.name, &band.label), band_range(&plan.bands, at))).collect()
    };
    let bands = spoken(is);
    if bands != spoken(was) {
        sentences.push(format!("Bands: {}.", listed(&bands)));
    }
}
