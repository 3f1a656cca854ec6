//! health_assess(model, account …) → one row with everything about a score; and what a source makes of its rows

use health_score_engine::{Assessment, Driver};
use pgrx::{IntoDatum, pg_sys};

use crate::account::call_site::{Identity, Purpose, Site};
use crate::function::runs::signal_counts::tally;
use crate::pg::arguments::text_datum;
use crate::pg::datum::varlena_bytes;
use crate::pg::json::write::JsonbWriter;
use crate::pg::returning::{row, row_type};
use crate::sql_function;

const COLUMNS: usize = 12;

sql_function! {
    fn health_assess(arguments) {
        let site = Site::of(arguments);
        let descriptor = row_type(arguments, site, COLUMNS);
        let mut json = std::mem::take(&mut site.json);
        let result = site.assess(arguments, Purpose::Explain, |mut assessment, identity| {
            row(descriptor, columns(&mut assessment, &identity, &mut json))
        });
        site.json = json;
        result
    }
}

sql_function! {
    /// A row of a source's relation, over which what people have given for the account counts (argument 4).
    fn health_source_assess(arguments) {
        let site = Site::of(arguments);
        let descriptor = row_type(arguments, site, COLUMNS + 1);
        let mut json = std::mem::take(&mut site.json);
        // SAFETY: the argument is declared jsonb, and lives as long as the call.
        let given = arguments.datum(4).map(|datum| unsafe { varlena_bytes(datum) });
        let result = site.assess_with(arguments, given, |mut assessment, identity| {
            let mut all = [None; COLUMNS + 1];
            all[..COLUMNS].copy_from_slice(&columns(&mut assessment, &identity, &mut json));
            all[COLUMNS] = assessment.calculated().into_datum();
            tally(&mut assessment);
            row(descriptor, all)
        });
        site.json = json;
        result
    }
}

fn columns(
    assessment: &mut Assessment,
    identity: &Identity,
    json: &mut JsonbWriter,
) -> [Option<pg_sys::Datum>; COLUMNS] {
    let band = assessment.band();
    let (low, high) = assessment.interval();
    let rules: Vec<String> = assessment.fired_rules().map(str::to_owned).collect();
    json.clear();
    json.begin_array();
    for (rank, driver) in assessment.drivers().enumerate() {
        write_driver(rank + 1, &driver, json);
    }
    json.end();
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
        Some(json.to_datum()),
    ]
}

/// The columns of health_drivers as an object, without those that are NULL, in the order in which jsonb keeps them.
fn write_driver(rank: usize, driver: &Driver, json: &mut JsonbWriter) {
    json.begin_object();
    json.text_member("kind", Some(driver.kind.as_str()));
    json.number_member("lost", driver.lost);
    json.number_member("rank", Some(rank as f64));
    json.text_member("unit", driver.unit);
    json.text_member("label", Some(driver.label));
    json.value_member("value", &driver.value);
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
