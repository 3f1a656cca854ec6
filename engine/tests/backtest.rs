//! Rankings and shifts from counts, against the definitions worked out pair by pair.

use health_score_engine::{Backtest, Outcomes, Stability, merge_counts, room_for, usual_bands};
use proptest::prelude::*;

fn outcomes(rows: &[(f64, bool)]) -> (Outcomes, Vec<u64>) {
    let (mut head, mut table) = (Outcomes::default(), vec![0; Outcomes::FIRST_WORDS]);
    for (score, event) in rows {
        if head.is_full(&table) {
            let mut larger = vec![0; table.len() * 2];
            merge_counts(&mut larger, &table);
            table = larger;
        }
        head.add(&mut table, *score, *event, false, &[]).expect("a score");
    }
    (head, table)
}

/// A row of the golden data.
fn golden(i: u32) -> (f64, bool) {
    let score = f64::from(i * 7919 % 10007) / 100.07;
    (score, f64::from(i * 104_729 % 997) < 50.0 + (100.0 - score) * 3.0)
}

// roc_auc_score of scikit-learn 1.9.1 on scores rounded by numpy 2.4.6, DeLong's variance by numpy pair by pair,
// ks_2samp of scipy 1.17.1.
#[test]
fn agrees_with_scikit_learn() {
    let (head, table) = outcomes(&(1..=5000).map(golden).collect::<Vec<_>>());
    let backtest = Backtest::of(&head, &table, &usual_bands());
    let auc = backtest.auc.expect("both kinds");
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
    near(auc.value, 0.653_683_046_622_552_7);
    near(auc.variance, 8.565_457_528_046_993e-5);
    near(auc.interval().0, 0.635_543_627_565_042_3);
    near(auc.interval().1, 0.671_822_465_680_063_1);
    near(backtest.ks.expect("both kinds"), 0.234_943_673_772_697_06);
    near(backtest.worst_decile_capture.expect("both kinds"), 0.166_832_174_776_564_06);
    near(backtest.worst_decile_lift.expect("both kinds"), 1.668_321_747_765_640_7);
    let bands: Vec<_> = backtest.bands.iter().map(|band| (band.name.as_str(), band.accounts, band.events)).collect();
    assert_eq!(bands, [("red", 1999, 578), ("yellow", 1499, 284), ("green", 1502, 145)]);
    assert_eq!(backtest.events, 1007);
}

/// AUC and DeLong's variance by all pairs.
fn by_pairs(rows: &[(f64, bool)]) -> Option<(f64, f64)> {
    let of = |kind: bool| -> Vec<i64> {
        rows.iter().filter(|row| row.1 == kind).map(|row| (row.0 * 100.0).round() as i64).collect()
    };
    let (with, without) = (of(true), of(false));
    let psi = |x: i64, y: i64| {
        if x < y {
            1.0
        } else if x == y {
            0.5
        } else {
            0.0
        }
    };
    let mean = |list: &[f64]| list.iter().sum::<f64>() / list.len() as f64;
    let variance = |list: &[f64]| {
        let mean = mean(list);
        list.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (list.len() - 1) as f64 / list.len() as f64
    };
    if with.len() < 2 || without.len() < 2 {
        return None;
    }
    let of_with: Vec<f64> =
        with.iter().map(|x| mean(&without.iter().map(|y| psi(*x, *y)).collect::<Vec<_>>())).collect();
    let of_without: Vec<f64> =
        without.iter().map(|y| mean(&with.iter().map(|x| psi(*x, *y)).collect::<Vec<_>>())).collect();
    Some((mean(&of_with), variance(&of_with) + variance(&of_without)))
}

proptest! {
    #[test]
    fn any_scores_agree_with_all_pairs(
        rows in prop::collection::vec((0..=40_u32, any::<bool>()), 4..120),
        step in prop::sample::select(vec![0.01, 0.37, 2.5]),
        cut in any::<prop::sample::Index>(),
    ) {
        let rows: Vec<(f64, bool)> = rows.into_iter().map(|(score, event)| (f64::from(score) * step, event)).collect();
        let (head, table) = outcomes(&rows);
        if let Some((value, variance)) = by_pairs(&rows) {
            let auc = head.auc(&table).expect("both kinds");
            prop_assert!((auc.value - value).abs() < 1e-12 && (auc.variance - variance).abs() < 1e-12, "{auc:?} {value} {variance}");
        }
        // In two parts, merged either way.
        let (left, right) = rows.split_at(cut.index(rows.len()));
        for (first, second) in [(left, right), (right, left)] {
            let ((mut head_merged, own), (other, others)) = (outcomes(first), outcomes(second));
            let mut merged = vec![0; room_for(&own, &others)];
            merge_counts(&mut merged, &own);
            head_merged.merge(&mut merged, &other, &others).expect("the same kind of event");
            prop_assert!(head_merged.is_consistent(&merged));
            prop_assert_eq!(Backtest::of(&head_merged, &merged, &usual_bands()), Backtest::of(&head, &table, &usual_bands()));
        }
    }
}

