//! Customer health scoring without a database.
//!
//! The data's way is one way: a JSON document is checked and compiled into a [`Model`]; [`Value`]s read
//! from an account go in; an [`Assessment`] comes out. What is computed over many rows ([`Trend`], [`Nps`], [`Rollup`] …) is
//! a plain state of numbers with `add`, `merge` and a result. Nothing here knows Postgres.

mod account;
mod assess;
mod band;
mod card;
mod change;
mod condition;
mod conflict;
mod describe;
mod diff;
mod draft;
mod driver;
mod exact;
mod explain;
mod input;
mod issue;
mod json;
mod markdown;
mod matching;
mod model;
mod moments;
mod moving_trend;
mod names;
mod origin;
mod patch;
mod plan;
mod points;
mod ratio;
mod refused;
mod rule;
mod sample;
mod scale;
mod shown;
mod signal;
mod spark;
mod statistics;
mod survey;
mod template;
mod time;
mod trend;
mod value;
mod variation;
mod what_if;
mod words;

pub use account::{InvalidValue, Problem};
pub use assess::{Assessment, Assessor, ScoreError};
pub use band::{Band, Display};
pub use card::Heading;
pub use change::{Change, ChangeKind, Comparer, Comparison, Side};
pub use conflict::{Conflict, Opinion};
pub use diff::{Difference, diff};
pub use draft::{DraftError, Request as DraftRequest, draft};
pub use driver::{Driver, DriverKind};
pub use input::Input;
pub use issue::{Issue, Severity};
pub use matching::{Finding, FindingStatus, match_model};
pub use model::{LIMITS, Limits, Model, SegmentChoice, UnknownSegment};
pub use moments::Line;
pub use moving_trend::MovingTrend;
pub use names::{Quoted, nearest};
pub use patch::merge;
pub use plan::{Method, Plan};
pub use ratio::{ChurnRate, Rollup, UsageRate, worst};
pub use refused::{Refused, SCORE_LIMIT};
pub use sample::{ColumnKind, Place, Sample, SampleColumn};
pub use signal::{Combine, Signal, Status};
pub use spark::Spark;
pub use survey::{Ces, Csat, DEFAULT_HIGHEST, DEFAULT_TOP, Nps};
pub use template::{Template, template, templates};
pub use time::{parse_duration, parse_time};
pub use trend::{DEFAULT_TOLERANCE, Direction, Trend, TrendStats};
pub use value::{Value, parse_decimal};
pub use what_if::{Transition, WhatIf};
