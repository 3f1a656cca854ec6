//! A model: a checked document with its segments, ready to score.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::band::{Band, band_of};
use super::condition::{Condition, Numbers, Scope};
use super::origin::Origin;
use super::plan::{Plan, not_an_object};
use super::rule::unique_names;
use crate::base::nearest::nearest;
use crate::base::rounding::round9;
use crate::base::value::Value;
use crate::document::issue::{Issue, Issues, Path};
use crate::document::json::{Object, kind};
use crate::document::patch::{check_segment_patch, merge};
use crate::gather::state::Gathering;
use crate::signal::input::{GATHERED, Input};
use crate::signal::inputs::Inputs;
use crate::signal::problem::Problem;

/// Bounds of a document, so that compiling one never takes the memory or the minutes of a server.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The size of the document as jsonb.
    pub bytes: usize,
    pub signals: usize,
    pub segments: usize,
    /// Signals times (segments + 1).
    pub signals_in_segments: usize,
    /// JSON values, as numbers, texts and arrays, times (segments + 1): each segment compiles a document of its own.
    pub values_in_segments: usize,
}

pub const LIMITS: Limits = Limits {
    bytes: 2 << 20,
    signals: 5_000,
    segments: 100,
    signals_in_segments: 50_000,
    values_in_segments: 2_000_000,
};

#[derive(Debug)]
pub struct Model {
    inputs: Vec<Input>,
    base: Plan,
    segments: Vec<Segment>,
    reads_time: bool,
    gathering: Gathering,
    /// The input that holds a person's override.
    pub(crate) overridden: usize,
    /// The input that holds the notes of people's judgements.
    pub(crate) notes: usize,
    /// The input that is true in an account gathered from events.
    gathered: Option<usize>,
    pub(crate) origin: Origin,
    warnings: Vec<Issue>,
}

#[derive(Debug)]
pub(crate) struct Segment {
    pub name: String,
    pub label: String,
    pub when: Condition,
    pub plan: Plan,
}

/// Which segment's patch to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SegmentChoice<'a> {
    /// The first whose condition holds.
    Auto,
    /// The unpatched document.
    None,
    Named(&'a str),
}

