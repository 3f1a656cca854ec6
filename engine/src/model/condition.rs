//! The language of rules and segments: tests on inputs, subscores, categories and the score, joined by all, any, not.
//!
//! Three-valued logic, as in SQL: a comparison with a missing value is unknown, and only a true condition takes effect.

use std::cell::RefCell;

use serde_json::Value as Json;

use crate::base::quoted::Quoted;
use crate::base::time::parse_time;
use crate::base::value::{Literal, Value};
use crate::document::issue::{Issues, Path};
use crate::document::json::{Object, kind};
use crate::signal::inputs::Inputs;
use crate::signal::problem::{Expected, Problem};
use crate::signal::source::Source;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Test(Subject, Vec<Check>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Subject {
    Input(Source),
    /// The index of a signal.
    Subscore(usize),
    /// The index of a category.
    Category(usize),
    RunningScore,
    BaseScore,
    /// The points that a driver takes, in a playbook's condition; an index into its names.
    Driver(usize),
    /// By how much a category's subscore fell, in a playbook's condition; an index into its names.
    CategoryDrop(usize),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Check {
    Compare(Operator, Constant),
    In(Vec<Constant>),
    Missing(bool),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Operator {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// The right side of a comparison; a text that reads as a time compares with times too.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Constant {
    pub literal: Literal,
    pub time: Option<i64>,
}

const OPERATORS: [(&str, Operator); 6] = [
    ("eq", Operator::Eq),
    ("ne", Operator::Ne),
    ("lt", Operator::Lt),
    ("le", Operator::Le),
    ("gt", Operator::Gt),
    ("ge", Operator::Ge),
];
const JOINS: [&str; 3] = ["all", "any", "not"];
const SUBJECTS: [&str; 6] = ["input", "subscore", "category", "score", "driver", "category_drop"];
/// The subjects after these exist only in playbooks.
const SUBJECTS_OF_MODELS: usize = 4;
const OTHERS: [&str; 3] = ["in", "missing", "present"];

/// What a condition may look at.
pub(crate) enum Scope<'a> {
    /// Before a score exists: inputs only.
    Segment,
    /// All names in the document, sorted, including the names of unreadable parts, which are reported once at their
    /// place.
    Rule { signals: &'a [&'a str], categories: &'a [&'a str], points: bool },
    /// After the score: the names are collected here, and a name that a known model lacks is an error.
    Playbook { names: &'a RefCell<Vec<String>>, known: Option<&'a KnownNames<'a>> },
}

/// The names of a model in all its segments, sorted.
pub(crate) struct KnownNames<'a> {
    pub inputs: Vec<&'a str>,
    pub signals: Vec<&'a str>,
    pub categories: Vec<&'a str>,
    pub drivers: Vec<&'a str>,
}

impl Scope<'_> {
    fn subjects(&self) -> &'static [&'static str] {
        match self {
            Scope::Playbook { .. } => &SUBJECTS,
            _ => &SUBJECTS[..SUBJECTS_OF_MODELS],
        }
    }
}

/// The numbers that a rule's condition sees; segments have none.
pub(crate) trait Numbers {
    fn subscore(&self, signal: usize) -> Option<f64>;
    fn category(&self, category: usize) -> Option<f64>;
    fn running(&self) -> f64;
    fn base(&self) -> f64;
    fn driver(&self, _name: usize) -> Option<f64> {
        None
    }
    fn category_drop(&self, _name: usize) -> Option<f64> {
        None
    }
}

