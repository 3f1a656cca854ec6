//! health_model_draft(relation, template, inputs …) → jsonb: a first model fitted to a relation's columns

use health_score_engine::{DraftError, DraftRequest, Quoted, draft, unknown_columns};
use pgrx::pg_sys;
use serde_json::Value as Json;

use crate::model::document::parse;
use crate::model::template::template_of;
use crate::pg::arguments::Arguments;
use crate::pg::as_of::as_of_or_now;
use crate::pg::error::{Report, code, invalid_document, quoted};
use crate::pg::json::text::jsonb_of;
use crate::pg::memory::interruptible;
use crate::pg::relation::Relation;
use crate::sql_function;

sql_function! {
    fn health_model_draft(arguments) {
        let relation = Relation::open(arguments.get::<pg_sys::Oid>(0)?);
        let template = template_of(arguments.text(1).unwrap_or("simple"));
        let told = told(arguments);
        let as_of = as_of_or_now(arguments, 3);
        let terciles = wants_terciles(arguments);
        let reading = relation.read();
        let request = DraftRequest {
            template,
            told: &told,
            relation: &relation.name,
            source: &reading.source,
            as_of,
            terciles,
        };
        let document = draft(&reading.sample, &request, &mut interruptible)
            .unwrap_or_else(|error| report(error, &relation.name, template.name).raise());
        ask(&document, &relation.name);
        Some(jsonb_of(&document))
    }
}

/// The most columns that one notice names.
const MOST_ASKED: usize = 20;

/// Says aloud which columns nobody has looked at, and what else the draft noticed.
fn ask(document: &Json, relation: &str) {
    let unknown = unknown_columns(document);
    let hint = "SELECT * FROM health_model_notes(document) shows all notes of a draft.";
    if !unknown.is_empty() {
        let mut names: Vec<_> = unknown.iter().take(MOST_ASKED).map(|name| quoted(name)).collect();
        if unknown.len() > MOST_ASKED {
            names.push(format!("and {} more", unknown.len() - MOST_ASKED));
        }
        Report::new(
            code::SUCCESSFUL,
            format!("the draft does not use {} of {relation}: unknown names", names.join(", ")),
        )
        .detail(
            "A column that says how healthy an account is may be named in inputs, or become a signal by health_patch.",
        )
        .hint(hint)
        .notice();
    }
    for note in document["meta"]["draft"]["notes"].as_array().into_iter().flatten().filter_map(Json::as_str) {
        Report::new(code::SUCCESSFUL, note).hint(hint).notice();
    }
}

/// The decisions of argument 2: an object of names, each with a column or null.
fn told(arguments: &Arguments) -> Vec<(String, Option<String>)> {
    let Some(inputs) = arguments.payload(2) else { return Vec::new() };
    let json = parse(inputs, "inputs argument");
    let refuse = |what: String| -> ! {
        Report::new(code::INVALID_PARAMETER, format!("inputs must name columns: {what}"))
            .detail("In inputs, a key is an input of the template or a signal, and its value is a column, or null to leave it out.")
            .hint("For example: inputs => '{\"logins_30d\": \"monthly_sessions\", \"nps\": null}'.")
            .raise()
    };
    let Json::Object(map) = json else { refuse("it is not an object".into()) };
    let column = |(name, column): (String, Json)| match column {
        Json::Null => (name, None),
        Json::String(column) => (name, Some(column)),
        _ => refuse(format!("{} is neither a text nor null", quoted(&name))),
    };
    map.into_iter().map(column).collect()
}

fn wants_terciles(arguments: &Arguments) -> bool {
    match arguments.text(4) {
        None => false,
        Some("terciles") => true,
        Some(other) => Report::new(code::INVALID_PARAMETER, format!("unknown way to make bands: {}", quoted(other)))
            .hint("Omit bands to keep the template's, or pass 'terciles' for three bands with a third of the accounts each.")
            .raise(),
    }
}

fn report(error: DraftError, relation: &str, template: &str) -> Report {
    let did_you_mean = |nearest: Option<String>, otherwise: &str| match nearest {
        Some(name) => format!("Did you mean {}?", Quoted(&name)),
        None => otherwise.to_owned(),
    };
    match error {
        DraftError::UnknownInput { name, nearest } => {
            let message = format!("{} is neither an input of template {template} nor a known signal", quoted(&name));
            Report::new(code::INVALID_PARAMETER, message)
                .detail("A column of the relation is also a valid key, with null, to leave the column out.")
                .hint(did_you_mean(
                    nearest,
                    &format!("SELECT health_template('{template}') shows the template's inputs."),
                ))
        }
        DraftError::UnknownColumn { name, nearest } => {
            Report::new(code::UNDEFINED_COLUMN, format!("{relation} has no column {}", quoted(&name)))
                .hint(did_you_mean(nearest, "Name one of its columns, or null to leave the input out."))
        }
        DraftError::Twice { column } => {
            Report::new(code::INVALID_PARAMETER, format!("inputs names column {} twice", quoted(&column)))
                .hint("Map each column to one input; use health_patch to let two signals share a column.")
        }
        DraftError::Unsuitable { input, column, needs, found } => {
            let message =
                format!("column {} is of type {found}, but {} needs {needs}", quoted(&column), quoted(&input));
            Report::new(code::DATATYPE_MISMATCH, message).hint("Name another column, or cast this one in a view.")
        }
        DraftError::NothingFits { wanted } => {
            let some: Vec<_> = wanted.into_iter().take(40).collect();
            Report::new(code::INVALID_PARAMETER, format!("no column of {relation} can be read as a signal"))
                .detail(format!("Names that the draft knows include: {}.", some.join(", ")))
                .hint(
                    "Name the columns: inputs => '{\"logins\": \"my_column\"}'; or pass a relation with one row per \
                     account.",
                )
        }
        DraftError::NoTerciles => {
            Report::new(code::INVALID_PARAMETER, format!("the scores of {relation} cannot be split into three bands"))
                .detail("With a third of the accounts each, bands would begin at the same whole number, or at 0.")
                .hint("Omit bands, and set the bands with health_patch.")
        }
        DraftError::Invalid(issues) => invalid_document("draft", &issues),
    }
}
