//! A plan: one effective document (the model's, or a segment's after its patch) compiled into flat arrays.

use serde_json::Value as Json;

use super::band::{Band, Display, default_bands};
use super::condition::Scope;
use super::rule::Rule;
use crate::base::rounding::round9;
use crate::base::time::DAY;
use crate::document::issue::{Issues, Path};
use crate::document::json::{Object, check_name, kind, pair, sorted};
use crate::signal::definition::{Context, Signal};
use crate::signal::inputs::Inputs;
use crate::signal::points::{MOST_RANGES, PointsRange};

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Category {
    pub name: String,
    pub label: String,
    pub weight: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Weighted,
    Points,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Formula {
    Weighted,
    Points(PointsRange),
}

/// How the scores of an account are read over time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TrendSettings {
    /// Microseconds.
    pub window: i64,
    /// Smaller changes, in score points, are no change.
    pub tolerance: f64,
}

impl Default for TrendSettings {
    fn default() -> Self {
        TrendSettings { window: 30 * DAY as i64, tolerance: 5.0 }
    }
}

impl TrendSettings {
    fn parse(json: &Json, path: Path, issues: &mut Issues) -> TrendSettings {
        let usual = TrendSettings::default();
        let Some(object) = Object::open(json, path, &["window", "tolerance"], issues) else {
            return usual;
        };
        TrendSettings {
            window: object.duration("window", issues).unwrap_or(usual.window),
            tolerance: object.number_in("tolerance", 0.0, 100.0, issues).unwrap_or(usual.tolerance),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub(crate) purpose: Option<String>,
    pub(crate) formula: Formula,
    pub(crate) min_coverage: f64,
    /// An unreadable value counts as missing instead of stopping the account.
    pub(crate) lenient: bool,
    pub(crate) categories: Vec<Category>,
    /// In bytewise order of names, as the categories.
    pub(crate) signals: Vec<Signal>,
    pub(crate) weighing: Weighing,
    pub(crate) rules: Vec<Rule>,
    pub(crate) bands: Vec<Band>,
    pub(crate) display: Display,
    pub(crate) trend: TrendSettings,
    pub(crate) reads_time: bool,
    /// Whether a rule looks at a category's subscore.
    pub(crate) reads_categories: bool,
}

/// The weights of a weighted plan beside its signals. The signals of a group share one weight: a group is a category
/// where categories have weights, else the whole model.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Weighing {
    pub group_weights: Vec<f64>,
    /// Per signal: what scoring most accounts needs of it, side by side.
    pub shares: Vec<Share>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Share {
    /// The input of a linear signal whose value needs only the scale; for any other signal [`Share::ANOTHER_WAY`].
    pub linear_input: usize,
    pub worst: f64,
    pub range: f64,
    pub weight: f64,
    /// The effective weight when every signal counts.
    pub nominal: f64,
    pub group: usize,
}

impl Share {
    /// No input has this number.
    pub const ANOTHER_WAY: usize = usize::MAX;
}

const KEYS: [&str; 13] = [
    "method",
    "purpose",
    "min_coverage",
    "on_invalid",
    "categories",
    "signals",
    "rules",
    "bands",
    "segments",
    "display",
    "trend",
    "start",
    "range",
];

impl Plan {
    /// Reads everything but the segments. All problems go to `issues`. A plan is returned even then, for the checks of
    /// the segments, but must not be used.
    pub(crate) fn parse(
        json: &Json,
        inputs: &mut Inputs,
        issues: &mut Issues,
        interrupt: &mut dyn FnMut(),
    ) -> Option<Plan> {
        let root = Path::Root;
        let object = Object::open(json, root, &KEYS, issues)?;
        let methods = [("weighted", Method::Weighted), ("points", Method::Points)];
        let points = object.choice("method", &methods, issues) == Some(Method::Points);
        let purpose = object.owned_text("purpose", issues);
        // Rounded as coverage is: one of three equal signals is enough for 1/3.
        let min_coverage = object.number_in("min_coverage", 0.0, 1.0, issues).map_or(0.0, round9);
        let lenient = object.choice("on_invalid", &[("error", false), ("missing", true)], issues).unwrap_or(false);

        let categories = parse_categories(&object, points, issues);
        let category_weights = categories.iter().any(|category| category.weight.is_some());
        let category_names: Vec<&str> = categories.iter().map(|category| category.name.as_str()).collect();
        let context = Context { categories: &category_names, points, category_weights };
        if !object.has("signals") {
            issues.error(&root, "signals are required");
        }
        let entries = match object.object("signals", issues) {
            Some(map) if map.is_empty() => {
                issues.error(&root.key("signals"), "must have at least one signal");
                Vec::new()
            }
            Some(map) => sorted(map),
            None => Vec::new(),
        };
        let mut signals = Vec::with_capacity(entries.len());
        for (name, json) in &entries {
            interrupt();
            signals.extend(Signal::parse(name, json, root.key("signals").key(name), &context, inputs, issues));
        }
        let signal_names: Vec<&str> = entries.iter().map(|(name, _)| *name).collect();
        let unreported = !issues.has_errors();
        let range = if points { parse_points(&object, issues) } else { None };
        for key in ["start", "range"] {
            if !points && object.has(key) {
                issues.error(&root.key(key), "is allowed only with method \"points\"");
            }
        }

        let rules = match object.array("rules", issues) {
            Some(list) => {
                let scope = Scope::Rule { signals: &signal_names, categories: &category_names, points };
                Rule::parse_all(list, root.key("rules"), &scope, inputs, issues, interrupt)
            }
            None => Vec::new(),
        };
        let bands = match object.array("bands", issues) {
            Some([]) => {
                issues.error(&root.key("bands"), "must have at least one band");
                Vec::new()
            }
            Some(list) => Band::parse_all(list, root.key("bands"), issues),
            None => default_bands(),
        };
        let display = object
            .get("display")
            .and_then(|json| Display::parse(json, root.key("display"), issues))
            .unwrap_or_default();
        display.warn_of_hidden_bounds(&bands, root.key("bands"), issues);
        let trend =
            object.get("trend").map(|json| TrendSettings::parse(json, root.key("trend"), issues)).unwrap_or_default();

        let weighing = if points { Weighing::default() } else { Weighing::of(&categories, &signals) };
        // Reported only when every weight could be read: otherwise the list already has the cause.
        if !points && unreported && weighing.shares.iter().all(|share| share.nominal == 0.0) {
            issues.error(&root.key("signals"), "the weights add up to 0");
        }
        if unreported {
            warn_of_empty_categories(&category_names, &signals, issues);
        }
        let reads_categories = rules.iter().any(|rule| rule.when.reads_categories());
        let reads_time = signals.iter().any(Signal::reads_time) || rules.iter().any(|rule| rule.when.reads_time());
        let formula = if points { Formula::Points(range?) } else { Formula::Weighted };
        Some(Plan {
            purpose,
            formula,
            min_coverage,
            lenient,
            categories,
            signals,
            weighing,
            rules,
            bands,
            display,
            trend,
            reads_time,
            reads_categories,
        })
    }

    pub fn method(&self) -> Method {
        match self.formula {
            Formula::Weighted => Method::Weighted,
            Formula::Points(_) => Method::Points,
        }
    }

    pub fn signals(&self) -> &[Signal] {
        &self.signals
    }

    /// The number of the signal of this name.
    pub(crate) fn find_signal(&self, name: &str) -> Option<usize> {
        self.signals.binary_search_by(|signal| signal.name.as_str().cmp(name)).ok()
    }
}

fn parse_categories(object: &Object, points: bool, issues: &mut Issues) -> Vec<Category> {
    let Some(map) = object.object("categories", issues) else {
        return Vec::new();
    };
    let path = object.path.key("categories");
    let mut categories = Vec::with_capacity(map.len());
    let mut silent = Vec::new();
    for (name, json) in sorted(map) {
        let at = path.key(name);
        check_name(name, &at, issues);
        let body = Object::open(json, at, &["label", "weight"], issues);
        let weight = body.as_ref().and_then(|body| body.weight("weight", issues));
        let mut label = None;
        if let Some(body) = body {
            label = body.owned_text("label", issues);
            if !body.has("weight") {
                silent.push(name);
            } else if points {
                issues.error(&at.key("weight"), "categories have no weight under method \"points\"");
            }
        }
        categories.push(Category { name: name.to_owned(), label: label.unwrap_or_else(|| name.to_owned()), weight });
    }
    // If only some categories have a weight, the shares of the others are undefined.
    if !points && categories.iter().any(|category| category.weight.is_some()) {
        for name in silent {
            issues.error(&path.key(name), "needs a weight, because another category has one");
        }
    }
    categories
}

fn warn_of_empty_categories(names: &[&str], signals: &[Signal], issues: &mut Issues) {
    let mut used = vec![false; names.len()];
    for category in signals.iter().filter_map(|signal| signal.category) {
        used[category] = true;
    }
    for (name, _) in names.iter().zip(used).filter(|(_, used)| !used) {
        issues.warning(&Path::Root.key("categories").key(name), "no signal is in this category");
    }
}

fn parse_points(object: &Object, issues: &mut Issues) -> Option<PointsRange> {
    let at = object.path.key("range");
    let bounds = match object.get("range") {
        None => {
            issues.error(&object.path, "a range [lo, hi] is required under method \"points\"");
            None
        }
        Some(json) => pair(json, &at, "[lo, hi]", issues),
    };
    let start = object.number_in("start", -1e9, 1e9, issues).unwrap_or(0.0);
    let (low, high) = bounds?;
    if !(low.abs() <= 1e9 && high.abs() <= 1e9 && high - low >= 1e-6) {
        issues.error(&at, "lo must be at least 1e-6 below hi, both within ±1e9");
        return None;
    }
    let range = PointsRange { start, low, high };
    if range.share(start - low).abs() > MOST_RANGES * 100.0 {
        issues.error(&object.path.key("start"), format!("is more than {MOST_RANGES} ranges away from lo"));
        return None;
    }
    Some(range)
}

impl Weighing {
    fn of(categories: &[Category], signals: &[Signal]) -> Weighing {
        let weighted = categories.iter().any(|category| category.weight.is_some());
        let group_weights: Vec<f64> =
            if weighted { categories.iter().map(|c| c.weight.unwrap_or(0.0)).collect() } else { vec![1.0] };
        // A signal of weight 0 may be outside all categories; any group fits.
        let group_of: Vec<usize> =
            signals.iter().map(|signal| if weighted { signal.category.unwrap_or(0) } else { 0 }).collect();
        let mut sums = vec![0.0; group_weights.len()];
        for (signal, group) in signals.iter().zip(&group_of) {
            sums[*group] += signal.weight();
        }
        let total: f64 = group_weights.iter().zip(&sums).filter(|(_, sum)| **sum > 0.0).map(|(weight, _)| weight).sum();
        let nominal = |signal: &Signal, group: usize| {
            if signal.weight() > 0.0 && total > 0.0 {
                group_weights[group] / total * signal.weight() / sums[group]
            } else {
                0.0
            }
        };
        let shares = signals.iter().zip(group_of).map(|(signal, group)| {
            let (linear_input, worst, range) = signal.plain_linear().unwrap_or((Share::ANOTHER_WAY, 0.0, 1.0));
            Share { linear_input, worst, range, weight: signal.weight(), nominal: nominal(signal, group), group }
        });
        Weighing { shares: shares.collect(), group_weights }
    }
}

pub(crate) fn not_an_object(json: &Json) -> String {
    format!("a model document is a JSON object, not {}", kind(json))
}
