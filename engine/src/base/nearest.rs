//! "Did you mean": the known name nearest to a misspelt one. Nothing here reports an error.

/// The longest name that is compared. Computing the distance of longer ones costs more than the suggestion is worth.
const LONGEST: usize = 64;

/// The most names that are compared: a misspelt name in a document of thousands must not take seconds to report.
const MOST: usize = 1000;

/// The known name that a user most likely meant, or none if nothing is near enough.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if wanted.len() > LONGEST {
        return None;
    }
    let wanted = wanted.to_lowercase();
    known
        .into_iter()
        .take(MOST)
        // A large difference of lengths is a large distance: most names need no look at their letters.
        .filter(|name| name.len() <= LONGEST && name.len().abs_diff(wanted.len()) <= LONGEST / 3)
        .map(|name| (strsim::osa_distance(&wanted, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= (name.chars().count().max(wanted.chars().count()) / 3).max(1))
        .min()
        .map(|(_, name)| name)
}
