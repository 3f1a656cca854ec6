//! An additive logistic model over bins: log odds of the event = level + Σ effect of each signal's bin, with a ridge
//! penalty, and with monotone effects where a trend is required. Newton's method; its quadratic is solved signal by
//! signal, since the bins of one signal do not overlap, so that a signal's part has a diagonal and monotone effects
//! come from pooling neighbours.

use super::downhill::part_downhill;
use super::monotone::{Monotony, pooled};

/// The maximum number of Newton steps, and the length of a step that ends the iteration: the error after this step is
/// about its square, which a whole subscore does not show.
const MOST_STEPS: usize = 12;
const LAST_STEP: f64 = 0.05;
const MOST_SWEEPS: usize = 60;
const SETTLED: f64 = 1e-4;
/// The number of accounts of each kind in the first steps; the last steps use all accounts.
const ENOUGH: usize = 20_000;

/// The bins of some accounts under some signals.
pub(super) struct Design<'a> {
    /// Signal by signal, the bin of each account.
    pub bins: &'a [Vec<u16>],
    pub counts: &'a [usize],
    /// The number of ordered bins of each signal.
    pub ordered: &'a [usize],
    pub trends: &'a [Monotony],
    pub events: &'a [bool],
}

#[derive(Debug, Clone, Default)]
pub(super) struct Effects {
    pub level: f64,
    /// Signal by signal, bin by bin: what is added to the log odds of the event.
    pub effects: Vec<Vec<f64>>,
    /// The information behind each effect: Σ p(1 − p).
    pub weights: Vec<Vec<f64>>,
}

