//! Bands of a third of the accounts each, where the user asks for them.

use serde_json::{Value as Json, json};

use crate::base::value::Value;
use crate::learn::sample::Sample;
use crate::learn::statistics::quantile;
use crate::model::compiled::{Model, SegmentChoice};
use crate::score::assess::Assessor;

/// The lowest scores of the second and the third band, if whole numbers split the scores of the sample into three.
pub(super) fn terciles(model: &Model, sample: &Sample, as_of: i64, interrupt: &mut dyn FnMut()) -> Option<(f64, f64)> {
    let columns: Vec<Option<usize>> = model.inputs().iter().map(|input| sample.position(&input.name)).collect();
    let mut assessor = Assessor::default();
    let mut scores = Vec::with_capacity(sample.rows());
    for row in 0..sample.rows() {
        if row % 1024 == 0 {
            interrupt();
        }
        let value = |column: &Option<usize>| column.map_or(Value::Missing, |column| sample.value(row, column));
        let values: Vec<Value> = columns.iter().map(value).collect();
        let assessment = assessor.assess(model, &values, Some(as_of), SegmentChoice::Auto);
        scores.extend(assessment.ok().and_then(|assessment| assessment.score));
    }
    scores.sort_unstable_by(f64::total_cmp);
    let (second, third) = (quantile(&scores, 1.0 / 3.0)?.round(), quantile(&scores, 2.0 / 3.0)?.round());
    (0.0 < second && second < third).then_some((second, third))
}

/// The document with these bands: its own names where it has three.
pub(super) fn with_bands(mut document: Json, (second, third): (f64, f64)) -> Json {
    if document["bands"].as_array().is_none_or(|bands| bands.len() != 3) {
        document["bands"] = json!([
            {"name": "red", "label": "At risk", "color": "#c0392b"},
            {"name": "yellow", "label": "Needs attention", "color": "#f1c40f"},
            {"name": "green", "label": "Healthy", "color": "#27ae60"}
        ]);
    }
    for (at, from) in [0, second as u32, third as u32].into_iter().enumerate() {
        document["bands"][at]["from"] = from.into();
    }
    document["meta"]["draft"]["bands"] =
        format!("a third of the accounts in each band: from {second} and from {third}").into();
    document
}
