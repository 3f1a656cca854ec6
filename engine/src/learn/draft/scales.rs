//! Scales that fit the data: from the 5th to the 95th percentile, or the range of the survey that the answers come
//! from.

use serde_json::{Value as Json, json};

use crate::base::number::{json_number, shortest};
use crate::learn::statistics::quantile;

/// A scale with the reason for it, or why there is none.
pub(super) type Fitted = Result<(Json, String), String>;

/// From the 5th to the 95th percentile of ascending numbers.
pub(super) fn percentiles(numbers: &[f64], more_is_healthier: bool) -> Fitted {
    let (Some(low), Some(high)) = (quantile(numbers, 0.05), quantile(numbers, 0.95)) else {
        return Err("has no value in the sample".into());
    };
    let (least, most) = (numbers[0], numbers[numbers.len() - 1]);
    if least == most {
        return Err(format!("is {} for every account", shortest(least)));
    }
    let (low, high, what) = if low == high {
        (least, most, "the lowest to the highest value")
    } else {
        (low, high, "the 5th to the 95th percentile")
    };
    let (low, high) = rounded(low, high);
    if !(high - low).is_finite() {
        return Err("has values beyond any scale".into());
    }
    let (scale, direction) = if more_is_healthier {
        (json!({"linear": [json_number(low), json_number(high)]}), "more")
    } else {
        (json!({"linear": [json_number(high), json_number(low)]}), "less")
    };
    Ok((scale, format!("scale from {what}, {} to {}; {direction} is healthier", shortest(low), shortest(high))))
}

/// Ages in days, ascending: best at the 5th percentile, worst at the 95th.
pub(super) fn recency(ages: &[f64]) -> Fitted {
    let (Some(best), Some(worst)) = (quantile(ages, 0.05), quantile(ages, 0.95)) else {
        return Err("has no value in the sample".into());
    };
    if quantile(ages, 0.5).is_some_and(|age| age < 0.0) {
        return Err("lies in the future for most accounts".into());
    }
    let best = best.floor().max(1.0);
    let worst = worst.ceil().max(best + 1.0);
    // A duration reaches over some 10,000 years.
    if worst > 3_000_000.0 {
        return Err("lies too long ago for a scale".into());
    }
    let scale = json!({"recency": {"best": format!("{best} days"), "worst": format!("{worst} days")}});
    Ok((scale, format!("scale from the 5th to the 95th percentile, {best} to {worst} days ago; later is healthier")))
}

/// The range of answers of a survey.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Instrument {
    pub low: f64,
    pub high: f64,
}

/// The range of the answers, or none if no usual range holds all of them. NPS is asked on 0..10 and reported on
/// −100..100; satisfaction and effort on 1..5, 1..7 or 1..10, as a share or in percent.
pub(super) fn instrument(signal: &str, numbers: &[f64]) -> Option<Instrument> {
    let (least, most) = (*numbers.first()?, *numbers.last()?);
    let whole = numbers.iter().all(|number| number.fract() == 0.0);
    let nps: &[(f64, f64)] = &[(0.0, 10.0), (-100.0, 100.0)];
    let effort: &[(f64, f64)] = &[(1.0, 5.0), (1.0, 7.0), (1.0, 10.0), (0.0, 10.0), (0.0, 100.0)];
    let others: &[(f64, f64)] = &[(1.0, 5.0), (0.0, 5.0), (1.0, 10.0), (0.0, 10.0), (0.0, 100.0)];
    let ranges = match signal {
        "nps" => nps,
        "ces" => effort,
        _ if !whole && least >= 0.0 && most <= 1.0 => &[(0.0, 1.0)],
        _ => others,
    };
    ranges.iter().find(|(low, high)| *low <= least && most <= *high).map(|&(low, high)| Instrument { low, high })
}

impl Instrument {
    /// The template's scale stretched to this range; NPS on −100..100 is not a stretched rating, so its scale is
    /// linear.
    pub fn scale(self, numbers: &[f64], template: Option<&Json>) -> Fitted {
        let Instrument { low, high } = self;
        if let (Some(least), true) = (numbers.first(), numbers.first() == numbers.last()) {
            return Err(format!("is {} for every account", shortest(*least)));
        }
        let stretched = template.filter(|_| low >= 0.0).and_then(|scale| stretch(scale, low, high));
        let scale = stretched.unwrap_or_else(|| json!({"linear": [json_number(low), json_number(high)]}));
        Ok((scale, format!("answers read as {} to {}, which holds all of the sample", shortest(low), shortest(high))))
    }
}

fn stretch(scale: &Json, low: f64, high: f64) -> Option<Json> {
    let points = scale["curve"].as_array()?;
    let x = |point: &Json| point[0].as_f64();
    let (first, last) = (x(points.first()?)?, x(points.last()?)?);
    let moved = |point: &Json| {
        let part = (x(point)? - first) / (last - first);
        Some(json!([json_number(decimals(low + part * (high - low), 4)), point[1]]))
    };
    points.iter().map(moved).collect::<Option<Vec<_>>>().map(|points| json!({"curve": points}))
}