impl<'a> SegmentChoice<'a> {
    /// From an SQL argument: NULL, the empty text, or a name.
    pub fn from_argument(argument: Option<&'a str>) -> Self {
        match argument {
            None => SegmentChoice::Auto,
            Some("") => SegmentChoice::None,
            Some(name) => SegmentChoice::Named(name),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownSegment {
    pub name: String,
    pub nearest: Option<String>,
}

/// Segments are chosen before there are numbers.
struct NoNumbers;

impl Numbers for NoNumbers {
    fn subscore(&self, _: usize) -> Option<f64> {
        None
    }
    fn category(&self, _: usize) -> Option<f64> {
        None
    }
    fn running(&self) -> f64 {
        f64::NAN
    }
    fn base(&self) -> f64 {
        f64::NAN
    }
}

impl Model {
    /// All errors and warnings of a document.
    pub fn check(document: &Json, interrupt: &mut dyn FnMut()) -> Vec<Issue> {
        match Model::compile(document, interrupt) {
            Ok(model) => model.warnings,
            Err(issues) => issues,
        }
    }

    /// Compiles a document, or reports all of its issues. `interrupt` is called often enough to stop long work.
    pub fn compile(document: &Json, interrupt: &mut dyn FnMut()) -> Result<Model, Vec<Issue>> {
        let mut issues = Issues::default();
        let mut inputs = Inputs::default();
        if !document.is_object() {
            issues.error(&Path::Root, not_an_object(document));
            return Err(issues.into_list());
        }
        let signals = count_signals(document);
        let segments = document.get("segments").and_then(Json::as_array).map_or(0, Vec::len);
        if signals > LIMITS.signals {
            issues.error(&Path::Root.key("signals"), format!("has {signals} signals; the limit is {}", LIMITS.signals));
        }
        if segments > LIMITS.segments {
            issues.error(
                &Path::Root.key("segments"),
                format!("has {segments} segments; the limit is {}", LIMITS.segments),
            );
        }
        if signals * (segments + 1) > LIMITS.signals_in_segments {
            let text = format!("signals times segments exceed the limit of {}", LIMITS.signals_in_segments);
            issues.error(&Path::Root.key("segments"), text);
        }
        if segments > 0 && count_values(document) * (segments + 1) > LIMITS.values_in_segments {
            let text = format!("the values of the document times segments exceed {}", LIMITS.values_in_segments);
            issues.error(&Path::Root.key("segments"), text);
        }
        if issues.has_errors() {
            return Err(issues.into_list());
        }
        let base = Plan::parse(document, &mut inputs, &mut issues, interrupt);
        let segments = parse_segments(document, &mut inputs, &mut issues, interrupt);
        match base {
            Some(base) if !issues.has_errors() => {
                let reads_time = base.reads_time || segments.iter().any(|s| s.plan.reads_time || s.when.reads_time());
                let plans = || std::iter::once(&base).chain(segments.iter().map(|segment| &segment.plan));
                let strict = !plans().any(|plan| plan.lenient);
                let gathering = Gathering::new(&inputs, plans().flat_map(|plan| &plan.signals), strict);
                let overridden = inputs.add_override();
                let notes = inputs.add_notes();
                Ok(Model {
                    overridden,
                    notes,
                    gathered: inputs.find(GATHERED),
                    inputs: inputs.list,
                    base,
                    segments,
                    reads_time,
                    gathering,
                    origin: Origin::read(document),
                    warnings: issues.into_list(),
                })
            }
            _ => Err(issues.into_list()),
        }
    }

    pub fn warnings(&self) -> &[Issue] {
        &self.warnings
    }

    /// The columns or keys to read, in the order of the values that [`crate::Assessor::assess`] takes.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// The columns or keys of an account in a table, without values that are derived from events.
    pub fn columns(&self) -> impl Iterator<Item = &Input> {
        self.inputs.iter().filter(|input| !input.gathered)
    }

    /// Whether any score of this model depends on as_of, for rows or for events.
    pub fn may_read_time(&self) -> bool {
        self.reads_time || self.gathering.reads_time()
    }

    /// Whether the score of these values depends on as_of.
    pub(crate) fn reads_time(&self, values: &[Value]) -> bool {
        let is_gathered = || self.gathered.is_some_and(|flag| values.get(flag) == Some(&Value::Bool(true)));
        self.reads_time || (self.gathering.reads_time() && is_gathered())
    }

    /// The recipe that derives the inputs of this model from events.
    pub fn gathering(&self) -> &Gathering {
        &self.gathering
    }

    /// The members of the JSON object that stands for an account gathered from events.
    pub fn members<'a>(&'a self, values: &'a [Value<'a>]) -> impl Iterator<Item = (&'a str, &'a Value<'a>)> {
        let pairs = self.inputs.iter().zip(values);
        pairs
            .filter(|(input, value)| input.is_value_of_events() || **value != Value::Missing)
            .map(|(input, value)| (input.name.as_str(), value))
    }

    /// The window of a trend, in microseconds, and the smallest change that is one, in points. A model has one of each.
    pub fn trend(&self) -> (i64, f64) {
        (self.base.trend.window, self.base.trend.tolerance)
    }

    /// The unpatched document.
    pub fn base(&self) -> &Plan {
        &self.base
    }

    /// The plan of the unpatched document and those of the segments.
    pub(crate) fn plans(&self) -> impl Iterator<Item = &Plan> {
        std::iter::once(&self.base).chain(self.segments.iter().map(|segment| &segment.plan))
    }

    /// The texts that distinguish segments, by input.
    pub(crate) fn segment_codes(&self) -> BTreeMap<usize, BTreeSet<&str>> {
        let mut codes: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
        for segment in &self.segments {
            segment.when.each_code(&mut |input, text| _ = codes.entry(input).or_default().insert(text));
        }
        codes
    }

    /// The texts that rules look for, by input.
    pub(crate) fn rule_codes(&self) -> BTreeMap<usize, BTreeSet<&str>> {
        let mut codes: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
        for rule in self.plans().flat_map(|plan| &plan.rules) {
            rule.when.each_code(&mut |input, text| _ = codes.entry(input).or_default().insert(text));
        }
        codes
    }

    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    pub fn segment_names(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().map(|segment| segment.name.as_str())
    }

    /// The band of a score, without an account to choose a segment by.
    pub fn band(&self, score: f64, segment: SegmentChoice) -> Result<Option<&Band>, UnknownSegment> {
        let plan = match segment {
            SegmentChoice::Named(name) => &self.named(name)?.plan,
            SegmentChoice::Auto | SegmentChoice::None => &self.base,
        };
        // A mean of scores that are all 70 may be a bit below it.
        Ok(band_of(&plan.bands, round9(score)).map(|(_, band)| band))
    }

    /// The bands of the unpatched document by name, with the lowest score of each, rising.
    pub fn band_bounds(&self) -> Vec<(String, f64)> {
        self.base.bands.iter().map(|band| (band.name.clone(), band.from)).collect()
    }

    /// A score as the document's `display` shows it.
    pub fn display(&self, score: f64) -> String {
        self.base.display.format(score)
    }

    fn named(&self, name: &str) -> Result<&Segment, UnknownSegment> {
        self.segments.iter().find(|segment| segment.name == name).ok_or_else(|| UnknownSegment {
            name: name.to_owned(),
            nearest: nearest(name, self.segment_names()).map(str::to_owned),
        })
    }

    pub(crate) fn segment_label<'a>(&'a self, name: &'a str) -> &'a str {
        self.named(name).map_or(name, |segment| &segment.label)
    }

    pub(crate) fn choose(
        &self,
        choice: SegmentChoice,
        values: &[Value],
        as_of: i64,
    ) -> Result<Option<&Segment>, ChoiceError<'_>> {
        match choice {
            SegmentChoice::None => Ok(None),
            SegmentChoice::Named(name) => self.named(name).map(Some).map_err(ChoiceError::Unknown),
            SegmentChoice::Auto => {
                for segment in &self.segments {
                    match segment.when.holds(values, as_of, self.base.lenient, &NoNumbers) {
                        Ok(Some(true)) => return Ok(Some(segment)),
                        Ok(_) => {}
                        Err(problem) => return Err(ChoiceError::Invalid(&segment.name, problem)),
                    }
                }
                Ok(None)
            }
        }
    }
}

