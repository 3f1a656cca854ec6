//! Trends against plain arithmetic in wide whole numbers, in any order, split in any way, and moving.

use health_score_engine::{DEFAULT_TOLERANCE, Direction, Line, MovingTrend, Trend, TrendStats};
use proptest::prelude::*;
use proptest::test_runner::Config;

const DAY: i64 = 86_400_000_000;
/// The first and the last microsecond that Postgres's timestamps reach, since 2000.
const EARLIEST: i64 = -211_813_488_000_000_000;
const LATEST: i64 = 9_223_371_331_199_999_999;

fn cases(count: u32) -> Config {
    Config { cases: count, failure_persistence: None, ..Config::default() }
}

fn trend(points: &[(f64, i64)]) -> Trend {
    points.iter().fold(Trend::default(), |mut trend, (score, at)| {
        trend.add(*score, *at, DEFAULT_TOLERANCE).expect("a point");
        trend
    })
}

fn direction(points: &[(f64, i64)]) -> Option<Direction> {
    let trend = trend(points);
    assert!(trend.is_consistent(), "{trend:?}");
    trend.direction()
}

/// One score a day.
fn daily(scores: &[f64]) -> Vec<(f64, i64)> {
    scores.iter().zip(0..).map(|(score, day)| (*score, day * DAY)).collect()
}

/// Everything that a group's state says.
fn told(stats: &TrendStats) -> String {
    let scores = [stats.first_score(), stats.last_score(), stats.lowest(), stats.highest()];
    let trend = stats.trend();
    format!("{:?} {scores:?} {} {} {}", trend.line(), trend.from(), trend.to(), trend.observations())
}

fn stats(points: &[(f64, i64)]) -> TrendStats {
    points.iter().fold(TrendStats::default(), |mut stats, (score, at)| {
        stats.add(*score, *at, DEFAULT_TOLERANCE).expect("a point");
        stats
    })
}

#[test]
fn golden_trends() {
    use Direction::*;
    assert_eq!(direction(&[(88.0, 0), (72.0, 30 * DAY)]), Some(Declining));
    assert_eq!(direction(&[(55.0, 30 * DAY), (35.0, 0)]), Some(Improving));
    assert_eq!(direction(&[(50.0, 0), (54.9, DAY)]), Some(Stable));
    assert_eq!(direction(&[(65.1, 0), (70.1, DAY)]), Some(Improving), "5 points as they are written");
    assert_eq!(direction(&[(70.1, 0), (65.1, DAY)]), Some(Declining));
    assert_eq!(direction(&[(88.0, DAY), (72.0, DAY)]), None, "one instant");
    assert_eq!(direction(&[(88.0, 0)]), None);
    assert_eq!(direction(&daily(&[70.0; 9])), Some(Stable));
    assert_eq!(direction(&daily(&[60.0, 65.0, 70.0, 75.0, 80.0])), Some(Improving), "a line without noise");
    assert_eq!(direction(&daily(&[71.0, 68.0, 73.0, 69.0, 72.0, 67.0, 70.0, 72.0])), Some(Stable), "noise");
    for spike in 0..10 {
        let mut scores = [80.0; 10];
        scores[spike] = 20.0;
        assert_eq!(direction(&daily(&scores)), Some(Stable), "a spike at {spike}");
    }
}

#[test]
fn a_line_says_how_far_and_how_sure() {
    let line = trend(&daily(&[60.0, 62.0, 61.0, 65.0])).line().expect("a line");
    // By hand: Sxx = 5, Sxy = 7, Syy = 14; SSE = 14 − 49/5.
    assert!((line.slope_per_day - 1.4).abs() < 1e-15 && line.change == 4.2, "{line:?}");
    let expected = (4.2_f64 / 2.0 / 5.0).sqrt();
    assert!((line.slope_stderr.expect("three points") - expected).abs() < 1e-15, "{line:?}");
    assert_eq!(trend(&daily(&[60.0, 62.0])).line().expect("a line").slope_stderr, None);
    assert_eq!(trend(&daily(&[60.0, 61.0, 62.0])).line().expect("a line").slope_stderr, Some(0.0));
}

