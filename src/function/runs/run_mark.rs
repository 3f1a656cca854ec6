//! health_run_mark(account_id) → void: the account that the scoring of a run has come to
//! health_run_marked() → row: the account marked last, and how many were marked
//!
//! An error ends the statement that scores a book and does not say in which row it arose. The mark outlives the statement.

use std::cell::RefCell;

use pgrx::IntoDatum;

use crate::pg::arguments::{text_datum, text_of};
use crate::pg::returning::{row, row_type_of_call};
use crate::sql_function;

const COLUMNS: usize = 2;

thread_local! {
    /// Of what this session has scored since health_run_mark(NULL).
    static MARK: RefCell<Mark> = const { RefCell::new(Mark { account: String::new(), accounts: 0 }) };
}

struct Mark {
    account: String,
    accounts: i64,
}

sql_function! {
    fn health_run_mark(arguments) {
        let account = arguments.datum(0).map(text_of);
        MARK.with_borrow_mut(|mark| {
            mark.account.clear();
            mark.account.push_str(account.unwrap_or_default());
            mark.accounts = if account.is_some() { mark.accounts + 1 } else { 0 };
        });
        None
    }
}

sql_function! {
    fn health_run_marked(arguments) {
        let descriptor = row_type_of_call(arguments, COLUMNS);
        MARK.with_borrow(|mark| {
            let account = if mark.accounts > 0 { text_datum(&mark.account) } else { None };
            Some(row(descriptor, [account, mark.accounts.into_datum()]))
        })
    }
}
