//! Customer health scoring without a database.
//!
//! The data flow in one direction: a JSON document is checked and compiled into a [`Model`]; [`Value`]s read from an
//! account go in; an [`Assessment`] comes out. What is computed over many rows ([`Trend`], [`Nps`], [`Rollup`] …) is a
//! plain state of numbers with `add`, `merge` and a result. Nothing here knows Postgres.

#![cfg_attr(not(test), warn(clippy::expect_used, clippy::unwrap_used))]

mod aggregate;
mod base;
mod document;
mod gather;
mod learn;
mod model;
mod score;
mod signal;
mod sql;
mod words;

// The public interface is flat: callers do not depend on the folders.

pub use base::column::{ColumnKind, SampleColumn};
pub use base::decimal::nearest_double;
pub use base::nearest::nearest;
pub use base::number::parse_decimal;
pub use base::quoted::Quoted;
pub use base::time::{parse_duration, parse_time};
pub use base::value::Value;

pub use document::diff::{Difference, diff};
pub use document::issue::{Issue, Severity};
pub use document::patch::merge;
pub use document::template::{Template, template, templates};

pub use signal::definition::Signal;
pub use signal::input::Input;
pub use signal::problem::{InvalidValue, Problem};
pub use signal::reading::Status;
pub use signal::recipe::Combine;

pub use gather::state::{EventName, Gathering};
pub use gather::stop::Stop;

pub use model::band::{Band, Display};
pub use model::compiled::{LIMITS, Limits, Model, SegmentChoice, UnknownSegment};
pub use model::plan::{Method, Plan};

pub use words::card::Heading;

pub use score::assess::{Assessment, Assessor, ScoreError};
pub use score::change::{Change, ChangeKind, Comparer, Comparison, Side};
pub use score::conflict::{Conflict, Opinion};
pub use score::driver::{Driver, DriverKind, write_pair};
pub use score::playbook::{Judged, PlaybookCondition};
pub use score::what_if::{Transition, WhatIf};

pub use aggregate::backtest::{Backtest, BandRate, usual_bands};
pub use aggregate::counts::{merge as merge_counts, room_for};
pub use aggregate::moments::Line;
pub use aggregate::moving_trend::MovingTrend;
pub use aggregate::outcomes::Outcomes;
pub use aggregate::past::{CHANGE_OVER, Compared, OLDEST, Past, PastScore};
pub use aggregate::ranking::Auc;
pub use aggregate::rates::{ChurnRate, Rollup, UsageRate, worst};
pub use aggregate::refused::{Refused, SCORE_LIMIT};
pub use aggregate::spark::Spark;
pub use aggregate::stability::Stability;
pub use aggregate::survey::{Ces, Csat, DEFAULT_HIGHEST, DEFAULT_TOP, Nps};
pub use aggregate::trend::{DEFAULT_TOLERANCE, Direction, Trend, TrendStats};

pub use learn::draft::draft;
pub use learn::draft::report::unknown_columns;
pub use learn::draft::request::{DraftError, DraftRequest};
pub use learn::fit::fit;
pub use learn::fit::request::{FitError, FitRequest};
pub use learn::matching::{Finding, FindingStatus, match_model};
pub use learn::power::{SignalPower, TooManyGroups, signal_power};
pub use learn::rows::{Rows, TooMuchText};
pub use learn::sample::{Sample, SampleSlot};

pub use sql::model_sql;
pub use sql::request::{SqlError, SqlRequest};