#[test]
fn a_tolerance_of_zero_still_needs_a_change() {
    let line = |change| Line { change, slope_per_day: change, slope_stderr: None };
    assert_eq!(line(0.0).direction(0.0), Direction::Stable);
    assert_eq!(line(1e-9).direction(0.0), Direction::Improving);
    assert_eq!(line(-1e-9).direction(0.0), Direction::Declining);
}

#[test]
fn all_of_time_fits() {
    let points = [(-10_000.0, EARLIEST), (10_000.0, LATEST), (0.0, 0), (10_000.0, EARLIEST), (-10_000.0, LATEST)];
    let all = stats(&points);
    assert!(all.is_consistent());
    let line = all.trend().line().expect("a line");
    assert!(line.change.is_finite() && line.slope_stderr.is_some_and(f64::is_finite), "{line:?}");
    // A microsecond apart, at the far end of time.
    assert_eq!(direction(&[(88.0, LATEST), (72.0, LATEST - 1)]), Some(Direction::Improving));
    assert_eq!(direction(&[(88.0, EARLIEST), (72.0, EARLIEST + 1)]), Some(Direction::Declining));
}

#[test]
fn ends_and_extremes() {
    let stats = stats(&[(50.1, 2), (10.7, 1), (20.0, 1), (99.9, 2), (0.1, 2)]);
    assert_eq!((stats.first_score(), stats.last_score()), (15.35, 50.033333333));
    assert_eq!((stats.lowest(), stats.highest()), (0.1, 99.9));
    assert_eq!((stats.trend().from(), stats.trend().to(), stats.trend().observations()), (1, 2, 5));
}

#[test]
fn what_is_no_score_is_refused() {
    for score in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 10_000.1, -10_001.0] {
        let refused = Trend::default().add(score, 0, 5.0).expect_err("refused");
        assert!(refused.message.starts_with("a score is a number between -10000 and 10000, not "), "{refused:?}");
    }
    for tolerance in [f64::NAN, -1.0, -0.1, 10_001.0, f64::INFINITY] {
        let refused = Trend::default().add(50.0, 0, tolerance).expect_err("refused");
        assert!(refused.message.starts_with("the tolerance is a number"), "{refused:?}");
    }
    let mut trend = trend(&[(50.0, 0)]);
    assert_eq!(trend.add(50.0, 0, 6.0).expect_err("refused").message, "the tolerance differs within a group: 5 and 6");
    let mut other = Trend::default();
    other.add(50.0, 0, 6.0).expect("a point");
    assert!(trend.merge(&other).is_err());
}

/// Slope per microsecond, its standard error, from sums about the first time.
fn reference(points: &[(i64, i64)]) -> Option<(f64, Option<f64>)> {
    let origin = points[0].1;
    let sum = |term: fn(i128, i128) -> i128| -> i128 {
        points.iter().map(|(score, at)| term(i128::from(*score), i128::from(at - origin))).sum()
    };
    let n = points.len() as i128;
    let (sx, sy) = (sum(|_, x| x), sum(|y, _| y));
    let sxx = n * sum(|_, x| x * x) - sx * sx;
    let sxy = n * sum(|y, x| x * y) - sx * sy;
    let syy = n * sum(|y, _| y * y) - sy * sy;
    // As whole numbers: with the spans below sxx·syy has less than 127 bits.
    let residual = sxx * syy - sxy * sxy;
    let stderr = (n > 2).then(|| (residual as f64 / (n - 2) as f64).sqrt() / sxx as f64);
    (sxx != 0).then(|| (sxy as f64 / sxx as f64, stderr))
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-14 * a.abs().max(b.abs())
}

/// Scores in sixteenths of a point, whose line the reference can compute exactly.
fn small_points() -> impl Strategy<Value = Vec<(i64, i64)>> {
    let origin = prop_oneof![
        Just(0),
        Just(EARLIEST),
        Just(LATEST - 2_000_000_000),
        any::<i32>().prop_map(|day| i64::from(day) * 1000)
    ];
    let at = prop_oneof![0..4_i64, 0..2_000_000_000_i64];
    (origin, prop::collection::vec((0..1600_i64, at), 1..40))
        .prop_map(|(origin, points)| points.into_iter().map(|(score, at)| (score, origin + at)).collect())
}

