//! The shipped templates by name.

use health_score_engine::{Template, template, templates};

use crate::pg::error::{Report, code, did_you_mean, quoted};

/// The shipped template of this name, or 42704 with the nearest.
pub fn template_of(name: &str) -> &'static Template {
    template(name).unwrap_or_else(|| {
        let names = || templates().iter().map(|template| template.name);
        let all = format!("The templates are: {}.", names().collect::<Vec<_>>().join(", "));
        Report::new(code::UNDEFINED_OBJECT, format!("unknown template {}", quoted(name)))
            .detail(all)
            .hint(did_you_mean(name, names(), "Use one of these templates."))
            .raise()
    })
}
