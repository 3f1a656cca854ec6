//! What is known about column names: synonyms of the templates' inputs, further measures, and columns that are never a
//! signal. The list itself is catalogue.json.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::Value as Json;

use super::words::{plain, split, subject, without_entity};

/// A column's subject in the forms that names are compared in.
pub(crate) struct ColumnSubject {
    whole: Vec<String>,
    rest: Vec<String>,
}

impl ColumnSubject {
    pub fn of(name: &str) -> ColumnSubject {
        let whole = subject(name);
        ColumnSubject { rest: without_entity(&whole), whole }
    }

    fn is(&self, name: &[String]) -> bool {
        self.whole == name || self.rest == name
    }
}

/// One way to call a thing.
#[derive(Debug, Clone)]
pub(crate) struct Name {
    pub written: String,
    words: Vec<String>,
}

impl Name {
    pub fn of(written: &str) -> Name {
        Name { written: written.to_owned(), words: subject(written) }
    }

    pub fn names(&self, column: &ColumnSubject) -> bool {
        column.is(&self.words)
    }
}

/// How a column of a measure becomes a subscore.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Rating {
    /// A number, more of it is healthier.
    More,
    Less,
    /// A time, the later the better.
    Recent,
    /// A time, the longer ago the better.
    Since,
    /// An answer to a survey, on whatever scale.
    Survey,
    /// The healthy answer.
    Answer(bool),
    /// The subscores of words in a text; the first match counts.
    Words(Vec<(Vec<String>, f64)>),
}

/// A signal that no template needs to have.
#[derive(Debug, Clone)]
pub(crate) struct KnownMeasure {
    pub name: String,
    pub label: String,
    pub unit: Option<String>,
    pub theme: String,
    pub weight: u64,
    pub rating: Rating,
    pub columns: Vec<Name>,
}

#[derive(Debug)]
pub(crate) struct Catalogue {
    inputs: BTreeMap<String, Vec<Name>>,
    pub measures: Vec<KnownMeasure>,
    /// Columns that are known, and why they are no signal.
    asides: Vec<(String, Vec<Name>)>,
    themes: BTreeMap<String, Vec<String>>,
    outcomes: Vec<String>,
    personal: Vec<String>,
    groups: Vec<String>,
    amounts: Vec<String>,
    identifiers: Vec<String>,
}

/// catalogue.json as it stands.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogueFile {
    #[serde(rename = "about")]
    _about: String,
    inputs: BTreeMap<String, Vec<String>>,
    measures: Vec<MeasureEntry>,
    asides: Vec<AsideEntry>,
    themes: BTreeMap<String, Vec<String>>,
    outcomes: Vec<String>,
    personal: Vec<String>,
    groups: Vec<String>,
    amounts: Vec<String>,
    identifiers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AsideEntry {
    why: String,
    columns: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MeasureEntry {
    name: String,
    label: String,
    unit: Option<String>,
    theme: String,
    weight: u64,
    reading: RatingEntry,
    /// The measure is also known by the names of this input.
    like: Option<String>,
    #[serde(default)]
    columns: Vec<String>,
    /// Given for the reading `words` only.
    #[serde(default)]
    words: Vec<(String, f64)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RatingEntry {
    More,
    Less,
    Recent,
    Since,
    Survey,
    Yes,
    No,
    Words,
}

/// The shipped catalogue. It is part of the program: a mistake in it fails every test.
#[expect(clippy::expect_used, reason = "the file is compiled in, and read by every test")]
pub(crate) fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(|| {
        let file: CatalogueFile =
            serde_json::from_str(include_str!("catalogue.json")).expect("catalogue.json is valid");
        file.into()
    })
}

impl From<CatalogueFile> for Catalogue {
    fn from(file: CatalogueFile) -> Catalogue {
        let names = |list: Vec<String>| list.iter().map(|name| Name::of(name)).collect();
        let words = |list: Vec<String>| list.iter().map(|word| plain(word)).collect();
        let inputs: BTreeMap<String, Vec<Name>> =
            file.inputs.into_iter().map(|(input, list)| (input, names(list))).collect();
        Catalogue {
            measures: file.measures.into_iter().map(|entry| KnownMeasure::new(entry, &inputs)).collect(),
            inputs,
            asides: file.asides.into_iter().map(|entry| (entry.why, names(entry.columns))).collect(),
            themes: file.themes,
            outcomes: words(file.outcomes),
            personal: words(file.personal),
            groups: words(file.groups),
            amounts: words(file.amounts),
            identifiers: words(file.identifiers),
        }
    }
}

impl Catalogue {
    /// The synonyms of a template's input, its own name first.
    pub fn names_of(&self, input: &str) -> Vec<Name> {
        let known = self.inputs.get(input).into_iter().flatten().cloned();
        std::iter::once(Name::of(input)).chain(known).collect()
    }

    /// The input of a template that a column of this name would be.
    pub fn input_named(&self, column: &str) -> Option<&str> {
        let subject = ColumnSubject::of(column);
        let is = |(input, names): &(&String, &Vec<Name>)| {
            Name::of(input).names(&subject) || names.iter().any(|name| name.names(&subject))
        };
        self.inputs.iter().find(is).map(|(input, _)| input.as_str())
    }

    /// The category for a theme among those that a document has.
    pub fn category<'c>(&self, theme: &str, categories: &'c serde_json::Map<String, Json>) -> Option<&'c str> {
        let names = self.themes.get(theme)?;
        names.iter().find_map(|name| categories.get_key_value(name).map(|(key, _)| key.as_str()))
    }

    /// The measure that a column of this name would be.
    pub fn known(&self, column: &str) -> Option<&KnownMeasure> {
        let subject = ColumnSubject::of(column);
        self.measures.iter().find(|measure| measure.columns.iter().any(|name| name.names(&subject)))
    }

    /// Why a column is no signal, or none if it could be one.
    pub fn why_no_signal(&self, column: &str) -> Option<&str> {
        let subject = ColumnSubject::of(column);
        if let Some((why, _)) = self.asides.iter().find(|(_, names)| names.iter().any(|name| name.names(&subject))) {
            return Some(why);
        }
        let words: Vec<String> = split(column).iter().map(|word| plain(word)).collect();
        let has = |list: &[String]| words.iter().any(|word| list.contains(word));
        // The last word names the content of a column: a phone service is not a phone number.
        let is = |list: &[String]| words.last().is_some_and(|word| list.contains(word));
        if has(&self.outcomes) {
            // A score that reads the outcome would predict it perfectly, and be worth nothing.
            return Some(OUTCOME);
        }
        if has(&self.personal) {
            return Some("describes the customer, not the relationship");
        }
        if is(&self.groups) {
            return Some("a group: use it for segments or roll-ups");
        }
        if is(&self.amounts) {
            return Some("an amount of money: whether more is healthier depends on the business");
        }
        is(&self.identifiers).then_some(IDENTIFIER)
    }
}

