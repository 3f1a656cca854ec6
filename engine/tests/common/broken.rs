//! JSON that is not a model document, or almost a model document; and documents written in another order.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value as Json, json};

/// A JSON text whose objects list their keys in an order that the seed decides.
pub fn written_in_some_order(json: &Json, seed: &mut u64) -> String {
    match json {
        Json::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            for at in (1..entries.len()).rev() {
                *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                entries.swap(at, (*seed >> 33) as usize % (at + 1));
            }
            let entries: Vec<_> = entries
                .iter()
                .map(|(key, value)| format!("{}:{}", json!(key), written_in_some_order(value, seed)))
                .collect();
            format!("{{{}}}", entries.join(","))
        }
        Json::Array(list) => {
            format!("[{}]", list.iter().map(|item| written_in_some_order(item, seed)).collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

const VOCABULARY: [&str; 56] = [
    "method",
    "purpose",
    "min_coverage",
    "on_invalid",
    "categories",
    "signals",
    "rules",
    "bands",
    "segments",
    "display",
    "trend",
    "start",
    "range",
    "meta",
    "name",
    "label",
    "when",
    "patch",
    "from",
    "color",
    "max",
    "decimals",
    "window",
    "tolerance",
    "category",
    "weight",
    "scale",
    "missing",
    "input",
    "observed",
    "max_age",
    "default",
    "linear",
    "steps",
    "curve",
    "map",
    "otherwise",
    "boolean",
    "recency",
    "ratio",
    "change",
    "days",
    "all",
    "any",
    "not",
    "subscore",
    "score",
    "eq",
    "lt",
    "in",
    "cap",
    "adjust",
    "points",
    "half_life",
    "absent",
    "within",
];

pub fn leaf() -> BoxedStrategy<Json> {
    prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        prop_oneof![any::<f64>(), -1.0..101f64].prop_map(Json::from),
        (-2i64..120).prop_map(Json::from),
        select(VOCABULARY.to_vec()).prop_map(Json::from),
        select(vec![
            "weighted",
            "points",
            "error",
            "exclude",
            "worst",
            "running",
            "@as_of",
            "90 days",
            "3 months",
            "2026-01-01",
            "1e999"
        ])
        .prop_map(Json::from),
        "\\PC{0,8}".prop_map(Json::from),
    ]
    .boxed()
}

pub fn any_json() -> BoxedStrategy<Json> {
    leaf()
        .prop_recursive(5, 40, 6, |inner| {
            let key = prop_oneof![4 => select(VOCABULARY.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,5}"];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                prop::collection::btree_map(key, inner, 0..6).prop_map(|map| Json::Object(map.into_iter().collect())),
            ]
        })
        .boxed()
}

/// Every place of a document, as JSON pointers.
fn places(json: &Json, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match json {
        Json::Object(map) => map.iter().for_each(|(key, inner)| {
            places(inner, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
        }),
        Json::Array(list) => {
            list.iter().enumerate().for_each(|(index, inner)| places(inner, &format!("{at}/{index}"), found))
        }
        _ => {}
    }
}

/// Replaces the subtree at a place, or removes it.
pub fn mutate(document: &mut Json, place: Index, with: Option<&Json>) {
    let mut found = Vec::new();
    places(document, "", &mut found);
    let at = &found[place.index(found.len())];
    let Some((parent, key)) = at.rsplit_once('/') else {
        *document = with.cloned().unwrap_or(Json::Null);
        return;
    };
    let key = key.replace("~1", "/").replace("~0", "~");
    match (document.pointer_mut(parent), with) {
        (Some(Json::Object(map)), Some(json)) => drop(map.insert(key, json.clone())),
        (Some(Json::Object(map)), None) => drop(map.remove(&key)),
        (Some(Json::Array(list)), Some(json)) => list[key.parse::<usize>().expect("an index")] = json.clone(),
        (Some(Json::Array(list)), None) => drop(list.remove(key.parse().expect("an index"))),
        _ => {}
    }
}
