//! health_playbook_condition(…) → boolean and health_playbook_condition_check(…): the condition of a playbook over what
//! history keeps of an account.

use health_score_engine::{Judged, PlaybookCondition, Value};
use pgrx::IntoDatum;

use crate::model::cache::by_document;
use crate::model::document::parse;
use crate::pg::as_of::finite_as_of;
use crate::pg::error::invalid;
use crate::pg::fn_extra::kept;
use crate::pg::json::jsonb::{Keys, LastKeys, NUMERIC, STRING, each_element, each_member, member_number, read};
use crate::sql_function;

const WHAT: &str = "condition of a playbook";

sql_function! {
    fn health_playbook_condition_check(arguments) {
        let condition = arguments.payload(0)?;
        let model = arguments.payload(1).map(by_document);
        let model = model.as_ref().map(|compiled| &compiled.model);
        // Version 0.9.0 declares two arguments.
        let kept: Option<Vec<Option<String>>> = if arguments.count() > 2 { arguments.get(2) } else { None };
        let kept: Option<Vec<&str>> = kept.as_ref().map(|names| names.iter().flatten().map(String::as_str).collect());
        if let Err(issues) = PlaybookCondition::parse(&parse(condition, WHAT), model, kept.as_deref()) {
            invalid(WHAT, &issues)
                .hint(
                    "Write the condition like the when of a rule; driver and category_drop are allowed too: \
                     {\"category_drop\": \"usage\", \"ge\": 10}. An input is one that the history keeps, or name, owner, \
                     parent, renewal, segment or value, if the source has a column for it.",
                )
                .raise();
        }
        true.into_datum()
    }
}

sql_function! {
    /// condition, as_of, score, inputs, drivers, drivers before
    fn health_playbook_condition(arguments) {
        let (condition, as_of) = (arguments.payload(0)?, arguments.datum(1)?);
        let compiled = kept(arguments, Conditions::default).compiled(condition);
        let mut values = vec![Value::Missing; compiled.condition.inputs().len()];
        // Inputs that history did not keep are missing.
        if let Some(inputs) = arguments.payload(3) {
            let _ = read(inputs, &compiled.keys, &mut LastKeys::default(), &mut values);
        }
        let now = judged(arguments.payload(4).unwrap_or_default());
        let before = arguments.payload(5).map(judged);
        let as_of = finite_as_of(as_of.value() as i64);
        compiled.condition.holds(&values, as_of, arguments.get(2), &now, before.as_deref()).into_datum()
    }
}

/// The drivers in the form that history keeps.
fn judged(drivers: &[u8]) -> Vec<Judged<'_>> {
    let mut list = Vec::new();
    each_element(drivers, |driver| {
        let mut judged = Judged::default();
        each_member(driver, |key, kind, payload| {
            let text = || std::str::from_utf8(payload).unwrap_or_default();
            match (key, kind) {
                (b"kind", STRING) => judged.kind = text(),
                (b"driver", STRING) => judged.name = text(),
                (b"category", STRING) => judged.category = Some(text()),
                (b"subscore", NUMERIC) => judged.subscore = member_number(payload),
                (b"weight", NUMERIC) => judged.weight = member_number(payload),
                (b"contribution", NUMERIC) => judged.contribution = member_number(payload),
                (b"lost", NUMERIC) => judged.lost = member_number(payload),
                _ => {}
            }
        });
        list.push(judged);
    });
    list
}

/// A condition that a call site used last, with what reading its inputs needs.
struct CompiledCondition {
    bytes: Box<[u8]>,
    condition: PlaybookCondition,
    keys: Keys,
}

/// The conditions of a call site.
#[derive(Default)]
struct Conditions(Vec<CompiledCondition>);

/// Playbooks of one source are few.
const MOST: usize = 64;

impl Conditions {
    fn compiled(&mut self, bytes: &[u8]) -> &CompiledCondition {
        let at = self.0.iter().position(|known| *known.bytes == *bytes).unwrap_or_else(|| {
            let condition = PlaybookCondition::parse(&parse(bytes, WHAT), None, None)
                .unwrap_or_else(|issues| invalid(WHAT, &issues).raise());
            let keys = Keys::new(condition.inputs().iter().map(|input| input.name.as_str()));
            if self.0.len() >= MOST {
                self.0.clear();
            }
            self.0.push(CompiledCondition { bytes: bytes.into(), condition, keys });
            self.0.len() - 1
        });
        &self.0[at]
    }
}
