//! health_assess(model, account …) → one row with everything about a score

use health_score_engine::Driver;
use pgrx::IntoDatum;

use crate::arguments::text_datum;
use crate::json_text::JsonText;
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
            let mut drivers = JsonText::default();
            drivers.begin('[');
            for (rank, driver) in assessment.drivers().enumerate() {
                write_driver(rank + 1, &driver, &mut drivers);
            }
            drivers.end(']');
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
                Some(drivers.into_jsonb()),
            ])
        })
    }
}

/// The columns of health_drivers as an object, without those that are NULL.
fn write_driver(rank: usize, driver: &Driver, json: &mut JsonText) {
    json.begin('{');
    json.number("rank", Some(rank as f64));
    json.text("kind", Some(driver.kind.as_str()));
    json.text("category", driver.category);
    json.text("driver", Some(driver.name));
    json.text("label", Some(driver.label));
    json.value("value", &driver.value);
    json.text("unit", driver.unit);
    json.number("subscore", driver.subscore);
    json.number("weight", driver.weight);
    json.number("contribution", driver.contribution);
    json.number("lost", driver.lost);
    json.text("status", Some(driver.status));
    json.text("reason", driver.reason.as_deref());
    json.value("evidence", &driver.evidence);
    json.end('}');
}
