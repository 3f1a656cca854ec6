//! Functions of model documents: health_model_check, health_patch, health_template, and what the triggers call.

use health_score_engine::{Issue, LIMITS, Model, Severity, Template, merge, template, templates};
use pgrx::{IntoDatum, pg_sys};
use serde_json::Value as Json;

use crate::model::store::{Reference, Store};
use crate::pg::arguments::{Arguments, text_of};
use crate::pg::datum::varlena_bytes;
use crate::pg::error::{Report, code, did_you_mean, invalid_document, quoted};
use crate::pg::json::text::parse_jsonb;
use crate::pg::memory::require_room;
use crate::pg::returning::each_row;
use crate::sql_function;

/// A document from the payload of a jsonb, or why it cannot be read. Postgres writes it as text, serde_json reads that: a
/// document is compiled once, so the detour costs nothing that matters.
pub fn read(bytes: &[u8]) -> Result<Json, Unreadable> {
    if bytes.len() > LIMITS.bytes {
        return Err(Unreadable::TooLarge(bytes.len()));
    }
    // A large document takes some 50 ms for each of these steps.
    let text = jsonb_text(bytes);
    interruptible();
    // Of small objects, {"a":1}, each takes half a kilobyte as a tree.
    require_room(text.len() * 80);
    let document = serde_json::from_str(&text).map_err(|error| {
        // The line and column that serde_json names are those of a text that nobody wrote.
        if error.to_string().starts_with("recursion limit") { Unreadable::TooDeep } else { Unreadable::NumberTooLarge }
    });
    interruptible();
    document
}

/// Why a jsonb is no document; it is JSON, so little else can be wrong.
pub enum Unreadable {
    TooLarge(usize),
    TooDeep,
    NumberTooLarge,
}

impl Unreadable {
    fn reason(&self) -> String {
        match self {
            Unreadable::TooLarge(bytes) => format!("has {bytes} bytes; the limit is {}", LIMITS.bytes),
            Unreadable::TooDeep => "is nested more than 127 levels deep".into(),
            Unreadable::NumberTooLarge => "has a number beyond double precision".into(),
        }
    }

    pub fn raise(&self, what: &str) -> ! {
        let (code, hint) = match self {
            Unreadable::TooLarge(_) => (code::PROGRAM_LIMIT, "Move what is not part of the model out of the document."),
            _ => (
                code::INVALID_PARAMETER,
                "A document is nested a few levels deep, and its numbers fit double precision.",
            ),
        };
        Report::new(code, format!("the {what} cannot be read"))
            .detail(format!("It {}.", self.reason()))
            .hint(hint)
            .raise()
    }
}

pub fn parse(bytes: &[u8], what: &str) -> Json {
    read(bytes).unwrap_or_else(|unreadable| unreadable.raise(what))
}

/// The text of a jsonb, from its payload.
pub fn jsonb_text(payload: &[u8]) -> String {
    // SAFETY: the payload of a jsonb begins with its root container; the copy is palloc'd, so aligned, and freed with the
    // call's memory. JsonbToCString gives a C string; how deep it goes was bounded when the jsonb was read.
    unsafe {
        let copy: *mut u8 = pg_sys::palloc(payload.len()).cast();
        std::ptr::copy_nonoverlapping(payload.as_ptr(), copy, payload.len());
        let text = pg_sys::JsonbToCString(std::ptr::null_mut(), copy.cast(), payload.len() as i32);
        std::ffi::CStr::from_ptr(text).to_string_lossy().into_owned()
    }
}

/// Lets a cancel or timeout through in long work, and stops it while there is memory left.
pub fn interruptible() {
    pgrx::check_for_interrupts!();
    require_room(0);
}

fn argument(arguments: &Arguments, at: usize, what: &str) -> Option<Json> {
    // SAFETY: the argument is declared jsonb.
    arguments.datum(at).map(|datum| parse(unsafe { varlena_bytes(datum) }, what))
}

sql_function! {
    fn health_model_check(arguments) {
        each_row(arguments, 3, |_, give| {
            for issue in issues(arguments) {
                give(&|row| {
                    row.text(Some(issue.severity.as_str()));
                    row.text(Some(&issue.path));
                    row.text(Some(&issue.message));
                });
            }
        })
    }
}