impl Condition {
    pub fn parse(
        json: &Json,
        path: Path,
        scope: &Scope,
        inputs: &mut Inputs,
        issues: &mut Issues,
    ) -> Option<Condition> {
        let heads = || JOINS.into_iter().chain(scope.subjects().iter().copied());
        let known: Vec<&str> = heads().chain(OPERATORS.map(|o| o.0)).chain(OTHERS).collect();
        let object = Object::open(json, path, &known, issues)?;
        let given: Vec<_> = heads().filter(|key| object.has(key)).collect();
        let [head] = given[..] else {
            let all: Vec<_> = heads().collect();
            let (last, others) = all.split_last().unwrap_or((&"", &[]));
            issues.error(&path, format!("needs exactly one of {} and {last}", others.join(", ")));
            return None;
        };
        let at = path.key(head);
        let value = object.get(head)?;
        if JOINS.contains(&head) {
            for key in OPERATORS.map(|o| o.0).into_iter().chain(OTHERS).filter(|key| object.has(key)) {
                issues.error(&path.key(key), format!("is not allowed beside {head}: put it inside"));
            }
        }
        match head {
            "not" => Condition::parse(value, at, scope, inputs, issues).map(|inner| Condition::Not(Box::new(inner))),
            "all" | "any" => {
                let list = object.array(head, issues)?;
                if list.is_empty() {
                    issues.error(&at, "must have at least one condition");
                }
                let parsed: Vec<_> = list
                    .iter()
                    .enumerate()
                    .map(|(index, item)| Condition::parse(item, at.index(index), scope, inputs, issues))
                    .collect();
                let parsed = parsed.into_iter().collect::<Option<Vec<_>>>()?;
                Some(if head == "all" { Condition::All(parsed) } else { Condition::Any(parsed) })
            }
            _ => {
                let subject = Subject::parse(head, value, at, scope, inputs, issues);
                // A ratio, change or days is a number, as every score is.
                let numeric = head != "input" || value.is_object();
                let checks = checks(&object, numeric, issues);
                Some(Condition::Test(subject?, checks?))
            }
        }
    }

    pub fn reads_time(&self) -> bool {
        match self {
            Condition::All(list) | Condition::Any(list) => list.iter().any(Condition::reads_time),
            Condition::Not(inner) => inner.reads_time(),
            Condition::Test(Subject::Input(source), _) => source.reads_time(),
            Condition::Test(..) => false,
        }
    }

    pub fn reads_categories(&self) -> bool {
        match self {
            Condition::All(list) | Condition::Any(list) => list.iter().any(Condition::reads_categories),
            Condition::Not(inner) => inner.reads_categories(),
            Condition::Test(subject, _) => matches!(subject, Subject::Category(_)),
        }
    }

    /// The texts that a plain input is compared with by eq and in.
    pub fn each_code<'c>(&'c self, act: &mut dyn FnMut(usize, &'c str)) {
        match self {
            Condition::All(list) | Condition::Any(list) => list.iter().for_each(|inner| inner.each_code(act)),
            Condition::Not(inner) => inner.each_code(act),
            Condition::Test(Subject::Input(Source::Column(input)), checks) => {
                let constants = checks.iter().flat_map(|check| match check {
                    Check::Compare(Operator::Eq | Operator::Ne, constant) => std::slice::from_ref(constant),
                    Check::In(list) => list,
                    _ => &[],
                });
                for constant in constants {
                    if let Literal::Text(text) = &constant.literal {
                        act(*input, text);
                    }
                }
            }
            Condition::Test(..) => {}
        }
    }

    /// True, false or unknown. An unreadable value is an error, or counts as missing if `lenient`.
    pub fn holds(
        &self,
        values: &[Value],
        as_of: i64,
        lenient: bool,
        numbers: &dyn Numbers,
    ) -> Result<Option<bool>, Problem> {
        match self {
            Condition::Not(inner) => Ok(inner.holds(values, as_of, lenient, numbers)?.map(|truth| !truth)),
            Condition::All(list) => join(list, false, |inner| inner.holds(values, as_of, lenient, numbers)),
            Condition::Any(list) => join(list, true, |inner| inner.holds(values, as_of, lenient, numbers)),
            Condition::Test(subject, checks) => {
                let value = match subject.read(values, as_of, numbers) {
                    Err(_) if lenient => Value::Missing,
                    other => other?,
                };
                join(checks, false, |check| match check.holds(&value) {
                    Err(_) if lenient => Ok(None),
                    Err(expected) => Err(match subject {
                        Subject::Input(source) => source.problem(expected),
                        _ => Problem { input: None, expected },
                    }),
                    Ok(truth) => Ok(truth),
                })
            }
        }
    }
}

/// Kleene's and/or: `decisive` ends it; else unknown if any part is unknown.
fn join<T>(
    list: &[T],
    decisive: bool,
    mut truth_of: impl FnMut(&T) -> Result<Option<bool>, Problem>,
) -> Result<Option<bool>, Problem> {
    let mut result = Some(!decisive);
    for item in list {
        match truth_of(item)? {
            Some(truth) if truth == decisive => return Ok(Some(decisive)),
            Some(_) => {}
            None => result = None,
        }
    }
    Ok(result)
}

