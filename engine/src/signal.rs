//! Signals: one measure of an account, from its raw value to a subscore (or to points).

use serde_json::Value as Json;

use crate::account::{Expected, Problem, unsuitable};
use crate::gather::{Gathered, Recipe};
use crate::input::{Inputs, Source, instant};
use crate::issue::{Issues, Path};
use crate::json::{Object, check_column, check_name, kind};
use crate::names::{Quoted, did_you_mean};
use crate::points::Award;
use crate::scale::Scale;
use crate::value::{Literal, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Ok,
    Default,
    Missing,
    Stale,
    Invalid,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Default => "default",
            Status::Missing => "missing",
            Status::Stale => "stale",
            Status::Invalid => "invalid",
        }
    }
}

/// How several values of a signal become one, in the long form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Combine {
    Last,
    Sum,
    Mean,
    Min,
    Max,
    Count,
    Distinct,
    ActiveDays,
}

const COMBINES: [(&str, Combine); 8] = [
    ("last", Combine::Last),
    ("sum", Combine::Sum),
    ("mean", Combine::Mean),
    ("min", Combine::Min),
    ("max", Combine::Max),
    ("count", Combine::Count),
    ("distinct", Combine::Distinct),
    ("active_days", Combine::ActiveDays),
];

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
    pub(crate) observed: Option<usize>,
    pub(crate) max_age: Option<i64>,
    pub(crate) default: Option<Literal>,
    pub(crate) evidence: Option<usize>,
    pub(crate) measure: Measure,
    /// What to tell where there is no value, and where it is too old.
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
    /// The subscore of a missing value, or none to share its weight out.
    pub missing: Option<f64>,
}

/// A raw value and whether it is the account's own.
pub(crate) struct Raw<'a> {
    pub value: Value<'a>,
    pub status: Status,
    pub problem: Option<Problem>,
}

impl Raw<'_> {
    fn without(status: Status) -> Self {
        Raw { value: Value::Missing, status, problem: None }
    }

    pub fn invalid(problem: Problem) -> Self {
        Raw { value: Value::Missing, status: Status::Invalid, problem: Some(problem) }
    }
}

/// What became of one signal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct State {
    pub status: Status,
    /// The subscore, none where the signal does not count. Under method `points` the points.
    pub result: Option<f64>,
}

