//! Bands, from a score to a name; and how a score is shown.

use std::cmp::Ordering;

use serde_json::Value as Json;

use super::rule::unique_names;
use crate::base::number::MINUS;
use crate::base::rounding::round9;
use crate::document::issue::{Issues, Path};
use crate::document::json::Object;

#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    pub name: String,
    pub label: String,
    pub color: Option<String>,
    /// The lowest score of this band.
    pub from: f64,
}

impl Band {
    fn parse(json: &Json, path: Path, issues: &mut Issues) -> Option<Band> {
        let object = Object::open(json, path, &["name", "label", "from", "color"], issues)?;
        let name = object.name(issues);
        if !object.has("from") {
            issues.error(&path, "from is required: the lowest score of the band");
        }
        // Rounded as scores are: a score of 100/3 belongs to the band that starts at 100/3.
        let from = object.number_in("from", 0.0, 100.0, issues).map(round9);
        let label = object.owned_text("label", issues);
        let color = object.owned_text("color", issues);
        let name = name?;
        Some(Band { label: label.unwrap_or_else(|| name.clone()), name, color, from: from? })
    }

    pub(crate) fn parse_all(list: &[Json], path: Path, issues: &mut Issues) -> Vec<Band> {
        unique_names(list, &path, issues);
        let parsed: Vec<_> =
            list.iter().enumerate().map(|(index, json)| Band::parse(json, path.index(index), issues)).collect();
        if let Some(Some(first)) = parsed.first()
            && first.from != 0.0
        {
            issues.error(&path.index(0).key("from"), format!("the first band starts at 0, not {}", first.from));
        }
        for (index, pair) in parsed.windows(2).enumerate() {
            if let [Some(before), Some(band)] = pair
                && band.from <= before.from
            {
                let text = format!("{} is not above {}", band.from, before.from);
                issues.error(&path.index(index + 1).key("from"), text);
            }
        }
        parsed.into_iter().flatten().collect()
    }
}

/// The default bands of a document that names none.
pub(crate) fn default_bands() -> Vec<Band> {
    [
        ("red", "At risk", 0.0, "#c0392b"),
        ("yellow", "Needs attention", 40.0, "#f1c40f"),
        ("green", "Healthy", 70.0, "#27ae60"),
    ]
    .map(|(name, label, from, color)| Band { name: name.into(), label: label.into(), color: Some(color.into()), from })
    .into()
}

/// The band of a score, with its rank: 1 is the lowest.
pub(crate) fn band_of(bands: &[Band], score: f64) -> Option<(usize, &Band)> {
    let above = bands.partition_point(|band| band.from <= score);
    above.checked_sub(1).map(|at| (above, &bands[at]))
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Display {
    /// What a score of 100 is shown as.
    pub max: f64,
    pub decimals: usize,
}

impl Default for Display {
    fn default() -> Self {
        Display { max: 100.0, decimals: 0 }
    }
}

impl Display {
    pub(crate) fn parse(json: &Json, path: Path, issues: &mut Issues) -> Option<Display> {
        let object = Object::open(json, path, &["max", "decimals"], issues)?;
        let max = object.number_in("max", 1.0, 1e6, issues).unwrap_or(100.0);
        let decimals = object.number_in("decimals", 0.0, 6.0, issues).unwrap_or(0.0);
        if decimals.fract() != 0.0 {
            issues.error(&path.key("decimals"), format!("must be a whole number, not {decimals}"));
        }
        Some(Display { max, decimals: decimals as usize })
    }

    /// How many units of the last shown digit make one score point.
    fn units(&self) -> f64 {
        self.max * 10f64.powi(self.decimals as i32) / 100.0
    }

    /// The score in units of the last shown digit, floored. The nearest whole number is tried first and compared as a
    /// score: a score that is shown exactly, as 57 is by 5.7, must not lose a unit to the last bit of 57 / 10.
    fn floored(&self, score: f64) -> f64 {
        let nearest = (score * self.units()).round();
        if round9(nearest / self.units()) > score { nearest - 1.0 } else { nearest }
    }

    /// Floored: a score just below a band is never shown as one inside it.
    pub fn format(&self, score: f64) -> String {
        self.written(self.floored(round9(score)))
    }

    /// Units of the last shown digit as a decimal.
    fn written(&self, units: f64) -> String {
        format!("{:.*}", self.decimals, units / 10f64.powi(self.decimals as i32))
    }

    /// How far the shown numbers of two scores are apart, and whether the second is greater.
    pub(crate) fn difference(&self, from: f64, to: f64) -> (Ordering, String) {
        let (from, to) = (self.floored(round9(from)), self.floored(round9(to)));
        (to.total_cmp(&from), self.written((to - from).abs()))
    }

    /// A part of a score with its sign, rounded to the nearest; none where that is 0.
    pub(crate) fn amount(&self, points: f64) -> Option<String> {
        let units = (round9(points) * self.units()).round();
        let sign = if units < 0.0 { MINUS } else { '+' };
        (units != 0.0).then(|| format!("{sign}{}", self.written(units.abs())))
    }

    /// A band that starts between two shown numbers cannot be told from the number alone.
    pub(crate) fn warn_of_hidden_bounds(&self, bands: &[Band], path: Path, issues: &mut Issues) {
        for (index, band) in bands.iter().enumerate() {
            if round9(self.floored(band.from) / self.units()) != band.from {
                let text = format!("{} cannot be displayed with {} decimals", band.from, self.decimals);
                issues.warning(&path.index(index).key("from"), text);
            }
        }
    }
}
