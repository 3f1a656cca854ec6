//! A model learnt from outcomes: its signals, and further columns, are fitted to accounts of which some later had an
//! event. The result is an ordinary document. The engine measures its quality on held-out accounts.
//!
//! No library of linear algebra: the systems are small and solved part by part under bounds (weights not below 0,
//! effects that only rise), which solvers of such libraries do not support.

mod bands;
mod candidates;
mod document;
mod downhill;
mod joint;
mod learn;
mod monotone;
pub(crate) mod request;
mod select;
mod shape;

use serde_json::Value as Json;

use candidates::{Candidate, candidates};
use document::FittedDocument;
use learn::{fold_count, folds, learn};

use request::{FitError, FitRequest, HeldOut};

use crate::aggregate::backtest::FEWEST;
use crate::aggregate::outcomes::bins_of;
use crate::aggregate::ranking::{auc, totals};
use crate::base::normal::Z975;
use crate::base::value::Value;
use crate::learn::feature::Feature;
use crate::learn::rows::Rows;
use crate::model::compiled::{Model, SegmentChoice};
use crate::score::assess::Assessor;

pub fn fit(request: &FitRequest, rows: &Rows, interrupt: &mut dyn FnMut()) -> Result<Json, FitError> {
    let with = rows.events().iter().filter(|event| **event).count() as u64;
    let without = rows.len() as u64 - with;
    if (with.min(without) as f64) < FEWEST {
        return Err(FitError::TooFew { with, without });
    }
    let found = candidates(request, rows, interrupt)?;
    let (kept, features): (Vec<Candidate>, Vec<Feature>) = found.kept.into_iter().unzip();
    let accounts: Vec<u32> = (0..rows.len() as u32).collect();
    let lesson = learn(&features, &accounts, rows.events(), interrupt);
    if lesson.signals.is_empty() {
        return Err(FitError::Chance { auc: None });
    }
    let draft = |lesson: &learn::Lesson| FittedDocument { request, candidates: &kept, lesson }.document();
    let held_out = held_out(request, rows, &features, &draft, interrupt)?;
    if held_out.low <= 0.5 {
        return Err(FitError::Chance { auc: Some((held_out.auc, held_out.low, held_out.high)) });
    }
    let fitted = FittedDocument { request, candidates: &kept, lesson: &lesson };
    let document = fitted.reported(rows, &held_out, &found.left_out);
    Model::compile(&document, interrupt).map_err(FitError::Invalid)?;
    Ok(document)
}

/// Cross-validation: learns from four fifths of the accounts and scores the other fifth, five times.
fn held_out(
    request: &FitRequest,
    rows: &Rows,
    features: &[Feature],
    draft: &dyn Fn(&learn::Lesson) -> Json,
    interrupt: &mut dyn FnMut(),
) -> Result<HeldOut, FitError> {
    let accounts: Vec<u32> = (0..rows.len() as u32).collect();
    let folds = folds(&accounts, rows.events());
    let (mut aucs, mut variance, mut all) = (Vec::new(), 0.0, Vec::with_capacity(rows.len()));
    for fold in 0..fold_count() as u8 {
        let (held, train): (Vec<u32>, Vec<u32>) =
            accounts.iter().partition(|account| folds[**account as usize] == fold);
        let lesson = learn(features, &train, rows.events(), interrupt);
        let scores = if lesson.signals.is_empty() {
            held.iter().map(|account| (50.0, rows.events()[*account as usize])).collect()
        } else {
            let model = Model::compile(&draft(&lesson), interrupt).map_err(FitError::Invalid)?;
            scores(&model, rows, &held, request.as_of, interrupt)?
        };
        let bins = bins_of(scores.clone());
        let Some(found) = auc(&bins) else { return Err(FitError::Chance { auc: None }) };
        let (with, without) = totals(&bins);
        // The variance of a random ranking, for a variance of 0 when all scores are equal.
        let chance = (with + without + 1.0) / (12.0 * with * without);
        variance += if found.variance > 0.0 { found.variance } else { chance };
        aucs.push(found.value);
        all.extend(scores);
    }
    let count = aucs.len() as f64;
    let mean = aucs.iter().sum::<f64>() / count;
    let half = Z975 * variance.sqrt() / count;
    Ok(HeldOut { auc: mean, low: (mean - half).max(0.0), high: (mean + half).min(1.0), folds: aucs, scores: all })
}

fn scores(
    model: &Model,
    rows: &Rows,
    accounts: &[u32],
    as_of: i64,
    interrupt: &mut dyn FnMut(),
) -> Result<Vec<(f64, bool)>, FitError> {
    let columns: Vec<Option<usize>> = model.inputs().iter().map(|input| rows.position(&input.name)).collect();
    let mut assessor = Assessor::default();
    let mut scores = Vec::with_capacity(accounts.len());
    for (at, account) in accounts.iter().enumerate() {
        if at % 1024 == 0 {
            interrupt();
        }
        let row = *account as usize;
        let values: Vec<Value> =
            columns.iter().map(|column| column.map_or(Value::Missing, |column| rows.value(row, column))).collect();
        let assessment = assessor.assess(model, &values, Some(as_of), SegmentChoice::None).map_err(FitError::Score)?;
        scores.extend(assessment.score.map(|score| (score, rows.events()[row])));
    }
    Ok(scores)
}
