//! A model as flat lists with everything filled in, for tables that people read. The sentences come from `phrase`.

use serde_json::{Value as Json, json};

use super::phrase::{Words, duration};
use crate::base::number::json_number;
use crate::model::compiled::{Model, Segment};
use crate::model::plan::{Method, Plan};
use crate::model::rule::Rule;
use crate::signal::definition::{Measure, Signal};

impl Model {
    /// The unpatched document with its defaults filled in: `method`, `purpose`, `min_coverage`, `on_invalid`, `display`,
    /// `trend`, and arrays of flat objects: `signals` (by name), `bands`, `rules` and `segments` (as they stand). All
    /// objects of an array have the same keys, null where one does not apply. `share` is a share of 1.
    pub fn describe(&self) -> Json {
        let plan = self.base();
        let words = Words { inputs: self.inputs(), plan };
        let signals: Vec<Json> = (0..plan.signals.len()).map(|at| describe_signal(&words, at)).collect();
        let rules: Vec<Json> =
            (1..).zip(&plan.rules).map(|(position, rule)| describe_rule(&words, position, rule)).collect();
        let segments: Vec<Json> =
            (1..).zip(self.segments()).map(|(position, segment)| describe_segment(&words, position, segment)).collect();
        json!({
            "method": match plan.method() {
                Method::Weighted => "weighted",
                Method::Points => "points",
            },
            "purpose": plan.purpose,
            "min_coverage": json_number(plan.min_coverage),
            "on_invalid": if plan.lenient { "missing" } else { "error" },
            "display": {"max": json_number(plan.display.max), "decimals": plan.display.decimals},
            "trend": {"window": duration(plan.trend.window), "tolerance": json_number(plan.trend.tolerance)},
            "signals": signals,
            "bands": describe_bands(plan),
            "rules": rules,
            "segments": segments,
            "inputs": self.columns().map(|input| input.name.as_str()).collect::<Vec<_>>(),
        })
    }
}

fn describe_signal(words: &Words, at: usize) -> Json {
    let plan = words.plan;
    let signal: &Signal = &plan.signals[at];
    let (weight, points, max) = match &signal.measure {
        Measure::Weighted(weighted) => (Some(weighted.weight), None, None),
        Measure::Points(award) => (None, Some(award.points), award.max),
    };
    json!({
        "signal": signal.name,
        "label": signal.label,
        "category": signal.category.map(|at| plan.categories[at].name.as_str()),
        "unit": signal.unit,
        "input": words.source(&signal.source),
        "scale": words.earned(signal),
        "weight": weight.map(json_number),
        "share": plan.weighing.shares.get(at).map(|share| json_number(share.nominal)),
        "points": points.map(json_number),
        "max": max.map(json_number),
        "missing": signal.treatment(),
        "max_age": signal.max_age.map(duration),
        "optional": signal.optional,
        "ask": signal.ask,
    })
}

fn describe_bands(plan: &Plan) -> Vec<Json> {
    let below = plan.bands.iter().skip(1).map(|next| Some(json_number(next.from))).chain([None]);
    (1..)
        .zip(plan.bands.iter().zip(below))
        .map(|(rank, (band, below))| {
            json!({
                "rank": rank,
                "band": band.name,
                "label": band.label,
                "from": json_number(band.from),
                "below": below,
                "color": band.color,
            })
        })
        .collect()
}

fn describe_rule(words: &Words, position: usize, rule: &Rule) -> Json {
    json!({
        "position": position,
        "rule": rule.name,
        "label": rule.label,
        "condition": words.condition(&rule.when),
        "action": rule.effect,
        "reason": rule.reason,
    })
}

fn describe_segment(words: &Words, position: usize, segment: &Segment) -> Json {
    json!({
        "position": position,
        "segment": segment.name,
        "label": segment.label,
        "condition": words.condition(&segment.when),
    })
}
