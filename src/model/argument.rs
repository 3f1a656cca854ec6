//! The model argument of a SQL function: a document by value (jsonb), or a stored model by its name (text).

use std::rc::Rc;

use pgrx::pg_sys;
use serde_json::Value as Json;

use crate::model::cache::{Compiled, by_document, by_name};
use crate::model::document::parse;
use crate::model::store::{ModelStore, Reference};
use crate::pg::arguments::Arguments;

/// Whether the argument is declared as a name, not as a document.
pub fn is_by_name(arguments: &Arguments, at: usize) -> bool {
    arguments.declared_types().get(at) != Some(&pg_sys::JSONBOID)
}

/// The model of an argument, none for NULL.
pub fn model_argument(arguments: &Arguments, at: usize) -> Option<Rc<Compiled>> {
    if is_by_name(arguments, at) {
        let name = arguments.text(at)?;
        return Some(by_name(ModelStore::of_function(arguments.function()), name).compiled);
    }
    Some(by_document(arguments.payload(at)?))
}

/// The same with the document, for functions that make another document of it.
pub fn model_and_document(arguments: &Arguments, at: usize) -> Option<(Rc<Compiled>, Json)> {
    let read = |definition: &[u8]| (by_document(definition), parse(definition, "model document"));
    if is_by_name(arguments, at) {
        return Some(read(&stored_definition(arguments, arguments.text(at)?)));
    }
    Some(read(arguments.payload(at)?))
}

/// The document of a stored model, as the payload of a jsonb.
pub fn stored_definition(arguments: &Arguments, name: &str) -> Vec<u8> {
    let store = ModelStore::of_function(arguments.function());
    store.check_rights();
    let reference = Reference::parse(name);
    store.find(&reference).unwrap_or_else(|| store.not_found(&reference)).definition
}
