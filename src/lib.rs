//! The Postgres side of health_score: reading rows and jsonb into inputs, caching models, returning results.
//! Nothing here computes with scores; that is the engine's.

#[cfg(not(target_endian = "little"))]
compile_error!("health_score reads jsonb and numeric in little-endian layout");
#[cfg(not(panic = "unwind"))]
compile_error!("health_score needs panic = \"unwind\", or an error would end the server");

mod account;
mod aggregate;
mod arguments;
mod assess;
mod band;
mod card;
mod change;
mod columns;
mod conflicts;
mod datum;
mod diff;
mod document;
mod draft;
mod drivers;
mod error;
mod explain;
mod fit;
mod inputs;
mod json_flat;
mod json_text;
mod jsonb;
mod jsonb_write;
mod matching;
mod memory;
mod model_cache;
mod model_sql;
mod model_store;
mod numeric;
mod numeric_write;
mod outcome;
mod plan;
mod playbook;
mod power;
mod refresh;
mod relation;
mod returning;
mod row;
mod score;
mod signal_counts;
mod site;
mod tuple;
mod what_if;

use pgrx::pg_sys;

pgrx::pg_module_magic!(name, version);

// Hand-written SQL, in the order of its dependencies.
pgrx::extension_sql_file!("../sql/document.sql", name = "document");
pgrx::extension_sql_file!("../sql/model.sql", name = "model", requires = ["document"]);
pgrx::extension_sql_file!("../sql/score.sql", name = "score", requires = ["model"]);
pgrx::extension_sql_file!("../sql/band.sql", name = "band", requires = ["score"]);
pgrx::extension_sql_file!("../sql/drivers.sql", name = "drivers", requires = ["band"]);
pgrx::extension_sql_file!("../sql/assess.sql", name = "assess", requires = ["drivers"]);
pgrx::extension_sql_file!("../sql/inputs.sql", name = "inputs", requires = ["assess"]);
pgrx::extension_sql_file!("../sql/explain.sql", name = "explain", requires = ["inputs"]);
pgrx::extension_sql_file!("../sql/change.sql", name = "change", requires = ["explain"]);
pgrx::extension_sql_file!("../sql/conflicts.sql", name = "conflicts", requires = ["change"]);
pgrx::extension_sql_file!("../sql/workbench.sql", name = "workbench", requires = ["conflicts"]);
pgrx::extension_sql_file!("../sql/what_if.sql", name = "what_if", requires = ["workbench"]);
pgrx::extension_sql_file!("../sql/views.sql", name = "views", requires = ["what_if"]);
pgrx::extension_sql_file!("../sql/trend.sql", name = "trend", requires = ["views"]);
pgrx::extension_sql_file!("../sql/survey.sql", name = "survey", requires = ["trend"]);
pgrx::extension_sql_file!("../sql/rollup.sql", name = "rollup", requires = ["survey"]);
pgrx::extension_sql_file!("../sql/rate.sql", name = "rate", requires = ["rollup"]);
pgrx::extension_sql_file!("../sql/spark.sql", name = "spark", requires = ["rate"]);
pgrx::extension_sql_file!("../sql/events.sql", name = "events", requires = ["spark"]);
pgrx::extension_sql_file!("../sql/source.sql", name = "source", requires = ["events"]);
pgrx::extension_sql_file!("../sql/history.sql", name = "history", requires = ["source"]);
pgrx::extension_sql_file!("../sql/source_query.sql", name = "source_query", requires = ["history"]);
pgrx::extension_sql_file!("../sql/source_views.sql", name = "source_views", requires = ["source_query"]);
pgrx::extension_sql_file!("../sql/run.sql", name = "run", requires = ["source_views"]);
pgrx::extension_sql_file!("../sql/playbook.sql", name = "playbook", requires = ["run"]);
pgrx::extension_sql_file!("../sql/playbook_examples.sql", name = "playbook_examples", requires = ["playbook"]);
pgrx::extension_sql_file!("../sql/alert.sql", name = "alert", requires = ["playbook_examples"]);
pgrx::extension_sql_file!("../sql/alert_steps.sql", name = "alert_steps", requires = ["alert"]);
pgrx::extension_sql_file!("../sql/alert_query.sql", name = "alert_query", requires = ["alert_steps"]);
pgrx::extension_sql_file!("../sql/run_alerts.sql", name = "run_alerts", requires = ["alert_query"]);
pgrx::extension_sql_file!("../sql/run_write.sql", name = "run_write", requires = ["run_alerts"]);
pgrx::extension_sql_file!("../sql/refresh.sql", name = "refresh", requires = ["run_write"]);
pgrx::extension_sql_file!("../sql/schedule.sql", name = "schedule", requires = ["refresh"]);
pgrx::extension_sql_file!("../sql/retention.sql", name = "retention", requires = ["schedule"]);
pgrx::extension_sql_file!("../sql/outcome.sql", name = "outcome", requires = ["retention"]);
pgrx::extension_sql_file!("../sql/account_id.sql", name = "account_id", requires = ["outcome"]);
pgrx::extension_sql_file!("../sql/pulse.sql", name = "pulse", requires = ["account_id"]);
pgrx::extension_sql_file!("../sql/override.sql", name = "override", requires = ["pulse"]);
pgrx::extension_sql_file!("../sql/given.sql", name = "given", requires = ["override"]);
pgrx::extension_sql_file!("../sql/identity.sql", name = "identity", requires = ["given"]);
pgrx::extension_sql_file!("../sql/forget.sql", name = "forget", requires = ["identity"]);
pgrx::extension_sql_file!("../sql/explain_change.sql", name = "explain_change", requires = ["forget"]);
pgrx::extension_sql_file!("../sql/account.sql", name = "account", requires = ["explain_change"]);
pgrx::extension_sql_file!("../sql/run_culprit.sql", name = "run_culprit", requires = ["account"]);
pgrx::extension_sql_file!("../sql/backtest.sql", name = "backtest", requires = ["run_culprit"]);
pgrx::extension_sql_file!("../sql/psi.sql", name = "psi", requires = ["backtest"]);
pgrx::extension_sql_file!("../sql/fit.sql", name = "fit", requires = ["psi"]);
pgrx::extension_sql_file!("../sql/model_sql.sql", name = "model_sql", requires = ["fit"]);
pgrx::extension_sql_file!("../sql/labelled.sql", name = "labelled", requires = ["model_sql"]);
pgrx::extension_sql_file!("../sql/source_backtest.sql", name = "source_backtest", requires = ["labelled"]);
pgrx::extension_sql_file!("../sql/risk.sql", name = "risk", requires = ["source_backtest"]);
pgrx::extension_sql_file!("../sql/replay.sql", name = "replay", requires = ["risk"]);
pgrx::extension_sql_file!("../sql/review.sql", name = "review", requires = ["replay"]);

/// Refuses a database whose texts are not UTF-8: names and map keys are compared byte by byte.
#[pgrx::pg_guard]
pub extern "C-unwind" fn _PG_init() {
    // SAFETY: plain reads of backend globals, set before any library is loaded into a backend.
    let (in_database, encoding) =
        unsafe { (pg_sys::MyDatabaseId != pg_sys::InvalidOid, pg_sys::GetDatabaseEncoding()) };
    if in_database && encoding != pg_sys::pg_enc::PG_UTF8 as i32 {
        error::Report::new(error::code::FEATURE_NOT_SUPPORTED, "health_score needs a database with encoding UTF8")
            .hint("Create the database with ENCODING 'UTF8' TEMPLATE template0.")
            .raise();
    }
}