/// Whether a scale rises from its first to its last point.
pub(super) fn rises(scale: &Json) -> bool {
    if let Some(ends) = scale["linear"].as_array() {
        return ends[0].as_f64() <= ends[1].as_f64();
    }
    let points = scale["curve"].as_array().or(scale["steps"].as_array());
    points.is_none_or(|points| points[0][1].as_f64() <= points[points.len() - 1][1].as_f64())
}

/// Both ends, rounded to two digits of their distance for readability.
fn rounded(low: f64, high: f64) -> (f64, f64) {
    let digits = 1 - (high - low).log10().floor() as i32;
    let (near_low, near_high) = (decimals(low, digits), decimals(high, digits));
    if near_low < near_high { (near_low, near_high) } else { (low, high) }
}

/// A number rounded to `digits` decimals; if negative, to tens, hundreds …
fn decimals(number: f64, digits: i32) -> f64 {
    if digits <= 0 {
        let unit = 10f64.powi(-digits);
        return (number / unit).round() * unit + 0.0;
    }
    // By way of its text, since 3 · 0.1 is not 0.3.
    format!("{number:.*}", digits.min(300) as usize).parse::<f64>().unwrap_or(number) + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upto(count: u32) -> Vec<f64> {
        (0..=count).map(f64::from).collect()
    }

    #[test]
    fn percentiles_are_rounded_to_read_well() {
        let (scale, why) = percentiles(&upto(1000), true).expect("a scale");
        assert_eq!(scale, json!({"linear": [50, 950]}));
        assert_eq!(why, "scale from the 5th to the 95th percentile, 50 to 950; more is healthier");
        let shares: Vec<f64> = upto(1000).iter().map(|n| n / 3000.0).collect();
        assert_eq!(percentiles(&shares, false).expect("a scale").0, json!({"linear": [0.32, 0.02]}));
    }

    #[test]
    fn what_cannot_be_scaled_says_why() {
        assert_eq!(percentiles(&[], true), Err("has no value in the sample".into()));
        assert_eq!(percentiles(&[3.0, 3.0], true), Err("is 3 for every account".into()));
        assert_eq!(percentiles(&[-1e308, 1e308], true), Err("has values beyond any scale".into()));
        // Nearly always 0: the ends are the lowest and the highest value.
        let mut rare = vec![0.0; 99];
        rare.push(7.0);
        assert_eq!(percentiles(&rare, false).expect("a scale").0, json!({"linear": [7, 0]}));
    }

    #[test]
    fn the_range_of_a_survey_is_seen_in_its_answers() {
        for (signal, numbers, range) in [
            ("nps", &[0.0, 9.0, 10.0][..], Some((0.0, 10.0))),
            ("nps", &[-40.0, 9.0], Some((-100.0, 100.0))),
            ("nps", &[11.0, 60.0], Some((-100.0, 100.0))),
            ("nps", &[-400.0], None),
            ("csat", &[1.0, 4.5], Some((1.0, 5.0))),
            ("csat", &[2.0, 9.0], Some((1.0, 10.0))),
            ("csat", &[0.2, 0.9], Some((0.0, 1.0))),
            ("csat", &[60.0, 90.0], Some((0.0, 100.0))),
            ("csat", &[-1.0], None),
            ("ces", &[2.0, 7.0], Some((1.0, 7.0))),
            ("csat", &[], None),
        ] {
            assert_eq!(instrument(signal, numbers).map(|found| (found.low, found.high)), range, "{signal} {numbers:?}");
        }
        let template = json!({"curve": [[1, 0], [3, 40], [4, 70], [5, 100]]});
        let (scale, _) = Instrument { low: 0.0, high: 100.0 }.scale(&[1.0, 2.0], Some(&template)).expect("a scale");
        assert_eq!(scale, json!({"curve": [[0, 0], [50, 40], [75, 70], [100, 100]]}));
        let (scale, _) = Instrument { low: -100.0, high: 100.0 }.scale(&[1.0, 2.0], Some(&template)).expect("a scale");
        assert_eq!(scale, json!({"linear": [-100, 100]}));
    }

    #[test]
    fn recency_spans_the_usual_ages() {
        let (scale, _) = recency(&upto(100)).expect("a scale");
        assert_eq!(scale, json!({"recency": {"best": "5 days", "worst": "95 days"}}));
        assert!(recency(&[-30.0, -20.0, -10.0]).is_err());
        assert_eq!(recency(&[0.2]).expect("a scale").0, json!({"recency": {"best": "1 days", "worst": "2 days"}}));
    }
}
