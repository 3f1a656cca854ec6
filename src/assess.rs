//! health_assess(model, account …) → one row with everything about a score

use health_score_engine::{Driver, Value};
use pgrx::{IntoDatum, JsonB};
use serde_json::{Map, Value as Json};

use crate::arguments::text_datum;
use crate::returning::{row, row_type};
use crate::site::{Purpose, Site};
use crate::sql_function;

const COLUMNS: usize = 12;

sql_function! {
    fn health_assess(arguments) {
        let site = Site::of(arguments);
        let descriptor = row_type(arguments, site, COLUMNS);
        site.assess(arguments, Purpose::Explain, |mut assessment, identity| {
            let band = assessment.band();
            let (low, high) = assessment.interval();
            let rules: Vec<String> = assessment.fired_rules().map(str::to_owned).collect();
            let drivers: Vec<Json> =
                assessment.drivers().enumerate().map(|(rank, driver)| driver_json(rank + 1, &driver)).collect();
            row(descriptor, [
                assessment.score.into_datum(),
                band.and_then(|(_, band)| text_datum(&band.name)),
                band.and_then(|(rank, _)| (rank as i32).into_datum()),
                assessment.coverage.into_datum(),
                low.into_datum(),
                high.into_datum(),
                text_datum(assessment.status()),
                assessment.segment.and_then(text_datum),
                identity.name.and_then(text_datum),
                identity.version.into_datum(),
                rules.into_datum(),
                JsonB(Json::Array(drivers)).into_datum(),
            ])
        })
    }
}

/// The columns of health_drivers as an object, without those that are NULL.
fn driver_json(rank: usize, driver: &Driver) -> Json {
    let mut object = Map::new();
    let mut put = |key: &str, value: Json| {
        if !value.is_null() {
            object.insert(key.to_owned(), value);
        }
    };
    put("rank", rank.into());
    put("kind", driver.kind.as_str().into());
    put("category", driver.category.into());
    put("driver", driver.name.into());
    put("label", driver.label.into());
    put("value", value_json(&driver.value));
    put("unit", driver.unit.into());
    put("subscore", driver.subscore.into());
    put("weight", driver.weight.into());
    put("contribution", driver.contribution.into());
    put("lost", driver.lost.into());
    put("status", driver.status.into());
    put("reason", driver.reason.as_deref().into());
    put("evidence", value_json(&driver.evidence));
    Json::Object(object)
}

/// Numbers and booleans keep their kind; all else is text.
pub fn value_json(value: &Value) -> Json {
    match value {
        Value::Missing => Json::Null,
        // As JSON writes it: 5, not 5.0.
        Value::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => (*number as i64).into(),
        Value::Number(number) if number.is_finite() => (*number).into(),
        Value::Bool(flag) => (*flag).into(),
        other => {
            let mut text = String::new();
            other.write(&mut text);
            text.into()
        }
    }
}