impl Subject {
    fn parse(
        head: &str,
        json: &Json,
        path: Path,
        scope: &Scope,
        inputs: &mut Inputs,
        issues: &mut Issues,
    ) -> Option<Subject> {
        if head == "input" {
            let source = inputs.parse_source(json, path, true, issues)?;
            inputs.keep_last(source.inputs());
            if let Scope::Playbook { known: Some(known), .. } = scope {
                let names = source.inputs().into_iter().map(|input| inputs.list[input].name.as_str());
                // All unknown names are reported, not only the first.
                let unknown = names.filter(|name| find(name, "input", &known.inputs, &path, issues).is_none()).count();
                if unknown > 0 {
                    return None;
                }
            }
            return Some(Subject::Input(source));
        }
        if matches!(scope, Scope::Segment) {
            issues
                .error(&path, "the condition of a segment may use input only, because it runs before there is a score");
            return None;
        }
        let Some(name) = json.as_str() else {
            issues.error(&path, format!("must be a text, not {}", kind(json)));
            return None;
        };
        if head == "score" {
            return match name {
                "running" => Some(Subject::RunningScore),
                "base" => Some(Subject::BaseScore),
                _ => {
                    issues.error(&path, format!("{name} is neither \"running\" nor \"base\"", name = Quoted(name)));
                    None
                }
            };
        }
        let (what, subject): (_, fn(usize) -> Subject) = match head {
            "subscore" => ("signal", Subject::Subscore),
            "category" => ("category", Subject::Category),
            "driver" => ("driver", Subject::Driver),
            _ => ("category", Subject::CategoryDrop),
        };
        match scope {
            Scope::Segment => None,
            Scope::Rule { points: true, .. } => {
                issues.error(&path, format!("there is no {head} under method \"points\""));
                None
            }
            Scope::Rule { signals, categories, .. } => {
                let known = if what == "signal" { signals } else { categories };
                find(name, what, known, &path, issues).map(subject)
            }
            Scope::Playbook { names, known } => {
                if let Some(known) = known {
                    let list = match what {
                        "signal" => &known.signals,
                        "driver" => &known.drivers,
                        _ => &known.categories,
                    };
                    find(name, what, list, &path, issues)?;
                }
                let mut names = names.borrow_mut();
                names.push(name.to_owned());
                Some(subject(names.len() - 1))
            }
        }
    }

    fn read<'a>(&self, values: &[Value<'a>], as_of: i64, numbers: &dyn Numbers) -> Result<Value<'a>, Problem> {
        let number = match self {
            Subject::Input(source) => {
                return match source.read(values, as_of)? {
                    Value::Unusable(_) => Err(source.problem(Expected::Comparable)),
                    Value::Number(number) if !number.is_finite() => Err(source.problem(Expected::Number)),
                    value => Ok(value),
                };
            }
            Subject::Subscore(signal) => numbers.subscore(*signal),
            Subject::Category(category) => numbers.category(*category),
            Subject::RunningScore => Some(numbers.running()),
            Subject::BaseScore => Some(numbers.base()),
            Subject::Driver(name) => numbers.driver(*name),
            Subject::CategoryDrop(name) => numbers.category_drop(*name),
        };
        Ok(number.map_or(Value::Missing, Value::Number))
    }
}

/// The index of a name among sorted ones.
fn find(name: &str, what: &str, known: &[&str], path: &Path, issues: &mut Issues) -> Option<usize> {
    let found = known.binary_search(&name);
    if found.is_err() {
        let near = issues.did_you_mean(name, known.iter().copied());
        issues.error(path, format!("unknown {what} {name}{near}", name = Quoted(name)));
    }
    found.ok()
}

