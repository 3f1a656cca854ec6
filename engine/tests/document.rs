//! Errors of a document: each error has its path and a helpful message, and all errors are reported at once.

use health_score_engine::{Assessor, Issue, Model, SegmentChoice, Severity, Value, merge};
use serde_json::{Map, Value as Json, json};

#[path = "common/slips.rs"]
mod slips;

use slips::{bands, check, expect, new_signal, points, rule, segment, segment_patch, signal, weighted, when};

#[test]
fn keys_that_nobody_knows() {
    expect(
        &weighted(),
        vec![
            (json!({"signal": {}}), "$.signal", "unknown key (did you mean \"signals\"?)"),
            (json!({"nonsense": 1}), "$.nonsense", "unknown key"),
            (json!({"a key": 1}), "$.\"a key\"", "unknown key"),
            (json!({"categories": {"usage": {"wieght": 1}}}), "$.categories.usage.wieght", "did you mean \"weight\"?"),
            (signal("nps", json!({"categry": "x"})), "$.signals.nps.categry", "did you mean \"category\"?"),
            (signal("nps", json!({"points": 5})), "$.signals.nps.points", "unknown key"),
            (
                signal("nps", json!({"scale": {"liner": [0, 1]}})),
                "$.signals.nps.scale.liner",
                "did you mean \"linear\"?",
            ),
            (
                signal("nps", json!({"scale": {"recency": {"bets": "1 day", "worst": "2 days"}}})),
                "$.signals.nps.scale.recency.bets",
                "did you mean \"best\"?",
            ),
            (
                signal("nps", json!({"input": {"ration": ["a", "b"]}})),
                "$.signals.nps.input.ration",
                "did you mean \"ratio\"?",
            ),
            (rule(json!({"cap": 1, "reson": "x"})), "$.rules[0].reson", "did you mean \"reason\"?"),
            (when(json!({"inputs": "x", "eq": 1})), "$.rules[0].when.inputs", "did you mean \"input\"?"),
            (
                when(json!({"all": [{"not": {"input": "x", "equal": 1}}]})),
                "$.rules[0].when.all[0].not.equal",
                "unknown key",
            ),
            (json!({"bands": [{"name": "a", "form": 0}]}), "$.bands[0].form", "did you mean \"from\"?"),
            (segment(json!({"pach": {}})), "$.segments[0].pach", "did you mean \"patch\"?"),
            (json!({"display": {"decimal": 1}}), "$.display.decimal", "did you mean \"decimals\"?"),
            (json!({"trend": {"windw": "1 day"}}), "$.trend.windw", "did you mean \"window\"?"),
        ],
    );
}

