//! Random documents and accounts for property tests.

mod accounts;
mod documents;

use health_score_engine::Model;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseResult};
use serde_json::{Value as Json, json};

pub use accounts::*;
pub use documents::*;

pub const NOON: i64 = 1_780_000_000_000_000;
pub const DAY: i64 = 86_400_000_000;

/// No files are written: a failing case is printed, and becomes a separate test.
pub fn cases(count: u32) -> Config {
    Config { cases: count, failure_persistence: None, max_global_rejects: 20_000, ..Config::default() }
}

pub fn lenient(mut document: Json) -> Json {
    document["on_invalid"] = json!("missing");
    document
}

pub fn compile(document: &Json) -> Model {
    Model::compile(document, &mut || ()).unwrap_or_else(|issues| panic!("{issues:#?}\n{document:#}"))
}

pub fn near(a: f64, b: f64) -> TestCaseResult {
    prop_assert!((a - b).abs() <= 1e-9, "{a} is not {b}");
    Ok(())
}
