//! Models judged by a relation or learnt from a relation: samples, findings, drafts, fits. Everything learnt is a
//! document like any other; nothing here changes how a document is scored.

pub(crate) mod draft;
pub(crate) mod dropped;
pub(crate) mod feature;
pub(crate) mod fit;
pub(crate) mod matching;
pub(crate) mod power;
pub(crate) mod rows;
pub(crate) mod sample;
pub(crate) mod statistics;
