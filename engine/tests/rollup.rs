//! Rollups, rates and sparklines: golden figures, what is refused, and that the order of the rows does not matter.

use health_score_engine::{ChurnRate, Rollup, Spark, UsageRate, worst};
use proptest::prelude::*;

fn rollup(rows: &[(f64, f64)]) -> Rollup {
    rows.iter().fold(Rollup::default(), |mut rollup, (score, weight)| {
        rollup.add(*score, *weight).expect("a row");
        rollup
    })
}

#[test]
fn golden_rollups() {
    assert_eq!(rollup(&[(10.0, 1.0), (5.0, 1.0), (5.0, 1.0), (5.0, 1.0)]).value(), Some(6.25));
    assert_eq!(rollup(&[(100.0, 5.0), (60.0, 3.0), (40.0, 2.0)]).value(), Some(76.0));
    assert_eq!(rollup(&[(70.0, 0.1), (70.0, 0.2), (70.0, 0.7)]).value(), Some(70.0), "a band's bound");
    assert_eq!(rollup(&[(70.0, 0.0)]).value(), None);
    assert_eq!(rollup(&[(70.0, 0.0), (50.0, 1e-100)]).value(), Some(50.0));
    assert_eq!(rollup(&[(70.0, 1e100), (50.0, 1e-100)]).value(), Some(70.0));
    assert_eq!(rollup(&[]).value(), None);
}

#[test]
fn rates() {
    let mut churn = ChurnRate::default();
    for (churned, value) in [(true, 100.0), (false, 300.0), (false, 0.0)] {
        churn.add(churned, value).expect("a row");
    }
    assert_eq!(churn.value(), Some(0.25));
    assert_eq!(ChurnRate::default().value(), None);
    let mut usage = UsageRate::default();
    usage.add(0.0, 0.0).expect("a row");
    assert_eq!(usage.value(), None);
    usage.add(5.0, 0.0).expect("a row");
    assert!(usage.is_consistent());
    assert_eq!(usage.value(), None, "used but never sold");
    usage.add(1.0, 4.0).expect("a row");
    assert_eq!(usage.value(), Some(1.5));
}

#[test]
fn the_worst_is_the_lowest() {
    assert_eq!(worst(3.0, 2.0), Ok(2.0));
    assert_eq!(worst(0.0, -0.0).map(f64::to_bits), Ok(0));
    assert!(worst(f64::NAN, 2.0).is_err() && worst(2.0, f64::NAN).is_err() && worst(2.0, f64::INFINITY).is_err());
}

#[test]
fn what_cannot_be_counted_is_named() {
    for (weight, shown) in
        [(-1.0, "-1"), (f64::NAN, "NaN"), (f64::INFINITY, "Infinity"), (1e101, "1e+101"), (5e-324, "5e-324")]
    {
        let sentence = |what| format!("{what} is 0 or a number between 1e-100 and 1e100, not {shown}");
        assert_eq!(Rollup::default().add(50.0, weight).expect_err("refused").message, sentence("a weight"));
        assert_eq!(ChurnRate::default().add(false, weight).expect_err("refused").message, sentence("a weight"));
        assert_eq!(UsageRate::default().add(weight, 1.0).expect_err("refused").message, sentence("the active number"));
        assert_eq!(UsageRate::default().add(1.0, weight).expect_err("refused").message, sentence("the total number"));
    }
    for score in [f64::NAN, f64::NEG_INFINITY, 10_001.0] {
        assert!(Rollup::default().add(score, 1.0).is_err());
    }
}

fn draw(scores: &[Option<f64>]) -> Option<String> {
    let mut spark = Spark::default();
    for score in scores {
        assert_eq!(spark.add(*score), Ok(true));
        assert!(spark.is_consistent());
    }
    spark.draw()
}

#[test]
fn eight_blocks_and_a_gap() {
    let eight: Vec<_> = (0..8).map(|level| Some(f64::from(level) * 12.5)).collect();
    assert_eq!(draw(&eight).as_deref(), Some("▁▂▃▄▅▆▇█"));
    let below: Vec<_> = (1..=8).map(|level| Some(f64::from(level) * 12.5 - 1e-9)).collect();
    assert_eq!(draw(&below).as_deref(), Some("▁▂▃▄▅▆▇█"));
    assert_eq!(draw(&[Some(100.0), None, Some(0.0), None]).as_deref(), Some("█ ▁ "));
    assert_eq!(draw(&[None, None]), None);
    assert_eq!(draw(&[]), None);
    for score in [-0.1, 100.1, f64::NAN, f64::INFINITY] {
        let refused = Spark::default().add(Some(score)).expect_err("refused");
        assert!(refused.message.starts_with("a sparkline's score is between 0 and 100, not "), "{refused:?}");
    }
}

#[test]
fn a_line_has_an_end() {
    let mut spark = Spark::default();
    for point in 0..Spark::MOST_POINTS {
        assert_eq!(spark.add((point % 3 > 0).then_some((point % 101) as f64)), Ok(true));
    }
    assert_eq!(spark.add(Some(1.0)), Ok(false));
    assert_eq!(spark.add(None), Ok(false));
    let line = spark.draw().expect("scores");
    assert_eq!(line.chars().count(), Spark::MOST_POINTS);
    assert_eq!(line.chars().filter(|block| *block == ' ').count(), Spark::MOST_POINTS.div_ceil(3));
}

proptest! {
    #[test]
    fn the_order_of_rows_does_not_matter(
        rows in prop::collection::vec((-10_000.0..10_000.0_f64, 0.0..1.0_f64, -30..30_i32, any::<u32>()), 1..60),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut keyed: Vec<_> = rows.iter().map(|(score, weight, power, key)| (*key, (*score, weight * 10_f64.powi(*power)))).collect();
        let of = |keyed: &[(u32, (f64, f64))]| rollup(&keyed.iter().map(|(_, row)| *row).collect::<Vec<_>>());
        let serial = of(&keyed);
        keyed.sort_by_key(|(key, _)| *key);
        let (left, right) = keyed.split_at(cut.index(keyed.len()));
        let mut merged = of(left);
        merged.merge(&of(right));
        prop_assert!(serial.is_consistent() && merged.is_consistent());
        prop_assert_eq!(merged.value(), serial.value());
        prop_assert_eq!(of(&keyed).value(), serial.value());
    }
}
