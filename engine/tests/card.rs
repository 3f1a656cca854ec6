//! The model card: what its readers must find in it, and what no document may do to it.

use health_score_engine::{Heading, Model, merge, template, templates};
use serde_json::{Value as Json, json};

fn card(document: &Json) -> String {
    let model = Model::compile(document, &mut || ()).unwrap_or_else(|issues| panic!("{issues:#?}"));
    let card = model.card(&Heading::default());
    assert_eq!(card, model.card(&Heading::default()));
    card
}

fn shipped(name: &str) -> Json {
    serde_json::from_str(template(name).expect("a template").document).expect("JSON")
}

fn has(card: &str, line: &str) {
    assert!(card.lines().any(|found| found == line), "no line\n{line}\nin\n{card}");
}

/// The lines of one section, without the blank ones.
fn section<'a>(card: &'a str, title: &str) -> Vec<&'a str> {
    let lines = card.lines().skip_while(|line| *line != format!("## {title}")).skip(1);
    lines.take_while(|line| !line.starts_with("## ")).filter(|line| !line.is_empty()).collect()
}

/// The cells of a row. No cell holds a bare bar.
fn cells(row: &str) -> Vec<&str> {
    row.trim_matches('|').split(" | ").map(str::trim).collect()
}

#[test]
fn a_small_model_from_top_to_bottom() {
    let document = json!({
        "purpose": "renewal", "min_coverage": 0.4, "on_invalid": "missing", "meta": {"description": "For shops."},
        "categories": {"usage": {"label": "Product usage", "weight": 60}, "mood": {"weight": 40}},
        "signals": {
            "logins": {"category": "usage", "label": "Logins", "unit": "in 30 days", "input": "logins_30d", "weight": 2, "missing": "worst",
                "scale": {"curve": [[0, 0], [20, 100]]}},
            "tickets": {"category": "usage", "weight": 1, "default": 0, "combine": "sum", "window": "30 days", "lag": "1 day",
                "scale": {"linear": [9, 0]}},
            "nps": {"category": "mood", "observed": "nps_at", "max_age": "90 days", "ask": "How happy?", "scale": {"linear": [0, 10]}},
        },
        "rules": [
            {"name": "left", "label": "Sponsor left", "when": {"input": "sponsor_left", "eq": true}, "cap": 39, "reason": "nobody there"},
            {"name": "joy", "when": {"subscore": "nps", "ge": 90}, "adjust": 5},
        ],
        "bands": [{"name": "red", "label": "At risk", "from": 0}, {"name": "green", "from": 62.5}],
        "segments": [
            {"name": "new", "label": "First month", "when": {"input": "age", "lt": 30}, "patch": {
                "min_coverage": 0.2, "signals": {"tickets": {"weight": 0, "unit": "tickets"}, "nps": {"missing": "neutral"}}}},
            {"name": "all", "when": {"input": "x", "present": true}, "patch": {}},
        ],
        "display": {"max": 10, "decimals": 1},
        "trend": {"window": "60 days", "tolerance": 3},
    });
    let model = Model::compile(&document, &mut || ()).unwrap_or_else(|issues| panic!("{issues:#?}"));
    let heading = Heading {
        name: Some("shops"),
        version: Some(3),
        note: Some("usage counts more"),
        created: Some("2026-05-02"),
        created_by: Some("alice"),
        reviewed: None,
    };
    let expected = "\
# Health score model: shops

This is version 3, saved 2026-05-02 by alice, not yet reviewed.

Note: usage counts more

## What the score means

Purpose: renewal.

About: For shops.

The score runs from 0 to 100; higher is healthier. It is shown from 0 to 10 with 1 decimal, rounded down, so that no \
account looks better than its band.

| Score | Band |
| --- | --- |
| 0 to below 62.5 | At risk (red) |
| 62.5 to 100 | green |

## How it is computed

Each signal's value earns a subscore from 0 to 100, and the score is the mean of the subscores, weighted by the shares \
below; the share of a signal without a value goes to the others unless its line says otherwise. Coverage is the total \
share of the signals whose value comes from the account: below 40 % there is no score, only \"insufficient data\".

A value that cannot be read counts as missing.

Below, as_of is the time for which the score is computed, usually now.

## Signals

### Product usage (usage): 60.0 % of the score

| Signal | What is measured | Share | How a value earns its subscore | Without a value |
| --- | --- | --- | --- | --- |
| Logins | logins_30d (in 30 days) | 40.0 % | 0 at 0, 100 at 20, straight lines in between | counted as subscore 0 |
| tickets | tickets; of events the sum in 30 days until 1 day ago | 20.0 % | 0 at 9, 100 at 0, in between in proportion | counted as 0 |

### mood: 40.0 % of the score

| Signal | What is measured | Share | How a value earns its subscore | Without a value |
| --- | --- | --- | --- | --- |
| nps | nps; asked: “How happy?” | 40.0 % | 0 at 0, 100 at 10, in between in proportion | its weight is shared out; the same when older than 90 days |

## Rules

Rules change the computed score, one after the other. A rule that lacks data does nothing.

1. **Sponsor left (left)**: if sponsor_left is true, the score is capped at 39. Reason given: nobody there
2. **joy**: if subscore of nps at least 90, 5 is added to the score

## Segments

The first segment that matches an account changes the model as listed here; an account without a segment is scored as above.

1. **First month (new)**: age below 30
   - A score needs a coverage of 20 % instead of 40 %.
   - Weights: tickets 0 instead of 1.
   - Shares of the score: “Logins” 60.0 % instead of 40.0 %, tickets 0.0 % instead of 20.0 %.
   - nps without a value: counted as subscore 50; the same when older than 90 days.
   - tickets measures tickets (tickets); of events the sum in 30 days until 1 day ago.
2. **all**: x is present
   - Nothing is different.

## Trend

A trend is read over 60 days; a change of less than 3 points counts as stable.

## Proof

Not yet checked against outcomes.
";
    assert_eq!(model.card(&heading), expected);
}