#[test]
fn values_of_the_wrong_kind() {
    expect(
        &weighted(),
        vec![
            (json!(5), "$", "a model document is a JSON object, not a number"),
            (json!({"method": 5}), "$.method", "must be a text, not a number"),
            (
                json!({"method": "weigthed"}),
                "$.method",
                "none of \"weighted\", \"points\" (did you mean \"weighted\"?)",
            ),
            (json!({"purpose": []}), "$.purpose", "must be a text, not an array"),
            (json!({"on_invalid": "mising"}), "$.on_invalid", "did you mean \"missing\"?"),
            (json!({"min_coverage": "0.4"}), "$.min_coverage", "must be a number, not a text"),
            (json!({"min_coverage": 1.01}), "$.min_coverage", "must be between 0 and 1, not 1.01"),
            (json!({"min_coverage": -0.1}), "$.min_coverage", "must be between 0 and 1"),
            (json!({"categories": []}), "$.categories", "must be an object, not an array"),
            (json!({"categories": {"usage": 40}}), "$.categories.usage", "must be an object, not a number"),
            (json!({"signals": null}), "$", "signals are required"),
            (json!({"signals": []}), "$.signals", "must be an object, not an array"),
            (json!({"rules": {}}), "$.rules", "must be an array, not an object"),
            (json!({"bands": 1}), "$.bands", "must be an array, not a number"),
            (json!({"bands": []}), "$.bands", "at least one band"),
            (json!({"segments": {}}), "$.segments", "must be an array"),
            (json!({"display": true}), "$.display", "must be an object, not a boolean"),
            (json!({"display": {"decimals": 1.5}}), "$.display.decimals", "must be a whole number, not 1.5"),
            (json!({"display": {"decimals": 7}}), "$.display.decimals", "must be between 0 and 6, not 7"),
            (json!({"display": {"decimals": -1}}), "$.display.decimals", "must be between 0 and 6"),
            (json!({"display": {"decimals": "0"}}), "$.display.decimals", "must be a number, not a text"),
            (json!({"display": {"max": 0}}), "$.display.max", "must be between 1 and 1000000"),
            (json!({"trend": {"tolerance": 101}}), "$.trend.tolerance", "must be between 0 and 100"),
            (json!({"trend": {"window": 30}}), "$.trend.window", "must be a text, not a number"),
            (json!({"meta": "free"}), "$.meta", "must be an object, not a text"),
            (signal("nps", json!({"meta": [1]})), "$.signals.nps.meta", "must be an object, not an array"),
            (json!({"categories": {"usage": {"meta": 1}}}), "$.categories.usage.meta", "must be an object"),
            (rule(json!({"cap": 1, "meta": 1})), "$.rules[0].meta", "must be an object"),
            (json!({"bands": [{"name": "a", "from": 0, "meta": 1}]}), "$.bands[0].meta", "must be an object"),
            (segment(json!({"meta": 1})), "$.segments[0].meta", "must be an object"),
        ],
    );
    assert_eq!(check(&json!({"signals": {}}))[0].to_string(), "$.signals: must have at least one signal");
}

