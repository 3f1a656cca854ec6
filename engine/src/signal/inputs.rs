//! The inputs of a whole model, collected while its document is compiled. A column that several signals read is one
//! input. Values are never read here.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::input::{GATHERED, Input, NOTES, OVERRIDE};
use super::recipe::{Derivation, Gathered, Recipe};
use super::source::{Moment, Part, Source};
use crate::document::issue::{Issues, Path};
use crate::document::json::{Object, check_column, kind};

const AS_OF: &str = "@as_of";

/// The inputs of all segments of a model, each once, and what is derived from events for them.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    pub list: Vec<Input>,
    pub derivations: Vec<Derivation>,
    by_name: HashMap<String, usize>,
}

impl Inputs {
    pub fn add(&mut self, name: &str, required: bool, scored: bool) -> usize {
        if let Some(&at) = self.by_name.get(name) {
            self.list[at].required |= required;
            self.list[at].scored |= scored;
            return at;
        }
        self.list.push(Input { name: name.to_owned(), required, scored, gathered: false, keeps_last: false });
        self.by_name.insert(name.to_owned(), self.list.len() - 1);
        self.list.len() - 1
    }

    pub fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    fn add_gathered(&mut self, name: &str) -> usize {
        let at = self.add(name, false, true);
        self.list[at].gathered = true;
        at
    }

    pub fn add_override(&mut self) -> usize {
        self.add_gathered(OVERRIDE)
    }

    /// Notes explain a score, and no score needs them.
    pub fn add_notes(&mut self) -> usize {
        let at = self.add(NOTES, false, false);
        self.list[at].gathered = true;
        at
    }

    /// Keeps the last value of what the source reads.
    pub fn keep_last(&mut self, inputs: impl IntoIterator<Item = usize>) {
        for input in inputs {
            self.list[input].keeps_last = true;
        }
    }

    /// The inputs that take the place of a source in accounts gathered from events. A segment's patch that changes what
    /// is derived gets inputs of its own.
    pub fn derive(&mut self, recipe: Recipe) -> Gathered {
        let flag = self.add_gathered(GATHERED);
        let same = self.derivations.iter().find(|known| known.recipe == recipe);
        if let Some(known) = same {
            return Gathered { flag, ..known.gathered };
        }
        let mut name = recipe.signal.clone();
        let mut number = 1;
        while self.by_name.contains_key(&format!("@{name}")) || [OVERRIDE, NOTES].contains(&format!("@{name}").as_str())
        {
            number += 1;
            name = format!("{}@{number}", recipe.signal);
        }
        let gathered = Gathered {
            flag,
            value: self.add_gathered(&format!("@{name}")),
            time: self.add_gathered(&format!("@@{name}")),
        };
        self.derivations.push(Derivation { recipe, gathered });
        gathered
    }

    /// Reads the source of a signal: that of a condition, or two such values side by side.
    pub fn parse_signal_source(
        &mut self,
        json: &Json,
        path: Path,
        required: bool,
        issues: &mut Issues,
    ) -> Option<Source> {
        let Some(cross) = json.get("cross") else { return self.parse_source(json, path, required, issues) };
        Object::open(json, path, &["cross"], issues)?;
        let at = path.key("cross");
        let Some([first, second]) = cross.as_array().map(Vec::as_slice) else {
            issues.error(&at, "must be an array of two inputs");
            return None;
        };
        let mut side = |json: &Json, index: usize, issues: &mut Issues| {
            self.parse_source(json, at.index(index), required, issues).and_then(Part::of)
        };
        let (first, second) = (side(first, 0, issues), side(second, 1, issues));
        let (first, second) = (first?, second?);
        if first == second {
            issues.error(&at, "crosses an input with itself: give it a scale of steps instead");
        }
        Some(Source::Cross(first, second))
    }

    /// Reads a source as a document writes it, and adds its columns.
    pub fn parse_source(&mut self, json: &Json, path: Path, required: bool, issues: &mut Issues) -> Option<Source> {
        if let Json::String(name) = json {
            return check_column(name, &path, issues).then(|| Source::Column(self.add(name, required, true)));
        }
        const KINDS: [&str; 3] = ["ratio", "change", "days"];
        if !json.is_object() {
            issues.error(
                &path,
                format!("must be a column name, or an object with ratio, change or days, not {}", kind(json)),
            );
            return None;
        }
        let object = Object::open(json, path, &KINDS, issues)?;
        let given: Vec<_> = KINDS.into_iter().filter(|kind| object.has(kind)).collect();
        let [form] = given[..] else {
            issues.error(&path, "must have exactly one of ratio, change and days");
            return None;
        };
        let at = path.key(form);
        let Some([first, second]) = object.get(form).and_then(Json::as_array).map(Vec::as_slice) else {
            issues.error(&at, "must be an array of two column names");
            return None;
        };
        let mut side = |json: &Json, index: usize, issues: &mut Issues| -> Option<Moment> {
            let at = at.index(index);
            match json {
                Json::String(name) if name == AS_OF && form == "days" => Some(Moment::AsOf),
                Json::String(name) => {
                    check_column(name, &at, issues).then(|| Moment::Input(self.add(name, required, true)))
                }
                other => {
                    issues.error(&at, format!("must be a column name, not {}", kind(other)));
                    None
                }
            }
        };
        let (first, second) = (side(first, 0, issues), side(second, 1, issues));
        match (form, first?, second?) {
            ("ratio", Moment::Input(a), Moment::Input(b)) => Some(Source::Ratio(a, b)),
            ("change", Moment::Input(now), Moment::Input(before)) => Some(Source::Change(now, before)),
            (_, Moment::AsOf, Moment::AsOf) => {
                issues.error(&at, "needs a column on at least one side");
                None
            }
            (_, from, to) => Some(Source::Days(from, to)),
        }
    }
}