impl Design<'_> {
    /// Where each signal's bins begin, and how many there are.
    fn starts(&self) -> (Vec<usize>, usize) {
        let mut starts = Vec::with_capacity(self.counts.len());
        let mut all = 0;
        for count in self.counts {
            starts.push(all);
            all += count;
        }
        (starts, all)
    }

    pub fn fit(&self, ridge: f64, start: Option<&Effects>, interrupt: &mut dyn FnMut()) -> Effects {
        let n = self.events.len();
        let (starts, size) = self.starts();
        let with = self.events.iter().filter(|event| **event).count();
        let share = with as f64 / n as f64;
        let mut level = start.map_or((share / (1.0 - share)).ln(), |start| start.level);
        let mut effects = match start {
            Some(start) => start.effects.concat(),
            None => vec![0.0; size],
        };
        let mut quadratic = Quadratic::new(size);
        // The sampling strides of the accounts without the event and of those with it.
        let few = [n - with, with].map(|accounts| (accounts / ENOUGH).max(1));
        let all = [1, 1];
        let (mut stride, mut steps) = (few, 0);
        let mut height = self.loss(&starts, level, &effects, stride, ridge);
        loop {
            self.quadratic(&starts, level, &effects, stride, &mut quadratic, interrupt);
            let (new, change) = self.minimise(&starts, &quadratic, &effects, ridge, interrupt);
            let moved = new.iter().zip(&effects).fold(0.0_f64, |most, (new, old)| most.max((new - old).abs()));
            let after = |part: f64| {
                // The weights make a whole step end exactly at `new`, where pooled effects are equal.
                let there: Vec<f64> =
                    effects.iter().zip(&new).map(|(old, new)| (1.0 - part) * old + part * new).collect();
                (there, level + part * change)
            };
            let (part, loss) = part_downhill(height, |part| {
                interrupt();
                let (there, level_there) = after(part);
                self.loss(&starts, level_there, &there, stride, ridge)
            });
            (effects, level) = after(part);
            height = loss;
            steps += 1;
            if moved < LAST_STEP || steps == MOST_STEPS {
                if stride == all {
                    break;
                }
                (stride, steps) = (all, 0);
                height = self.loss(&starts, level, &effects, stride, ridge);
            }
        }
        let part = |list: &[f64]| -> Vec<Vec<f64>> {
            starts.iter().zip(self.counts).map(|(start, count)| list[*start..start + count].to_vec()).collect()
        };
        let diagonal: Vec<f64> = (0..size).map(|at| quadratic.curvature[at * size + at]).collect();
        Effects { level, effects: part(&effects), weights: part(&diagonal) }
    }

    /// Minus the log likelihood, with the ridge penalty; in a sample, each account counts `stride` times.
    fn loss(&self, starts: &[usize], level: f64, effects: &[f64], stride: [usize; 2], ridge: f64) -> f64 {
        let mut passed = [0; 2];
        let mut sum = ridge / 2.0 * effects.iter().map(|effect| effect * effect).sum::<f64>();
        for (account, event) in self.events.iter().enumerate() {
            let kind = usize::from(*event);
            passed[kind] += 1;
            if passed[kind] < stride[kind] {
                continue;
            }
            passed[kind] = 0;
            let bins = starts.iter().zip(self.bins);
            let odds = level + bins.map(|(start, bins)| effects[start + usize::from(bins[account])]).sum::<f64>();
            let wrong = if *event { -odds } else { odds };
            sum += stride[kind] as f64 * (wrong.max(0.0) + (-wrong.abs()).exp().ln_1p());
        }
        sum
    }

    /// Gradient and curvature of the log likelihood at these effects; in a sample, each account counts `stride` times.
    fn quadratic(
        &self,
        starts: &[usize],
        level: f64,
        effects: &[f64],
        stride: [usize; 2],
        into: &mut Quadratic,
        interrupt: &mut dyn FnMut(),
    ) {
        let size = effects.len();
        into.clear();
        let mut places = vec![0; starts.len()];
        let mut passed = [0; 2];
        for (account, event) in self.events.iter().enumerate() {
            if account % 4096 == 0 {
                interrupt();
            }
            let kind = usize::from(*event);
            passed[kind] += 1;
            if passed[kind] < stride[kind] {
                continue;
            }
            passed[kind] = 0;
            let times = stride[kind] as f64;
            let mut odds = level;
            for ((place, start), bins) in places.iter_mut().zip(starts).zip(self.bins) {
                *place = start + usize::from(bins[account]);
                odds += effects[*place];
            }
            let chance = 1.0 / (1.0 + (-odds).exp());
            let weight = times * (chance * (1.0 - chance)).max(1e-9);
            let error = times * (f64::from(u8::from(*event)) - chance);
            into.level_gradient += error;
            into.level_curvature += weight;
            for (at, place) in places.iter().enumerate() {
                into.gradient[*place] += error;
                into.with_level[*place] += weight;
                let row = &mut into.curvature[place * size..(place + 1) * size];
                for other in &places[at..] {
                    row[*other] += weight;
                }
            }
        }
        for row in 0..size {
            for column in 0..row {
                into.curvature[row * size + column] = into.curvature[column * size + row];
            }
        }
    }

    /// The effects that minimise the quadratic, and the change of the level.
    fn minimise(
        &self,
        starts: &[usize],
        quadratic: &Quadratic,
        old: &[f64],
        ridge: f64,
        interrupt: &mut dyn FnMut(),
    ) -> (Vec<f64>, f64) {
        let size = old.len();
        let mut new = old.to_vec();
        // The gradient at `new`, apart from what the level changes.
        let mut gradient = quadratic.gradient.clone();
        let mut level = 0.0;
        for _ in 0..MOST_SWEEPS {
            interrupt();
            let bent: f64 = new.iter().zip(old).zip(&quadratic.with_level).map(|((new, old), c)| (new - old) * c).sum();
            level = (quadratic.level_gradient - bent) / quadratic.level_curvature;
            let mut moved = 0.0_f64;
            for (signal, start) in starts.iter().enumerate() {
                let places = *start..start + self.counts[signal];
                let mut weights = Vec::with_capacity(places.len());
                let mut best = Vec::with_capacity(places.len());
                for place in places.clone() {
                    let curvature = quadratic.curvature[place * size + place];
                    let pull = gradient[place] - quadratic.with_level[place] * level;
                    weights.push(curvature + ridge);
                    best.push((curvature * new[place] + pull) / (curvature + ridge));
                }
                let ordered = self.ordered[signal];
                pooled(&mut best[..ordered], &weights[..ordered], self.trends[signal]);
                for (place, best) in places.zip(best) {
                    let change = best - new[place];
                    if change != 0.0 {
                        moved = moved.max(change.abs());
                        new[place] = best;
                        let row = &quadratic.curvature[place * size..(place + 1) * size];
                        gradient.iter_mut().zip(row).for_each(|(gradient, curvature)| *gradient -= curvature * change);
                    }
                }
            }
            if moved < SETTLED {
                break;
            }
        }
        (new, level)
    }
}

struct Quadratic {
    gradient: Vec<f64>,
    /// Row by row.
    curvature: Vec<f64>,
    with_level: Vec<f64>,
    level_gradient: f64,
    level_curvature: f64,
}

impl Quadratic {
    fn new(size: usize) -> Quadratic {
        Quadratic {
            gradient: vec![0.0; size],
            curvature: vec![0.0; size * size],
            with_level: vec![0.0; size],
            level_gradient: 0.0,
            level_curvature: 0.0,
        }
    }

    fn clear(&mut self) {
        self.gradient.fill(0.0);
        self.curvature.fill(0.0);
        self.with_level.fill(0.0);
        self.level_gradient = 0.0;
        self.level_curvature = 0.0;
    }
}
