//! Scales: from a raw value to a subscore between 0 and 100.

use serde_json::Value as Json;

use super::problem::Expected;
use super::table::Table;
use crate::base::number::shortest;
use crate::base::value::Value;
use crate::document::issue::{Issues, Path};
use crate::document::json::{Object, as_number, kind, pair};

const KINDS: [&str; 7] = ["linear", "steps", "curve", "map", "boolean", "recency", "table"];

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scale {
    Linear {
        worst: f64,
        /// Kept beside the range: worst + range may be another double.
        best: f64,
        range: f64,
    },
    /// (from, subscore), `from` strictly rising.
    Steps(Box<[(f64, f64)]>),
    /// (value, subscore), values strictly rising.
    Curve(Box<[(f64, f64)]>),
    Map(Map),
    /// The answer that earns 100.
    Boolean(bool),
    /// Ages in microseconds.
    Recency {
        worst: f64,
        range: f64,
    },
    /// For two values side by side.
    Table(Table),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Map {
    pub texts: Box<[(String, f64)]>,
    /// The same for keys that are numbers, sorted, so that a numeric code is found without writing it out.
    pub codes: Box<[(f64, f64)]>,
    pub otherwise: Option<f64>,
}

impl Scale {
    pub fn parse(json: &Json, path: Path, issues: &mut Issues) -> Option<Scale> {
        let known: Vec<&str> = KINDS.into_iter().chain(["otherwise"]).collect();
        let object = Object::open(json, path, &known, issues)?;
        let given: Vec<_> = KINDS.into_iter().filter(|kind| object.has(kind)).collect();
        let [form] = given[..] else {
            issues.error(&path, format!("must have exactly one of {}", KINDS.join(", ")));
            return None;
        };
        if object.has("otherwise") && form != "map" {
            issues.error(&path.key("otherwise"), "is allowed only with map");
        }
        let at = path.key(form);
        let value = object.get(form)?;
        match form {
            "linear" => {
                let (worst, best) = pair(value, &at, "[worst, best]", issues)?;
                let range = best - worst;
                if range == 0.0 || !range.is_finite() {
                    issues.error(&at, "worst and best must differ, by a finite amount");
                    return None;
                }
                Some(Scale::Linear { worst, best, range })
            }
            "steps" => points(value, &at, "[from, subscore]", issues).map(Scale::Steps),
            "curve" => points(value, &at, "[value, subscore]", issues).map(Scale::Curve),
            "map" => Map::parse(&object, &at, issues).map(Scale::Map),
            "boolean" => {
                if !value.is_boolean() {
                    issues.error(&at, format!("must be the healthy answer, true or false, not {}", kind(value)));
                }
                value.as_bool().map(Scale::Boolean)
            }
            "table" => Table::parse(value, at, issues).map(Scale::Table),
            _ => {
                let ages = Object::open(value, at, &["best", "worst"], issues)?;
                for key in ["best", "worst"] {
                    if !ages.has(key) {
                        issues.error(&at, format!("{key} is required"));
                    }
                }
                let (best, worst) = (ages.duration("best", issues), ages.duration("worst", issues));
                let (best, worst) = (best? as f64, worst? as f64);
                if best == worst {
                    issues.error(&at, "best and worst must differ");
                    return None;
                }
                Some(Scale::Recency { worst, range: best - worst })
            }
        }
    }

    pub fn reads_time(&self) -> bool {
        matches!(self, Scale::Recency { .. })
    }

    /// Whether the scale takes numbers, which ratio, change and days give.
    pub fn takes_numbers(&self) -> bool {
        !matches!(self, Scale::Recency { .. } | Scale::Boolean(_))
    }

    pub fn as_table(&self) -> Option<&Table> {
        match self {
            Scale::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The subscore from which points are lost: 100, or that of no interaction.
    pub fn best(&self) -> f64 {
        self.as_table().map_or(100.0, |table| table.neutral)
    }

    /// The subscore of a value that is not missing, or the kind of value that the scale needs.
    #[inline(always)]
    pub fn subscore(&self, value: &Value, as_of: i64) -> Result<f64, Expected> {
        // The common case without a call.
        match self {
            Scale::Linear { worst, range, .. } => Ok(linear(finite(value)?, *worst, *range)),
            _ => self.other_subscore(value, as_of),
        }
    }

    fn other_subscore(&self, value: &Value, as_of: i64) -> Result<f64, Expected> {
        match self {
            Scale::Linear { worst, range, .. } => Ok(linear(finite(value)?, *worst, *range)),
            Scale::Steps(steps) => {
                let value = finite(value)?;
                let above = steps.partition_point(|(from, _)| *from <= value);
                Ok(steps[above.saturating_sub(1)].1)
            }
            Scale::Curve(points) => Ok(interpolate(points, finite(value)?)),
            Scale::Map(map) => map.subscore(value),
            Scale::Boolean(healthy) => match value {
                Value::Bool(answer) => Ok(if answer == healthy { 100.0 } else { 0.0 }),
                _ => Err(Expected::Boolean),
            },
            Scale::Recency { worst, range } => {
                let at = value.as_time().ok_or(Expected::Time)?;
                Ok(clamp(((as_of as f64 - at as f64) - worst) / range * 100.0))
            }
            // One value has no place in a table.
            Scale::Table(_) => Err(Expected::Pair),
        }
    }
}

/// The subscore of a finite value on a linear scale.
#[inline(always)]
pub(crate) fn linear(value: f64, worst: f64, range: f64) -> f64 {
    clamp((value - worst) / range * 100.0)
}

#[inline(always)]
#[expect(clippy::manual_clamp, reason = "f64::clamp branches, and where a value lies cannot be foreseen")]
fn clamp(subscore: f64) -> f64 {
    // Adding 0 turns −0, which would be shown as "-0", into 0.
    subscore.max(0.0).min(100.0) + 0.0
}

#[inline(always)]
pub(super) fn finite(value: &Value) -> Result<f64, Expected> {
    match value {
        Value::Number(number) if number.is_finite() => Ok(*number),
        _ => Err(Expected::Number),
    }
}

fn interpolate(points: &[(f64, f64)], value: f64) -> f64 {
    let above = points.partition_point(|(x, _)| *x <= value);
    if above == 0 {
        return points[0].1;
    }
    if above == points.len() {
        return points[above - 1].1;
    }
    let ((x0, y0), (x1, y1)) = (points[above - 1], points[above]);
    let y = y0 + (value - x0) / (x1 - x0) * (y1 - y0);
    // Rounding must not leave the segment: a curve that rises stays rising.
    y.clamp(y0.min(y1), y0.max(y1))
}

fn points(json: &Json, path: &Path, what: &str, issues: &mut Issues) -> Option<Box<[(f64, f64)]>> {
    let Some(list) = json.as_array().filter(|list| !list.is_empty()) else {
        issues.error(path, format!("must be a non-empty array of {what}"));
        return None;
    };
    let mut points: Vec<(f64, f64)> = Vec::with_capacity(list.len());
    let mut good = true;
    for (index, item) in list.iter().enumerate() {
        let at = path.index(index);
        let Some((x, y)) = pair(item, &at, what, issues) else {
            good = false;
            continue;
        };
        if !(0.0..=100.0).contains(&y) {
            issues.error(&at, format!("a subscore is between 0 and 100, not {y}"));
            good = false;
        }
        if let Some((before, _)) = points.last() {
            if x <= *before {
                issues.error(&at, format!("{x} is not above {before}"));
                good = false;
            } else if !(x - before).is_finite() {
                issues.error(&at, "is too far from the point before");
                good = false;
            }
        }
        points.push((x, y));
    }
    good.then(|| points.into())
}

impl Map {
    fn parse(object: &Object, path: &Path, issues: &mut Issues) -> Option<Map> {
        let entries = object.object("map", issues)?;
        let otherwise = object.number_in("otherwise", 0.0, 100.0, issues);
        if entries.is_empty() {
            issues.error(path, "must have at least one entry");
            return None;
        }
        let mut texts = Vec::with_capacity(entries.len());
        for (key, json) in entries {
            let Some(subscore) = as_number(json).filter(|y| (0.0..=100.0).contains(y)) else {
                issues.error(&path.key(key), "must be a subscore, a number between 0 and 100");
                continue;
            };
            texts.push((key.clone(), subscore));
        }
        (texts.len() == entries.len()).then(|| Map::new(texts, otherwise))
    }

    pub(super) fn new(texts: Vec<(String, f64)>, otherwise: Option<f64>) -> Map {
        let mut codes: Vec<(f64, f64)> =
            texts.iter().filter_map(|(key, subscore)| Some((shortest_decimal(key)?, *subscore))).collect();
        codes.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        Map { texts: texts.into(), codes: codes.into(), otherwise }
    }

    pub(super) fn subscore(&self, value: &Value) -> Result<f64, Expected> {
        let found = match value {
            Value::Text(text) => self.text(text),
            Value::Bool(flag) => self.text(if *flag { "true" } else { "false" }),
            Value::Number(number) if number.is_finite() => {
                self.codes.binary_search_by(|(code, _)| code.total_cmp(&(number + 0.0))).ok().map(|at| self.codes[at].1)
            }
            _ => return Err(Expected::Code),
        };
        found.or(self.otherwise).ok_or(Expected::MapKey)
    }

    /// All subscores of the map.
    pub fn subscores(&self) -> impl Iterator<Item = f64> {
        self.texts.iter().map(|(_, subscore)| *subscore).chain(self.otherwise)
    }

    pub fn has_otherwise(&self) -> bool {
        self.otherwise.is_some()
    }

    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|(text, _)| text.as_str())
    }

    /// Whether the map gives this text a subscore of its own.
    pub fn knows(&self, text: &str) -> bool {
        self.text(text).is_some()
    }

    fn text(&self, text: &str) -> Option<f64> {
        // Maps are short: a plain walk beats a binary search that compares long prefixes.
        self.texts.iter().find(|(key, _)| key == text).map(|(_, subscore)| *subscore)
    }
}

/// The number that a key stands for, if the key is how that number is written.
fn shortest_decimal(key: &str) -> Option<f64> {
    let number: f64 = key.parse().ok().filter(|n: &f64| n.is_finite())?;
    (shortest(number) == key).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn scale(json: Json) -> Scale {
        let mut issues = Issues::default();
        let scale = Scale::parse(&json, Path::Root, &mut issues);
        scale.unwrap_or_else(|| panic!("{:?}", issues.into_list()))
    }

    fn at(scale: &Scale, number: f64) -> f64 {
        scale.subscore(&Value::Number(number), 0).expect("a subscore")
    }

    #[test]
    fn linear_clamps_and_may_fall() {
        let falling = scale(json!({"linear": [60, 0]}));
        assert_eq!(
            [at(&falling, -1.0), at(&falling, 15.0), at(&falling, 60.0), at(&falling, 1e308)],
            [100.0, 75.0, 0.0, 0.0]
        );
    }

    #[test]
    fn gitlab_tickets_zero_is_not_best() {
        let tickets = scale(json!({"steps": [[0, 60], [1, 100], [5, 60], [15, 20]]}));
        let subscores: Vec<f64> = [-3.0, 0.0, 0.5, 1.0, 4.9, 5.0, 15.0, 99.0].map(|n| at(&tickets, n)).into();
        assert_eq!(subscores, [60.0, 60.0, 60.0, 100.0, 100.0, 60.0, 20.0, 20.0]);
    }

    #[test]
    fn curve_interpolates_and_is_flat_beyond_its_ends() {
        let curve = scale(json!({"curve": [[0, 0], [5, 60], [20, 100]]}));
        assert_eq!(
            [-1.0, 0.0, 2.5, 5.0, 12.5, 20.0, 1e9].map(|n| at(&curve, n)),
            [0.0, 0.0, 30.0, 60.0, 80.0, 100.0, 100.0]
        );
    }

    #[test]
    fn map_reads_texts_codes_and_booleans() {
        let map = scale(json!({"map": {"gold": 100, "1": 80, "2.5": 30, "true": 70, "01": 5}}));
        let look = |value: Value| map.subscore(&value, 0);
        assert_eq!(look(Value::Text("gold")), Ok(100.0));
        assert_eq!(look(Value::Number(1.0)), Ok(80.0));
        assert_eq!(look(Value::Number(2.5)), Ok(30.0));
        assert_eq!(look(Value::Text("01")), Ok(5.0));
        assert_eq!(look(Value::Bool(true)), Ok(70.0));
        assert_eq!(look(Value::Number(3.0)), Err(Expected::MapKey));
        assert_eq!(look(Value::Time(0)), Err(Expected::Code));
    }

    #[test]
    fn recency_measures_age_against_as_of() {
        let recency = scale(json!({"recency": {"best": "10 days", "worst": "110 days"}}));
        let day = 86_400_000_000;
        let aged = |days: i64| recency.subscore(&Value::Time(-days * day), 0).unwrap_or(f64::NAN);
        assert_eq!([-5, 10, 60, 110, 4000].map(aged), [100.0, 100.0, 50.0, 0.0, 0.0]);
        assert_eq!(recency.subscore(&Value::Text("1969-11-02"), 0), Ok(50.0));
        assert_eq!(recency.subscore(&Value::Number(3.0), 0), Err(Expected::Time));
    }

    #[test]
    fn every_error_of_a_scale_is_reported() {
        for (json, part) in [
            (json!({}), "exactly one"),
            (json!({"linear": [1, 1]}), "must differ"),
            (json!({"linear": [-1e308, 1e308]}), "finite"),
            (json!({"linear": [1]}), "two numbers"),
            (json!({"steps": [[1, 5], [1, 6]]}), "is not above"),
            (json!({"curve": [[1, 101]]}), "between 0 and 100"),
            (json!({"steps": []}), "non-empty"),
            (json!({"map": {}}), "one entry"),
            (json!({"map": {"a": "b"}}), "subscore"),
            (json!({"boolean": 1}), "true or false"),
            (json!({"recency": {"best": "1 month", "worst": "2 days"}}), "fixed length"),
            (json!({"recency": {"best": "1 day"}}), "worst is required"),
            (json!({"linear": [0, 1], "otherwise": 5}), "only with map"),
            (json!({"linaer": [0, 1]}), "did you mean \"linear\"?"),
        ] {
            let mut issues = Issues::default();
            Scale::parse(&json, Path::Root, &mut issues);
            let list = issues.into_list();
            assert!(list.iter().any(|issue| issue.message.contains(part)), "{json}: {list:?}");
        }
    }
}
