//! A first model for a relation: a template's signals where the relation has columns for them, further measures that the
//! catalogue knows, scales that fit a sample of the data. What was done and why stands in the document's `meta`.

mod bands;
mod catalogue;
mod codes;
mod columns;
mod fit;
mod prune;
mod report;
mod scales;
mod told;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use crate::issue::Issue;
use crate::model::Model;
use crate::sample::{ColumnKind, Sample, SampleColumn};
use crate::template::Template;
use bands::{terciles, with_bands};
use catalogue::{Measure, Reading, catalogue, worth};
use columns::{Because, Choice, Columns, Need, needs};
use prune::{Known, renamed};
use report::Report;
use told::Told;

/// What to draft.
pub struct Request<'a> {
    pub template: &'a Template,
    /// What the user decided: the column of an input (of a signal, of a column itself), or none to leave it out.
    pub told: &'a [(String, Option<String>)],
    pub relation: &'a str,
    /// How the sample came about, as in "all 7,043 rows".
    pub source: &'a str,
    /// What ages are measured against.
    pub as_of: i64,
    /// Whether to propose bands of a third of the accounts each, in place of the template's.
    pub terciles: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DraftError {
    /// Neither an input nor a signal of the template or catalogue, nor a column.
    UnknownInput {
        name: String,
        nearest: Option<String>,
    },
    UnknownColumn {
        name: String,
        nearest: Option<String>,
    },
    /// One column was given to two inputs.
    Twice {
        column: String,
    },
    /// The column that was named does not hold what the input needs.
    Unsuitable {
        input: String,
        column: String,
        needs: &'static str,
        found: String,
    },
    /// No signal is left; some of the names that would have been recognised.
    NothingFits {
        wanted: Vec<String>,
    },
    /// The scores of the sample do not part into three.
    NoTerciles,
    /// The draft is no valid document, which would be a mistake of ours.
    Invalid(Vec<Issue>),
}

pub fn draft(sample: &Sample, request: &Request, interrupt: &mut dyn FnMut()) -> Result<Json, DraftError> {
    let template: Json = serde_json::from_str(request.template.document).unwrap_or_default();
    let Json::Object(template) = template else { return Err(DraftError::NothingFits { wanted: Vec::new() }) };
    Drafting::begin(sample, request, template)?.finish(interrupt)
}

struct Drafting<'a> {
    sample: &'a Sample,
    request: &'a Request<'a>,
    columns: Columns<'a>,
    /// The document that grows.
    document: Map<String, Json>,
    /// The template's signals as they were.
    template_signals: Map<String, Json>,
    /// Input → column's name.
    inputs: BTreeMap<String, String>,
    /// Measures that became signals.
    measures: BTreeMap<&'static str, &'static Measure>,
    /// Signals with where their values come from, in words.
    origins: BTreeMap<String, String>,
    /// Signals of the template that are not in the draft, with the reason.
    dropped: Map<String, Json>,
    /// Columns with the reason not to use them.
    left_out: BTreeMap<usize, String>,
    /// What is wrong with values of signals that are in the draft.
    unreadable: Vec<String>,
}

