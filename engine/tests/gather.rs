//! What is gathered from events, against the definitions worked out over a plain list of them; in any order, split in
//! any way, and from states that were made up.

use health_score_engine::{Assessor, Gathering, SegmentChoice, Stop, Value};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::Config;
use serde_json::{Value as Json, json};

#[path = "common/events.rs"]
mod events;

use events::{
    Cell, DAY, Event, INPUTS, NOON, State, account, all_combines, close, compiled, document, event, events, gather,
    json_of, linear, number, score, score_of, shuffled, text, value_of,
};

#[test]
fn the_eight_ways_to_combine() {
    let model = compiled(&all_combines());
    let events = [
        number("use", 100.0, 0.5), // after as_of
        number("use", 50.0, -0.5), // too young for the lag
        number("use", 3.0, -1.0),  // exactly as old as the lag: inside
        number("use", 4.0, -1.1),
        number("use", 4.0, -2.0),
        number("use", 9.0, -7.99),
        number("use", 70.0, -8.0), // exactly as old as window and lag: outside
        Event { signal: "use".into(), value: Cell::Number(80.0), at: None },
    ];
    let expected = json!({"@": true, "@last": 3.0, "@sum": 20.0, "@mean": 5.0, "@min": 3.0, "@max": 9.0, "@count": 4.0,
                          "@distinct": 3.0, "@active_days": 3.0});
    assert_eq!(Json::Object(account(&model, &events)), expected);
}

#[test]
fn silence_counts_as_nothing_done() {
    let model = compiled(&all_combines());
    let expected = json!({"@": true, "@last": null, "@sum": 0.0, "@mean": null, "@min": null, "@max": null, "@count": 0.0,
                          "@distinct": 0.0, "@active_days": 0.0});
    for events in [&[][..], &[number("use", 1.0, -30.0)], &[event("use", Cell::Missing, -30.0)]] {
        assert_eq!(Json::Object(account(&model, events)), expected);
        assert_eq!(score(&model, events), Some(0.0));
    }
}

#[test]
fn an_event_without_a_value_is_counted() {
    let model = compiled(&all_combines());
    let expected = json!({"@": true, "@last": 3.0, "@sum": 3.0, "@mean": 3.0, "@min": 3.0, "@max": 3.0, "@count": 4.0,
                          "@distinct": 1.0, "@active_days": 3.0});
    let silent = |day: f64| event("use", Cell::Missing, day);
    let without_time = Event { at: None, ..silent(0.0) };
    let events =
        [number("use", 3.0, -2.0), silent(-2.1), silent(-3.0), silent(-7.9), silent(-8.0), without_time.clone()];
    assert_eq!(Json::Object(account(&model, &events)), expected);

    let unbounded = compiled(&json!({"signals": {
        "count": linear(json!({"input": "use", "combine": "count"})),
        "days": linear(json!({"input": "use", "combine": "active_days"}))}}));
    let account = account(&unbounded, &[silent(-400.0), silent(-400.0), without_time]);
    assert_eq!((&account["@count"], &account["@days"]), (&json!(3.0), &json!(1.0)), "without a time it has no day");
}

#[test]
fn a_change_compares_a_window_with_the_one_before() {
    let input = json!({"change": ["use", "use"]});
    let change = json!({"scale": {"linear": [-1, 1]}, "input": input, "combine": "sum", "window": "30 days"});
    let model = compiled(&json!({"signals": {"growth": change}}));
    let events =
        [number("use", 10.0, -1.0), number("use", 5.0, -29.0), number("use", 20.0, -30.0), number("use", 9.0, -60.0)];
    assert_eq!(account(&model, &events)["@growth"], json!(-0.25));
    assert_eq!(account(&model, &events[..2])["@growth"], Json::Null, "nothing before");
}

