//! Column names and texts as words, so that "Total_Logins (30d)", "loginsLast30Days" and "logins" are one name.

/// Words that say how something was counted, not what.
const FILLERS: [&str; 34] = [
    "a",
    "an",
    "as",
    "average",
    "avg",
    "by",
    "cnt",
    "count",
    "current",
    "daily",
    "for",
    "had",
    "has",
    "have",
    "in",
    "is",
    "last",
    "latest",
    "max",
    "mean",
    "min",
    "monthly",
    "nr",
    "num",
    "number",
    "of",
    "past",
    "pct",
    "percent",
    "percentage",
    "sum",
    "the",
    "total",
    "weekly",
];
/// Words for the entity of a row, which tell nothing about the column.
const ENTITIES: [&str; 8] = ["account", "client", "company", "customer", "member", "org", "organization", "user"];
const UNITS: [&str; 12] = ["d", "day", "days", "h", "hours", "m", "mo", "month", "months", "w", "week", "weeks"];
/// Different spellings of one word.
const SAME: [(&str, &str); 12] = [
    ("previous", "prev"),
    ("prior", "prev"),
    ("before", "prev"),
    ("licence", "license"),
    ("licensed", "license"),
    ("utilisation", "utilization"),
    ("cancelled", "canceled"),
    ("organisation", "organization"),
    ("qty", "quantity"),
    ("amt", "amount"),
    ("usr", "user"),
    ("cust", "customer"),
];

/// The lower-case words of a text, in its order: split at every character that is not a letter or digit, between
/// letters and digits, and where the case says that a word begins.
pub(crate) fn split(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let characters: Vec<char> = text.chars().collect();
    let mut fresh = true;
    for (at, &character) in characters.iter().enumerate() {
        if !character.is_alphanumeric() {
            fresh = true;
            continue;
        }
        let before = at.checked_sub(1).map(|at| characters[at]);
        let after = characters.get(at + 1);
        let rises = character.is_uppercase()
            && (before.is_some_and(char::is_lowercase) || after.is_some_and(|next| next.is_lowercase()));
        let changes = before.is_some_and(|before| before.is_numeric() != character.is_numeric());
        if fresh || rises || changes {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(character.to_lowercase());
        }
        fresh = false;
    }
    words
}

/// What a column name is about: its words in one order, without plurals, fillers and windows. Never empty unless the
/// name has no letter: if everything is filler, everything counts.
pub(crate) fn subject(name: &str) -> Vec<String> {
    let words = split(name);
    let mut kept = Vec::with_capacity(words.len());
    let mut at = 0;
    while at < words.len() {
        let is_number = words[at].chars().all(char::is_numeric);
        let window = is_number && words.get(at + 1).is_some_and(|unit| UNITS.contains(&unit.as_str()));
        if window {
            at += 2;
            continue;
        }
        if !FILLERS.contains(&words[at].as_str()) {
            kept.push(plain(&words[at]));
        }
        at += 1;
    }
    if kept.is_empty() {
        kept = words.iter().map(|word| plain(word)).collect();
    }
    kept.sort_unstable();
    kept.dedup();
    kept
}

/// The subject without the words for the entity of the row, as in "customer"; unchanged if it has none.
pub(crate) fn without_entity(subject: &[String]) -> Vec<String> {
    let rest: Vec<String> = subject.iter().filter(|word| !ENTITIES.contains(&word.as_str())).cloned().collect();
    if rest.is_empty() { subject.to_vec() } else { rest }
}

/// One word as it is compared: one spelling, singular.
pub(crate) fn plain(word: &str) -> String {
    let same = |word: &str| SAME.iter().find(|(other, _)| *other == word).map_or(word, |(_, kept)| *kept).to_owned();
    let singular = match word.strip_suffix("ies") {
        Some(stem) if stem.len() > 2 => format!("{stem}y"),
        _ => match word.strip_suffix('s') {
            Some(stem) if stem.len() > 2 && !stem.ends_with(['s', 'u', 'i']) => stem.to_owned(),
            _ => word.to_owned(),
        },
    };
    same(&singular)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_at_case_digits_and_signs() {
        for (name, words) in [
            ("customerID", "customer id"),
            ("StreamingTV", "streaming tv"),
            ("NPSScore", "nps score"),
            ("logins_30d", "logins 30 d"),
            ("Total Charges (EUR)", "total charges eur"),
            ("ärger", "ärger"),
            ("__", ""),
        ] {
            assert_eq!(split(name).join(" "), words, "{name}");
        }
    }

    #[test]
    fn spellings_of_one_subject_are_equal() {
        for names in [
            &["logins_30d", "monthly_logins", "Login Count", "loginsLast30Days", "total_logins"][..],
            &["licensed_seats", "LicenceSeats", "seats_licensed"],
            &["usage_growth", "UsageGrowth"],
            &["logins_prev_30d", "previous_logins", "prior logins"],
        ] {
            for name in names {
                assert_eq!(subject(name), subject(names[0]), "{name}");
            }
        }
        assert_eq!(without_entity(&subject("customer_tenure")), subject("tenure"));
        assert_eq!(without_entity(&subject("customer_id")), subject("id"));
        assert_eq!(subject("count"), ["count"]);
        assert_ne!(subject("last_login_days_ago"), subject("logins"));
    }
}
