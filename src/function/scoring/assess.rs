//! health_assess(model, account …) → one row with everything about a score

use health_score_engine::{Assessment, Driver};
use pgrx::{IntoDatum, pg_sys};

use crate::account::call_site::{CallSite, Identity, Purpose};
use crate::pg::arguments::text_datum;
use crate::pg::json::write::JsonbWriter;
use crate::pg::returning::{Returned, row};
use crate::sql_function;

pub const COLUMNS: usize = 12;

sql_function! {
    fn health_assess(arguments) {
        let (site, (returned, json)) = CallSite::with::<(Returned, JsonbWriter)>(arguments);
        let row_type = returned.row_type(arguments, COLUMNS);
        site.assess(arguments, Purpose::Explain, |mut assessment, identity| {
            row(row_type, assess_columns(&mut assessment, &identity, json))
        })
    }
}

pub fn assess_columns(
    assessment: &mut Assessment,
    identity: &Identity,
    json: &mut JsonbWriter,
) -> [Option<pg_sys::Datum>; COLUMNS] {
    let band = assessment.band();
    let (low, high) = assessment.interval();
    let rules: Vec<String> = assessment.fired_rules().map(str::to_owned).collect();
    let drivers = drivers_jsonb(assessment, json);
    [
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
        Some(drivers),
    ]
}

/// The drivers as an array of objects.
pub fn drivers_jsonb(assessment: &mut Assessment, json: &mut JsonbWriter) -> pg_sys::Datum {
    json.clear();
    json.begin_array();
    for (rank, driver) in assessment.drivers().enumerate() {
        write_driver(rank + 1, &driver, json);
    }
    json.end();
    json.to_datum()
}

/// The columns of health_drivers as an object, without those that are NULL, in the order in which jsonb keeps them.
fn write_driver(rank: usize, driver: &Driver, json: &mut JsonbWriter) {
    json.begin_object();
    json.text_member("kind", Some(driver.kind.as_str()));
    json.number_member("lost", driver.lost);
    json.number_member("rank", Some(rank as f64));
    json.text_member("unit", driver.unit);
    json.text_member("label", Some(driver.label));
    json.pair_member("value", &driver.value, driver.second.as_ref());
    json.text_member("driver", Some(driver.name));
    json.text_member("reason", driver.reason.as_deref());
    json.text_member("status", Some(driver.status));
    json.number_member("weight", driver.weight);
    json.text_member("category", driver.category);
    json.value_member("evidence", &driver.evidence);
    json.number_member("subscore", driver.subscore);
    json.number_member("contribution", driver.contribution);
    json.end();
}