#[test]
fn every_template_has_a_card_with_all_its_signals() {
    for template in templates() {
        let document = shipped(template.name);
        let card = card(&document);
        let rows: Vec<_> =
            section(&card, "Signals").into_iter().filter(|line| line.starts_with('|')).map(cells).collect();
        for (name, signal) in document["signals"].as_object().expect("an object") {
            let label = signal["label"].as_str().expect("a label");
            let titles = [label.to_owned(), format!("{label} ({name})")];
            let found = rows.iter().filter(|row| titles.iter().any(|title| row[0] == title)).count();
            assert_eq!(found, 1, "{}: {name}\n{card}", template.name);
        }
        let shares: Vec<f64> = rows.iter().filter_map(|row| row[2].strip_suffix(" %")?.parse().ok()).collect();
        if document["method"] == "points" {
            assert!(shares.is_empty(), "{shares:?}");
        } else {
            assert_eq!(shares.len(), document["signals"].as_object().map_or(0, |signals| signals.len()));
            let sum: f64 = shares.iter().sum();
            assert!((sum - 100.0).abs() <= 0.5, "{}: {sum}", template.name);
        }
        for rule in document["rules"].as_array().into_iter().flatten() {
            assert!(card.contains(rule["reason"].as_str().expect("a reason")), "{}: {rule}", template.name);
        }
        let segments = document["segments"].as_array().map_or(0, Vec::len);
        assert_eq!(section(&card, "Segments").iter().filter(|line| line.contains("**")).count(), segments);
        assert!(!card.contains("Nothing is different"), "{}", template.name);
    }
}

#[test]
fn the_saas_card_tells_its_segments_apart() {
    let card = card(&shipped("saas"));
    for line in [
        "   - A score needs a coverage of 10 % instead of 15 %.",
        "   - Weights: “Licence use” 0 instead of 15, “Change in logins” 0 instead of 10.",
        "   - “Logins in 30 days” earns 0 at 0, 40 at 2, 70 at 8, 100 at 30, straight lines in between.",
        "4. **Enterprise**: plan is enterprise",
        "   - Weights: “Payment” 10 instead of 15, “Relationship” 25 instead of 15, “Product usage” 35 instead of 40.",
        "   - “Last two-way contact” without a value: counted as subscore 0.",
    ] {
        has(&card, line);
    }
}