/// A state, and what was wrong with the value behind it.
pub(crate) struct Reckoned {
    pub state: State,
    pub problem: Option<Problem>,
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
            issues.error(&path, "a signal's name does not start with @");
        }
        let own: &[&str] = if context.points { &POINTS } else { &WEIGHTED };
        let known: Vec<&str> = COMMON.iter().chain(own).copied().collect();
        let object = Object::open(json, path, &known, issues)?;

        let optional = object.boolean("optional", issues).unwrap_or(false);
        let source = match object.get("input") {
            Some(input) => Source::parse(input, path.key("input"), !optional, inputs, issues),
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
                let near = did_you_mean(wanted, context.categories.iter().copied(), issues);
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
        if matches!(source, Source::Change(now, before) if now == before) && window.is_none() {
            issues.warning(&path.key("input"), "compares a value with itself: give a window of events");
        }
        let recipe = Recipe {
            signal: name.to_owned(),
            source,
            combine,
            window,
            lag,
            half_life: measure.half_life(),
            measures_age: measure.reads_age(),
            keeps_time: max_age.is_some() || measure.reads_time(),
        };
        let gathered = recipe.is_needed().then(|| inputs.derive(recipe));
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

    /// The account's own value: missing, too old, unreadable, or there.
    #[inline]
    pub(crate) fn raw<'a>(&self, values: &[Value<'a>], as_of: i64) -> Raw<'a> {
        let value = match self.read(values, as_of) {
            Ok(Value::Missing) => return Raw::without(Status::Missing),
            Ok(value) => value,
            Err(problem) => return Raw::invalid(problem),
        };
        if let Some(max_age) = self.max_age {
            match self.observed_at(values) {
                Ok(Some(at)) if as_of.saturating_sub(at) > max_age => {
                    return Raw::without(Status::Stale);
                }
                // An unknown age is no proof that the value is old.
                Ok(_) => {}
                Err(problem) => return Raw::invalid(problem),
            }
        }
        Raw { value, status: Status::Ok, problem: None }
    }

    /// What was derived from events, if the account was gathered from events.
    #[inline]
    fn gathered(&self, values: &[Value]) -> Option<Gathered> {
        self.gathered.filter(|gathered| values.get(gathered.flag) == Some(&Value::Bool(true)))
    }

    #[inline]
    fn read<'a>(&self, values: &[Value<'a>], as_of: i64) -> Result<Value<'a>, Problem> {
        match self.gathered(values) {
            Some(gathered) => Ok(values[gathered.value]),
            None => self.source.read(values, as_of),
        }
    }

    /// When the value was observed: the time of its last event, else what the column says.
    pub(crate) fn observed_at(&self, values: &[Value]) -> Result<Option<i64>, Problem> {
        let event = self.gathered(values).filter(|gathered| values[gathered.time] != Value::Missing);
        match event.map(|gathered| gathered.time).or(self.observed) {
            Some(input) => instant(values, input),
            None => Ok(None),
        }
    }

    /// Whether the value faded with age before it came here: where its events had times.
    pub(crate) fn has_faded(&self, values: &[Value]) -> bool {
        self.gathered(values).is_some_and(|gathered| values[gathered.time] != Value::Missing)
    }

    /// The subscore of a weighted signal: by its own value, else by its default, else by its missing policy.
    #[inline]
    pub(crate) fn reckon(&self, weighted: &Weighted, values: &[Value], as_of: i64) -> Reckoned {
        let Raw { value, mut status, mut problem } = self.raw(values, as_of);
        if status == Status::Ok {
            match weighted.scale.subscore(&value, as_of) {
                Ok(subscore) => return Reckoned { state: State { status, result: Some(subscore) }, problem: None },
                Err(expected) => {
                    status = Status::Invalid;
                    problem = Some(self.unsuitable(expected, values));
                }
            }
        }
        let default =
            self.default.as_ref().and_then(|default| weighted.scale.subscore(&default.as_value(), as_of).ok());
        if default.is_some() && status == Status::Missing {
            status = Status::Default;
        }
        Reckoned { state: State { status, result: default.or(weighted.missing) }, problem }
    }

    /// The value as the account gives it, also one that is too old or that no scale can read.
    #[inline]
    pub(crate) fn given<'a>(&self, values: &[Value<'a>], as_of: i64) -> Value<'a> {
        match self.read(values, as_of) {
            Ok(value) => value,
            Err(problem) => problem.input.map_or(Value::Missing, |at| values[at]),
        }
    }

    /// Whether it is the age of its value that counts.
    pub(crate) fn measures_age(&self) -> bool {
        self.measure.reads_age()
    }

    pub(crate) fn unsuitable(&self, expected: Expected, values: &[Value]) -> Problem {
        match self.gathered(values) {
            Some(gathered) => Problem { input: Some(gathered.value), expected },
            None => unsuitable(&self.source, expected),
        }
    }
}

impl Measure {
    /// How events become one value where the document does not say: the points of all actions count; of a weighted
    /// measure, and of dates, the last value.
    pub fn usual_combine(&self, source: &Source) -> Combine {
        match (self, source) {
            (Measure::Points(_), Source::Column(_) | Source::Ratio(..) | Source::Change(..)) => Combine::Sum,
            _ => Combine::Last,
        }
    }

    /// Whether the age of a value plays a part.
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
        if matches!(source, Source::Days(..)) && combine != Combine::Last {
            issues.error(
                &path.key("combine"),
                "goes with days only as \"last\": the days count from one time to another",
            );
        }
        let Measure::Weighted(weighted) = self else { return };
        if weighted.scale.takes_numbers() {
            return;
        }
        if !matches!(source, Source::Column(_)) {
            issues.error(&path.key("scale"), "needs a scale of numbers: that is what ratio, change and days give");
        } else if combine != Combine::Last {
            issues.error(&path.key("scale"), "needs a scale of numbers: that is what combine gives");
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

/// What happens to a signal without a value, in words.
fn treatment(default: Option<&Literal>, measure: &Measure) -> String {
    let mut text = String::from("counted as ");
    if let Some(default) = default {
        default.as_value().write(&mut text);
        return text;
    }
    match measure {
        Measure::Weighted(Weighted { missing: None, .. }) => "its weight is shared out".into(),
        Measure::Weighted(Weighted { missing: Some(subscore), .. }) => {
            text.push_str("subscore ");
            Value::Number(*subscore).write(&mut text);
            text
        }
        Measure::Points(award) => award.without_value(),
    }
}
