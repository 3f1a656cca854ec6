//! The model card: one page of Markdown for the people who are scored by a model, and for those who edit it. Every
//! number in it is one that the model computes with; every text of a document passes [`crate::base::markdown`].

use super::phrase::{Words, axis_range, band_range, duration, trend, without_value};
use super::variation::{exact_percent, points_range, unreadable, variations};
use crate::base::markdown::{escape, table};
use crate::base::number::shortest;
use crate::model::compiled::Model;
use crate::model::origin::{DraftOrigin, FitOrigin};
use crate::model::plan::{Formula, Plan};
use crate::signal::definition::{Measure, Signal};
use crate::signal::points::Award;
use crate::signal::table::Table;

/// The maximum number of listed signals, rules or bands.
const LISTED: usize = 200;
/// The maximum number of listed differences of one segment.
const LISTED_DIFFERENCES: usize = 40;

/// Facts about a model that are not in its document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Heading<'a> {
    pub name: Option<&'a str>,
    pub version: Option<i32>,
    pub note: Option<&'a str>,
    /// When the version was saved, in the date format of the reader.
    pub created: Option<&'a str>,
    pub created_by: Option<&'a str>,
    /// When the model was last reviewed.
    pub reviewed: Option<&'a str>,
}

impl Model {
    /// Markdown, at most some hundred lines: what the score means, bands, signals with shares and scales, rules, what
    /// each segment changes, and whether the model was ever checked against outcomes.
    pub fn card(&self, heading: &Heading) -> String {
        let words = Words { inputs: self.inputs(), plan: self.base() };
        let mut card = String::new();
        heading_section(heading, &mut card);
        self.meaning_section(&mut card);
        self.method_section(&mut card);
        signals_section(&words, &mut card);
        rules_section(&words, &mut card);
        self.segments_section(&words, &mut card);
        section("Trend", &[&trend(&self.base().trend)], &mut card);
        self.proof_section(&mut card);
        card.truncate(card.trim_end().len());
        card.push('\n');
        card
    }
}

/// A text of the document's author as a sentence: with a full stop, unless it ends with a mark of its own.
fn sentence(text: &str) -> String {
    let text = text.trim_end();
    let ends = text.trim_end_matches(['"', '\'', '”', '’', '»', ')', '*', '_']).ends_with(['.', '!', '?', '…', ':']);
    if ends { text.to_owned() } else { format!("{text}.") }
}

impl Model {
    fn meaning_section(&self, card: &mut String) {
        let plan = self.base();
        let purpose = plan.purpose.as_ref().map(|purpose| format!("Purpose: {}", sentence(&escape(purpose))));
        let about = self.origin.description.as_ref().map(|text| format!("About: {}", escape(text)));
        let meaning = format!("The score runs from 0 to 100; higher is healthier. {}", display(plan));
        let paragraphs: Vec<&str> = purpose.iter().chain(&about).chain([&meaning]).map(String::as_str).collect();
        section("What the score means", &paragraphs, card);
        let bands = plan.bands.iter().enumerate();
        let rows = bands.map(|(at, band)| vec![band_range(&plan.bands, at), named(&band.name, &band.label)]);
        table(&["Score", "Band"], rows.take(LISTED), card);
        more(plan.bands.len(), "bands", card);
    }

    fn method_section(&self, card: &mut String) {
        let plan = self.base();
        let (formula, gate) = match plan.formula {
            Formula::Weighted => (
                "Each signal's value earns a subscore from 0 to 100, and the score is the mean of the subscores, weighted by \
                 the shares below; the share of a signal without a value goes to the others unless its line says otherwise."
                    .to_owned(),
                "the total share of the signals whose value comes from the account",
            ),
            Formula::Points(range) => (
                points_range(&range),
                "the fraction of the signals whose value comes from the account",
            ),
        };
        let least = if plan.min_coverage > 0.0 {
            format!("below {} there is no score, only \"insufficient data\"", exact_percent(plan.min_coverage))
        } else {
            "this model has no minimum".into()
        };
        let formula = format!("{formula} Coverage is {gate}: {least}.");
        let mut paragraphs = vec![formula.as_str(), unreadable(plan.lenient)];
        if self.may_read_time() {
            paragraphs.push("Below, as_of is the time for which the score is computed, usually now.");
        }
        section("How it is computed", &paragraphs, card);
    }

    fn segments_section(&self, base: &Words, card: &mut String) {
        if self.segments().is_empty() {
            return;
        }
        let lead = "The first segment that matches an account changes the model as listed here; an account without a segment is scored as above.";
        section("Segments", &[lead], card);
        for (position, segment) in (1..).zip(self.segments()) {
            let who = escape(&base.condition(&segment.when));
            let name = escape(&named(&segment.name, &segment.label));
            card.push_str(&format!("{position}. **{name}**: {who}\n"));
            let differences = variations(base, &Words { inputs: base.inputs, plan: &segment.plan });
            for difference in differences.iter().take(LISTED_DIFFERENCES) {
                card.push_str(&format!("   - {}\n", escape(difference)));
            }
            match differences.len() {
                0 => card.push_str("   - Nothing is different.\n"),
                all if all > LISTED_DIFFERENCES => {
                    card.push_str(&format!("   - And {} more differences.\n", all - LISTED_DIFFERENCES));
                }
                _ => {}
            }
        }
        card.push('\n');
    }