#[test]
fn points_have_a_table_of_their_own() {
    let card = card(&shipped("actions"));
    for line in [
        "### Adoption",
        "| Signal | What is measured | Points each | At most | Fades | Without a value |",
        "| Days with activity in 30 days (active_days) | active_days_30d (days) | 1 | 20 | never | -20 points when there is none |",
        "| Business reviews held in 12 months (business_review) | business_reviews_365d (reviews) | 10 | 15 | by half every 120 days | -10 points when there is none within 180 days |",
    ] {
        has(&card, line);
    }
    let text = section(&card, "How it is computed").join(" ");
    assert!(text.contains("a sum of -100 or less is a score of 0, a sum of 100 or more a score of 100"), "{text}");
    assert!(text.contains("each point is worth 0.5. Coverage is the fraction of the signals"), "{text}");
}

/// What a segment with this patch is said to change.
fn differences(patch: Json) -> Vec<String> {
    let rule = |name: &str, cap: i32| json!({"name": name, "when": {"subscore": "b", "lt": 5}, "cap": cap});
    let mut document = json!({
        "categories": {"x": {"label": "X-ray"}, "y": {}},
        "signals": {
            "b": {"category": "x", "scale": {"linear": [0, 10]}},
            "c": {"scale": {"linear": [0, 10]}},
        },
        "rules": [rule("one", 1), rule("two", 2), rule("three", 3)],
    });
    document["segments"] = json!([{"name": "s", "when": {"input": "k", "eq": 1}, "patch": patch}]);
    let card = card(&document);
    let lines = section(&card, "Segments").into_iter().skip(2);
    lines.map(|line| line.trim_start_matches("   - ").to_owned()).collect()
}

#[test]
fn every_kind_of_difference_is_said() {
    let rule = |name: &str, cap: i32| json!({"name": name, "when": {"subscore": "b", "lt": 5}, "cap": cap});
    let cases = [
        (json!({"purpose": "growth"}), vec!["Purpose: “growth”."]),
        (json!({"on_invalid": "missing"}), vec!["A value that cannot be read counts as missing."]),
        (json!({"trend": {"window": "7 days"}}), vec!["Nothing is different."]),
        (json!({"bands": [{"name": "only", "from": 0}]}), vec!["Bands: only 0 to 100."]),
        (json!({"categories": {"x": {"label": "Röntgen"}}}), vec!["Category “X-ray” is called “Röntgen”."]),
        (json!({"signals": {"b": {"category": "y"}}}), vec!["b is in category y."]),
        (json!({"signals": {"b": {"category": null}}}), vec!["b is in no category."]),
        (json!({"signals": {"b": {"input": "other"}}}), vec!["b measures other."]),
        (json!({"signals": {"c": {"label": "Sea"}}}), vec!["c is called “Sea”."]),
        (json!({"signals": {"c": null}}), vec!["Shares of the score: b 100.0 % instead of 50.0 %.", "c is not used."]),
        (
            json!({"signals": {"c": {"weight": 3}}}),
            vec![
                "Weights: c 3 instead of 1.",
                "Shares of the score: b 25.0 % instead of 50.0 %, c 75.0 % instead of 50.0 %.",
            ],
        ),
        // The new signal stands before the others: the rules that read "b" are the same rules all the same.
        (
            json!({"signals": {"a": {"weight": 2, "scale": {"boolean": true}, "missing": "best"}}}),
            vec![
                "Shares of the score: b 25.0 % instead of 50.0 %, c 25.0 % instead of 50.0 %.",
                "a counts too, 50.0 % of the score: measures a; earns 100 if true, 0 if false; without a value: counted as subscore 100.",
            ],
        ),
        (
            json!({"rules": [rule("three", 3), rule("new", 4), rule("one", 9)]}),
            vec![
                "Rule added: new, if subscore of b below 5, the score is capped at 4.",
                "Rule changed: one, if subscore of b below 5, the score is capped at 9.",
                "No rule two.",
                "The rules run in this order: three, new, one.",
            ],
        ),
        (json!({"display": {"max": 10}}), vec!["Nothing is different."]),
    ];
    for (patch, expected) in cases {
        assert_eq!(differences(patch.clone()), expected, "{patch}");
    }
}

