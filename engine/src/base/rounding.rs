//! The one rounding of scores: to nine decimals. It never formats a number for people.

/// Base and running scores are rounded, so that equal subscores give exactly that score whatever the weights are.
/// Bounds that scores are compared with are rounded in the same way.
#[inline]
pub(crate) fn round9(score: f64) -> f64 {
    /// From here on a double has no fraction.
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    let scaled = score * 1e9;
    if scaled.abs() < WHOLE {
        // By way of an integer, since f64::round is a library call on plain x86-64. Adding 0 turns −0 into 0.
        (scaled + 0.5_f64.copysign(scaled)) as i64 as f64 / 1e9 + 0.0
    } else {
        score
    }
}
