//! Signals: one measure of an account, from its raw value to a subscore (or to points).

use serde_json::Value as Json;

use super::inputs::Inputs;
use super::points::Award;
use super::recipe::{COMBINES, Combine, Gathered, Recipe};
use super::scale::Scale;
use super::source::Source;
use super::table::{Axis, Table};
use crate::base::number::shortest;
use crate::base::quoted::Quoted;
use crate::base::value::Literal;
use crate::document::issue::{Issues, Path};
use crate::document::json::{Object, check_column, check_name, kind};

#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    pub name: String,
    pub label: String,
    pub unit: Option<String>,
    /// The question to a person who judges this signal.
    pub ask: Option<String>,
    pub category: Option<usize>,
    pub combine: Combine,
    /// Microseconds, as `lag`.
    pub window: Option<i64>,
    pub lag: Option<i64>,
    /// A row may lack its columns.
    pub optional: bool,
    pub(crate) source: Source,
    /// What takes the place of the source in accounts gathered from events.
    pub(crate) gathered: Option<Gathered>,
    /// The same for the second value of a cross.
    pub(crate) gathered_second: Option<Gathered>,
    pub(crate) observed: Option<usize>,
    pub(crate) max_age: Option<i64>,
    pub(crate) default: Option<Literal>,
    pub(crate) evidence: Option<usize>,
    pub(crate) measure: Measure,
    /// The reasons that are shown for a missing value and for a stale value.
    pub(crate) missing_reason: String,
    pub(crate) stale_reason: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Measure {
    Weighted(Weighted),
    Points(Award),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weighted {
    pub weight: f64,
    pub scale: Scale,
    /// The subscore of a missing value, or none to redistribute its weight.
    pub missing: Option<f64>,
}

const COMMON: [&str; 13] = [
    "category", "label", "unit", "ask", "input", "observed", "max_age", "default", "evidence", "optional", "combine",
    "window", "lag",
];
const WEIGHTED: [&str; 3] = ["weight", "scale", "missing"];
const POINTS: [&str; 5] = ["points", "max", "half_life", "absent", "within"];

/// What the signals of one document share.
pub(crate) struct Context<'a> {
    /// The names of all categories, sorted.
    pub categories: &'a [&'a str],
    pub points: bool,
    pub category_weights: bool,
}

