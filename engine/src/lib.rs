//! Customer health scoring without a database.
//!
//! The data's way is one way: a JSON document is checked and compiled into a [`Model`]; [`Value`]s read
//! from an account go in; an [`Assessment`] comes out. What is computed over many rows ([`Trend`], [`Nps`], [`Rollup`] …) is
//! a plain state of numbers with `add`, `merge` and a result. Nothing here knows Postgres.

mod account;
mod assess;
mod band;
mod condition;
mod driver;
mod exact;
mod input;
mod issue;
mod json;
mod model;
mod moments;
mod moving_trend;
mod names;
mod patch;
mod plan;
mod points;
mod ratio;
mod refused;
mod rule;
mod scale;
mod signal;
mod spark;
mod survey;
mod template;
mod time;
mod trend;
mod value;

pub use account::{InvalidValue, Problem};
pub use assess::{Assessment, Assessor, ScoreError};
pub use band::{Band, Display};
pub use driver::{Driver, DriverKind};
pub use input::Input;
pub use issue::{Issue, Severity};
pub use model::{LIMITS, Limits, Model, SegmentChoice, UnknownSegment};
pub use moments::Line;
pub use moving_trend::MovingTrend;
pub use names::{Quoted, nearest};
pub use patch::merge;
pub use plan::{Method, Plan};
pub use ratio::{ChurnRate, Rollup, UsageRate, worst};
pub use refused::{Refused, SCORE_LIMIT};
pub use signal::{Combine, Signal, Status};
pub use spark::Spark;
pub use survey::{Ces, Csat, DEFAULT_HIGHEST, DEFAULT_TOP, Nps};
pub use template::{Template, template, templates};
pub use time::{parse_duration, parse_time};
pub use trend::{DEFAULT_TOLERANCE, Direction, Trend, TrendStats};
pub use value::{Value, parse_decimal};
