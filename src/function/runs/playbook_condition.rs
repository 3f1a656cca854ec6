//! health_playbook_condition(…) → boolean and health_playbook_condition_check(…): the condition of a playbook over what
//! history keeps of an account.

use health_score_engine::{Judged, PlaybookCondition, Value};
use pgrx::IntoDatum;

use crate::account::call_site::finite_as_of;
use crate::aggregate::kept;
use crate::model::cache::by_document;
use crate::model::document::parse;
use crate::pg::arguments::Arguments;
use crate::pg::datum::varlena_bytes;
use crate::pg::error::invalid;
use crate::pg::json::jsonb::{Keys, NUMERIC, STRING, Shape, each_element, each_member, member_number, read};
use crate::sql_function;

const WHAT: &str = "condition of a playbook";

sql_function! {
    fn health_playbook_condition_check(arguments) {
        // SAFETY: both arguments are declared jsonb.
        let (condition, model) = unsafe { (varlena_bytes(arguments.datum(0)?), arguments.datum(1).map(|model| varlena_bytes(model))) };
        let model = model.map(by_document);
        if let Err(issues) = PlaybookCondition::parse(&parse(condition, WHAT), model.as_ref().map(|compiled| &compiled.model)) {
            invalid(WHAT, &issues)
                .hint("It is written as the when of a rule; driver and category_drop may be asked too: {\"category_drop\": \"usage\", \"ge\": 10}.")
                .raise();
        }
        true.into_datum()
    }
}

sql_function! {
    /// condition, as_of, score, inputs, drivers, drivers before
    fn health_playbook_condition(arguments) {
        let (condition, as_of) = (arguments.datum(0)?, arguments.datum(1)?);
        let site: &mut Site = kept(arguments);
        // SAFETY: the argument is declared jsonb.
        let compiled = site.compiled(unsafe { varlena_bytes(condition) });
        let mut values = vec![Value::Missing; compiled.condition.inputs().len()];
        // What history did not keep is missing.
        if let Some(inputs) = jsonb(arguments, 3) {
            let _ = read(inputs, &compiled.keys, &mut Shape::default(), &mut values);
        }
        let now = judged(jsonb(arguments, 4).unwrap_or_default());
        let before = jsonb(arguments, 5).map(judged);
        let as_of = finite_as_of(as_of.value() as i64);
        compiled.condition.holds(&values, as_of, arguments.get(2), &now, before.as_deref()).into_datum()
    }
}

fn jsonb<'a>(arguments: &Arguments, at: usize) -> Option<&'a [u8]> {
    // SAFETY: the argument is declared jsonb; it lives as long as the call.
    arguments.datum(at).map(|datum| unsafe { varlena_bytes(datum) })
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
struct Compiled {
    bytes: Box<[u8]>,
    condition: PlaybookCondition,
    keys: Keys,
}

#[derive(Default)]
struct Site {
    compiled: Vec<Compiled>,
}

/// Playbooks of one source are few.
const MOST: usize = 64;

impl Site {
    fn compiled(&mut self, bytes: &[u8]) -> &Compiled {
        let at = self.compiled.iter().position(|known| *known.bytes == *bytes).unwrap_or_else(|| {
            let condition = PlaybookCondition::parse(&parse(bytes, WHAT), None)
                .unwrap_or_else(|issues| invalid(WHAT, &issues).raise());
            let keys = Keys::new(condition.inputs().iter().map(|input| input.name.as_str()));
            if self.compiled.len() >= MOST {
                self.compiled.clear();
            }
            self.compiled.push(Compiled { bytes: bytes.into(), condition, keys });
            self.compiled.len() - 1
        });
        &self.compiled[at]
    }
}
