//! health_statement_is(key, stamp) → boolean: whether this session has prepared that statement in that form
//! health_statement_prepare(key, stamp, query): prepares it, with the parameters timestamptz and text[]
//! health_statement_execute(key, at, ids) → bigint: executes it; the number of rows that it has written
//!
//! Building and planning the statement that scores some accounts of a source takes longer than the scoring. A statement belongs
//! to the role that has prepared it: a role must not put its own text in the place of another's.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::CString;

use pgrx::{IntoDatum, pg_sys};

use crate::pg::arguments::Arguments;
use crate::pg::error::{Report, code};
use crate::pg::spi::{Connection, KeptPlan};
use crate::sql_function;

type Key = (pg_sys::Oid, String);

struct Prepared {
    stamp: String,
    plan: KeptPlan,
}

thread_local! {
    static PREPARED: RefCell<HashMap<Key, Prepared>> = RefCell::new(HashMap::new());
}

fn key_of(arguments: &Arguments) -> Option<Key> {
    // SAFETY: a read of backend state.
    Some((unsafe { pg_sys::GetUserId() }, arguments.text(0)?.to_owned()))
}

sql_function! {
    fn health_statement_is(arguments) {
        let key = key_of(arguments)?;
        let stamp = arguments.text(1)?;
        PREPARED.with_borrow(|all| all.get(&key).is_some_and(|prepared| prepared.stamp == stamp)).into_datum()
    }
}

sql_function! {
    fn health_statement_prepare(arguments) {
        let key = key_of(arguments)?;
        let stamp = arguments.text(1)?.to_owned();
        let query = CString::new(arguments.text(2)?).ok()?;
        let connection = Connection::open();
        let plan = connection.prepare(&query, &[pg_sys::TIMESTAMPTZOID, pg_sys::TEXTARRAYOID]);
        PREPARED.with_borrow_mut(|all| all.insert(key, Prepared { stamp, plan }));
        None
    }
}

sql_function! {
    fn health_statement_execute(arguments) {
        let key = key_of(arguments)?;
        let (at, ids) = (arguments.datum(1)?, arguments.datum(2)?);
        // The statement may call functions that come here again: nothing is borrowed while it runs.
        let Some(plan) = PREPARED.with_borrow(|all| all.get(&key).map(|prepared| prepared.plan.clone())) else {
            Report::new(code::UNDEFINED_OBJECT, "the statement is not prepared in this session")
                .hint("Call health_refresh_accounts(source, ids).")
                .raise();
        };
        let connection = Connection::open();
        (connection.execute(&plan, &[at, ids]) as i64).into_datum()
    }
}
