//! What differs between two documents, leaf by leaf. Knows where rules, bands and segments stand, which are identified
//! by their names, not by their positions. Apart from that any two JSON values can be compared.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Number, Value as Json};

use super::issue::Path;

/// A place where two documents differ, with the value of each document there.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// As in issues, `$.signals.nps.weight`; an item by its name, `$.rules["no usage"].cap`.
    pub path: String,
    pub before: Option<Json>,
    pub after: Option<Json>,
}

/// The leaves that differ, in the order of the document: keys bytewise, named items as they stand in `after`, then
/// those that are gone. A part that only one side has is one difference, whatever its size. A signal's `scale` and
/// `input` are leaves. When named items of an array change places, one difference of the array lists the names in both
/// orders. Numbers of the same value are equal (1 and 1.0).
pub fn diff(before: &Json, after: &Json) -> Vec<Difference> {
    let mut differences = Vec::new();
    compare(Part::Document, Path::Root, before, after, &mut differences);
    differences
}

/// The part of a document that a value belongs to, as far as comparing depends on it.
#[derive(Clone, Copy)]
enum Part {
    /// The root, or a segment's patch.
    Document,
    Signals,
    Signal,
    /// `rules` or `bands`.
    Items,
    Segments,
    Segment,
    Leaf,
    Elsewhere,
}

impl Part {
    fn below(self, key: &str) -> Part {
        match (self, key) {
            (Part::Document, "signals") => Part::Signals,
            (Part::Document, "rules" | "bands") => Part::Items,
            (Part::Document, "segments") => Part::Segments,
            (Part::Signals, _) => Part::Signal,
            (Part::Signal, "scale" | "input") => Part::Leaf,
            (Part::Segment, "patch") => Part::Document,
            _ => Part::Elsewhere,
        }
    }

    /// The kind of the items of an array, if names identify the items.
    fn of_items(self) -> Option<Part> {
        match self {
            Part::Items => Some(Part::Elsewhere),
            Part::Segments => Some(Part::Segment),
            _ => None,
        }
    }
}

fn compare(part: Part, path: Path, before: &Json, after: &Json, out: &mut Vec<Difference>) {
    match (before, after) {
        (Json::Object(old), Json::Object(new)) if !matches!(part, Part::Leaf) => {
            return compare_objects(part, path, old, new, out);
        }
        (Json::Array(old), Json::Array(new)) => {
            if let Some(item) = part.of_items()
                && let (Some(old), Some(new)) = (NamedItems::read(old), NamedItems::read(new))
            {
                return compare_items(item, path, &old, &new, out);
            }
        }
        _ => {}
    }
    if !same(before, after) {
        push(path, Some(before), Some(after), out);
    }
}

fn push(path: Path, before: Option<&Json>, after: Option<&Json>, out: &mut Vec<Difference>) {
    out.push(Difference { path: path.to_string(), before: before.cloned(), after: after.cloned() });
}

fn compare_objects(
    part: Part,
    path: Path,
    old: &Map<String, Json>,
    new: &Map<String, Json>,
    out: &mut Vec<Difference>,
) {
    let keys: BTreeSet<&str> = old.keys().chain(new.keys()).map(String::as_str).collect();
    for key in keys {
        let at = path.key(key);
        match (old.get(key), new.get(key)) {
            (Some(old), Some(new)) => compare(part.below(key), at, old, new, out),
            (old, new) => push(at, old, new, out),
        }
    }
}

/// The items of an array by their names, which are all different.
struct NamedItems<'a> {
    items: Vec<(&'a str, &'a Json)>,
    places: HashMap<&'a str, usize>,
}

impl<'a> NamedItems<'a> {
    fn read(list: &'a [Json]) -> Option<NamedItems<'a>> {
        let items: Option<Vec<_>> = list.iter().map(|item| Some((item.get("name")?.as_str()?, item))).collect();
        let items = items?;
        let places: HashMap<_, _> = items.iter().enumerate().map(|(at, (name, _))| (*name, at)).collect();
        (places.len() == items.len()).then_some(NamedItems { items, places })
    }

    fn find(&self, name: &str) -> Option<(usize, &'a Json)> {
        self.places.get(name).map(|at| (*at, self.items[*at].1))
    }

    fn names(&self) -> Json {
        self.items.iter().map(|(name, _)| *name).collect()
    }
}

fn compare_items(item: Part, path: Path, old: &NamedItems, new: &NamedItems, out: &mut Vec<Difference>) {
    let common = new.items.iter().filter_map(|(name, _)| old.find(name).map(|(at, _)| at));
    if !common.is_sorted() {
        push(path, Some(&old.names()), Some(&new.names()), out);
    }
    for (name, after) in &new.items {
        match old.find(name) {
            Some((_, before)) => compare(item, path.item(name), before, after, out),
            None => push(path.item(name), None, Some(after), out),
        }
    }
    for (name, before) in old.items.iter().filter(|(name, _)| new.find(name).is_none()) {
        push(path.item(name), Some(before), None, out);
    }
}

/// Equal but for how numbers are written.
fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => same_number(a, b),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

fn same_number(a: &Number, b: &Number) -> bool {
    // Whole numbers exactly: above 2^53 two of them may be one double.
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => a == b,
        (None, None) => a.as_f64() == b.as_f64(),
        _ => false,
    }
}

fn whole(number: &Number) -> Option<i128> {
    if let Some(signed) = number.as_i64() {
        return Some(signed.into());
    }
    if let Some(unsigned) = number.as_u64() {
        return Some(unsigned.into());
    }
    // Beyond this every double is whole; two of them are compared as doubles.
    const MOST: f64 = 1e30;
    number.as_f64().filter(|double| double.fract() == 0.0 && double.abs() < MOST).map(|double| double as i128)
}