#[test]
fn signals_and_their_weights() {
    let no_weights = json!({"categories": null, "signals": null});
    let all_zero = merge(&weighted(), &no_weights);
    let all_zero = merge(
        &all_zero,
        &json!({"signals": {"a": {"weight": 0, "scale": {"linear": [0, 1]}}}, "rules": null, "segments": null}),
    );
    assert_eq!(
        check(&all_zero).iter().map(Issue::to_string).collect::<Vec<_>>(),
        ["$.signals: the weights add up to 0"]
    );
    let idle_category = json!({"categories": {"usage": {"weight": 0}}, "signals": {"a": {"category": "usage", "scale": {"linear": [0, 1]}}}});
    assert_eq!(
        check(&idle_category).iter().map(Issue::to_string).collect::<Vec<_>>(),
        ["$.signals: the weights add up to 0"]
    );
    let long = "x".repeat(201);
    expect(
        &weighted(),
        vec![
            (
                signal("nps", json!({"weight": -1})),
                "$.signals.nps.weight",
                "a weight is 0 or between 1e-9 and 1e9, not -1",
            ),
            (signal("nps", json!({"weight": 1e10})), "$.signals.nps.weight", "a weight is 0 or between"),
            (signal("nps", json!({"weight": 1e-10})), "$.signals.nps.weight", "a weight is 0 or between"),
            (signal("nps", json!({"weight": "20"})), "$.signals.nps.weight", "must be a number, not a text"),
            (
                json!({"categories": {"usage": {"weight": -40}}}),
                "$.categories.usage.weight",
                "a weight is 0 or between",
            ),
            (
                json!({"categories": {"usage": {"weight": null}}}),
                "$.categories.usage",
                "needs a weight, because another category has one",
            ),
            (
                signal("nps", json!({"category": null})),
                "$.signals.nps",
                "needs a category, because the categories have weights",
            ),
            (
                signal("nps", json!({"category": "sentimnt"})),
                "$.signals.nps.category",
                "\"sentimnt\" is not declared under categories (did you mean \"sentiment\"?)",
            ),
            (signal("nps", json!({"scale": null})), "$.signals.nps", "a scale is required"),
            (signal("nps", json!({"optional": 1})), "$.signals.nps.optional", "must be true or false"),
            (signal("nps", json!({"missing": "wurst"})), "$.signals.nps.missing", "did you mean \"worst\"?"),
            (signal("nps", json!({"missing": 101})), "$.signals.nps.missing", "must be between 0 and 100"),
            (signal("nps", json!({"missing": true})), "$.signals.nps.missing", "or a subscore, not a boolean"),
            (signal("nps", json!({"default": "many"})), "$.signals.nps.default", "does not suit the signal's scale"),
            (signal("nps", json!({"default": [1]})), "$.signals.nps.default", "must be a number, text or boolean"),
            (
                signal("nps", json!({"max_age": "3 months"})),
                "$.signals.nps.max_age",
                "months or years, which have no fixed length",
            ),
            (signal("nps", json!({"max_age": "1 year"})), "$.signals.nps.max_age", "months or years"),
            (signal("nps", json!({"max_age": "soon"})), "$.signals.nps.max_age", "is not a duration"),
            (signal("nps", json!({"max_age": "-1 day"})), "$.signals.nps.max_age", "is not a positive duration"),
            (signal("nps", json!({"observed": ""})), "$.signals.nps.observed", "a name has 1 to 200 bytes"),
            (signal("tone", json!({"evidence": "@as_of"})), "$.signals.tone.evidence", "is not a column"),
            (signal("tickets", json!({"combine": "summ"})), "$.signals.tickets.combine", "did you mean \"sum\"?"),
            (signal("tickets", json!({"window": "1 month"})), "$.signals.tickets.window", "months or years"),
            (signal("tickets", json!({"lag": 5})), "$.signals.tickets.lag", "must be a text"),
            (signal("nps", json!(5)), "$.signals.nps", "must be an object, not a number"),
            (signal("@nps", json!({"scale": {"linear": [0, 1]}})), "$.signals.\"@nps\"", "must not start with @"),
            (signal("", json!({"scale": {"linear": [0, 1]}})), "$.signals.\"\"", "a name has 1 to 200 bytes"),
            (new_signal(json!({"input": long})), "$.signals.new.input", "a name has 1 to 200 bytes"),
            (new_signal(json!({"input": 5})), "$.signals.new.input", "must be a column name, or an object"),
            (new_signal(json!({"input": "@as_of"})), "$.signals.new.input", "is not a column"),
            (new_signal(json!({"input": {}})), "$.signals.new.input", "exactly one of ratio, change and days"),
            (
                new_signal(json!({"input": {"ratio": ["a"]}})),
                "$.signals.new.input.ratio",
                "an array of two column names",
            ),
            (
                new_signal(json!({"input": {"ratio": ["a", 5]}})),
                "$.signals.new.input.ratio[1]",
                "must be a column name, not a number",
            ),
            (
                new_signal(json!({"input": {"ratio": ["a", "@as_of"]}})),
                "$.signals.new.input.ratio[1]",
                "stands only in {\"days\"",
            ),
            (
                new_signal(json!({"input": {"days": ["@as_of", "@as_of"]}})),
                "$.signals.new.input.days",
                "a column on at least one side",
            ),
            (
                new_signal(json!({"input": {"ratio": ["a", "b"]}, "scale": {"boolean": true}})),
                "$.signals.new.scale",
                "needs a scale of numbers",
            ),
            (
                new_signal(
                    json!({"input": {"days": ["a", "b"]}, "scale": {"recency": {"best": "1 day", "worst": "9 days"}}}),
                ),
                "$.signals.new.scale",
                "needs a scale of numbers",
            ),
        ],
    );
}