fn checks(object: &Object, numeric: bool, issues: &mut Issues) -> Option<Vec<Check>> {
    let mut checks = Vec::new();
    let mut good = true;
    for (key, operator) in OPERATORS {
        let Some(json) = object.get(key) else {
            continue;
        };
        let ordered = !matches!(operator, Operator::Eq | Operator::Ne);
        match Constant::parse(json, &object.path.key(key), numeric, ordered, issues) {
            Some(constant) => checks.push(Check::Compare(operator, constant)),
            None => good = false,
        }
    }
    if object.has("in") {
        let at = object.path.key("in");
        let list = object.array("in", issues)?;
        if list.is_empty() {
            issues.error(&at, "must have at least one value");
            good = false;
        }
        let list: Option<Vec<_>> = list
            .iter()
            .enumerate()
            .map(|(index, json)| Constant::parse(json, &at.index(index), numeric, false, issues))
            .collect();
        match list {
            Some(list) => checks.push(Check::In(list)),
            None => good = false,
        }
    }
    for key in ["missing", "present"] {
        if object.has(key) {
            checks.push(Check::Missing(object.boolean(key, issues)? == (key == "missing")));
        }
    }
    if good && checks.is_empty() {
        issues.error(&object.path, "needs a comparison: eq, ne, lt, le, gt, ge, in, missing or present");
    }
    (good && !checks.is_empty()).then_some(checks)
}

impl Constant {
    fn parse(json: &Json, path: &Path, numeric: bool, ordered: bool, issues: &mut Issues) -> Option<Constant> {
        let literal = Literal::from_json(json);
        let time = match &literal {
            Some(Literal::Text(text)) => parse_time(text),
            _ => None,
        };
        let fits = match &literal {
            Some(Literal::Number(_)) => true,
            Some(Literal::Text(_)) => !numeric && (!ordered || time.is_some()),
            Some(Literal::Bool(_)) => !numeric && !ordered,
            None => false,
        };
        if !fits {
            let wanted = match (numeric, ordered) {
                (true, _) => "a number",
                (false, true) => "a number or an ISO 8601 date or timestamp",
                (false, false) => "a number, text or boolean",
            };
            issues.error(path, format!("must be {wanted}, not {}", kind(json)));
            return None;
        }
        Some(Constant { literal: literal?, time })
    }

    /// The order of the value relative to this constant; none for different values without an order.
    fn compare(&self, value: &Value) -> Result<Option<std::cmp::Ordering>, Expected> {
        match (&self.literal, value) {
            (Literal::Number(right), Value::Number(left)) if left.is_finite() => Ok(left.partial_cmp(right)),
            (Literal::Bool(right), Value::Bool(left)) => Ok(Some(left.cmp(right))),
            (Literal::Text(right), Value::Text(left)) => match (parse_time_if(self.time, left), self.time) {
                (Some(left), Some(right)) => Ok(Some(left.cmp(&right))),
                _ => Ok((left == right).then_some(std::cmp::Ordering::Equal)),
            },
            (Literal::Text(_), Value::Time(left)) => {
                self.time.map(|right| Some(left.cmp(&right))).ok_or(Expected::Comparable)
            }
            _ => Err(Expected::Comparable),
        }
    }
}

/// A JSON text is read as a time only where it is compared with one.
fn parse_time_if(constant: Option<i64>, text: &str) -> Option<i64> {
    constant.and_then(|_| parse_time(text))
}

impl Check {
    fn holds(&self, value: &Value) -> Result<Option<bool>, Expected> {
        use std::cmp::Ordering::{Equal, Greater, Less};
        if let Check::Missing(wanted) = self {
            return Ok(Some(matches!(value, Value::Missing) == *wanted));
        }
        if matches!(value, Value::Missing) {
            return Ok(None);
        }
        match self {
            Check::Missing(_) => Ok(None),
            Check::In(list) => {
                // A list may mix kinds: a value suits it by suiting one of them.
                let mut suits = false;
                for constant in list {
                    match constant.compare(value) {
                        Ok(Some(Equal)) => return Ok(Some(true)),
                        Ok(_) => suits = true,
                        Err(_) => {}
                    }
                }
                if suits { Ok(Some(false)) } else { Err(Expected::Comparable) }
            }
            Check::Compare(operator, constant) => {
                let order = constant.compare(value)?;
                Ok(Some(match (operator, order) {
                    (Operator::Eq, order) => order == Some(Equal),
                    (Operator::Ne, order) => order != Some(Equal),
                    // A text that is no time cannot be before or after one.
                    (_, None) => return Err(Expected::Time),
                    (Operator::Lt, Some(order)) => order == Less,
                    (Operator::Le, Some(order)) => order != Greater,
                    (Operator::Gt, Some(order)) => order == Greater,
                    (Operator::Ge, Some(order)) => order != Less,
                }))
            }
        }
    }
}
