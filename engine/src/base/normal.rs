//! Percentiles of the standard normal distribution.

/// The 97.5th percentile: a two-sided interval of 95 % reaches this many standard errors to either side.
pub(crate) const Z975: f64 = 1.959_963_984_540_054;

/// The 99.9th percentile.
pub(crate) const Z999: f64 = 3.090_232_306_167_813;
