//! Method `points`: actions with assigned values.

use crate::base::value::Literal;
use crate::document::issue::Issues;
use crate::document::json::Object;

/// The most whole ranges by which one signal may move the score. A larger move is invisible after clamping, but its
/// rounding errors would keep contributions from adding up to the score.
pub(crate) const MOST_RANGES: f64 = 1000.0;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Award {
    /// Points per unit; may be negative.
    pub points: f64,
    /// The upper limit of |points|.
    pub max: Option<f64>,
    /// Microseconds, as `within`.
    pub half_life: Option<i64>,
    pub absent: Option<f64>,
    pub within: Option<i64>,
}

/// `start` and `range` of a document.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PointsRange {
    pub start: f64,
    pub low: f64,
    pub high: f64,
}

impl PointsRange {
    pub fn share(&self, points: f64) -> f64 {
        points / (self.high - self.low) * 100.0
    }

    fn most(&self) -> f64 {
        (self.high - self.low) * MOST_RANGES
    }
}

impl Award {
    pub fn parse(object: &Object, default: Option<&Literal>, issues: &mut Issues) -> Option<Award> {
        if !object.has("points") {
            issues.error(&object.path, "points are required under method \"points\"");
        }
        let points = object.number_in("points", -1e9, 1e9, issues);
        let max = object.number_in("max", 0.0, 1e9, issues);
        let half_life = object.duration("half_life", issues);
        let absent = object.number_in("absent", -1e9, 1e9, issues);
        let within = object.duration("within", issues);
        if within.is_some() && !object.has("absent") {
            issues.error(&object.path.key("within"), "is allowed only with absent");
        }
        for key in ["half_life", "within"].into_iter().filter(|key| object.has(key) && !object.has("observed")) {
            issues.warning(
                &object.path.key(key),
                "on a row or object does nothing without observed: the column with the time of the value",
            );
        }
        if default.is_some_and(|default| default.as_value().units().is_none()) {
            issues.error(&object.path.key("default"), "must be a number or boolean under method \"points\"");
        }
        Some(Award { points: points?, max, half_life, absent, within })
    }

    pub fn reads_time(&self) -> bool {
        self.half_life.is_some() || self.within.is_some()
    }

    pub fn without_value(&self) -> String {
        match self.absent {
            Some(absent) => format!("{absent} points for its absence"),
            None => "nothing added".into(),
        }
    }

    pub fn for_absence(&self, range: &PointsRange) -> f64 {
        self.absent.unwrap_or(0.0).clamp(-range.most(), range.most())
    }

    pub fn limit(&self, points: f64, range: &PointsRange) -> f64 {
        let most = self.max.unwrap_or(f64::INFINITY).min(range.most());
        points.clamp(-most, most)
    }

    /// The points that a signal without a value could have had, lowest and highest.
    pub fn possible(&self, range: &PointsRange) -> (f64, f64) {
        let absent = self.for_absence(range);
        let most = if self.points == 0.0 { 0.0 } else { self.limit(self.points.signum() * f64::INFINITY, range) };
        (absent.min(0.0).min(most + absent.min(0.0)), absent.max(0.0).max(most + absent.max(0.0)))
    }
}