pub(crate) enum ChoiceError<'m> {
    Unknown(UnknownSegment),
    Invalid(&'m str, Problem),
}

fn count_values(json: &Json) -> usize {
    match json {
        Json::Array(list) => 1 + list.iter().map(count_values).sum::<usize>(),
        Json::Object(map) => 1 + map.values().map(count_values).sum::<usize>(),
        _ => 1,
    }
}

fn count_signals(document: &Json) -> usize {
    document.get("signals").and_then(Json::as_object).map_or(0, |signals| signals.len())
}

fn parse_segments(
    document: &Json,
    inputs: &mut Inputs,
    issues: &mut Issues,
    interrupt: &mut dyn FnMut(),
) -> Vec<Segment> {
    let path = Path::Root.key("segments");
    let list = match document.get("segments") {
        None => return Vec::new(),
        Some(Json::Array(list)) => list,
        Some(other) => {
            issues.error(&path, format!("must be an array, not {}", kind(other)));
            return Vec::new();
        }
    };
    unique_names(list, &path, issues);
    let mut unsegmented = document.clone();
    if let Json::Object(map) = &mut unsegmented {
        map.remove("segments");
    }
    let mut all_signals = count_signals(document);
    let mut segments = Vec::with_capacity(list.len());
    for (index, json) in list.iter().enumerate() {
        interrupt();
        let at = path.index(index);
        let Some(object) = Object::open(json, at, &["name", "label", "when", "patch"], issues) else {
            continue;
        };
        let name = object.name(issues);
        let label = object.owned_text("label", issues);
        let when = match object.get("when") {
            Some(when) => Condition::parse(when, at.key("when"), &Scope::Segment, inputs, issues),
            None => {
                issues.error(&at, "a condition is required under when");
                None
            }
        };
        let Some(patch) = object.get("patch") else {
            issues.error(&at, "a patch is required; {} changes nothing");
            continue;
        };
        let mut own = Issues::default();
        check_segment_patch(document, patch, &at.key("patch"), &mut own);
        let mut plan = None;
        if !own.has_errors() {
            let patched = merge(&unsegmented, patch);
            // A patch can add signals: the limits hold for the result.
            let signals = count_signals(&patched);
            all_signals += signals;
            if signals > LIMITS.signals || all_signals > LIMITS.signals_in_segments {
                issues.error(
                    &at.key("patch").key("signals"),
                    format!("{signals} signals after this patch exceed the limits"),
                );
                return segments;
            }
            let mut found = Issues::default();
            plan = Plan::parse(&patched, inputs, &mut found, interrupt);
            for issue in found.into_list() {
                // An issue of the unpatched document is reported once.
                if !issues.contains(&issue.path, &issue.message) {
                    let below = issue.path.strip_prefix('$').unwrap_or(&issue.path);
                    let note = format!("{} (after this patch)", issue.message);
                    own.push(Issue {
                        severity: issue.severity,
                        path: format!("{}{below}", at.key("patch")),
                        message: note,
                    });
                }
            }
        }
        for issue in own.into_list() {
            issues.push(issue);
        }
        if let (Some(name), Some(when), Some(plan)) = (name, when, plan) {
            segments.push(Segment { label: label.unwrap_or_else(|| name.clone()), name, when, plan });
        }
    }
    segments
}
