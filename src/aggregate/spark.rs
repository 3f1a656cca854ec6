//! health_spark(score ORDER BY at) → text

use health_score_engine::Spark;

use crate::aggregate::state::{self, require_aggregate};
use crate::pg::arguments::text_datum;
use crate::pg::error::{Report, code};
use crate::{sql_function, state_of_numbers};

state_of_numbers!(Spark, state::SPARK);

sql_function! {
    fn health_spark_step(arguments) {
        require_aggregate(arguments, state::SPARK);
        state::step(arguments, |spark: &mut Spark| {
            if !spark.add(arguments.get(1))? {
                too_long();
            }
            Ok(())
        })
    }
}

#[cold]
fn too_long() -> ! {
    let most = Spark::MOST_POINTS;
    Report::new(code::PROGRAM_LIMIT, format!("a sparkline has at most {most} points"))
        .hint("Draw fewer points: group by account, use only the last months, or average each week.")
        .raise()
}

sql_function! {
    fn health_spark_final(arguments) {
        text_datum(&state::finished::<Spark>(arguments)?.draw()?)
    }
}