fn any_points(most: usize) -> impl Strategy<Value = Vec<(f64, i64)>> {
    let score = prop_oneof![0.0..100.0_f64, -10_000.0..10_000.0_f64, Just(0.0), Just(-1e-9), Just(100.0)];
    let at = prop_oneof![EARLIEST..=LATEST, 0..10_i64, Just(EARLIEST), Just(LATEST)];
    prop::collection::vec((score, at), 1..most)
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn the_line_is_the_exact_one(points in small_points()) {
        let scores: Vec<_> = points.iter().map(|(score, at)| (*score as f64 / 16.0, *at)).collect();
        let trend = trend(&scores);
        prop_assert!(trend.is_consistent());
        let Some((slope, stderr)) = reference(&points) else {
            prop_assert_eq!(trend.line(), None);
            return Ok(());
        };
        let line = trend.line().expect("distinct times");
        let per_day = DAY as f64 / 16.0;
        prop_assert!(near(line.slope_per_day, slope * per_day), "{} {}", line.slope_per_day, slope * per_day);
        let change = slope / 16.0 * (trend.to() - trend.from()) as f64;
        prop_assert!((line.change - change).abs() <= 1e-9, "{} {change}", line.change);
        prop_assert_eq!(line.slope_stderr.is_some(), stderr.is_some());
        if let (Some(found), Some(expected)) = (line.slope_stderr, stderr) {
            prop_assert!(near(found, expected * per_day), "{found} {}", expected * per_day);
        }
    }

    #[test]
    fn order_and_parts_do_not_matter(
        points in any_points(60),
        keys in prop::collection::vec(any::<u32>(), 60),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let serial = stats(&points);
        prop_assert!(serial.is_consistent(), "{serial:?}");
        let mut shuffled: Vec<_> = points.iter().zip(&keys).collect();
        shuffled.sort_by_key(|(_, key)| **key);
        let shuffled: Vec<_> = shuffled.into_iter().map(|(point, _)| *point).collect();
        prop_assert_eq!(told(&stats(&shuffled)), told(&serial));
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(points.len())).collect();
        cuts.sort_unstable();
        cuts.push(points.len());
        let (mut merged, mut begin): (Option<TrendStats>, usize) = (None, 0);
        for cut in cuts {
            if cut > begin {
                let part = stats(&shuffled[begin..cut]);
                prop_assert!(part.is_consistent());
                match &mut merged {
                    None => merged = Some(part),
                    Some(merged) => merged.merge(&part).expect("one tolerance"),
                }
            }
            begin = cut;
        }
        prop_assert_eq!(told(&merged.expect("points")), told(&serial));
    }

    #[test]
    fn a_moving_frame_is_the_plain_trend(points in any_points(150), sort in any::<bool>(), width in 1..100_usize) {
        let mut points = points;
        if sort {
            points.sort_by_key(|(_, at)| *at);
        }
        let mut moving = MovingTrend::default();
        let mut slots = vec![0; MovingTrend::FIRST_SLOTS];
        for end in 0..points.len() {
            // As the server does it: the oldest leaves before the next comes.
            if end >= width {
                let (score, at) = points[end - width];
                moving.remove(&slots, score, at).expect("a point");
            }
            if moving.is_full(slots.len()) {
                let mut more = vec![0; slots.len() * 2];
                moving.move_to(&slots, &mut more);
                slots = more;
            }
            let (score, at) = points[end];
            moving.add(&mut slots, score, at, DEFAULT_TOLERANCE).expect("a point");
            prop_assert!(moving.fits(slots.len()) && moving.is_consistent(&slots));
            let frame = &points[(end + 1).saturating_sub(width)..=end];
            prop_assert_eq!(moving.direction(&slots), trend(frame).direction());
        }
    }
}
