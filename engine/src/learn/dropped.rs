//! The parts of the initial document that a draft or a fit leaves out, by name with the reason. Nothing is decided
//! here.

use std::collections::BTreeMap;

use serde::Serialize;

/// Names with the reasons.
pub(crate) type Reasons = BTreeMap<String, String>;

#[derive(Debug, Default, Serialize)]
pub(crate) struct Dropped {
    #[serde(skip_serializing_if = "Reasons::is_empty")]
    pub signals: Reasons,
    #[serde(skip_serializing_if = "Reasons::is_empty")]
    pub rules: Reasons,
    #[serde(skip_serializing_if = "Reasons::is_empty")]
    pub segments: Reasons,
}

impl Dropped {
    pub fn is_empty(&self) -> bool {
        self.signals.is_empty() && self.rules.is_empty() && self.segments.is_empty()
    }
}
