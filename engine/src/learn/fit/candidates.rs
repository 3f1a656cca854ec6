//! The candidates of a fit: the model's signals as they read an account, and further columns of the relation.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value as Json, json};

use super::request::{FitError, FitRequest};
use crate::base::column::ColumnKind;
use crate::base::nearest::nearest;
use crate::base::quoted::Quoted;
use crate::base::time::{DAY, parse_time};
use crate::base::value::Value;
use crate::learn::dropped::Reasons;
use crate::learn::feature::Feature;
use crate::learn::rows::Rows;
use crate::model::compiled::Model;
use crate::model::plan::Method;
use crate::score::assess::ScoreError;
use crate::signal::problem::InvalidValue;
use crate::signal::reading::Status;

/// A text column with more different texts is no category.
const MOST_TEXTS: usize = 50;
/// The maximum number of signals: a person cannot read a larger model.
const MOST_CANDIDATES: usize = 100;

/// A candidate signal: its document without scale, weight and missing policy.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub name: String,
    pub json: Map<String, Json>,
    /// Whether it is a column that the model did not read.
    pub is_new: bool,
}

pub(super) struct Candidates {
    pub kept: Vec<(Candidate, Feature)>,
    /// Columns and signals with the reasons not to learn from them.
    pub left_out: Reasons,
}

pub(super) fn candidates(
    request: &FitRequest,
    rows: &Rows,
    interrupt: &mut dyn FnMut(),
) -> Result<Candidates, FitError> {
    if request.model.base().method() == Method::Points {
        return Err(FitError::Points);
    }
    let mut left_out = Reasons::new();
    let mut wanted: Vec<Candidate> = Vec::new();
    for (name, signal) in request.document["signals"].as_object().into_iter().flatten() {
        wanted.push(of_signal(name, signal, rows));
    }
    wanted.sort_by(|a, b| a.name.cmp(&b.name));
    new_columns(request, rows, &mut wanted, &mut left_out, interrupt)?;
    if wanted.len() > MOST_CANDIDATES {
        for candidate in wanted.drain(MOST_CANDIDATES..) {
            left_out.insert(candidate.name, format!("a fit examines at most {MOST_CANDIDATES} signals"));
        }
    }
    let kept = features(request, rows, wanted, &mut left_out, interrupt)?;
    Ok(Candidates { kept, left_out })
}

fn of_signal(name: &str, signal: &Json, rows: &Rows) -> Candidate {
    let mut json = signal.as_object().cloned().unwrap_or_default();
    let is_recency = signal["scale"].get("recency").is_some();
    for key in ["scale", "weight", "meta"] {
        json.remove(key);
    }
    let own = Json::String(name.to_owned());
    let input = json.get("input").unwrap_or(&own).clone();
    let is_time = |column: &str| rows.position(column).is_some_and(|at| rows.columns()[at].kind == ColumnKind::Time);
    if let Some(column) = input.as_str().filter(|column| is_recency || is_time(column)) {
        json.insert("input".into(), json!({"days": [column, "@as_of"]}));
        json.insert("unit".into(), "days".into());
    }
    Candidate { name: name.to_owned(), json, is_new: false }
}

