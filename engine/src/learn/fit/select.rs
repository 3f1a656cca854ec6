//! Selection of the signals that add information: non-negative logistic weights, under a lasso, of each signal's
//! predictions for held-out accounts. A noise signal does not predict held-out accounts, so its weight is 0.

use super::downhill::part_downhill;

/// The required significance of a signal in standard errors: a noise signal reaches it less than once in a hundred
/// times.
const STANDING_OUT: f64 = 2.5;
const RIDGE: f64 = 1e-3;
const MOST_STEPS: usize = 25;
const MOST_SWEEPS: usize = 200;

/// The weights of contributions to health, signal by signal.
pub(super) fn weights(contributions: &[Vec<f64>], events: &[bool], interrupt: &mut dyn FnMut()) -> Vec<f64> {
    let (n, signals) = (events.len() as f64, contributions.len());
    let share = events.iter().filter(|event| **event).count() as f64 / n;
    // The standard deviation of the score function for a noise signal.
    let noise = (share * (1.0 - share) / n).sqrt();
    let lasso: Vec<f64> = contributions.iter().map(|list| STANDING_OUT * noise * deviation(list)).collect();
    let mut weights = vec![0.0; signals];
    let mut level = (share / (1.0 - share)).ln();
    let mut height = loss(contributions, events, &weights, level, &lasso);
    for _ in 0..MOST_STEPS {
        let (mut gradient, mut curvature) = (vec![0.0; signals], vec![0.0; signals * signals]);
        let (mut with_level, mut level_gradient, mut level_curvature) = (vec![0.0; signals], 0.0, 0.0);
        for (account, event) in events.iter().enumerate() {
            if account % 4096 == 0 {
                interrupt();
            }
            let health: f64 = contributions.iter().zip(&weights).map(|(list, weight)| list[account] * weight).sum();
            let chance = 1.0 / (1.0 + (health - level).exp());
            let weight = (chance * (1.0 - chance)).max(1e-9) / n;
            let error = (f64::from(u8::from(*event)) - chance) / n;
            level_gradient += error;
            level_curvature += weight;
            for (at, list) in contributions.iter().enumerate() {
                let x = list[account];
                if x == 0.0 {
                    continue;
                }
                gradient[at] -= x * error;
                with_level[at] += x * weight;
                for (other, others) in contributions.iter().enumerate().skip(at) {
                    curvature[at * signals + other] += x * weight * others[account];
                }
            }
        }
        for row in 0..signals {
            for column in 0..row {
                curvature[row * signals + column] = curvature[column * signals + row];
            }
        }
        let mut changes = vec![0.0; signals];
        let mut change_of_level = 0.0;
        for _ in 0..MOST_SWEEPS {
            let bent: f64 = with_level.iter().zip(&changes).map(|(c, change)| c * change).sum();
            change_of_level = (level_gradient + bent) / level_curvature;
            let mut moved = 0.0_f64;
            for at in 0..signals {
                let row = &curvature[at * signals..(at + 1) * signals];
                let others: f64 =
                    row.iter().zip(&changes).map(|(c, change)| c * change).sum::<f64>() - row[at] * changes[at];
                let pull = gradient[at] - others + with_level[at] * change_of_level - lasso[at] + row[at] * weights[at];
                let best = if row[at] > 0.0 { (pull / (row[at] + RIDGE)).max(0.0) } else { 0.0 };
                let change = best - weights[at];
                moved = moved.max((change - changes[at]).abs());
                changes[at] = change;
            }
            if moved < 1e-7 {
                break;
            }
        }
        let after = |part: f64| {
            let there: Vec<f64> = weights.iter().zip(&changes).map(|(weight, change)| weight + part * change).collect();
            (there, level + part * change_of_level)
        };
        let (part, new) = part_downhill(height, |part| {
            interrupt();
            let (there, level_there) = after(part);
            loss(contributions, events, &there, level_there, &lasso)
        });
        (weights, level) = after(part);
        height = new;
        if changes.iter().all(|change| change.abs() < 1e-6) {
            break;
        }
    }
    weights
}

/// The loss: minus the mean log likelihood, with the penalties.
fn loss(contributions: &[Vec<f64>], events: &[bool], weights: &[f64], level: f64, lasso: &[f64]) -> f64 {
    let of_account = |(account, event): (usize, &bool)| {
        let health: f64 = contributions.iter().zip(weights).map(|(list, weight)| list[account] * weight).sum();
        let wrong = if *event { health - level } else { level - health };
        wrong.max(0.0) + (-wrong.abs()).exp().ln_1p()
    };
    let penalty: f64 = weights.iter().zip(lasso).map(|(weight, lasso)| weight * (lasso + RIDGE / 2.0 * weight)).sum();
    events.iter().enumerate().map(of_account).sum::<f64>() / events.len() as f64 + penalty
}

fn deviation(list: &[f64]) -> f64 {
    let n = list.len() as f64;
    let mean = list.iter().sum::<f64>() / n;
    (list.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n).sqrt()
}