#[test]
fn scales() {
    let scale = |scale: Json| signal("nps", json!({"scale": scale}));
    expect(
        &weighted(),
        vec![
            (scale(json!({})), "$.signals.nps.scale", "exactly one of linear, steps"),
            (scale(json!({"linear": [0, 1], "steps": [[0, 1]]})), "$.signals.nps.scale", "exactly one of"),
            (scale(json!({"linear": [5, 5]})), "$.signals.nps.scale.linear", "must differ"),
            (scale(json!({"linear": [0, "ten"]})), "$.signals.nps.scale.linear", "two numbers"),
            (
                scale(json!({"linear": [0, 1], "otherwise": 5})),
                "$.signals.nps.scale.otherwise",
                "is allowed only with map",
            ),
            (scale(json!({"steps": [[0, 10], [5, 20], [5, 30]]})), "$.signals.nps.scale.steps[2]", "5 is not above 5"),
            (scale(json!({"curve": [[0, 10], [-1, 20]]})), "$.signals.nps.scale.curve[1]", "-1 is not above 0"),
            (
                scale(json!({"curve": [[0, 10], [1, 101]]})),
                "$.signals.nps.scale.curve[1]",
                "a subscore is between 0 and 100, not 101",
            ),
            (scale(json!({"curve": []})), "$.signals.nps.scale.curve", "a non-empty array"),
            (scale(json!({"steps": [[0, 10, 20]]})), "$.signals.nps.scale.steps[0]", "two numbers"),
            (scale(json!({"map": {"a": -1}})), "$.signals.nps.scale.map.a", "a number between 0 and 100"),
            (scale(json!({"map": {}})), "$.signals.nps.scale.map", "at least one entry"),
            (scale(json!({"map": {"a": 1}, "otherwise": 500})), "$.signals.nps.scale.otherwise", "between 0 and 100"),
            (scale(json!({"boolean": "yes"})), "$.signals.nps.scale.boolean", "true or false, not a text"),
            (scale(json!({"recency": {"best": "7 days"}})), "$.signals.nps.scale.recency", "worst is required"),
            (
                scale(json!({"recency": {"best": "7 days", "worst": "7 days"}})),
                "$.signals.nps.scale.recency",
                "must differ",
            ),
            (
                scale(json!({"recency": {"best": "7 days", "worst": "3 months"}})),
                "$.signals.nps.scale.recency.worst",
                "months or years",
            ),
        ],
    );
}

#[test]
fn rules_and_conditions() {
    expect(
        &weighted(),
        vec![
            (rule(json!({})), "$.rules[0]", "exactly one action: cap, floor, set or adjust"),
            (rule(json!({"cap": 5, "floor": 3})), "$.rules[0]", "exactly one action"),
            (rule(json!({"cap": 101})), "$.rules[0].cap", "between 0 and 100"),
            (rule(json!({"adjust": -101})), "$.rules[0].adjust", "between -100 and 100"),
            (rule(json!({"cap": 5, "name": null})), "$.rules[0]", "a name is required"),
            (rule(json!({"cap": 5, "name": ""})), "$.rules[0].name", "1 to 200 bytes"),
            (rule(json!({"cap": 5, "when": null})), "$.rules[0]", "a condition is required under when"),
            (
                json!({"rules": [{"name": "r", "when": {"input": "a", "eq": 1}, "cap": 1}, {"name": "r", "when": {"input": "a", "eq": 2}, "cap": 1}]}),
                "$.rules[1].name",
                "\"r\" occurs twice",
            ),
            (json!({"rules": ["r"]}), "$.rules[0]", "must be an object, not a text"),
            (
                when(json!({"subscore": "np", "lt": 5})),
                "$.rules[0].when.subscore",
                "unknown signal \"np\" (did you mean \"nps\"?)",
            ),
            (
                when(json!({"category": "usag", "lt": 5})),
                "$.rules[0].when.category",
                "unknown category \"usag\" (did you mean \"usage\"?)",
            ),
            (when(json!({"score": "total", "lt": 5})), "$.rules[0].when.score", "neither \"running\" nor \"base\""),
            (when(json!({"score": 5, "lt": 5})), "$.rules[0].when.score", "must be a text, not a number"),
            (when(json!({"score": "base"})), "$.rules[0].when", "needs a comparison"),
            (when(json!({"score": "base", "lt": "x"})), "$.rules[0].when.lt", "must be a number, not a text"),
            (
                when(json!({"input": {"ratio": ["a", "b"]}, "eq": "x"})),
                "$.rules[0].when.eq",
                "must be a number, not a text",
            ),
            (when(json!({"input": "a", "lt": "x"})), "$.rules[0].when.lt", "a number or an ISO 8601 date"),
            (when(json!({"input": "a", "lt": true})), "$.rules[0].when.lt", "not a boolean"),
            (when(json!({"input": "a", "eq": null})), "$.rules[0].when.eq", "a number, text or boolean, not null"),
            (when(json!({"input": "a", "in": []})), "$.rules[0].when.in", "at least one value"),
            (when(json!({"input": "a", "in": "x"})), "$.rules[0].when.in", "must be an array"),
            (when(json!({"input": "a", "in": ["x", {}]})), "$.rules[0].when.in[1]", "not an object"),
            (when(json!({"input": "a", "missing": 1})), "$.rules[0].when.missing", "true or false"),
            (when(json!({})), "$.rules[0].when", "exactly one of all, any, not"),
            (when(json!({"input": "a", "score": "base", "lt": 5})), "$.rules[0].when", "exactly one of"),
            (when(json!({"all": []})), "$.rules[0].when.all", "at least one condition"),
            (when(json!({"any": {}})), "$.rules[0].when.any", "must be an array"),
            (
                when(json!({"any": [{"input": "a", "eq": 1}], "eq": 5})),
                "$.rules[0].when.eq",
                "is not allowed beside any",
            ),
            (when(json!({"not": []})), "$.rules[0].when.not", "must be an object, not an array"),
            (when(json!("always")), "$.rules[0].when", "must be an object, not a text"),
        ],
    );
}