#[test]
fn one_kind_or_too_few_say_so() {
    let verdict = |rows: &[(f64, bool)]| {
        let (head, table) = outcomes(rows);
        Backtest::of(&head, &table, &usual_bands())
    };
    let no_event = verdict(&[(10.0, false); 100]);
    assert_eq!((no_event.auc, no_event.ks, no_event.base_rate()), (None, None, Some(0.0)));
    assert_eq!(no_event.verdict, "too few to judge: 0 accounts with the event, at least 30 are needed");
    let five: Vec<_> = (0..1000).map(|i| (f64::from(i % 100), i < 5)).collect();
    assert_eq!(verdict(&five).verdict, "too few to judge: 5 accounts with the event, at least 30 are needed");
    // One point is no ranking.
    let constant: Vec<_> = (0..1000).map(|i| (50.0, i % 4 == 0)).collect();
    assert_eq!(verdict(&constant).auc.map(|auc| (auc.value, auc.variance)), Some((0.5, 0.0)));
    assert_eq!(verdict(&constant).verdict, "fails: the scores rank accounts no better than chance");
    assert_eq!(verdict(&constant).worst_decile_lift, Some(1.0));
    let wrong_way: Vec<_> = (0..1000).map(|i| (f64::from(i % 100), i % 100 > 80)).collect();
    assert_eq!(verdict(&wrong_way).verdict, "fails: the scores rank accounts in the wrong order");
    let right: Vec<_> =
        (0..1000).map(|i| (if i % 5 == 0 { 10.0 } else { f64::from(41 + i % 59) }, i % 5 == 0)).collect();
    assert_eq!(verdict(&right).verdict, "passes");
    assert_eq!(verdict(&right).worst_decile_lift, Some(5.0));
    let imbalanced: Vec<_> =
        (0..300_000).map(|i| (if i % 10_000 == 0 { 5.0 } else { f64::from(41 + i % 59) }, i % 10_000 == 0)).collect();
    assert_eq!(verdict(&imbalanced).verdict, "passes");
}

fn stability(rows: impl Iterator<Item = (Option<f64>, bool)>) -> (Stability, Vec<u64>) {
    let (mut head, mut table) = (Stability::default(), vec![0; Stability::FIRST_WORDS]);
    for (value, is_current) in rows {
        if head.is_full(&table) {
            let mut larger = vec![0; table.len() * 2];
            merge_counts(&mut larger, &table);
            table = larger;
        }
        head.add(&mut table, value, is_current).expect("a finite value");
    }
    (head, table)
}

// Worked out with numpy 2.4.6 on the same values, with deciles that end with the value that reaches them.
#[test]
fn the_index_agrees_with_numpy() {
    let rows = (1..=5000_u32).map(|i| {
        let current = i % 3 == 0;
        let value = i * 7919 % 10007 % 101 + if current { i % 7 } else { 0 };
        ((i % 11 != 0).then_some(f64::from(value)), current)
    });
    let (head, table) = stability(rows);
    let index = head.index(&table).expect("both samples");
    assert!((index - 0.015_048_464_510_323_737).abs() < 1e-12, "{index}");
}

#[test]
fn the_index_of_equal_samples_is_0_and_of_others_finite() {
    let same = stability((0..1000).flat_map(|i| [(Some(f64::from(i)), false), (Some(f64::from(i)), true)]));
    assert_eq!(same.0.index(&same.1), Some(0.0));
    let apart = stability((0..1000).map(|i| (Some(f64::from(i)), i >= 500)));
    assert!(apart.0.index(&apart.1).is_some_and(|index| index > 0.25 && index < 20.0));
    let one_sided = stability((0..10).map(|i| (Some(f64::from(i)), false)));
    assert_eq!(one_sided.0.index(&one_sided.1), None);
    let (mut head, mut table) = (Stability::default(), vec![0; Stability::FIRST_WORDS]);
    assert!(head.add(&mut table, Some(f64::NAN), true).is_err());
}
