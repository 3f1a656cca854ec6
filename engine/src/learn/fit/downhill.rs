//! The length of a Newton step (line search). When the data almost separate the accounts with the event from those
//! without, a whole step overshoots and the iteration does not converge.

/// The smallest part that is tried; this part is taken in any case.
const SMALLEST_PART: f64 = 1.0 / 1024.0;
const ROUNDING: f64 = 1e-9;

/// The largest of the parts 1, 1/2, 1/4 … of a step that does not increase the loss, or the smallest part, with the
/// loss there. `height_at` gives the loss after a part of the step.
pub(super) fn part_downhill(height: f64, mut height_at: impl FnMut(f64) -> f64) -> (f64, f64) {
    let mut part = 1.0;
    loop {
        let there = height_at(part);
        if there <= height + ROUNDING * height.abs() || part <= SMALLEST_PART {
            return (part, there);
        }
        part /= 2.0;
    }
}

#[cfg(test)]
mod tests {
    use super::{SMALLEST_PART, part_downhill};

    #[test]
    fn halves_until_it_leads_downhill() {
        assert_eq!(part_downhill(1.0, |part| (part - 0.5) * (part - 0.5)), (1.0, 0.25));
        assert_eq!(part_downhill(1.0, |part| (10.0 * part - 1.0) * (10.0 * part - 1.0)), (0.125, 0.0625));
        assert_eq!(part_downhill(1.0, |part| 1.0 + part), (SMALLEST_PART, 1.0 + SMALLEST_PART));
    }
}