pub(crate) const OUTCOME: &str = "looks like the outcome that the score predicts";
pub(crate) const IDENTIFIER: &str = "identifies or names the account";

impl Rating {
    pub fn needs(&self) -> &'static str {
        match self {
            Rating::More | Rating::Less | Rating::Survey => "numbers",
            Rating::Recent | Rating::Since => "dates or timestamps",
            Rating::Answer(_) => "yes and no, true and false, or 1 and 0",
            Rating::Words(_) => "texts, at least two of them known as better or worse",
        }
    }
}

impl KnownMeasure {
    fn new(entry: MeasureEntry, inputs: &BTreeMap<String, Vec<Name>>) -> KnownMeasure {
        let own = entry.columns.iter().map(|name| Name::of(name));
        let borrowed = entry
            .like
            .iter()
            .flat_map(|like| std::iter::once(Name::of(like)).chain(inputs.get(like).into_iter().flatten().cloned()));
        let columns = borrowed.chain(own).collect();
        let rating = match entry.reading {
            RatingEntry::More => Rating::More,
            RatingEntry::Less => Rating::Less,
            RatingEntry::Recent => Rating::Recent,
            RatingEntry::Since => Rating::Since,
            RatingEntry::Survey => Rating::Survey,
            RatingEntry::Yes => Rating::Answer(true),
            RatingEntry::No => Rating::Answer(false),
            RatingEntry::Words => {
                Rating::Words(entry.words.iter().map(|(text, subscore)| (said(text), *subscore)).collect())
            }
        };
        KnownMeasure {
            name: entry.name,
            label: entry.label,
            unit: entry.unit,
            theme: entry.theme,
            weight: entry.weight,
            rating,
            columns,
        }
    }
}

/// The subscore of a text by the words in it.
pub(crate) fn worth(text: &str, words: &[(Vec<String>, f64)]) -> Option<f64> {
    let said = said(text);
    words.iter().find(|(wanted, _)| wanted.iter().all(|word| said.contains(word))).map(|(_, subscore)| *subscore)
}

fn said(text: &str) -> Vec<String> {
    split(text).iter().map(|word| plain(word)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::template::templates;

    #[test]
    fn every_entry_is_complete_and_used() {
        let catalogue = catalogue();
        for measure in &catalogue.measures {
            assert!(
                !measure.name.is_empty() && !measure.label.is_empty() && !measure.columns.is_empty(),
                "{measure:?}"
            );
            assert!(catalogue.themes.contains_key(&measure.theme), "{measure:?}");
            assert!(measure.weight > 0, "{measure:?}");
            assert!(!matches!(&measure.rating, Rating::Words(words) if words.is_empty()), "{measure:?}");
        }
        let all: String = templates().iter().map(|template| template.document).collect();
        for input in catalogue.inputs.keys() {
            assert!(all.contains(&format!("\"{input}\"")), "no template reads {input}");
        }
    }

    #[test]
    fn words_are_worth_what_the_first_fitting_entry_says() {
        let contract = catalogue().measures.iter().find(|m| m.name == "contract").map(|m| m.rating.clone());
        let Some(Rating::Words(words)) = contract else { panic!("contract is read by words") };
        for (text, subscore) in [
            ("Month-to-month", Some(15.0)),
            ("Two year", Some(100.0)),
            ("One year", Some(75.0)),
            ("Yearly", Some(75.0)),
            ("gold", None),
        ] {
            assert_eq!(worth(text, &words), subscore, "{text}");
        }
    }
}