#[test]
fn proof_and_origin_are_told_only_if_they_can_be_true() {
    let said = |meta: Json| {
        section(&card(&json!({"meta": meta, "signals": {"a": {"scale": {"linear": [0, 1]}}}})), "Proof").join(" ")
    };
    let fit = json!({"auc": 0.784, "auc_low": 0.73, "auc_high": 0.83, "n": 1240, "events": 96.0});
    assert_eq!(
        said(json!({"fit": fit})),
        "Checked against the outcomes of 1240 accounts, 96 of them with the event: AUC 0.78 (95 % interval 0.73 to 0.83), \
         where 0.5 is a coin's toss and 1 is never wrong."
    );
    let weak = said(json!({"fit": merge(&fit, &json!({"auc_low": 0.45}))}));
    assert!(weak.ends_with("The interval reaches 0.5, so this may be chance."), "{weak}");
    for patch in [
        json!({"auc": null}),
        json!({"auc": 78}),
        json!({"auc": "0.78"}),
        json!({"auc_low": 0.9}),
        json!({"auc_high": 0.1}),
        json!({"n": 12}),
        json!({"n": 1240.5}),
        json!({"events": -1}),
        json!({"events": 1e300}),
    ] {
        assert_eq!(said(json!({"fit": merge(&fit, &patch)})), "Not yet checked against outcomes.", "{patch}");
    }
    for meta in [json!({}), json!({"fit": [1]}), json!({"fit": "good"}), json!({"draft": {"read": "x"}})] {
        assert_eq!(said(meta), "Not yet checked against outcomes.");
    }
    assert_eq!(
        said(json!({"draft": {"relation": "crm.accounts|", "read": "all 512 rows"}})),
        "Not yet checked against outcomes. The first draft was fitted to the columns of crm.accounts\\| (all 512 rows)."
    );
    let without_rows = said(json!({"draft": {"relation": "crm.accounts", "read": 5}}));
    assert!(without_rows.ends_with("The first draft was fitted to the columns of crm.accounts."), "{without_rows}");
}

const NASTY: &str =
    "a|b\n## <script>alert(1)</script> `x` **y** [l](javascript:z) ![i](u) &lt; \\| $m$ ~~s~~ \u{202e}\u{2028}- c";

/// Every text of a document, and every name that may be anything, is nasty.
fn nasty() -> Json {
    json!({
        "purpose": NASTY, "meta": {"description": NASTY, "draft": {"relation": NASTY}},
        "categories": {NASTY: {"label": format!("category {NASTY}")}},
        "signals": {NASTY: {"category": NASTY, "label": format!("label {NASTY}"), "unit": NASTY, "ask": NASTY, "input": NASTY,
            "scale": {"map": {NASTY: 100}}, "default": NASTY}},
        "rules": [{"name": NASTY, "label": format!("rule {NASTY}"), "reason": NASTY, "cap": 5, "when": {"all": [
            {"input": NASTY, "eq": NASTY}, {"subscore": NASTY, "lt": 5}, {"category": NASTY, "lt": 5}]}}],
        "bands": [{"name": NASTY, "label": format!("band {NASTY}"), "from": 0, "color": NASTY}],
        "segments": [{"name": NASTY, "label": format!("segment {NASTY}"), "when": {"input": NASTY, "in": [NASTY, "b"]}, "patch": {
            "purpose": format!("{NASTY}!"), "rules": [], "bands": [{"name": format!("{NASTY}!"), "from": 0}],
            "signals": {NASTY: {"label": NASTY, "unit": null, "scale": {"map": {NASTY: 0}}}}}}],
    })
}