fn issues(arguments: &Arguments) -> Vec<Issue> {
    let Some(datum) = arguments.datum(0) else { return Vec::new() };
    // SAFETY: the argument is declared jsonb.
    match read(unsafe { varlena_bytes(datum) }) {
        Ok(document) => Model::check(&document, &mut interruptible),
        Err(unreadable) => {
            vec![Issue { severity: Severity::Error, path: "$".into(), message: unreadable.reason() }]
        }
    }
}

sql_function! {
    /// Raises all errors of a document; for the trigger of health_model.
    fn health_model_require_valid(arguments) {
        let document = argument(arguments, 0, "model document")?;
        match Model::compile(&document, &mut interruptible) {
            Ok(_) => true.into_datum(),
            Err(issues) => invalid_document("model document", &issues).raise(),
        }
    }
}

sql_function! {
    fn health_patch(arguments) {
        let (document, patch) = (argument(arguments, 0, "model document")?, argument(arguments, 1, "patch")?);
        if !patch.is_object() {
            Report::new(code::INVALID_PARAMETER, "a patch must be a JSON object")
                .hint("For example '{\"categories\": {\"usage\": {\"weight\": 40}}}'.")
                .raise();
        }
        let merged = merge(&document, &patch);
        interruptible();
        let text = merged.to_string();
        interruptible();
        Some(parse_jsonb(text.into_bytes()))
    }
}

sql_function! {
    fn health_template(arguments) {
        let name = text_of(arguments.datum(0)?);
        let template = template_of(name);
        Some(parse_jsonb(template.document.into()))
    }
}

sql_function! {
    fn health_template_names(arguments) {
        let _ = arguments;
        templates().iter().map(|template| template.name).collect::<Vec<_>>().into_datum()
    }
}

/// The shipped template of this name, or 42704 with the nearest.
pub fn template_of(name: &str) -> &'static Template {
    template(name).unwrap_or_else(|| {
        let names = || templates().iter().map(|template| template.name);
        let all = format!("There are: {}.", names().collect::<Vec<_>>().join(", "));
        Report::new(code::UNDEFINED_OBJECT, format!("unknown template {}", quoted(name)))
            .detail(all)
            .hint(did_you_mean(name, names(), "Take one of these."))
            .raise()
    })
}

sql_function! {
    fn health_model_get(arguments) {
        let name = text_of(arguments.datum(0)?);
        // SAFETY: flinfo is valid during the call.
        let store = Store::of_function(unsafe { (*arguments.flinfo()).fn_oid });
        store.check_rights();
        let reference = Reference::parse(name);
        let stored = store.find(&reference).unwrap_or_else(|| store.not_found(&reference));
        Some(jsonb_datum(&stored.definition))
    }
}

/// A jsonb datum from its payload.
fn jsonb_datum(payload: &[u8]) -> pg_sys::Datum {
    const HEADER: usize = 4;
    // SAFETY: the memory holds header and payload; the header is the one of an uncompressed varlena of that length.
    unsafe {
        let total = payload.len() + HEADER;
        let memory: *mut u8 = pg_sys::palloc(total).cast();
        memory.cast::<u32>().write((total as u32) << 2);
        std::ptr::copy_nonoverlapping(payload.as_ptr(), memory.add(HEADER), payload.len());
        pg_sys::Datum::from(memory)
    }
}

sql_function! {
    /// Tells every backend that health_model has changed; called by its ALWAYS triggers. Delivered at commit, and to
    /// this transaction's next command.
    fn health_model_changed(arguments) {
        // SAFETY: called as a trigger, checked here; the relation is open.
        unsafe {
            let context = (*arguments.fcinfo()).context;
            if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_TriggerData {
                Report::new(code::WRONG_OBJECT_TYPE, "health_model_changed() is a trigger function").hint("The triggers of health_model call it.").raise();
            }
            let trigger = context.cast::<pg_sys::TriggerData>();
            pg_sys::CacheInvalidateRelcacheByRelid((*(*trigger).tg_relation).rd_id);
        }
        Some(pg_sys::Datum::from(0))
    }
}