#[test]
fn both_sides_of_a_ratio_are_combined() {
    let ratio = json!({"ratio": ["used", "seats"]});
    let model = compiled(&json!({"signals": {
        "now": {"scale": {"linear": [0, 1]}, "input": ratio},
        "mean": {"scale": {"linear": [0, 1]}, "input": ratio, "combine": "mean", "window": "7 days"}}}));
    let events = [
        number("used", 2.0, -1.0),
        number("used", 4.0, -2.0),
        number("seats", 10.0, -3.0),
        number("seats", 4.0, -20.0),
    ];
    let account = account(&model, &events);
    assert_eq!((&account["@mean"], &account["used"], &account["seats"]), (&json!(0.3), &json!(2.0), &json!(10.0)));
    assert_eq!(score(&model, &events), Some(25.0));
}

#[test]
fn ties_do_not_depend_on_the_order() {
    let model = compiled(&json!({"signals": {"plan": {"scale": {"map": {"a": 1}, "otherwise": 0}}}}));
    let values = [
        Cell::Number(5.0),
        Cell::Number(7.0),
        Cell::Bool(true),
        Cell::Text("silver".into()),
        Cell::Text("gold and more".into()),
    ];
    let events: Vec<Event> = values.into_iter().map(|value| event("plan", value, -1.0)).collect();
    let backwards: Vec<Event> = events.iter().rev().cloned().collect();
    for events in [&events, &backwards] {
        assert_eq!(account(&model, events)["plan"], json!("silver"));
        assert_eq!(account(&model, &[&events[..], &[number("plan", 0.0, -0.9)]].concat())["plan"], json!(0.0));
    }
}

#[test]
fn recency_is_the_time_of_the_last_event() {
    let recency = json!({"recency": {"best": "12 hours", "worst": "100 days 12 hours"}});
    let model = compiled(&json!({"signals": {"seen": {"input": "login", "scale": recency}}}));
    for (last, expected) in [
        (number("login", 3.0, -10.5), 90.0),
        (event("login", Cell::Bool(true), -10.5), 90.0),
        (text("login", "mobile", -10.5), 90.0),
        (event("login", Cell::Time(NOON - DAY * 201 / 2), -10.5), 0.0),
    ] {
        assert_eq!(score(&model, &[number("login", 1.0, -90.0), last.clone()]), Some(expected), "{last:?}");
    }
    let state = gather(&model, &[text("login", "12/31/2025", -1.0)], Some(NOON), true).expect("a state");
    let mut values = Vec::new();
    model.gathering().read(&state.0, &mut values).expect("values");
    assert!(
        Assessor::default().assess(&model, &values, Some(NOON), SegmentChoice::Auto).is_err(),
        "no date, but it begins like one"
    );
}

#[test]
fn values_grow_old() {
    let model =
        compiled(&json!({"signals": {"nps": linear(json!({"max_age": "90 days"})), "csat": linear(json!({}))}}));
    assert_eq!(score(&model, &[number("nps", 80.0, -90.0), number("csat", 20.0, -900.0)]), Some(50.0));
    assert_eq!(score(&model, &[number("nps", 80.0, -91.0), number("csat", 20.0, -900.0)]), Some(20.0));
}

#[test]
fn points_of_every_action_fade() {
    let model = compiled(&json!({"method": "points", "range": [0, 100], "signals": {
        "demo": {"points": 10, "half_life": "30 days", "max": 25},
        "visit": {"points": 1, "combine": "count"},
        "review": {"points": 5, "absent": -10, "within": "30 days"}}}));
    let review = number("review", 1.0, -2.0);
    let old_review = number("review", 1.0, -31.0);
    let demo = |day: f64| event("demo", Cell::Bool(true), day);
    assert_eq!(score(&model, &[demo(0.0), demo(-30.0), demo(-60.0), review.clone()]), Some(22.5));
    assert_eq!(score(&model, &[demo(0.0), demo(0.0), demo(0.0), review.clone()]), Some(30.0), "no more than max");
    assert_eq!(score(&model, &[demo(0.0), old_review]), Some(5.0), "10 + 5 − 10");
    assert_eq!(score(&model, &[demo(0.0)]), Some(0.0), "10 − 10");
    assert_eq!(score(&model, &[number("visit", 30.0, -1.0), text("visit", "home", -400.0), review]), Some(7.0));
}

