//! The shipped models, each a sensible start in its own right.

/// A model document to begin with.
#[derive(Debug, Clone, Copy)]
pub struct Template {
    pub name: &'static str,
    pub document: &'static str,
}

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        &[$(Template { name: $name, document: include_str!(concat!("../../templates/", $name, ".json")) }),*]
    };
}

const TEMPLATES: &[Template] = shipped![
    "simple",
    "saas",
    "b2b_services",
    "ecommerce",
    "financial_services",
    "insurance",
    "retail",
    "frequency_breadth_depth",
    "actions",
    "eight_categories",
    "expansion",
];

pub fn templates() -> &'static [Template] {
    TEMPLATES
}

pub fn template(name: &str) -> Option<&'static Template> {
    TEMPLATES.iter().find(|template| template.name == name)
}