/// The columns that were asked for, as signals.
fn new_columns(
    request: &FitRequest,
    rows: &Rows,
    wanted: &mut Vec<Candidate>,
    left_out: &mut Reasons,
    interrupt: &mut dyn FnMut(),
) -> Result<(), FitError> {
    let all = request.columns.iter().any(|column| column == "*");
    let read: BTreeSet<String> = wanted
        .iter()
        .map(|candidate| {
            let input = candidate.json.get("input");
            let column = input.and_then(Json::as_str).or_else(|| input.and_then(|input| input["days"][0].as_str()));
            column.unwrap_or(if input.is_none() { &candidate.name } else { "" }).to_owned()
        })
        .collect();
    let mut names: Vec<&str> = request.columns.iter().map(String::as_str).filter(|name| *name != "*").collect();
    for name in &names {
        if rows.position(name).is_none() {
            let near = nearest(name, rows.columns().iter().map(|column| column.name.as_str()));
            return Err(FitError::UnknownColumn { name: (*name).to_owned(), nearest: near.map(str::to_owned) });
        }
    }
    let named = names.len();
    if all {
        let others = rows.columns().iter().map(|column| column.name.as_str());
        let others: Vec<&str> = others.filter(|name| !names.contains(name)).collect();
        names.extend(others);
    }
    for (at, name) in names.into_iter().enumerate() {
        interrupt();
        if name == request.outcome || read.contains(name) {
            continue;
        }
        let column = rows.position(name).unwrap_or_default();
        match of_column(name, column, rows, at < named) {
            Ok(mut candidate) => {
                if wanted.iter().any(|known| known.name == candidate.name) {
                    candidate.json.insert("input".into(), name.into());
                    candidate.name.push_str("_column");
                }
                wanted.push(candidate);
            }
            Err(reason) if at < named && reason.1 => {
                let found = rows.columns()[column].type_name.clone();
                return Err(FitError::Unsuitable { column: name.to_owned(), found });
            }
            Err(reason) => _ = left_out.insert(name.to_owned(), reason.0),
        }
    }
    Ok(())
}

/// A column as a signal, or why not, and whether its type is the reason.
fn of_column(name: &str, column: usize, rows: &Rows, is_named: bool) -> Result<Candidate, (String, bool)> {
    if name.starts_with('@') || name.len() > 200 {
        return Err(("has a name that a model cannot read".into(), true));
    }
    let mut json = Map::new();
    json.insert("label".into(), label(name).into());
    match rows.columns()[column].kind {
        ColumnKind::Other => return Err((format!("is of type {}", rows.columns()[column].type_name), true)),
        ColumnKind::Time => {
            json.insert("input".into(), json!({"days": [name, "@as_of"]}));
            json.insert("unit".into(), "days".into());
        }
        ColumnKind::Text => {
            let texts = rows.texts(column);
            if texts.len() > MOST_TEXTS {
                if !texts.iter().all(|text| parse_time(text).is_some()) {
                    return Err((format!("has {} different texts", texts.len()), false));
                }
                json.insert("input".into(), json!({"days": [name, "@as_of"]}));
                json.insert("unit".into(), "days".into());
            }
        }
        ColumnKind::Number if !is_named && is_serial(column, rows) => {
            return Err(("is a different number for each account".into(), false));
        }
        ColumnKind::Number | ColumnKind::Boolean => {}
    }
    Ok(Candidate { name: name.to_owned(), json, is_new: true })
}

/// Whole numbers, all different: an id.
fn is_serial(column: usize, rows: &Rows) -> bool {
    let mut seen = std::collections::HashSet::new();
    (0..rows.len()).all(|row| match rows.value(row, column) {
        Value::Number(number) => number.fract() == 0.0 && seen.insert(number.to_bits()),
        _ => false,
    })
}

/// last_login_days as "Last login days".
fn label(name: &str) -> String {
    let words = name.replace(['_', '.'], " ");
    let mut letters = words.trim().chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => name.to_owned(),
    }
}