#[test]
fn bands_from_zero_upwards() {
    expect(
        &weighted(),
        vec![
            (bands(&[10.0, 20.0]), "$.bands[0].from", "the first band starts at 0, not 10"),
            (bands(&[0.0, 70.0, 40.0]), "$.bands[2].from", "40 is not above 70"),
            (bands(&[0.0, 40.0, 40.0]), "$.bands[2].from", "40 is not above 40"),
            (bands(&[0.0, 101.0]), "$.bands[1].from", "between 0 and 100"),
            (
                json!({"bands": [{"name": "a", "from": 0}, {"name": "a", "from": 5}]}),
                "$.bands[1].name",
                "\"a\" occurs twice",
            ),
            (json!({"bands": [{"name": "a"}]}), "$.bands[0]", "from is required"),
            (json!({"bands": [{"from": 0}]}), "$.bands[0]", "a name is required"),
        ],
    );
}

#[test]
fn segments_and_their_patches() {
    expect(
        &weighted(),
        vec![
            (segment(json!({"name": null})), "$.segments[0]", "a name is required"),
            (segment(json!({"name": ""})), "$.segments[0].name", "1 to 200 bytes"),
            (segment(json!({"when": null})), "$.segments[0]", "a condition is required"),
            (segment(json!({"patch": null})), "$.segments[0]", "a patch is required"),
            (segment(json!({"patch": 5})), "$.segments[0].patch", "must be an object"),
            (
                json!({"segments": [{"name": "s", "when": {"input": "a", "eq": 1}, "patch": {}}, {"name": "s", "when": {"input": "a", "eq": 2}, "patch": {}}]}),
                "$.segments[1].name",
                "\"s\" occurs twice",
            ),
            (
                segment(json!({"when": {"input": null, "score": "base", "eq": 5}})),
                "$.segments[0].when.score",
                "the condition of a segment may use input only",
            ),
            (
                segment(json!({"when": {"input": null, "eq": null, "not": {"subscore": "nps", "lt": 5}}})),
                "$.segments[0].when.not.subscore",
                "may use input only",
            ),
            (segment_patch(json!({"segments": []})), "$.segments[0].patch.segments", "a segment may not change this"),
            (segment_patch(json!({"method": "points"})), "$.segments[0].patch.method", "a segment may not change this"),
            (segment_patch(json!({"method": null})), "$.segments[0].patch.method", "a segment may not change this"),
            (
                segment_patch(json!({"signals": {"tickets": {"combine": "max"}}})),
                "$.segments[0].patch.signals.tickets.combine",
                "may not change this",
            ),
            (
                segment_patch(json!({"signals": {"tickets": {"window": null}}})),
                "$.segments[0].patch.signals.tickets.window",
                "may not change this",
            ),
            (
                segment_patch(json!({"signals": {"tickets": {"lag": "2 days"}}})),
                "$.segments[0].patch.signals.tickets.lag",
                "may not change this",
            ),
            (
                segment_patch(json!({"signals": {"npss": {"weight": 1}}})),
                "$.segments[0].patch.signals.npss",
                "unknown signal \"npss\" (did you mean \"nps\"?)",
            ),
            (segment_patch(json!({"signals": {"npss": null}})), "$.segments[0].patch.signals.npss", "unknown signal"),
            (
                segment_patch(json!({"signals": {"nps": {"wieght": 1}}})),
                "$.segments[0].patch.signals.nps.wieght",
                "did you mean \"weight\"?",
            ),
            (
                segment_patch(json!({"signals": {"nps": {"scale": null}}})),
                "$.segments[0].patch.signals.nps",
                "a scale is required (after this patch)",
            ),
            (
                segment_patch(json!({"signals": {"nps": 5}})),
                "$.segments[0].patch.signals.nps",
                "must be an object, not a number (after this patch)",
            ),
            (
                segment_patch(json!({"signals": {"last_contact": null}})),
                "$.segments[0].patch.rules[1].when.all[1].subscore",
                "unknown signal \"last_contact\"",
            ),
            (
                segment_patch(json!({"categories": {"usage": {"weight": null}}})),
                "$.segments[0].patch.categories.usage",
                "needs a weight",
            ),
            (
                segment_patch(json!({"bands": [{"name": "a", "from": 5}]})),
                "$.segments[0].patch.bands[0].from",
                "the first band starts at 0",
            ),
            (segment_patch(json!({"min_coverage": 2})), "$.segments[0].patch.min_coverage", "between 0 and 1"),
        ],
    );
}

