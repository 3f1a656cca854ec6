//! health_model_changed(): the trigger function that tells every backend of a change of health_model

use pgrx::pg_sys;

use crate::pg::error::{Report, code};
use crate::sql_function;

sql_function! {
    /// Tells every backend that health_model has changed; called by its ALWAYS triggers. Delivered at commit, and to
    /// this transaction's next command.
    fn health_model_changed(arguments) {
        // SAFETY: called as a trigger, checked here; the relation is open.
        unsafe {
            let context = (*arguments.fcinfo()).context;
            if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_TriggerData {
                Report::new(code::WRONG_OBJECT_TYPE, "health_model_changed() is a trigger function")
                    .hint("The triggers of health_model call it.")
                    .raise();
            }
            let trigger = context.cast::<pg_sys::TriggerData>();
            pg_sys::CacheInvalidateRelcacheByRelid((*(*trigger).tg_relation).rd_id);
        }
        Some(pg_sys::Datum::from(0))
    }
}