/// The values of the candidates, as the engine reads them.
fn features(
    request: &FitRequest,
    rows: &Rows,
    wanted: Vec<Candidate>,
    left_out: &mut Reasons,
    interrupt: &mut dyn FnMut(),
) -> Result<Vec<(Candidate, Feature)>, FitError> {
    // A document needs a scale, but this scale is never used: the values are read before scaling.
    let probe = |candidate: &Candidate| {
        let mut json = candidate.json.clone();
        json.remove("missing");
        json.remove("category");
        json.insert("scale".into(), json!({"map": {"": 0}, "otherwise": 50}));
        (candidate.name.clone(), Json::Object(json))
    };
    let signals: Map<String, Json> = wanted.iter().map(probe).collect();
    let model =
        Model::compile(&json!({"on_invalid": "missing", "signals": signals}), interrupt).map_err(FitError::Invalid)?;
    let columns: Vec<Option<usize>> = model.inputs().iter().map(|input| rows.position(&input.name)).collect();
    if let Some((input, _)) =
        model.inputs().iter().zip(&columns).find(|(input, column)| input.required && column.is_none())
    {
        let near = nearest(&input.name, rows.columns().iter().map(|column| column.name.as_str()));
        return Err(FitError::UnknownColumn { name: input.name.clone(), nearest: near.map(str::to_owned) });
    }
    let lenient = request.model.base().lenient;
    let mut kept = Vec::new();
    for candidate in wanted {
        interrupt();
        let Some(at) = model.base().find_signal(&candidate.name) else { continue };
        let signal = &model.base().signals()[at];
        let is_map = request.document["signals"][&candidate.name]["scale"].get("map").is_some() && !candidate.is_new;
        let mut found = FeatureValues::default();
        let mut values: Vec<Value> = vec![Value::Missing; columns.len()];
        for row in 0..rows.len() {
            if row % 4096 == 0 {
                interrupt();
            }
            for input in signal.source.inputs().into_iter().chain(signal.observed) {
                values[input] = columns[input].map_or(Value::Missing, |column| rows.value(row, column));
            }
            let raw = signal.raw(&values, request.as_of);
            if raw.status == Status::Invalid
                && !lenient
                && let Some(problem) = raw.problem
            {
                let place = format!("signal {}", Quoted(&candidate.name));
                return Err(FitError::Score(ScoreError::Invalid(InvalidValue::new(
                    place,
                    problem,
                    model.inputs(),
                    &values,
                ))));
            }
            let value = match (raw.value, &signal.default) {
                (Value::Missing, Some(default)) => default.as_value(),
                (value, _) => value,
            };
            found.add(&value, is_map, request.as_of);
        }
        match found.feature() {
            Some(feature) => kept.push((candidate, feature)),
            None => _ = left_out.insert(candidate.name, "is the same for all accounts, or has no value".into()),
        }
    }
    Ok(kept)
}

/// Numbers or codes, whichever the values turn out to be.
#[derive(Default)]
struct FeatureValues {
    numbers: Vec<f64>,
    codes: Vec<u32>,
    names: Vec<String>,
    known: HashMap<String, u32>,
    written: String,
}

const MISSING: u32 = u32::MAX;

impl FeatureValues {
    fn add(&mut self, value: &Value, is_map: bool, as_of: i64) {
        let (mut number, mut code) = (f64::NAN, MISSING);
        match value {
            Value::Number(found) if found.is_finite() && !is_map => number = *found,
            Value::Time(at) => number = (as_of as f64 - *at as f64) / DAY,
            Value::Number(found) if !found.is_finite() => {}
            Value::Missing | Value::Unusable(_) => {}
            code_value => {
                self.written.clear();
                code_value.write(&mut self.written);
                code = match self.known.get(&self.written) {
                    Some(code) => *code,
                    None => {
                        let code = self.names.len() as u32;
                        self.names.push(self.written.clone());
                        self.known.insert(self.written.clone(), code);
                        code
                    }
                };
            }
        }
        self.numbers.push(number);
        self.codes.push(code);
    }

    /// None where all have the same value, or none has one.
    fn feature(self) -> Option<Feature> {
        let missing = |is_missing: bool| usize::from(is_missing);
        if !self.names.is_empty() {
            let kinds = self.names.len() + missing(self.codes.contains(&MISSING));
            return (kinds > 1).then_some(Feature::Category { codes: self.codes, names: self.names });
        }
        let some_missing = self.numbers.iter().any(|number| number.is_nan());
        let feature = Feature::of_numbers(&self.numbers);
        match &feature {
            Feature::Numeric { numbers, .. } if numbers.len() + missing(some_missing) > 1 && !numbers.is_empty() => {
                Some(feature)
            }
            _ => None,
        }
    }
}