#[test]
fn the_two_methods_do_not_mix() {
    expect(
        &weighted(),
        vec![
            (json!({"start": 5}), "$.start", "is allowed only with method \"points\""),
            (json!({"range": [0, 1]}), "$.range", "is allowed only with method \"points\""),
        ],
    );
    let demo = |body: Json| signal("demo_booked", body);
    expect(
        &points(),
        vec![
            (json!({"range": null}), "$", "a range [lo, hi] is required"),
            (json!({"range": [0]}), "$.range", "two numbers"),
            (json!({"range": [5, 5]}), "$.range", "lo must be at least 1e-6 below hi"),
            (json!({"range": [5, 1e10]}), "$.range", "within ±1e9"),
            (json!({"range": [0, 1], "start": 5000}), "$.start", "more than 1000 ranges away from lo"),
            (json!({"start": "0"}), "$.start", "must be a number"),
            (
                json!({"categories": {"interest": {"weight": 5}}}),
                "$.categories.interest.weight",
                "no weight under method \"points\"",
            ),
            (demo(json!({"weight": 5})), "$.signals.demo_booked.weight", "unknown key"),
            (demo(json!({"scale": {"linear": [0, 1]}})), "$.signals.demo_booked.scale", "unknown key"),
            (demo(json!({"missing": "worst"})), "$.signals.demo_booked.missing", "unknown key"),
            (demo(json!({"points": null})), "$.signals.demo_booked", "points are required"),
            (demo(json!({"points": 1e10})), "$.signals.demo_booked.points", "must be between"),
            (demo(json!({"max": -5})), "$.signals.demo_booked.max", "must be between 0 and"),
            (demo(json!({"half_life": "1 month"})), "$.signals.demo_booked.half_life", "months or years"),
            (demo(json!({"absent": null})), "$.signals.demo_booked.within", "is allowed only with absent"),
            (demo(json!({"default": "none"})), "$.signals.demo_booked.default", "must be a number or boolean"),
            (
                when(json!({"subscore": "complaint", "lt": 5})),
                "$.rules[0].when.subscore",
                "no subscore under method \"points\"",
            ),
            (
                when(json!({"category": "interest", "lt": 5})),
                "$.rules[0].when.category",
                "no category under method \"points\"",
            ),
        ],
    );
}