    fn proof_section(&self, card: &mut String) {
        let fit = self.origin.fit.as_ref().map_or("Not yet checked against outcomes.".to_owned(), proof);
        let draft = self.origin.draft.as_ref().map(drafted);
        let paragraphs: Vec<&str> = [&fit].into_iter().chain(&draft).map(String::as_str).collect();
        section("Proof", &paragraphs, card);
    }
}

fn section(title: &str, paragraphs: &[&str], card: &mut String) {
    card.push_str(&format!("## {title}\n\n"));
    for paragraph in paragraphs {
        card.extend([paragraph, "\n\n"]);
    }
}

fn heading_section(heading: &Heading, card: &mut String) {
    match heading.name {
        Some(name) => card.push_str(&format!("# Health score model: {}\n\n", escape(name))),
        None => card.push_str("# Health score model\n\n"),
    }
    let version = heading.version.map(|version| format!("version {version}"));
    let saved: Vec<String> = [("saved ", heading.created), ("by ", heading.created_by)]
        .into_iter()
        .filter_map(|(word, text)| text.map(|text| format!("{word}{}", escape(text))))
        .collect();
    let saved = (!saved.is_empty()).then(|| saved.join(" "));
    // Only a stored version can have been reviewed.
    let reviewed = match (heading.reviewed, heading.version) {
        (Some(at), _) => Some(format!("last reviewed {}", escape(at))),
        (None, Some(_)) => Some("not yet reviewed".into()),
        (None, None) => None,
    };
    let facts: Vec<String> = [version, saved, reviewed].into_iter().flatten().collect();
    if !facts.is_empty() {
        card.push_str(&format!("This is {}.\n\n", facts.join(", ")));
    }
    if let Some(note) = heading.note {
        card.push_str(&format!("Note: {}\n\n", escape(note)));
    }
}

fn display(plan: &Plan) -> String {
    let digits = match plan.display.decimals {
        0 => "in whole numbers".to_owned(),
        1 => "with 1 decimal".to_owned(),
        decimals => format!("with {decimals} decimals"),
    };
    let to = shortest(plan.display.max);
    format!("It is shown from 0 to {to} {digits}, rounded down, so that no account looks better than its band.")
}

/// The label, followed by the name in the document unless both are the same.
fn named(name: &str, label: &str) -> String {
    if name == label.replace(' ', "_").to_lowercase() {
        label.to_owned()
    } else if name == label {
        name.to_owned()
    } else {
        format!("{label} ({name})")
    }
}

fn more(all: usize, what: &str, card: &mut String) {
    if all > LISTED {
        card.push_str(&format!("… and {} more {what}.\n\n", all - LISTED));
    }
}

/// The signals of one category, the weightiest first, with what they weigh together.
struct Chapter {
    category: Option<usize>,
    share: f64,
    signals: Vec<usize>,
}

fn chapters(plan: &Plan) -> Vec<Chapter> {
    let share = |at: usize| plan.weighing.shares.get(at).map_or(0.0, |share| share.nominal);
    let mut chapters: Vec<Chapter> = (0..plan.categories.len())
        .map(Some)
        .chain([None])
        .map(|category| Chapter { category, share: 0.0, signals: Vec::new() })
        .collect();
    for (at, signal) in plan.signals.iter().enumerate() {
        let chapter = &mut chapters[signal.category.unwrap_or(plan.categories.len())];
        chapter.share += share(at);
        chapter.signals.push(at);
    }
    chapters.retain(|chapter| !chapter.signals.is_empty());
    // Stable: equal shares stay in the order of names.
    chapters.sort_by(|a, b| b.share.total_cmp(&a.share));
    for chapter in &mut chapters {
        chapter.signals.sort_by(|a, b| share(*b).total_cmp(&share(*a)));
    }
    chapters
}

fn signals_section(words: &Words, card: &mut String) {
    let plan = words.plan;
    section("Signals", &[], card);
    let mut room = LISTED;
    for chapter in chapters(plan) {
        if room == 0 {
            break;
        }
        if !plan.categories.is_empty() {
            let name = match chapter.category {
                Some(at) => escape(&named(&plan.categories[at].name, &plan.categories[at].label)),
                None => "Without a category".into(),
            };
            match plan.formula {
                Formula::Weighted => {
                    card.push_str(&format!("### {name}: {} of the score\n\n", share_text(chapter.share)))
                }
                Formula::Points(_) => card.push_str(&format!("### {name}\n\n")),
            }
        }
        let listed = &chapter.signals[..chapter.signals.len().min(room)];
        room -= listed.len();
        match plan.formula {
            Formula::Weighted => weighted_table(words, listed, card),
            Formula::Points(_) => points_table(words, listed, card),
        }
    }
    more(plan.signals.len(), "signals", card);
}