impl Signal {
    pub(crate) fn parse(
        name: &str,
        json: &Json,
        path: Path,
        context: &Context,
        inputs: &mut Inputs,
        issues: &mut Issues,
    ) -> Option<Signal> {
        check_name(name, &path, issues);
        if name.starts_with('@') {
            issues.error(&path, "a signal's name must not start with @");
        }
        let own: &[&str] = if context.points { &POINTS } else { &WEIGHTED };
        let known: Vec<&str> = COMMON.iter().chain(own).copied().collect();
        let object = Object::open(json, path, &known, issues)?;

        let optional = object.boolean("optional", issues).unwrap_or(false);
        let source = match object.get("input") {
            Some(input) => inputs.parse_signal_source(input, path.key("input"), !optional, issues),
            None => Some(Source::Column(inputs.add(name, !optional, true))),
        };
        let mut column = |key: &str, scored: bool, issues: &mut Issues| {
            let column = object.text(key, issues)?;
            check_column(column, &path.key(key), issues).then(|| inputs.add(column, !optional, scored))
        };
        let observed = column("observed", true, issues);
        let evidence = column("evidence", false, issues);
        let category = object.text("category", issues).and_then(|wanted| {
            let found = context.categories.binary_search(&wanted).ok();
            if found.is_none() {
                let near = issues.did_you_mean(wanted, context.categories.iter().copied());
                issues.error(
                    &path.key("category"),
                    format!("category {wanted} is not declared under categories{near}", wanted = Quoted(wanted)),
                );
            }
            found
        });
        let default = object.get("default").and_then(|json| {
            let literal = Literal::from_json(json);
            if literal.is_none() {
                issues.error(&path.key("default"), format!("must be a number, text or boolean, not {}", kind(json)));
            }
            literal
        });
        let max_age = object.duration("max_age", issues);
        if object.has("max_age") && !object.has("observed") {
            // In the long form every value brings its time.
            issues.warning(&path.key("max_age"), "has no effect on a row or object without observed");
        }
        let combine = object.choice("combine", &COMBINES, issues);
        let window = object.duration("window", issues);
        let lag = object.duration("lag", issues);
        let measure = if context.points {
            Award::parse(&object, default.as_ref(), issues).map(Measure::Points)
        } else {
            Weighted::parse(&object, context, default.as_ref(), issues).map(Measure::Weighted)
        };
        let label = object.text("label", issues).unwrap_or(name).to_owned();
        let unit = object.owned_text("unit", issues);
        let ask = object.owned_text("ask", issues);
        let (source, measure) = (source?, measure?);
        let combine = combine.unwrap_or(measure.usual_combine(&source));
        measure.check_kind(&source, combine, &path, issues);
        let parts = source.each();
        if window.is_none() && { parts }.any(|part| matches!(part, Source::Change(now, before) if now == before)) {
            issues.warning(&path.key("input"), "compares a value with itself: give a window of events");
        }
        if source.parts().is_some() {
            for key in ["observed", "max_age", "unit"].into_iter().filter(|key| object.has(key)) {
                issues.error(&object.path.key(key), "is not allowed with cross, which reads two values");
            }
        }
        let recipe = |source: Source| Recipe {
            signal: name.to_owned(),
            source,
            combine,
            window,
            lag,
            half_life: measure.half_life(),
            measures_age: measure.reads_age(),
            keeps_time: max_age.is_some() || measure.reads_time(),
        };
        // Each value of a cross is derived by itself.
        let mut derived = source.each().map(|part| {
            let recipe = recipe(part);
            recipe.is_needed().then(|| inputs.derive(recipe))
        });
        let (gathered, gathered_second) = (derived.next().flatten(), derived.next().flatten());
        drop(derived);
        if gathered.is_none() {
            inputs.keep_last(source.inputs());
        }
        // Where events have no times, a row may still tell when a value was observed.
        inputs.keep_last(observed.into_iter().chain(evidence));

        let treatment = treatment(default.as_ref(), &measure);
        let age = object.get("max_age").and_then(Json::as_str).unwrap_or_default();
        Some(Signal {
            name: name.to_owned(),
            label,
            unit,
            ask,
            category,
            combine,
            window,
            lag,
            optional,
            source,
            gathered,
            gathered_second,
            observed,
            max_age,
            default,
            evidence,
            measure,
            missing_reason: format!("no value: {treatment}"),
            stale_reason: format!("older than {age}: {treatment}"),
        })
    }

    /// What happens without a value, in words.
    pub(crate) fn treatment(&self) -> String {
        treatment(self.default.as_ref(), &self.measure)
    }

    pub fn weight(&self) -> f64 {
        match &self.measure {
            Measure::Weighted(weighted) => weighted.weight,
            Measure::Points(_) => 0.0,
        }
    }

    /// Input, worst value and range of a linear scale on a plain input.
    pub(crate) fn plain_linear(&self) -> Option<(usize, f64, f64)> {
        let is_plain = self.gathered.is_none();
        match (self.source, &self.measure) {
            (Source::Column(input), Measure::Weighted(Weighted { scale: Scale::Linear { worst, range, .. }, .. }))
                if is_plain =>
            {
                Some((input, *worst, *range))
            }
            _ => None,
        }
    }

    pub(crate) fn reads_time(&self) -> bool {
        self.source.reads_time()
            || (self.observed.is_some() && (self.max_age.is_some() || self.measure.reads_time()))
            || self.measure.reads_age()
    }

    /// The subscore from which points are lost.
    #[inline]
    pub(crate) fn best(&self) -> f64 {
        match &self.measure {
            Measure::Weighted(weighted) => weighted.scale.best(),
            Measure::Points(_) => 100.0,
        }
    }

    pub(crate) fn as_award(&self) -> Option<&Award> {
        match &self.measure {
            Measure::Points(award) => Some(award),
            Measure::Weighted(_) => None,
        }
    }

    /// Whether the scale measures the age of the value.
    pub(crate) fn measures_age(&self) -> bool {
        self.measure.reads_age()
    }
}

impl Measure {
    /// How events become one value by default: the points of all actions count; for a weighted measure, and for dates,
    /// the last value counts.
    pub fn usual_combine(&self, source: &Source) -> Combine {
        match (self, source) {
            (Measure::Points(_), Source::Column(_) | Source::Ratio(..) | Source::Change(..)) => Combine::Sum,
            _ => Combine::Last,
        }
    }