#[test]
fn names_of_inputs_and_of_signals_count() {
    let model = compiled(&json!({"signals": {"logins": linear(json!({"input": "logins_30d"}))}}));
    assert_eq!(score(&model, &[number("logins", 40.0, -1.0)]), Some(40.0));
    assert_eq!(score(&model, &[number("logins_30d", 40.0, -1.0), number("anything", 1.0, 0.0)]), Some(40.0));
    let state = gather(
        &model,
        &[number("login", 1.0, -1.0), number("logouts", 1.0, -1.0), number("login", 1.0, 0.0)],
        None,
        true,
    );
    let stop = model.gathering().read(&state.expect("a state").0, &mut Vec::new());
    assert_eq!(stop, Err(Stop::Unknown("\"login\", \"logouts\"".into())));
    let many: Vec<Event> = (0..99).map(|at| number(&format!("some unknown name {at}"), 1.0, 0.0)).collect();
    let stop = model.gathering().read(&gather(&model, &many, None, false).expect("a state").0, &mut Vec::new());
    assert!(matches!(stop, Err(Stop::Unknown(names)) if names.contains("name 0") && names.len() <= 128));
    let stop = model
        .gathering()
        .read(&gather(&model, &[number(&"x".repeat(900), 1.0, 0.0)], None, false).expect("a state").0, &mut Vec::new());
    assert!(matches!(stop, Err(Stop::Unknown(_))));
}

