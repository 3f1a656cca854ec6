//! A first model for a relation: a template's signals where the relation has columns for them, further measures that
//! the catalogue knows, scales that fit a sample of the data. The document's `meta` says what was done and why.

mod bands;
mod catalogue;
mod choose;
mod codes;
mod columns;
mod drafting;
mod finish;
mod fit;
mod prune;
pub(crate) mod report;
pub(crate) mod request;
mod scales;
mod told;
mod words;

use serde_json::Value as Json;

use drafting::Drafting;
use request::{DraftError, DraftRequest};

use crate::learn::sample::Sample;

pub fn draft(sample: &Sample, request: &DraftRequest, interrupt: &mut dyn FnMut()) -> Result<Json, DraftError> {
    let template: Json = serde_json::from_str(request.template.document).unwrap_or_default();
    let Json::Object(template) = template else { return Err(DraftError::NothingFits { wanted: Vec::new() }) };
    let mut drafting = Drafting::new(sample, request, template);
    drafting.choose_signals()?;
    drafting.finish(interrupt)
}
