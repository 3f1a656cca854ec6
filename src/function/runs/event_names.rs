//! health_event_names(model) → SETOF rows: which events a model reads, and how far back

use crate::account::call_site::CallSite;
use crate::pg::returning::Returned;
use crate::sql_function;

const COLUMNS: usize = 4;

sql_function! {
    fn health_event_names(arguments) {
        let (site, returned) = CallSite::with::<Returned>(arguments);
        let mut names = Vec::new();
        site.with_model(arguments, |compiled| {
            let all = compiled.model.gathering().event_names();
            names.extend(all.map(|name| (name.name.to_owned(), name.input.to_owned(), name.reach, name.compares)));
        });
        returned.each_row(arguments, COLUMNS, |rows| {
            for (name, input, reach, compares) in &names {
                rows.add(|row| {
                    row.text(Some(name));
                    row.text(Some(input));
                    row.optional_int8(*reach);
                    row.boolean(*compares);
                });
            }
        })
    }
}