#[test]
fn what_does_not_combine_is_an_error_or_invalid() {
    let sum = |lenient: bool| {
        let policy = if lenient { "missing" } else { "error" };
        compiled(
            &json!({"on_invalid": policy, "signals": {"tickets": linear(json!({"combine": "sum"})), "nps": linear(json!({}))}}),
        )
    };
    let events = [number("tickets", 1.0, -1.0), text("tickets", "many", -1.0), number("nps", 30.0, -1.0)];
    match gather(&sum(false), &events, Some(NOON), true).map(|_| ()) {
        Err(Stop::Invalid(invalid)) => {
            let told = "signal \"tickets\": \"tickets\" is the text \"many\" where a finite number belongs";
            assert_eq!(invalid.to_string(), told);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(score(&sum(true), &events), Some(30.0));
    assert_eq!(account(&sum(true), &events)["@tickets"], json!(["made of a value that does not combine with others"]));
}

#[test]
fn a_segment_may_derive_another_value() {
    let model = compiled(&json!({
        "signals": {"use": linear(json!({"input": "logins", "combine": "sum"})), "plan": {"weight": 0, "scale": {"map": {"big": 1}, "otherwise": 0}}},
        "segments": [{"name": "big", "when": {"input": "plan", "eq": "big"}, "patch": {"signals": {"use": {"input": "sessions"}}}}]}));
    let events = [number("logins", 10.0, -1.0), number("sessions", 70.0, -1.0), text("plan", "big", -1.0)];
    let account = account(&model, &events);
    assert_eq!((&account["@use"], &account["@use@2"]), (&json!(10.0), &json!(70.0)));
    assert_eq!((score(&model, &events), score(&model, &events[..2])), (Some(70.0), Some(10.0)));
}

#[test]
fn what_is_known_of_an_account_beside_its_events() {
    let model = compiled(&json!({"signals": {
        "use":    linear(json!({"input": {"ratio": ["login", "seats"]}, "combine": "count", "window": "30 days"})),
        "nps":    linear(json!({"max_age": "90 days"})),
        "size":   linear(json!({"input": "seats"})),
        "visits": linear(json!({"input": "visit", "combine": "count", "window": "7 days"})),
        "seen":   {"scale": {"recency": {"best": "1 day", "worst": "101 days"}}, "input": "joined"}}}));
    let events = [
        event("login", Cell::Missing, -1.0),
        number("login", 1.0, -2.0),
        number("nps", 90.0, -1.0),
        number("seats", 3.0, -1.0),
        number("joined", 1.0, -1.0),
    ];
    let state = gather(&model, &events, Some(NOON), true).expect("a state");
    let given = [("seats", Value::Number(4.0)), ("nps", Value::Missing), ("joined", Value::Time(NOON - 20 * DAY))];
    let mut values = vec![Value::Missing; model.inputs().len()];
    let mut known = vec![false; model.inputs().len()];
    for (name, value) in given {
        let at = model.inputs().iter().position(|input| input.name == name).expect("an input");
        (values[at], known[at]) = (value, true);
    }
    model.gathering().read_beside(&state.0, &known, &mut values).expect("values");
    let members: serde_json::Map<String, Json> =
        model.members(&values).map(|(name, value)| (name.to_owned(), json_of(value))).collect();
    assert_eq!(members["@use"], json!(0.5), "two events among four seats");
    assert_eq!((&members["@nps"], &members["seats"], &members["@visits"]), (&Json::Null, &json!(4.0), &json!(0.0)));
    assert!(!members.contains_key("@@nps"), "a value that no event has brought has no time");
    let mut assessor = Assessor::default();
    let score = assessor.assess(&model, &values, Some(NOON), SegmentChoice::Auto).expect("a score").score;
    // use 0.5, size 4, visits 0, seen 81; nps is missing.
    assert_eq!(score, Some(21.375));
}

#[test]
fn the_names_of_events_and_how_far_back_they_count() {
    let model = compiled(&json!({"signals": {
        "growth": linear(json!({"input": {"change": ["login", "login"]}, "combine": "count", "window": "30 days", "lag": "1 day"})),
        "logins": linear(json!({"input": "login", "combine": "count", "window": "14 days"})),
        "nps":    linear(json!({})),
        "mood":   linear(json!({"input": "nps_30d", "combine": "mean", "window": "30 days"}))}}));
    let names: Vec<(&str, &str, Option<i64>, bool)> =
        model.gathering().event_names().map(|name| (name.name, name.input, name.reach, name.compares)).collect();
    let expected = [
        ("login", "login", Some(61 * DAY), true),
        ("nps", "nps", None, false),
        ("nps_30d", "nps_30d", Some(30 * DAY), false),
        ("logins", "login", Some(61 * DAY), true),
        ("mood", "nps_30d", Some(30 * DAY), false),
    ];
    assert_eq!(names.len(), expected.len());
    assert!(expected.iter().all(|name| names.contains(name)), "{names:?}");
}

// ------------------------------------------------------------- by definition

proptest! {
    #![proptest_config(Config { cases: 2000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn values_are_as_defined(document in document(), events in events()) {
        let model = compiled(&document);
        let state = gather(&model, &events, Some(NOON), true).expect("a state");
        let known = events.is_empty() || events.iter().any(|event| model.inputs().iter().any(|input| input.name == event.signal));
        let mut values = Vec::new();
        if !known {
            prop_assert!(matches!(model.gathering().read(&state.0, &mut values), Err(Stop::Unknown(_))));
            return Ok(());
        }
        model.gathering().read(&state.0, &mut values).expect("values");
        let find = |name: &str| model.inputs().iter().position(|input| input.name == name).map(|at| values[at]);
        for (name, signal) in document["signals"].as_object().expect("signals") {
            let expected = value_of(signal, &events);
            let found = match find(&format!("@{name}")) {
                Some(found) => found,
                // The last value of a column is not derived.
                None if signal["input"].is_string() => find(signal["input"].as_str().expect("a name")).expect("an input"),
                None => continue,
            };
            match (expected, found) {
                (None, Value::Unusable(_)) => {}
                (Some(Value::Number(expected)), Value::Number(found)) => prop_assert!(close(expected, found), "{name}: {expected} {found}"),
                (expected, found) => prop_assert_eq!(expected, Some(found), "{}", name),
            }
        }
    }

    #[test]
    fn events_beyond_their_reach_never_count(document in document(), events in events()) {
        let model = compiled(&document);
        let reach = |signal: &str| model.gathering().event_names().find(|name| name.name == signal).map(|name| name.reach);
        let near: Vec<Event> = events.iter().filter(|event| match (reach(&event.signal), event.at) {
            (Some(Some(reach)), Some(at)) => at > NOON - reach,
            (Some(Some(_)), None) => false,
            (Some(None), _) => true,
            (None, _) => false,
        }).cloned().collect();
        let read = |events: &[Event]| {
            let state = gather(&model, events, Some(NOON), true).expect("a state");
            let mut values = Vec::new();
            model.gathering().read(&state.0, &mut values).map(|()| values.iter().map(json_of).collect::<Vec<_>>())
        };
        if let Ok(expected) = read(&events) {
            prop_assert_eq!(read(&near), Ok(expected));
        }
    }

    #[test]
    fn any_order_and_any_split_give_the_same(
        document in document(), events in events(), seed in any::<u64>(), cut in any::<prop::sample::Index>(), timed in any::<bool>(),
    ) {
        let model = compiled(&document);
        let gathering = model.gathering();
        let as_of = timed.then_some(NOON);
        let read = |state: &State| {
            let mut values = Vec::new();
            gathering.read(&state.0, &mut values).map(|()| values.iter().map(json_of).collect::<Vec<_>>())
        };
        let whole = gather(&model, &events, as_of, timed).expect("a state");
        let mixed = gather(&model, &shuffled(events.clone(), seed), as_of, timed).expect("a state");
        let at = cut.index(events.len() + 1);
        let mut left = gather(&model, &events[..at], as_of, timed).expect("a state");
        let right = gather(&model, &events[at..], as_of, timed).expect("a state");
        left.change(gathering, |words| gathering.merge(words, &right.0)).expect("a merged state");
        let expected = read(&whole);
        for other in [read(&mixed), read(&left)] {
            match (&expected, other) {
                (Ok(expected), Ok(other)) => for (expected, other) in expected.iter().zip(&other) {
                    let same = match (expected.as_f64(), other.as_f64()) { (Some(a), Some(b)) => close(a, b), _ => expected == other };
                    prop_assert!(same, "{expected} {other}");
                },
                (Err(Stop::Unknown(_)), Err(Stop::Unknown(_))) => {}
                (expected, other) => prop_assert!(false, "{expected:?} {other:?}"),
            }
        }
    }

    #[test]
    fn one_event_a_signal_scores_as_a_row(document in document(), numbers in prop::collection::vec(prop::option::of(-50..400i32), 4)) {
        let mut document = document;
        for signal in document["signals"].as_object_mut().expect("signals").values_mut() {
            let signal = signal.as_object_mut().expect("a signal");
            for key in ["combine", "window", "lag"] {
                signal.remove(key);
            }
        }
        let model = compiled(&document);
        let given: Vec<(&str, f64)> = INPUTS.into_iter().zip(&numbers).filter_map(|(name, n)| Some((name, f64::from((*n)?) / 8.0))).collect();
        let events: Vec<Event> = given.iter().map(|(name, value)| number(name, *value, 0.0)).collect();
        let row: Vec<Value> = model.inputs().iter()
            .map(|input| given.iter().find(|(name, _)| *name == input.name).map_or(Value::Missing, |(_, value)| Value::Number(*value))).collect();
        let mut assessor = Assessor::default();
        let of_row = assessor.assess(&model, &row, Some(NOON), SegmentChoice::Auto).expect("a score").score;
        let timed = gather(&model, &events, Some(NOON), true).expect("a state");
        let untimed = gather(&model, &events, None, false).expect("a state");
        if let Some(first) = given.first() && model.inputs().iter().any(|input| input.name == first.0) {
            prop_assert_eq!(score_of(&model, &timed), of_row);
            let mut values = Vec::new();
            model.gathering().read(&untimed.0, &mut values).expect("values");
            let of_untimed = assessor.assess(&model, &values, Some(NOON), SegmentChoice::Auto).expect("a score").score;
            prop_assert_eq!(of_untimed, of_row);
        }
    }

    #[test]
    fn the_compact_form_gives_what_the_full_one_gives(
        document in document(), events in events(), numbers_only in any::<bool>(), strict in any::<bool>(),
        odd in prop::collection::vec((any::<prop::sample::Index>(), select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0])), 0..4),
        renamed in any::<prop::sample::Index>(), made_up in prop::option::of((any::<prop::sample::Index>(), any::<u64>())),
    ) {
        let (mut document, mut events) = (document, events);
        for signal in document["signals"].as_object_mut().expect("signals").values_mut() {
            let signal = signal.as_object_mut().expect("a signal");
            for key in ["combine", "window", "lag", "max_age"] {
                signal.remove(key);
            }
        }
        if strict {
            document["on_invalid"] = json!("error");
        }
        if !events.is_empty() {
            for (at, number) in odd {
                let at = at.index(events.len());
                events[at].value = Cell::Number(number);
            }
            let at = renamed.index(events.len());
            events[at].signal = "s0".into();
        }
        let has_alias = document["signals"]["s0"]["input"].is_string();
        let model = compiled(&document);
        let gathering = model.gathering();
        let words = gathering.compact_words().expect("a model of last values");
        let mut compact = vec![0; words];
        Gathering::begin_compact(&mut compact);
        let mut full = State::new(gathering, Some(NOON), false);
        let taken = events.iter().filter(|event| !numbers_only || matches!(event.value, Cell::Number(_) | Cell::Missing));
        for (before_it, event) in taken.enumerate() {
            let before = compact.clone();
            if !gathering.add_compact(&mut compact, event.signal.as_bytes(), event.value.value()) {
                prop_assert_eq!(&before, &compact);
                let known = model.inputs().iter().any(|input| input.name == event.signal) || (event.signal == "s0" && has_alias);
                let fits = matches!(event.value, Cell::Missing) || matches!(event.value, Cell::Number(number) if !number.is_nan());
                prop_assert!(!known && before_it == 0 || !fits);
                break;
            }
            full.add(gathering, &Event { at: None, ..event.clone() }).expect("room");
            let mut expanded = State(vec![0; gathering.words(false)]);
            gathering.expand(&compact, &mut expanded.0, Some(NOON)).expect("a state");
            prop_assert_eq!(&expanded.0, &full.0);
        }
        let (mut of_compact, mut of_full) = (Vec::new(), Vec::new());
        gathering.read_compact(&compact, &mut of_compact).expect("values");
        gathering.read(&full.0, &mut of_full).expect("values");
        prop_assert_eq!(of_compact, of_full);
        if let Some((at, word)) = made_up && words > 0 {
            compact[at.index(words)] = word | 0x7FF0 << 48;
            let _ = gathering.read_compact(&compact, &mut Vec::new());
            let _ = gathering.expand(&compact, &mut full.0, None);
            compact.push(0);
            prop_assert_eq!(gathering.read_compact(&compact, &mut Vec::new()), Err(Stop::Forged));
        }
    }

    #[test]
    fn made_up_states_are_refused_or_read(
        document in document(), events in events(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u64>()), 1..4), cut in any::<prop::sample::Index>(),
        small in any::<bool>(),
    ) {
        let model = compiled(&document);
        let gathering = model.gathering();
        let mut state = gather(&model, &events, Some(NOON), true).expect("a state");
        for (at, word) in changes {
            let at = at.index(state.0.len());
            state.0[at] = if small { word % 70 } else { word };
        }
        if small {
            state.0.truncate(cut.index(state.0.len() + 1));
        }
        let mut whole = gather(&model, &events, Some(NOON), true).expect("a state");
        let _ = gathering.read(&state.0, &mut Vec::new());
        let room = |stop: Result<(), Stop>| !matches!(stop, Err(Stop::Room(words)) if words > 1 << 34);
        let merged = whole.change(gathering, |words| match gathering.merge(words, &state.0) {
            // Nobody has so much memory.
            Err(Stop::Room(words)) if words > 1 << 24 => Err(Stop::Forged),
            other => other,
        });
        prop_assert!(room(merged));
        for event in &events {
            gathering.add_number(&mut state.0, event.signal.as_bytes(), 1.5, event.at);
            let _ = state.change(gathering, |words| match gathering.add(words, event.signal.as_bytes(), event.value.value(), event.at) {
                Err(Stop::Room(words)) if words > 1 << 24 => Err(Stop::Forged),
                other => other,
            });
        }
    }
}