#[test]
fn every_error_is_reported_and_none_that_only_follows() {
    let document = json!({
        "min_coverage": 2,
        "categories": {"usage": 40, "service": {"weight": 1}},
        "signals": {
            "a": {"category": "usage", "weight": -1, "scale": {"linear": [1, 1]}, "missing": "wurst"},
            "b": {"category": "service", "scale": {"steps": [[1, 5], [0, 500]]}, "max_age": "1 month", "observed": "b_at"},
        },
        "rules": [{"name": "r", "when": {"all": [{"subscore": "a", "lt": 5}, {"category": "usage", "lt": "x"}]}, "cap": 500}],
        "bands": [{"name": "x", "from": 3}],
        "segments": [{"name": "s", "when": {"score": "base", "lt": 5}, "patch": {"method": "points"}}],
        "display": {"decimals": 9},
        "trend": {"window": "1 year"},
    });
    let mut paths: Vec<_> = check(&document).into_iter().map(|issue| issue.path).collect();
    paths.sort();
    assert_eq!(
        paths,
        [
            "$.bands[0].from",
            "$.categories.usage",
            "$.display.decimals",
            "$.min_coverage",
            "$.rules[0].cap",
            "$.rules[0].when.all[1].lt",
            "$.segments[0].patch.method",
            "$.segments[0].when.score",
            "$.signals.a.missing",
            "$.signals.a.scale.linear",
            "$.signals.a.weight",
            "$.signals.b.max_age",
            "$.signals.b.scale.steps[1]",
            "$.signals.b.scale.steps[1]",
            "$.trend.window",
        ]
    );
    // Also where the method's own part is what is wrong.
    let document = json!({"method": "points", "signals": {"a": {}}, "rules": [{}], "bands": [], "display": 5});
    let paths: Vec<_> = check(&document).into_iter().map(|issue| issue.path).collect();
    assert_eq!(paths, ["$.signals.a", "$", "$.rules[0]", "$.rules[0]", "$.rules[0]", "$.bands", "$.display"]);
}

#[test]
fn what_the_document_says_already_is_not_said_again_per_segment() {
    let mut document = weighted();
    document["signals"]["nps"]["weight"] = json!(-1);
    let issues = check(&document);
    assert_eq!(issues.iter().map(|issue| issue.path.as_str()).collect::<Vec<_>>(), ["$.signals.nps.weight"]);
}

#[test]
fn doubtful_documents_compile_with_warnings() {
    for (document, patch, path, part) in [
        (
            weighted(),
            json!({"categories": {"unused": {"weight": 5}}}),
            "$.categories.unused",
            "no signal is in this category",
        ),
        (weighted(), bands(&[0.0, 39.5]), "$.bands[1].from", "39.5 cannot be displayed with 0 decimals"),
        (
            weighted(),
            json!({"display": {"max": 10}, "bands": [{"name": "a", "from": 0}, {"name": "b", "from": 45}]}),
            "$.bands[1].from",
            "45 cannot be displayed",
        ),
        (weighted(), signal("nps", json!({"observed": null})), "$.signals.nps.max_age", "has no effect"),
        (
            points(),
            signal("demo_booked", json!({"observed": null})),
            "$.signals.demo_booked.half_life",
            "does nothing without observed",
        ),
        (
            points(),
            signal("demo_booked", json!({"observed": null})),
            "$.signals.demo_booked.within",
            "does nothing without observed",
        ),
    ] {
        let model = Model::compile(&merge(&document, &patch), &mut || ()).expect("only warnings");
        let found = model
            .warnings()
            .iter()
            .any(|w| w.severity == Severity::Warning && w.path == path && w.message.contains(part));
        assert!(found, "{path}: {:?}", model.warnings());
    }
}