impl<'a> Drafting<'a> {
    fn begin(sample: &'a Sample, request: &'a Request, mut document: Map<String, Json>) -> Result<Self, DraftError> {
        let template_signals = match document.get("signals") {
            Some(Json::Object(signals)) => signals.clone(),
            _ => Map::new(),
        };
        let needs = needs(&document);
        document.remove("meta");
        let mut drafting = Drafting {
            sample,
            request,
            columns: Columns::of(sample),
            document,
            template_signals,
            inputs: BTreeMap::new(),
            measures: BTreeMap::new(),
            origins: BTreeMap::new(),
            dropped: Map::new(),
            left_out: BTreeMap::new(),
            unreadable: Vec::new(),
        };
        for (at, column) in sample.columns().iter().enumerate() {
            if column.name.starts_with('@') {
                drafting.leave_out(at, "has a name that a model cannot read");
            }
        }
        let (mut told_inputs, mut told_measures) = (BTreeMap::new(), BTreeMap::new());
        for (name, column) in request.told {
            match drafting.told(name, column.as_deref(), &needs)? {
                Told::Input(input, column) => _ = told_inputs.insert(input, column),
                Told::Measure(measure, column) => _ = told_measures.insert(measure, column),
                Told::Column(column) => drafting.leave_out(column, "left out as told"),
            }
        }
        let mut given: Vec<usize> = told_inputs.values().chain(told_measures.values()).copied().flatten().collect();
        given.sort_unstable();
        if let Some(twice) = given.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(DraftError::Twice { column: sample.columns()[twice[0]].name.clone() });
        }
        given.into_iter().for_each(|column| drafting.columns.take(column));
        drafting.leave_out_by_name(&told_inputs, &told_measures);
        let choices = drafting.columns.choose(&needs, &told_inputs);
        drafting.inputs = choices
            .iter()
            .map(|(input, choice)| (input.clone(), sample.columns()[choice.column].name.clone()))
            .collect();
        drafting.take_template_signals(&choices);
        drafting.leave_out_signals_of(&told_inputs, &mut told_measures);
        drafting.release_unread_columns(&choices);
        drafting.add_measures(&told_measures);
        Ok(drafting)
    }

    fn leave_out(&mut self, column: usize, reason: &str) {
        self.columns.take(column);
        self.left_out.insert(column, reason.to_owned());
    }

    fn is_weighted(&self) -> bool {
        self.document.get("method").is_none_or(|method| method != "points")
    }

    /// Keeps the template's signals whose inputs have columns.
    fn take_template_signals(&mut self, choices: &BTreeMap<String, Choice>) {
        let mut signals = Map::new();
        for (name, template) in &self.template_signals {
            let own = Json::String(name.clone());
            let source = template.get("input").unwrap_or(&own);
            match renamed(source, &self.inputs) {
                Ok(input) => {
                    self.origins.insert(name.clone(), origin(source, choices, self.sample));
                    signals.insert(name.clone(), self.renamed_signal(template, input, is_renamed(source, choices)));
                }
                Err(input) => {
                    self.dropped.insert(name.clone(), format!("no column for {input}").into());
                }
            }
        }
        self.document.insert("signals".into(), Json::Object(signals));
    }

    /// A signal of the template on the relation's columns.
    fn renamed_signal(&self, template: &Json, input: Json, is_renamed: bool) -> Json {
        let mut signal = template.as_object().cloned().unwrap_or_default();
        signal.insert("input".into(), input);
        // The column is there: should it go, that must be seen.
        signal.remove("optional");
        for key in ["observed", "evidence"] {
            match signal.get(key).and_then(Json::as_str).map(|name| self.inputs.get(name)) {
                Some(Some(column)) => _ = signal.insert(key.into(), column.as_str().into()),
                Some(None) => _ = signal.remove(key),
                None => {}
            }
        }
        if !signal.contains_key("observed") {
            for key in ["max_age", "half_life", "within"] {
                signal.remove(key);
            }
        }
        if is_renamed && let Some(label) = signal.get("label").and_then(Json::as_str).map(without_window) {
            signal.insert("label".into(), label.into());
        }
        Json::Object(signal)
    }

    /// Columns that no signal of the template, and no rule or segment that can stay, reads may become signals of their own.
    fn release_unread_columns(&mut self, choices: &BTreeMap<String, Choice>) {
        let signals = self.document["signals"].as_object().cloned().unwrap_or_default();
        let (fitted, categories) = (BTreeSet::new(), categories_of(&signals));
        let known = Known { inputs: &self.inputs, signals: &signals, fitted: &fitted, categories: &categories };
        let mut kept = Map::new();
        for list in ["rules", "segments"] {
            let all = self.document.get(list).unwrap_or(&Json::Null);
            kept.insert(list.into(), known.prune_list(all, &mut Map::new()).into());
        }
        let read: BTreeSet<&str> = inputs_of(&signals).into_iter().chain(inputs_of(&kept)).collect();
        for choice in choices.values() {
            if choice.because != Because::Told && !read.contains(self.sample.columns()[choice.column].name.as_str()) {
                self.columns.release(choice.column);
            }
        }
    }

    /// Signals of the catalogue for the columns that are left.
    fn add_measures(&mut self, told: &BTreeMap<&'static str, Option<usize>>) {
        if !self.is_weighted() {
            return;
        }
        for measure in &catalogue().measures {
            if self.document["signals"].get(&measure.name).is_some() {
                continue;
            }
            let suits = |column: usize| self.first_scale(measure, column).is_some();
            let column = match told.get(measure.name.as_str()) {
                Some(column) => column.filter(|column| suits(*column)),
                None => self.columns.find(&measure.columns, suits),
            };
            let because = if told.contains_key(measure.name.as_str()) { Because::Told } else { Because::Synonym };
            match (column, self.category_for(measure)) {
                (Some(column), Some(category)) => {
                    self.columns.take(column);
                    self.add_measure(measure, Choice { column, because }, category);
                }
                (Some(column), None) => {
                    self.left_out.insert(column, format!("no category of the template is for {}", measure.theme));
                }
                _ => {}
            }
        }
    }

    /// The category of a measure, none without categories; nothing at all where no category suits.
    fn category_for(&self, measure: &Measure) -> Option<Option<String>> {
        let Some(Json::Object(categories)) = self.document.get("categories") else { return Some(None) };
        let stands_in = self.template_signals.get(&measure.name).and_then(|signal| signal["category"].as_str());
        stands_in.or_else(|| catalogue().category(&measure.theme, categories)).map(|name| Some(name.to_owned()))
    }

    fn add_measure(&mut self, measure: &'static Measure, choice: Choice, category: Option<String>) {
        let Some((input, scale)) = self.first_scale(measure, choice.column) else { return };
        let template = self.template_signals.get(&measure.name);
        let weight = template.map_or(Json::from(measure.weight), |signal| signal["weight"].clone());
        let mut signal = json!({"label": measure.label, "weight": weight, "input": input, "scale": scale});
        if let Some(unit) = &measure.unit {
            signal["unit"] = unit.as_str().into();
        }
        if let Some(category) = category {
            signal["category"] = category.into();
        }
        let name = &self.sample.columns()[choice.column].name;
        let how = if choice.because == Because::Told { "as told" } else { "by its name" };
        let standing = if template.is_some() { "in the place of the template's signal" } else { "not in the template" };
        self.origins.insert(measure.name.clone(), format!("column {name}, {how}; {standing}"));
        self.left_out.remove(&choice.column);
        self.dropped.remove(&measure.name);
        self.measures.insert(&measure.name, measure);
        self.document["signals"][&measure.name] = signal;
    }

    /// Input and scale of a measure on a column, before the scale is fitted; none where the column does not suit.
    fn first_scale(&self, measure: &Measure, column: usize) -> Option<(Json, Json)> {
        let SampleColumn { name, kind, .. } = &self.sample.columns()[column];
        let scale = match &measure.reading {
            Reading::More | Reading::Survey if *kind == ColumnKind::Number => json!({"linear": [0, 1]}),
            Reading::Less if *kind == ColumnKind::Number => json!({"linear": [1, 0]}),
            Reading::Recent if self.sample.holds_times(column) => {
                json!({"recency": {"best": "1 day", "worst": "2 days"}})
            }
            Reading::Since if self.sample.holds_times(column) => {
                return Some((json!({"days": [name, "@as_of"]}), json!({"linear": [0, 1]})));
            }
            Reading::Answer(healthy) => codes::of_answers(self.sample, column, *healthy)?,
            Reading::Words(words) => codes::of_texts(self.sample, column, |text| worth(text, words))?,
            _ => return None,
        };
        Some((name.as_str().into(), scale))
    }

    fn finish(mut self, interrupt: &mut dyn FnMut()) -> Result<Json, DraftError> {
        let fitted = if self.is_weighted() { self.fit_scales(interrupt)? } else { BTreeSet::new() };
        if self.document["signals"].as_object().is_none_or(Map::is_empty) {
            return Err(self.nothing_fits());
        }
        if !self.unreadable.is_empty() {
            self.document.insert("on_invalid".into(), "missing".into());
        }
        let pruned = self.prune(&fitted, interrupt);
        let meta = self.meta(pruned);
        self.document.insert("meta".into(), json!({"draft": meta}));
        let mut document = Json::Object(self.document);
        let model = Model::compile(&document, interrupt).map_err(DraftError::Invalid)?;
        for (column, values) in beside_segments(&model, self.sample) {
            document["meta"]["known_values"][column] = values;
        }
        if !self.request.terciles {
            return Ok(document);
        }
        let bounds = terciles(&model, self.sample, self.request.as_of, interrupt).ok_or(DraftError::NoTerciles)?;
        Ok(with_bands(document, bounds))
    }

    /// Leaves the rules, segments and categories that still mean something.
    fn prune(&mut self, fitted: &BTreeSet<String>, interrupt: &mut dyn FnMut()) -> Pruned {
        let signals = self.document["signals"].as_object().cloned().unwrap_or_default();
        let categories = categories_of(&signals);
        if let Some(Json::Object(all)) = self.document.get_mut("categories") {
            all.retain(|name, _| categories.contains(name.as_str()));
        }
        let known = Known { inputs: &self.inputs, signals: &signals, fitted, categories: &categories };
        let mut pruned = Pruned::default();
        let rules = known.prune_list(&self.document.remove("rules").unwrap_or_default(), &mut pruned.rules);
        let segments = known.prune_list(&self.document.remove("segments").unwrap_or_default(), &mut pruned.segments);
        self.document.insert("rules".into(), rules.into());
        let mut kept = Vec::new();
        for mut segment in segments {
            segment["patch"] = known.prune_patch(&segment["patch"]);
            // What is left of a patch may make no sense, as a weight of 0 for the only signal.
            let mut trial = self.document.clone();
            trial.insert("segments".into(), json!([segment]));
            let changes = segment["patch"].as_object().is_some_and(|patch| !patch.is_empty());
            if changes && Model::compile(&Json::Object(trial), interrupt).is_ok() {
                kept.push(segment);
            } else {
                let name = segment["name"].as_str().unwrap_or_default();
                pruned.segments.insert(name.to_owned(), "what it changes is not there".into());
            }
        }
        if !kept.is_empty() {
            self.document.insert("segments".into(), kept.into());
        }
        pruned
    }

    fn meta(&mut self, pruned: Pruned) -> Json {
        let mut draft = json!({
            "relation": self.request.relation,
            "template": self.request.template.name,
            "read": self.request.source,
        });
        let dropped =
            [("signals", std::mem::take(&mut self.dropped)), ("rules", pruned.rules), ("segments", pruned.segments)];
        for (key, list) in dropped.into_iter().filter(|(_, list)| !list.is_empty()) {
            draft["dropped"][key] = Json::Object(list);
        }
        let signals = self.document["signals"].as_object().cloned().unwrap_or_default();
        let report =
            Report { sample: self.sample, decided: &self.left_out, signals: &signals, measures: self.is_weighted() };
        let left_out = report.left_out(&inputs_of(&self.document));
        if !left_out.is_empty() {
            draft["left_out"] = Json::Object(left_out);
        }
        let notes = [std::mem::take(&mut self.unreadable), report.notes()].concat();
        if !notes.is_empty() {
            draft["notes"] = notes.into();
        }
        draft
    }

    fn nothing_fits(&self) -> DraftError {
        let signals = Map::from_iter([("signals".to_owned(), Json::Object(self.template_signals.clone()))]);
        let mut wanted: Vec<String> = needs(&signals).into_keys().collect();
        let measures = catalogue().measures.iter().filter(|_| self.is_weighted());
        wanted.extend(measures.filter_map(|measure| measure.columns.first()).map(|name| name.written.clone()));
        wanted.sort_unstable();
        wanted.dedup();
        DraftError::NothingFits { wanted }
    }
}

