//! health_change(model, before, after …) → SETOF rows: why a score changed; the changes sum to the difference

use health_score_engine::Change;

use crate::account::call_site::{CallSite, SideArgument};
use crate::pg::as_of::given_as_of;
use crate::pg::returning::Returned;
use crate::pg::tuple::{TupleWriter, written_pair};
use crate::sql_function;

pub const COLUMNS: usize = 9;

sql_function! {
    fn health_change(arguments) {
        let (site, returned) = CallSite::with::<Returned>(arguments);
        returned.each_row(arguments, COLUMNS, |rows| {
            let before = SideArgument { account: 1, as_of: given_as_of(arguments, 3) };
            let after = SideArgument { account: 2, as_of: given_as_of(arguments, 4) };
            site.compare(arguments, before, after, |comparison| {
                for (rank, change) in comparison.rows.iter().enumerate() {
                    rows.add(|row| write(row, rank as i32 + 1, change));
                }
            });
        })
    }
}

pub fn write(row: &mut TupleWriter, rank: i32, change: &Change) {
    let mut buffer = String::new();
    let [went, came] = change.moved();
    row.int4(rank);
    row.text(Some(change.name));
    row.text(change.category);
    let [before, after] = [0, 1].map(|side| change.seconds.as_ref().map(|seconds| &seconds[side]));
    row.text(went.as_deref().or_else(|| written_pair(&change.before, before, &mut buffer)));
    row.text(came.as_deref().or_else(|| written_pair(&change.after, after, &mut buffer)));
    row.float8(change.change);
    row.text(Some(change.kind.as_str()));
    row.text(Some(change.label));
    row.text(change.unit);
}