#[test]
fn a_hundred_errors_are_listed_and_the_rest_counted() {
    let signals: Map<String, Json> =
        (0..150).map(|at| (format!("s{at}"), json!({"scale": {"liner": [0, 1]}, "weight": -1}))).collect();
    let issues = check(&json!({"signals": signals}));
    assert_eq!(issues.len(), 101);
    assert_eq!(issues[100].to_string(), "$: 350 more errors");
    // Warnings never take the place of an error.
    let categories: Map<String, Json> = (0..150).map(|at| (format!("c{at}"), json!({}))).collect();
    let document = json!({"categories": categories, "signals": {"a": {"scale": {"linear": [0, 1]}}},
        "segments": [{"name": "s", "when": {"input": "a", "eq": 1}, "patch": 5}]});
    let issues = check(&document);
    assert_eq!(issues.iter().filter(|issue| issue.severity == Severity::Warning).count(), 100);
    assert_eq!(issues.last().map(Issue::to_string).as_deref(), Some("$.segments[0].patch: must be an object"));
}

fn many_signals(count: usize) -> Map<String, Json> {
    (0..count).map(|at| (format!("signal {at}"), json!({"weight": at % 7 + 1, "scale": {"linear": [0, 10]}}))).collect()
}

fn many_segments(count: usize, patch: Json) -> Vec<Json> {
    (0..count)
        .map(|at| json!({"name": format!("s{at}"), "when": {"input": "plan", "eq": at}, "patch": patch}))
        .collect()
}

#[test]
fn limits() {
    let five_thousand_rules: Vec<_> =
        (0..5_000).map(|at| json!({"name": format!("r{at}"), "when": {"input": "a", "eq": at}, "cap": 1})).collect();
    for (document, path, part) in [
        (json!({"signals": many_signals(5_001)}), "$.signals", "has 5001 signals; the limit is 5000"),
        (
            json!({"signals": many_signals(1), "segments": many_segments(101, json!({}))}),
            "$.segments",
            "has 101 segments; the limit is 100",
        ),
        (
            json!({"signals": many_signals(5_000), "segments": many_segments(10, json!({}))}),
            "$.segments",
            "exceed the limit of 50000",
        ),
        (
            json!({"signals": many_signals(1), "segments": many_segments(1, json!({"signals": many_signals(5_001)}))}),
            "$.segments[0].patch.signals",
            "5001 signals after this patch",
        ),
        (
            json!({"signals": many_signals(1), "segments": many_segments(80, json!({})), "rules": five_thousand_rules}),
            "$.segments",
            "the values of the document times segments exceed",
        ),
    ] {
        let issues = check(&document);
        assert!(
            issues.len() == 1 && issues[0].path == path && issues[0].message.contains(part),
            "{path} {part}: {issues:?}"
        );
    }
    assert_eq!(check(&json!({"signals": many_signals(10), "segments": many_segments(100, json!({}))})), []);
}

#[test]
fn five_thousand_signals_compile_and_score() {
    let mut interrupts = 0;
    let model = Model::compile(&json!({"signals": many_signals(5_000)}), &mut || interrupts += 1).expect("a model");
    assert_eq!(interrupts, 5_000);
    let values = vec![Value::Number(7.0); model.columns().count()];
    let mut assessor = Assessor::default();
    let mut assessment = assessor.assess(&model, &values, None, SegmentChoice::Auto).expect("a score");
    assert_eq!((assessment.score, assessment.coverage, assessment.interval()), (Some(70.0), 1.0, (70.0, 70.0)));
    let (mut contributions, mut count) = (0.0, 0);
    for driver in assessment.drivers() {
        contributions += driver.contribution.expect("a score");
        count += 1;
    }
    assert_eq!(count, 5_000);
    assert!((contributions - 70.0).abs() < 1e-9, "{contributions}");
}
