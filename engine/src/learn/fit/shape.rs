//! From the effects of a signal's bins to a scale that a person can read: few steps, or a curve of few points, or a
//! map; in whole subscores.

use serde_json::{Map, Value as Json, json};

use crate::base::number::json_number;
use crate::learn::feature::{Bins, Feature};

/// Steps, and points of a curve, at most.
const MOST_POINTS: usize = 6;
/// Neighbours whose difference is less than one standard error are one step.
const SAME: f64 = 1.0;

/// A scale with the subscore of missing values, and what 100 of its points are worth in log odds.
pub(super) struct LearntScale {
    pub scale: Json,
    /// None where no value is missing.
    pub missing: Option<f64>,
    pub range: f64,
    /// Whether higher values are healthier; none for an effect with no single direction, or with no order.
    pub rises: Option<bool>,
}

/// One bin.
#[derive(Clone, Copy)]
struct Level {
    health: f64,
    /// Information behind it.
    weight: f64,
    /// The mean of the numbers in it.
    at: f64,
    /// The greatest number below the bin, and the least in it.
    between: (f64, f64),
}

/// The shape of effects on the log odds of the event; none where they do not differ.
pub(super) fn shape(feature: &Feature, bins: &Bins, effects: &[f64], weights: &[f64]) -> Option<LearntScale> {
    let seen: f64 = weights.iter().sum();
    let centre: f64 = effects.iter().zip(weights).map(|(effect, weight)| effect * weight).sum::<f64>() / seen;
    let health: Vec<f64> = effects.iter().map(|effect| centre - effect).collect();
    let has_missing = weights[bins.missing()] > 0.0;
    let missing = has_missing.then_some(health[bins.missing()]);
    match feature {
        Feature::Numeric { numbers, .. } => {
            let levels = levels(numbers, bins, &health, weights);
            numeric(&levels, missing)
        }
        Feature::Category { names, .. } => category(names, bins, &health, weights, missing),
    }
}

fn levels(numbers: &[f64], bins: &Bins, health: &[f64], weights: &[f64]) -> Vec<Level> {
    let least = |bin: usize| numbers[bins.first[bin] as usize];
    let below = |bin: usize| if bins.first[bin] == 0 { least(bin) } else { numbers[bins.first[bin] as usize - 1] };
    (0..bins.first.len())
        .map(|bin| Level {
            health: health[bin],
            weight: weights[bin],
            at: bins.means[bin],
            between: (below(bin), least(bin)),
        })
        .collect()
}

/// Maps health values from the lowest to the highest onto 0 to 100.
struct Span {
    low: f64,
    range: f64,
}

impl Span {
    fn of(healths: impl Iterator<Item = f64>) -> Option<Span> {
        let (low, high) = healths.fold((f64::MAX, f64::MIN), |(low, high), health| (low.min(health), high.max(health)));
        (high - low > 1e-6).then_some(Span { low, range: high - low })
    }

    fn subscore(&self, health: f64) -> f64 {
        ((health - self.low) / self.range * 100.0).round().clamp(0.0, 100.0) + 0.0
    }
}

fn numeric(levels: &[Level], missing: Option<f64>) -> Option<LearntScale> {
    let (steps, lost_by_steps) = steps(levels);
    let (knots, lost_by_curve) = curve(levels);
    // A curve with more points than there are steps is not worth its complexity.
    let use_curve = knots.len() > 2 && knots.len() <= steps.len() && lost_by_curve < lost_by_steps;
    let healths: Vec<f64> = if use_curve {
        knots.iter().map(|at| levels[*at].health).collect()
    } else {
        steps.iter().map(|step| step.health).collect()
    };
    let span = Span::of(healths.iter().copied().chain(missing))?;
    let mut points: Vec<(f64, f64)> = if use_curve {
        let x = |at: usize| {
            written_short(
                levels[at].at,
                at.checked_sub(1).map(|before| levels[before].at),
                levels.get(at + 1).map(|next| next.at),
            )
        };
        knots.iter().map(|at| (x(*at), span.subscore(levels[*at].health))).collect()
    } else {
        steps.iter().map(|step| (step.from, span.subscore(step.health))).collect()
    };
    // Two neighbours may have the same subscore now.
    if !use_curve {
        points.dedup_by(|next, before| next.1 == before.1);
    }
    points.dedup_by(|next, before| next.0 <= before.0);
    let up = points.windows(2).all(|pair| pair[0].1 <= pair[1].1);
    let down = points.windows(2).all(|pair| pair[0].1 >= pair[1].1);
    let points: Vec<Json> = points.iter().map(|(x, y)| json!([json_number(*x), json_number(*y)])).collect();
    let scale = if use_curve { json!({"curve": points}) } else { json!({"steps": points}) };
    Some(LearntScale {
        scale,
        missing: missing.map(|health| span.subscore(health)),
        range: span.range,
        rises: if up == down { None } else { Some(up) },
    })
}

struct Step {
    from: f64,
    health: f64,
    weight: f64,
}

