//! Merging a patch into a document: RFC 7396, but a signal's `scale` and `input` are replaced whole, since half of one
//! scale and half of another mean nothing.

use serde_json::{Map, Value as Json};

use super::issue::{Issues, Path};
use crate::base::quoted::Quoted;

/// The document after the patch. A patch that is no object replaces everything, as the RFC specifies.
pub fn merge(document: &Json, patch: &Json) -> Json {
    merge_at(document.clone(), patch, 0, false)
}

/// `in_signals`: the path so far is `$.signals`.
fn merge_at(target: Json, patch: &Json, depth: usize, in_signals: bool) -> Json {
    let Json::Object(patch) = patch else {
        return patch.clone();
    };
    let mut target = match target {
        Json::Object(map) => map,
        _ => Map::new(),
    };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else if in_signals && depth == 2 && (key == "scale" || key == "input") {
            target.insert(key.clone(), value.clone());
        } else {
            let below = in_signals || (depth == 0 && key == "signals");
            let old = target.remove(key).unwrap_or(Json::Null);
            target.insert(key.clone(), merge_at(old, value, depth + 1, below));
        }
    }
    Json::Object(target)
}

/// Keys that a segment may not change, since a model has one value of each.
const FORBIDDEN: [&str; 2] = ["segments", "method"];
const FORBIDDEN_IN_SIGNAL: [&str; 3] = ["combine", "window", "lag"];

/// Checks a segment's patch against the document that it is applied to.
pub(crate) fn check_segment_patch(document: &Json, patch: &Json, path: &Path, issues: &mut Issues) {
    let Some(map) = patch.as_object() else {
        issues.error(path, "must be an object");
        return;
    };
    for key in FORBIDDEN.into_iter().filter(|key| map.contains_key(*key)) {
        issues.error(&path.key(key), "a segment may not change this");
    }
    if map.contains_key("trend") {
        issues.warning(&path.key("trend"), "has no effect: the trend of the model itself counts for every account");
    }
    let Some(signals) = map.get("signals").and_then(Json::as_object) else {
        return;
    };
    let known = document.get("signals").and_then(Json::as_object);
    let signals_path = path.key("signals");
    for (name, signal) in signals {
        let at = signals_path.key(name);
        for key in FORBIDDEN_IN_SIGNAL.into_iter().filter(|key| signal.get(key).is_some()) {
            issues.error(&at.key(key), "a segment may not change this");
        }
        let is_new = !known.is_some_and(|known| known.contains_key(name));
        if is_new && signal.get("scale").is_none() && signal.get("points").is_none() {
            let near = issues.did_you_mean(name, known.into_iter().flat_map(|known| known.keys().map(String::as_str)));
            issues
                .error(&at, format!("unknown signal {name}{near}; a new signal is given in full", name = Quoted(name)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn merges_objects_and_replaces_scales_inputs_and_arrays_whole() {
        let document = json!({"signals": {"a": {"weight": 1, "scale": {"map": {"x": 1}, "otherwise": 5}, "input": {"ratio": ["p", "q"]}}},
                              "bands": [1, 2], "meta": {"scale": {"k": 1}}, "rules": [1]});
        let patch = json!({"signals": {"a": {"weight": 2, "scale": {"linear": [0, 1]}, "input": {"days": ["p", "q"]}}},
                           "bands": [3], "meta": {"scale": {"l": 2}}, "rules": null});
        let expected = json!({"signals": {"a": {"weight": 2, "scale": {"linear": [0, 1]}, "input": {"days": ["p", "q"]}}},
                              "bands": [3], "meta": {"scale": {"k": 1, "l": 2}}});
        assert_eq!(merge(&document, &patch), expected);
    }

    #[test]
    fn follows_the_cases_of_rfc_7396() {
        for (target, patch, result) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            assert_eq!(merge(&target, &patch), result);
        }
    }
}
