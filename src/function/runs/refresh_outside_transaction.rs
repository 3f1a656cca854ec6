//! health_refresh_outside_transaction(): refuses a refresh where it cannot commit

use pgrx::pg_sys;

use crate::pg::error::{Report, code};
use crate::sql_function;

sql_function! {
    fn health_refresh_outside_transaction(arguments) {
        // SAFETY: fcinfo is valid; its context is null or a node, whose tag is checked before it is cast.
        let may_commit = unsafe {
            let context = (*arguments.fcinfo()).context;
            !context.is_null()
                && (*context).type_ == pg_sys::NodeTag::T_CallContext
                && !(*context.cast::<pg_sys::CallContext>()).atomic
        };
        if !may_commit {
            Report::new(code::ACTIVE_TRANSACTION, "a refresh cannot run inside a transaction block or a function")
                .detail("A refresh commits repeatedly.")
                .hint(
                    "CALL the refresh as a separate statement: in a dbt hook {\"sql\": \"CALL health_refresh('crm')\", \
                     \"transaction\": false}, in pg_cron as the only statement of a job. From a trigger call \
                     health_refresh_account().",
                )
                .raise();
        }
        None
    }
}