fn share_text(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn weighted_table(words: &Words, listed: &[usize], card: &mut String) {
    let row = |at: &usize| {
        let signal = &words.plan.signals[*at];
        vec![
            named(&signal.name, &signal.label),
            words.measured(signal),
            share_text(words.plan.weighing.shares[*at].nominal),
            earned(words, signal),
            without_value(signal),
        ]
    };
    let heads = ["Signal", "What is measured", "Share", "How a value earns its subscore", "Without a value"];
    table(&heads, listed.iter().map(row), card);
    for at in listed {
        table_of_pair(words, &words.plan.signals[*at], card);
    }
}

/// Two values together have a small table of their own, below the signals.
fn earned(words: &Words, signal: &Signal) -> String {
    match table_of(signal) {
        Some(table) => format!("by the table below; {} is neutral", shortest(table.neutral)),
        None => words.earned(signal),
    }
}

fn table_of(signal: &Signal) -> Option<&Table> {
    match &signal.measure {
        Measure::Weighted(weighted) => weighted.scale.as_table(),
        Measure::Points(_) => None,
    }
}

fn table_of_pair(words: &Words, signal: &Signal, card: &mut String) {
    let (Some(pair), Some([first, second])) = (table_of(signal), signal.source.parts()) else { return };
    let name = escape(&named(&signal.name, &signal.label));
    let neutral = shortest(pair.neutral);
    card.push_str(&format!(
        "{name}: a subscore above {neutral} is better, one below it worse, than the two values say by themselves. \
         What one of the values does to the score is its own signal and this table together.\n\n"
    ));
    let corner = format!("{} ↓ {} →", words.part_label(&first), words.part_label(&second));
    let columns = (0..pair.columns.count()).map(|column| axis_range(&pair.columns, column));
    let heads: Vec<String> = [corner].into_iter().chain(columns).collect();
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let line = |row: usize| {
        let cells = pair.row(row).iter().map(|subscore| shortest(*subscore));
        [axis_range(&pair.rows, row)].into_iter().chain(cells).collect()
    };
    table(&heads, (0..pair.rows.count()).map(line), card);
}

fn points_table(words: &Words, listed: &[usize], card: &mut String) {
    let row = |at: &usize| {
        let signal: &Signal = &words.plan.signals[*at];
        let mut cells = vec![named(&signal.name, &signal.label), words.measured(signal)];
        if let Measure::Points(award) = &signal.measure {
            cells.extend(award_cells(award));
        }
        cells.push(without_value(signal));
        cells
    };
    let heads = ["Signal", "What is measured", "Points each", "At most", "Fades", "Without a value"];
    table(&heads, listed.iter().map(row), card);
}

fn award_cells(award: &Award) -> [String; 3] {
    [
        shortest(award.points),
        award.max.map_or("no limit".into(), shortest),
        award.half_life.map_or("never".into(), |half_life| format!("by half every {}", duration(half_life))),
    ]
}

fn rules_section(words: &Words, card: &mut String) {
    let rules = &words.plan.rules;
    if rules.is_empty() {
        return section("Rules", &["There are no rules: only the signals change the score."], card);
    }
    let lead = "Rules change the computed score, one after the other. A rule that lacks data does nothing.";
    section("Rules", &[lead], card);
    for (position, rule) in (1..).zip(rules).take(LISTED) {
        let name = escape(&named(&rule.name, &rule.label));
        card.push_str(&format!("{position}. **{name}**: {}", escape(&words.rule(rule))));
        if let Some(reason) = &rule.reason {
            card.push_str(&format!(". Reason given: {}", escape(reason)));
        }
        card.push('\n');
    }
    card.push('\n');
    more(rules.len(), "rules", card);
}

fn proof(fit: &FitOrigin) -> String {
    let decimals = |share: f64| format!("{share:.2}");
    let chance = if fit.auc_low <= 0.5 { " The interval reaches 0.5, so this may be chance." } else { "" };
    format!(
        "Checked against the outcomes of {} accounts, {} of them with the event: AUC {} (95 % interval {} to {}), where 0.5 \
         is a coin's toss and 1 is never wrong.{chance}",
        fit.accounts,
        fit.events,
        decimals(fit.auc),
        decimals(fit.auc_low),
        decimals(fit.auc_high),
    )
}

fn drafted(draft: &DraftOrigin) -> String {
    let read = draft.read.as_deref().map_or(String::new(), |read| format!(" ({})", escape(read)));
    format!("The first draft was fitted to the columns of {}{read}.", escape(&draft.relation))
}
