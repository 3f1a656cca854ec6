//! A table: the subscore of two values together. What each of them says by itself is the business of other signals.

use serde_json::Value as Json;

use super::problem::Expected;
use super::scale::{Map, finite};
use crate::base::quoted::Quoted;
use crate::base::value::Value;
use crate::document::issue::{Issues, Path};
use crate::document::json::{Object, as_number, kind};

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    /// The places of the first value.
    pub rows: Axis,
    /// The places of the second value.
    pub columns: Axis,
    /// Row by row.
    pub subscores: Box<[f64]>,
    /// The subscore of values that say together what each says by itself.
    pub neutral: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Axis {
    /// The lowest number of each place, strictly rising. Numbers below the first belong to the first.
    Steps(Box<[f64]>),
    /// Groups of texts, with the number of the group in place of a subscore.
    Groups { map: Map, count: usize },
}

impl Table {
    pub fn parse(json: &Json, path: Path, issues: &mut Issues) -> Option<Table> {
        let object = Object::open(json, path, &["rows", "columns", "subscores", "neutral"], issues)?;
        for key in ["rows", "columns", "subscores", "neutral"] {
            if !object.has(key) {
                issues.error(&path, format!("{key} is required"));
            }
        }
        let axis = |key: &str, issues: &mut Issues| Axis::parse(object.get(key)?, path.key(key), issues);
        let (rows, columns) = (axis("rows", issues), axis("columns", issues));
        let neutral = object.number_in("neutral", 0.0, 100.0, issues);
        let lines = object.array("subscores", issues);
        let (rows, columns, lines) = (rows?, columns?, lines?);
        let at = path.key("subscores");
        if lines.len() != rows.count() {
            issues.error(&at, format!("must have a line for each of the {} rows, not {}", rows.count(), lines.len()));
            return None;
        }
        let mut subscores = Vec::with_capacity(rows.count() * columns.count());
        for (index, line) in lines.iter().enumerate() {
            let at = at.index(index);
            let Some(line) = line.as_array().filter(|line| line.len() == columns.count()) else {
                issues.error(&at, format!("must be an array of {} subscores, one a column", columns.count()));
                continue;
            };
            for (column, cell) in line.iter().enumerate() {
                match as_number(cell).filter(|y| (0.0..=100.0).contains(y)) {
                    Some(subscore) => subscores.push(subscore + 0.0),
                    None => issues.error(&at.index(column), "must be a subscore, a number between 0 and 100"),
                }
            }
        }
        let full = subscores.len() == rows.count() * columns.count();
        Some(Table { subscores: subscores.into(), rows, columns, neutral: neutral? }).filter(|_| full)
    }

    /// The subscore of two present values. A text that is in no group is neutral.
    pub fn subscore(&self, first: Option<usize>, second: Option<usize>) -> f64 {
        match (first, second) {
            (Some(row), Some(column)) => self.subscores[row * self.columns.count() + column],
            _ => self.neutral,
        }
    }

    pub fn axes(&self) -> [&Axis; 2] {
        [&self.rows, &self.columns]
    }

    /// The subscores of one row.
    pub fn row(&self, row: usize) -> &[f64] {
        let columns = self.columns.count();
        &self.subscores[row * columns..(row + 1) * columns]
    }
}

impl Axis {
    fn parse(json: &Json, path: Path, issues: &mut Issues) -> Option<Axis> {
        let Some(list) = json.as_array().filter(|list| !list.is_empty()) else {
            issues.error(&path, "must be a non-empty array of numbers, or of groups of texts");
            return None;
        };
        if list[0].is_number() { Axis::steps(list, path, issues) } else { Axis::groups(list, path, issues) }
    }

    fn steps(list: &[Json], path: Path, issues: &mut Issues) -> Option<Axis> {
        let mut bounds: Vec<f64> = Vec::with_capacity(list.len());
        for (index, json) in list.iter().enumerate() {
            match (as_number(json), bounds.last()) {
                (None, _) => issues.error(&path.index(index), format!("must be a number, not {}", kind(json))),
                (Some(bound), Some(before)) if bound <= *before => {
                    issues.error(&path.index(index), format!("{bound} is not above {before}"));
                }
                (Some(bound), _) => bounds.push(bound),
            }
        }
        (bounds.len() == list.len()).then(|| Axis::Steps(bounds.into()))
    }

    fn groups(list: &[Json], path: Path, issues: &mut Issues) -> Option<Axis> {
        let mut texts: Vec<(String, f64)> = Vec::new();
        let mut good = true;
        for (index, group) in list.iter().enumerate() {
            let at = path.index(index);
            let members = match group {
                Json::String(_) => std::slice::from_ref(group),
                Json::Array(members) if !members.is_empty() => members.as_slice(),
                other => {
                    issues.error(&at, format!("must be a text or an array of texts, not {}", kind(other)));
                    good = false;
                    continue;
                }
            };
            for member in members {
                let Some(text) = member.as_str() else {
                    issues.error(&at, format!("must have only texts, not {}", kind(member)));
                    good = false;
                    continue;
                };
                if texts.iter().any(|(known, _)| known == text) {
                    issues.error(&at, format!("{} occurs twice", Quoted(text)));
                    good = false;
                }
                texts.push((text.to_owned(), index as f64));
            }
        }
        good.then(|| Axis::Groups { map: Map::new(texts, Some(-1.0)), count: list.len() })
    }

    pub fn count(&self) -> usize {
        match self {
            Axis::Steps(bounds) => bounds.len(),
            Axis::Groups { count, .. } => *count,
        }
    }

    /// The place of a present value; none for a text that is in no group.
    pub fn place(&self, value: &Value) -> Result<Option<usize>, Expected> {
        match self {
            Axis::Steps(bounds) => {
                let value = finite(value)?;
                Ok(Some(bounds.partition_point(|bound| *bound <= value).saturating_sub(1)))
            }
            Axis::Groups { map, .. } => {
                let group = map.subscore(value)?;
                Ok((group >= 0.0).then_some(group as usize))
            }
        }
    }

    /// The texts of a group.
    pub fn members(&self, group: usize) -> impl Iterator<Item = &str> {
        let map = match self {
            Axis::Groups { map, .. } => Some(map),
            Axis::Steps(_) => None,
        };
        let texts = map.into_iter().flat_map(|map| map.texts.iter());
        texts.filter(move |(_, of)| *of == group as f64).map(|(text, _)| text.as_str())
    }
}