/// Few steps, and the information lost by them.
fn steps(levels: &[Level]) -> (Vec<Step>, f64) {
    let mut steps: Vec<(Level, f64)> = levels.iter().map(|level| (*level, 0.0)).collect();
    let cost = |a: &Level, b: &Level| {
        let weight = a.weight + b.weight;
        if weight > 0.0 { a.weight * b.weight / weight * (a.health - b.health).powi(2) } else { 0.0 }
    };
    let mut lost = 0.0;
    while steps.len() > 1 {
        let costs = steps.windows(2).map(|pair| cost(&pair[0].0, &pair[1].0)).enumerate();
        let Some((at, least)) = costs.min_by(|a, b| a.1.total_cmp(&b.1)) else { break };
        if least >= SAME && steps.len() <= MOST_POINTS {
            break;
        }
        lost += least;
        let next = steps.remove(at + 1).0;
        let step = &mut steps[at].0;
        let weight = step.weight + next.weight;
        if weight > 0.0 {
            step.health = (step.health * step.weight + next.health * next.weight) / weight;
        }
        step.weight = weight;
    }
    let from = |at: usize, level: &Level| {
        let (below, least) = level.between;
        if at > 0 {
            return shortest_between(below, least);
        }
        // The first step also holds for all lower values.
        if least >= 0.0 { 0.0 } else { shortest_between(least * 2.0, least) }
    };
    let steps: Vec<Step> = steps
        .iter()
        .enumerate()
        .map(|(at, (level, _))| Step { from: from(at, level), health: level.health, weight: level.weight })
        .collect();
    // A first step that is not below the second begins where its numbers do.
    let mut steps = steps;
    if steps.len() > 1 && steps[0].from >= steps[1].from {
        steps[0].from = levels[0].between.1.min(steps[1].from - 1.0);
    }
    debug_assert!(steps.iter().all(|step| step.weight >= 0.0));
    (steps, lost)
}

/// The levels on a curve, each added at the largest error, and the information that the curve loses.
fn curve(levels: &[Level]) -> (Vec<usize>, f64) {
    if levels.len() < 3 {
        return ((0..levels.len()).collect(), 0.0);
    }
    let mut knots = vec![0, levels.len() - 1];
    loop {
        let errors: Vec<f64> = (0..levels.len())
            .map(|at| levels[at].weight * (levels[at].health - on_curve(levels, &knots, levels[at].at)).powi(2))
            .collect();
        let lost: f64 = errors.iter().sum();
        let worst = errors.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        match worst {
            Some((at, error)) if *error > SAME && knots.len() < MOST_POINTS && !knots.contains(&at) => {
                knots.push(at);
                knots.sort_unstable();
            }
            _ => return (knots, lost),
        }
    }
}

fn on_curve(levels: &[Level], knots: &[usize], at: f64) -> f64 {
    let above = knots.iter().position(|knot| levels[*knot].at >= at).unwrap_or(knots.len() - 1).max(1);
    let (left, right) = (levels[knots[above - 1]], levels[knots[above]]);
    let part = if right.at > left.at { ((at - left.at) / (right.at - left.at)).clamp(0.0, 1.0) } else { 0.0 };
    left.health + part * (right.health - left.health)
}

fn category(
    names: &[String],
    bins: &Bins,
    health: &[f64],
    weights: &[f64],
    missing: Option<f64>,
) -> Option<LearntScale> {
    let known = bins.known();
    let other = (weights[known] > 0.0).then_some(health[known]);
    let span = Span::of(health[..known].iter().copied().chain(other).chain(missing))?;
    let map: Map<String, Json> = (0..known)
        .map(|bin| (names[bins.first[bin] as usize].clone(), json_number(span.subscore(health[bin]))))
        .collect();
    if map.is_empty() {
        return None;
    }
    // A text that appears later carries no information: it counts as the average of all.
    let otherwise = json_number(span.subscore(other.unwrap_or(0.0)));
    Some(LearntScale {
        scale: json!({"map": map, "otherwise": otherwise}),
        missing: missing.map(|health| span.subscore(health)),
        range: span.range,
        rises: None,
    })
}

/// The number with the fewest digits that is above `below` and not above `to`.
fn shortest_between(below: f64, to: f64) -> f64 {
    let top = to.abs().max(below.abs()).max(1e-12).log10().ceil() as i32;
    for digit in 0..17 {
        let power = top - digit;
        let found = if power >= 0 {
            let unit = 10f64.powi(power);
            (to / unit).floor() * unit
        } else {
            let unit = 10f64.powi(-power);
            (to * unit).floor() / unit
        };
        if found > below && found <= to {
            return found + 0.0;
        }
    }
    to
}

/// About this number, with as few digits as keep it well apart from its neighbours.
fn written_short(number: f64, before: Option<f64>, next: Option<f64>) -> f64 {
    let gap =
        before.map_or(f64::INFINITY, |before| number - before).min(next.map_or(f64::INFINITY, |next| next - number));
    if !gap.is_finite() || gap <= 0.0 {
        return number;
    }
    shortest_between(number - gap / 6.0, number + gap / 6.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_have_few_digits() {
        for (below, to, shortest) in [
            (3.0, 4.0, 4.0),
            (17.0, 23.0, 20.0),
            (99.0, 101.0, 100.0),
            (0.123, 0.1289, 0.125),
            (-5.0, -3.0, -4.0),
            (-1.0, 2.0, 0.0),
            (1.0, 1.0000001, 1.0000001),
        ] {
            let found = shortest_between(below, to);
            assert!(found > below && found <= to, "{below} {to} {found}");
            assert!(found.to_string().len() <= shortest.to_string().len(), "{below} {to} {found}");
        }
    }
}
