//! Survey figures: the definitions, what is refused, and that parts merge to the whole.

use health_score_engine::{Ces, Csat, DEFAULT_HIGHEST, DEFAULT_TOP, Nps, Refused};
use proptest::prelude::*;

fn nps(ratings: impl IntoIterator<Item = i32>) -> Nps {
    ratings.into_iter().fold(Nps::default(), |mut nps, rating| {
        nps.add(rating.into()).expect("a rating");
        nps
    })
}

fn refused(result: Result<(), Refused>) -> String {
    result.expect_err("refused").message
}

#[test]
fn promoters_less_detractors() {
    let answers = |rating, count| std::iter::repeat_n(rating, count);
    let value = nps(answers(9, 60).chain(answers(10, 40)).chain(answers(8, 30)).chain(answers(6, 80))).value();
    assert!((value.expect("answers") - 9.523809523809524).abs() < 1e-13, "{value:?}");
    let value = nps(0..=10).value().expect("answers");
    assert!((value + 45.45454545454545).abs() < 1e-13, "{value}");
    assert_eq!(nps([7, 8]).value(), Some(0.0));
    assert_eq!(nps([9]).value(), Some(100.0));
    assert_eq!(nps([6]).value(), Some(-100.0));
    assert_eq!(nps([]).value(), None);
}

#[test]
fn satisfied_is_the_top_of_five() {
    let csat = |top| {
        (1..=5).fold(Csat::default(), |mut csat, rating| {
            csat.add(rating.into(), top).expect("a rating");
            csat
        })
    };
    assert_eq!((1..=5).map(|top| csat(top).value()).collect::<Vec<_>>(), [100.0, 80.0, 60.0, 40.0, 20.0].map(Some));
    assert_eq!(csat(DEFAULT_TOP).value(), Some(40.0));
    assert_eq!(Csat::default().value(), None);
}

#[test]
fn effort_is_a_mean() {
    let mut ces = Ces::default();
    for rating in [7.0, 6.0, 2.0] {
        ces.add(rating, DEFAULT_HIGHEST).expect("a rating");
    }
    assert_eq!(ces.value(), Some(5.0));
    assert_eq!(Ces::default().value(), None);
}

#[test]
fn other_ratings_are_named() {
    for (rating, shown) in
        [(-1.0, "-1"), (11.0, "11"), (8.5, "8.5"), (f64::NAN, "NaN"), (f64::INFINITY, "Infinity"), (1e300, "1e+300")]
    {
        let message = refused(Nps::default().add(rating));
        assert_eq!(message, format!("an NPS rating is a whole number from 0 to 10, not {shown}"));
    }
    for rating in [0.0, 6.0, 4.5, f64::NAN, f64::NEG_INFINITY] {
        assert!(
            refused(Csat::default().add(rating, 4)).starts_with("a CSAT rating is a whole number from 1 to 5, not ")
        );
    }
    assert_eq!(refused(Ces::default().add(8.0, 7)), "a CES rating is a whole number from 1 to 7, not 8");
    assert_eq!(refused(Ces::default().add(6.0, 5)), "a CES rating is a whole number from 1 to 5, not 6");
}

#[test]
fn settings_are_checked_and_may_not_vary() {
    for top in [0, 6, -4, i32::MAX] {
        assert!(refused(Csat::default().add(4.0, top)).ends_with(&format!("must be from 1 to 5, not {top}")));
    }
    for highest in [0, 1, 6, 10, -7] {
        assert_eq!(refused(Ces::default().add(1.0, highest)), format!("a CES scale ends at 5 or 7, not {highest}"));
    }
    let mut csat = Csat::default();
    csat.add(4.0, 4).expect("a rating");
    assert_eq!(refused(csat.add(4.0, 5)), "the lowest rating that counts as satisfied differs within a group: 4 and 5");
    let mut ces = Ces::default();
    ces.add(4.0, 7).expect("a rating");
    assert_eq!(refused(ces.add(4.0, 5)), "the end of the CES scale differs within a group: 7 and 5");
    let mut other = Ces::default();
    other.add(4.0, 5).expect("a rating");
    assert!(ces.merge(&other).is_err());
}

proptest! {
    #[test]
    fn parts_merge_to_the_whole(ratings in prop::collection::vec(1..=5_i32, 1..50), cut in any::<prop::sample::Index>(), top in 1..=5_i32) {
        let cut = cut.index(ratings.len());
        let (left, right) = ratings.split_at(cut);
        let mut merged = nps(left.iter().copied());
        merged.merge(&nps(right.iter().copied()));
        prop_assert!(merged.is_consistent());
        prop_assert_eq!(merged.value(), nps(ratings.iter().copied()).value());

        let csat = |ratings: &[i32]| ratings.iter().fold(Csat::default(), |mut csat, rating| {
            csat.add((*rating).into(), top).expect("a rating");
            csat
        });
        let share = ratings.iter().filter(|rating| **rating >= top).count() as f64 * 100.0 / ratings.len() as f64;
        prop_assert_eq!(csat(&ratings).value(), Some(share));
        let ces = |ratings: &[i32]| ratings.iter().fold(Ces::default(), |mut ces, rating| {
            ces.add((*rating).into(), 5).expect("a rating");
            ces
        });
        let mean = f64::from(ratings.iter().sum::<i32>()) / ratings.len() as f64;
        prop_assert_eq!(ces(&ratings).value(), Some(mean));
        if !left.is_empty() && !right.is_empty() {
            let (mut merged, mut effort) = (csat(left), ces(left));
            merged.merge(&csat(right)).expect("one top");
            effort.merge(&ces(right)).expect("one scale");
            prop_assert!(merged.is_consistent() && effort.is_consistent());
            prop_assert_eq!((merged.value(), effort.value()), (Some(share), Some(mean)));
        }
    }
}
