//! What is wrong with a document: every finding with its JSON path, all of them collected before anything is reported.

use std::fmt;

use crate::base::nearest::nearest;
use crate::base::quoted::Quoted;

/// More findings than this are counted, not listed: a report must stay readable.
const LISTED: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    Error,
    Warning,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    pub severity: Severity,
    /// Where in the document, from the root `$`.
    pub path: String,
    pub message: String,
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Issues {
    list: Vec<Issue>,
    unlisted_errors: usize,
}

impl Issues {
    pub fn error(&mut self, path: &Path, message: impl Into<String>) {
        self.add(Severity::Error, path, message.into());
    }

    pub fn warning(&mut self, path: &Path, message: impl Into<String>) {
        self.add(Severity::Warning, path, message.into());
    }

    fn add(&mut self, severity: Severity, path: &Path, message: String) {
        self.push(Issue { severity, path: path.to_string(), message });
    }

    /// Errors and warnings have separate limits: a hundred warnings must not hide one error.
    pub fn push(&mut self, issue: Issue) {
        if self.listed(issue.severity) < LISTED {
            self.list.push(issue);
        } else if issue.severity == Severity::Error {
            self.unlisted_errors += 1;
        }
    }

    fn listed(&self, severity: Severity) -> usize {
        self.list.iter().filter(|issue| issue.severity == severity).count()
    }

    /// ` (did you mean "x"?)`, or nothing. Comparing thousands of misspelt names with thousands of known ones would take
    /// minutes: once the list of errors is full, no suggestion is read.
    pub fn did_you_mean<'a>(&self, wanted: &str, known: impl IntoIterator<Item = &'a str>) -> String {
        if self.errors_are_full() {
            return String::new();
        }
        nearest(wanted, known).map(|name| format!(" (did you mean {name}?)", name = Quoted(name))).unwrap_or_default()
    }

    fn errors_are_full(&self) -> bool {
        self.listed(Severity::Error) >= LISTED
    }

    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|issue| issue.severity == Severity::Error)
    }

    pub fn contains(&self, path: &str, message: &str) -> bool {
        self.list.iter().any(|i| i.path == path && i.message == message)
    }

    pub fn into_list(mut self) -> Vec<Issue> {
        if self.unlisted_errors > 0 {
            let message = format!("{} more errors", self.unlisted_errors);
            self.list.push(Issue { severity: Severity::Error, path: "$".into(), message });
        }
        self.list
    }
}

/// A JSON path as a linked list on the stack: building one costs nothing until an issue prints it.
#[derive(Clone, Copy)]
pub(crate) enum Path<'a> {
    Root,
    Key(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
    /// An item of an array by its `name`.
    Item(&'a Path<'a>, &'a str),
}

impl<'a> Path<'a> {
    pub fn key(&'a self, key: &'a str) -> Path<'a> {
        Path::Key(self, key)
    }

    pub fn item(&'a self, name: &'a str) -> Path<'a> {
        Path::Item(self, name)
    }

    pub fn index(&'a self, index: usize) -> Path<'a> {
        Path::Index(self, index)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => f.write_str("$"),
            Path::Index(parent, index) => write!(f, "{parent}[{index}]"),
            Path::Item(parent, name) => write!(f, "{parent}[{name}]", name = Quoted(name)),
            Path::Key(parent, key) => {
                let plain = !key.is_empty()
                    && !key.starts_with(|c: char| c.is_ascii_digit())
                    && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                if plain { write!(f, "{parent}.{key}") } else { write!(f, "{parent}.{key}", key = Quoted(key)) }
            }
        }
    }
}