    /// Whether the age of a value matters.
    fn reads_time(&self) -> bool {
        match self {
            Measure::Weighted(weighted) => weighted.scale.reads_time(),
            Measure::Points(award) => award.reads_time(),
        }
    }

    fn half_life(&self) -> Option<i64> {
        match self {
            Measure::Weighted(_) => None,
            Measure::Points(award) => award.half_life,
        }
    }

    fn reads_age(&self) -> bool {
        matches!(self, Measure::Weighted(weighted) if weighted.scale.reads_time())
    }

    /// Whether the scale can read what the source, or combining events, gives.
    fn check_kind(&self, source: &Source, combine: Combine, path: &Path, issues: &mut Issues) {
        if source.each().any(|part| matches!(part, Source::Days(..))) && combine != Combine::Last {
            issues.error(&path.key("combine"), "must be \"last\" with days, which count from one time to another");
        }
        let Measure::Weighted(weighted) = self else {
            if source.parts().is_some() {
                issues.error(&path.key("input"), "may not be a cross under method \"points\"");
            }
            return;
        };
        match (source.parts(), weighted.scale.as_table()) {
            (Some(_), Some(table)) => return check_axes(source, table, combine, path, issues),
            (Some(_), None) => {
                return issues.error(&path.key("scale"), "must be a table, because cross gives two values");
            }
            (None, Some(_)) => {
                return issues
                    .error(&path.key("input"), "must be a cross of two inputs, because a table reads two values");
            }
            (None, None) => {}
        }
        if weighted.scale.takes_numbers() {
            return;
        }
        if !matches!(source, Source::Column(_)) {
            issues.error(&path.key("scale"), "needs a scale of numbers, because ratio, change and days give numbers");
        } else if combine != Combine::Last {
            issues.error(&path.key("scale"), "needs a scale of numbers, because combine gives numbers");
        }
    }
}

impl Weighted {
    fn parse(object: &Object, context: &Context, default: Option<&Literal>, issues: &mut Issues) -> Option<Weighted> {
        let weight = if object.has("weight") { object.weight("weight", issues) } else { Some(1.0) };
        if context.category_weights && weight != Some(0.0) && !object.has("category") {
            issues.error(&object.path, "needs a category, because the categories have weights");
        }
        let missing = match object.get("missing") {
            None => None,
            Some(Json::Number(_)) => object.number_in("missing", 0.0, 100.0, issues),
            Some(Json::String(_)) => {
                let policies =
                    [("exclude", None), ("worst", Some(0.0)), ("neutral", Some(50.0)), ("best", Some(100.0))];
                object.choice("missing", &policies, issues).flatten()
            }
            Some(other) => {
                let text = "must be \"exclude\", \"worst\", \"neutral\", \"best\" or a subscore";
                issues.error(&object.path.key("missing"), format!("{text}, not {}", kind(other)));
                None
            }
        };
        let Some(scale) = object.get("scale") else {
            issues.error(&object.path, "a scale is required");
            return None;
        };
        let scale = Scale::parse(scale, object.path.key("scale"), issues)?;
        if let Some(default) = default
            && scale.subscore(&default.as_value(), 0).is_err()
        {
            issues.error(&object.path.key("default"), "does not suit the signal's scale");
        }
        Some(Weighted { weight: weight?, scale, missing })
    }
}

/// Computed and combined values are numbers, which only steps read.
fn check_axes(source: &Source, table: &Table, combine: Combine, path: &Path, issues: &mut Issues) {
    for ((part, axis), key) in source.each().zip(table.axes()).zip(["rows", "columns"]) {
        if matches!(axis, Axis::Groups { .. }) && (combine != Combine::Last || !matches!(part, Source::Column(_))) {
            let text = "must be numbers, because ratio, change, days and combine give numbers";
            issues.error(&path.key("scale").key("table").key(key), text);
        }
    }
}

/// What happens to a signal without a value, in words.
fn treatment(default: Option<&Literal>, measure: &Measure) -> String {
    if let Some(default) = default {
        return format!("counted as {}", default.as_value().written());
    }
    match measure {
        Measure::Weighted(Weighted { missing: None, .. }) => "its weight is shared out".into(),
        Measure::Weighted(Weighted { missing: Some(subscore), .. }) => {
            format!("counted as subscore {}", shortest(*subscore))
        }
        Measure::Points(award) => award.without_value(),
    }
}
