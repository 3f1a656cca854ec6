//! health_change(model, before, after …) → SETOF rows: why a score changed; the changes sum to the difference

use health_score_engine::Change;

use crate::account::call_site::{CallSite, SideArgument};
use crate::pg::as_of::given_as_of;
use crate::pg::returning::Returned;
use crate::pg::tuple::{TupleWriter, written};
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
    row.int4(rank);
    row.text(Some(change.name));
    row.text(change.category);
    row.text(written(&change.before, &mut buffer));
    row.text(written(&change.after, &mut buffer));
    row.float8(change.change);
    row.text(Some(change.kind.as_str()));
    row.text(Some(change.label));
    row.text(change.unit);
}