/// The rules and segments that were taken out, with the reasons.
#[derive(Default)]
struct Pruned {
    rules: Map<String, Json>,
    segments: Map<String, Json>,
}

fn categories_of(signals: &Map<String, Json>) -> BTreeSet<&str> {
    signals.values().filter_map(|signal| signal["category"].as_str()).collect()
}

/// The columns that a document, or a part of it, reads.
fn inputs_of(document: &Map<String, Json>) -> BTreeSet<&str> {
    const READERS: [&str; 6] = ["input", "observed", "evidence", "ratio", "change", "days"];
    fn walk<'j>(json: &'j Json, key: &str, found: &mut BTreeSet<&'j str>) {
        match json {
            Json::String(name) if READERS.contains(&key) => _ = found.insert(name),
            Json::Array(list) => list.iter().for_each(|item| walk(item, key, found)),
            Json::Object(map) => {
                map.iter().filter(|(key, _)| *key != "meta").for_each(|(key, item)| walk(item, key, found));
            }
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    document.iter().filter(|(key, _)| *key != "meta").for_each(|(key, part)| walk(part, key, &mut found));
    found
}

/// The values of columns that tell segments apart, which belong to none: a new one is to be noticed later.
fn beside_segments(model: &Model, sample: &Sample) -> BTreeMap<String, Json> {
    let mut known = BTreeMap::new();
    for (input, codes) in model.segment_codes() {
        let name = &model.inputs()[input].name;
        if let Some(texts) = sample.position(name).and_then(|column| sample.texts(column, codes::MOST_CODES)) {
            let mut others: Vec<&str> =
                texts.into_iter().map(|(text, _)| text).filter(|text| !codes.contains(text)).collect();
            others.sort_unstable();
            known.insert(name.clone(), others.into());
        }
    }
    known
}

/// Where a signal of the template gets its values, in words.
fn origin(source: &Json, choices: &BTreeMap<String, Choice>, sample: &Sample) -> String {
    let mut parts = Vec::new();
    columns::each_input(source, Need::Any, &mut |input, _| {
        if let Some(choice) = choices.get(input) {
            let column = &sample.columns()[choice.column].name;
            parts.push(match choice.because {
                Because::SameName => format!("column {column}"),
                Because::Told => format!("column {column} for {input}, as told"),
                Because::Synonym => format!("column {column} for {input}, by its name"),
            });
        }
    });
    parts.join(" and ")
}

fn is_renamed(source: &Json, choices: &BTreeMap<String, Choice>) -> bool {
    let mut renamed = false;
    columns::each_input(source, Need::Any, &mut |input, _| {
        renamed |= choices.get(input).is_some_and(|choice| choice.because != Because::SameName);
    });
    renamed
}

/// "Logins in 30 days" is not what a column named monthly_logins must hold.
fn without_window(label: &str) -> String {
    let words: Vec<&str> = label.split(' ').collect();
    let window = words.windows(3).position(|part| {
        part[0] == "in" && part[1].parse::<u32>().is_ok() && ["day", "days", "month", "months"].contains(&part[2])
    });
    match window {
        Some(at) => [&words[..at], &words[at + 3..]].concat().join(" "),
        None => label.to_owned(),
    }
}