#[test]
fn no_text_of_a_document_is_markup() {
    let model = Model::compile(&nasty(), &mut || ()).unwrap_or_else(|issues| panic!("{issues:#?}"));
    let nasty = Some(NASTY);
    let heading =
        Heading { name: nasty, version: None, note: nasty, created: nasty, created_by: nasty, reviewed: nasty };
    let card = model.card(&heading);
    let plain = Model::compile(&shipped("saas"), &mut || ()).unwrap_or_else(|issues| panic!("{issues:#?}"));
    let known_heads: Vec<String> =
        plain.card(&Heading::default()).lines().filter(|l| l.starts_with("## ")).map(String::from).collect();
    for line in card.lines() {
        if line.starts_with("## ") {
            assert!(known_heads.iter().any(|head| head == line), "{line}");
        }
        let mut previous = ' ';
        for (at, character) in line.char_indices() {
            let escaped = previous == '\\';
            assert!(!"<>`[]$~\u{202e}\u{2028}".contains(character) || escaped && character.is_ascii(), "{line}");
            assert!(
                character != '&' || ["&lt;", "&gt;", "&amp;"].iter().any(|entity| line[at..].starts_with(entity)),
                "{line}"
            );
            previous = if escaped && character == '\\' { ' ' } else { character };
        }
        if line.starts_with('|') {
            let bare = line.replace(r"\\", "").replace(r"\|", "").matches('|').count();
            assert!(bare == 3 || bare == 6, "{line}");
        }
        assert_eq!(line.replace(r"\*", "").matches("**").count() % 2, 0, "{line}");
    }
    // It still says what it is about.
    assert_eq!(section(&card, "Signals").len(), 4);
    assert_eq!(card.matches("alert(1)").count(), card.matches("&lt;script&gt;alert(1)").count());
    assert!(card.matches("&lt;script&gt;").count() > 20, "{card}");
}

#[test]
fn a_card_of_the_largest_model_stays_bounded() {
    let signal = |at: usize| {
        (format!("s{at}"), json!({"label": "l".repeat(30), "unit": "|".repeat(100), "scale": {"linear": [0, 1]}}))
    };
    let signals: serde_json::Map<String, Json> = (0..450).map(signal).collect();
    let changed: serde_json::Map<String, Json> =
        (0..450).map(|at| (format!("s{at}"), json!({"weight": at, "scale": {"linear": [0, at + 2]}}))).collect();
    let rules: Vec<Json> = (0..300)
        .map(|at| json!({"name": format!("r{at}"), "when": {"input": "x", "in": vec!["word"; 500]}, "cap": 1, "reason": "|".repeat(5000)}))
        .collect();
    let segments: Vec<Json> = (0..20)
        .map(|at| json!({"name": format!("g{at}"), "when": {"input": "x", "eq": at}, "patch": {"signals": changed}}))
        .collect();
    let card = card(&json!({"signals": signals, "rules": rules}));
    has(&card, "… and 250 more signals.");
    has(&card, "… and 100 more rules.");
    assert_eq!(section(&card, "Signals").iter().filter(|line| line.starts_with("| l")).count(), 200);
    assert_eq!(section(&card, "Rules").len(), 1 + 200 + 1);
    assert!(card.len() < 1_000_000, "{}", card.len());

    let card = self::card(&json!({"signals": signals, "segments": segments}));
    assert_eq!(section(&card, "Segments").iter().filter(|line| line.ends_with("more differences.")).count(), 20);
    assert!(section(&card, "Segments").iter().any(|line| line.contains(" and 434 more.")));
    assert!(card.len() < 3_000_000, "{}", card.len());
}

#[test]
fn a_bare_model_has_a_card_too() {
    let card = card(&json!({"signals": {"a": {"scale": {"linear": [0, 1]}}}}));
    assert!(card.starts_with("# Health score model\n\n## What the score means\n"), "{card}");
    assert!(!card.contains("###") && !card.contains("## Segments") && !card.contains("as_of"), "{card}");
    has(&card, "There are no rules: only the signals change the score.");
    has(&card, "| a | a | 100.0 % | 0 at 0, 100 at 1, in between in proportion | its weight is shared out |");
    assert!(card.contains("comes from the account: this model has no minimum."), "{card}");
}

#[test]
fn a_purpose_keeps_its_own_mark_at_the_end() {
    for (purpose, shown) in [
        ("Who needs a call?", "Purpose: Who needs a call?\n"),
        ("Renewal first!", "Purpose: Renewal first!\n"),
        ("Renewals.", "Purpose: Renewals.\n"),
        ("renewals (who leaves?)", "Purpose: renewals (who leaves?)\n"),
        ("renewals ", "Purpose: renewals.\n"),
    ] {
        let document = json!({"purpose": purpose, "signals": {"a": {"scale": {"linear": [0, 1]}}}});
        let model = Model::compile(&document, &mut || ()).unwrap_or_else(|issues| panic!("{issues:?}"));
        let card = model.card(&Heading::default());
        assert!(card.contains(shown), "{card}");
    }
}
