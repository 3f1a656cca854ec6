//! The planner support function: when a query is planned, health_score(model, t) over a table t becomes a call with the
//! columns of t.
//!
//! Model, values and errors stay the same. A row that may be NULL as a whole (of the nullable side of an outer join, of
//! a grouping set) is not replaced, since its columns do not show that.

use pgrx::{IntoDatum, pg_sys};

use crate::account::columns::columns_function;
use crate::pg::catalog::may_execute;
use crate::sql_function;

/// Beyond this many columns the row is passed as it is; a function has at most 100 arguments.
const MOST_COLUMNS: usize = 64;

sql_function! {
    /// The support function of those functions that take a row: model, account, as_of, segment.
    fn health_row_support(arguments) {
        let request = arguments.datum(0)?;
        // SAFETY: Postgres passes a node, and every node has a tag.
        let result = unsafe {
            let node: *mut pg_sys::Node = request.cast_mut_ptr();
            if (*node).type_ == pg_sys::NodeTag::T_SupportRequestSimplify {
                simplify(&*node.cast::<pg_sys::SupportRequestSimplify>())
            } else {
                None
            }
        };
        // No node means "leave it": the convention is a null pointer, not SQL NULL.
        Some(pg_sys::Datum::from(result.unwrap_or(std::ptr::null_mut())))
    }
}

/// # Safety
/// A request of the planner, with valid nodes.
unsafe fn simplify(request: &pg_sys::SupportRequestSimplify) -> Option<*mut pg_sys::Node> {
    // SAFETY: by this function's contract; every node's tag is checked before it is cast.
    unsafe {
        let call = request.fcall.as_ref()?;
        let query = request.root.as_ref()?.parse.as_ref()?;
        let arguments = pointers::<pg_sys::Node>(call.args);
        let &[model, account, as_of, segment] = &arguments[..] else { return None };
        if (*account).type_ != pg_sys::NodeTag::T_Var {
            return None;
        }
        let row = &*account.cast::<pg_sys::Var>();
        let tables = pointers::<pg_sys::RangeTblEntry>(query.rtable);
        let outer = |table: &pg_sys::RangeTblEntry| {
            table.rtekind == pg_sys::RTEKind::RTE_JOIN && table.jointype != pg_sys::JoinType::JOIN_INNER
        };
        // The old or the new row of RETURNING.
        #[cfg(feature = "pg18")]
        if row.varreturningtype != pg_sys::VarReturningType::VAR_RETURNING_DEFAULT {
            return None;
        }
        // The planner estimates the number of groups from the columns of the expression. With all columns of the table
        // it would expect as many bands as rows, and sort.
        if !query.groupClause.is_null() || !query.distinctClause.is_null() {
            return None;
        }
        // Grouping sets set the variables that they leave out to NULL, but not the columns that would replace them.
        if !query.groupingSets.is_null()
            || row.varattno != 0
            || row.varlevelsup != 0
            || tables.iter().any(|table| outer(&**table))
        {
            return None;
        }
        let table = &**tables.get(usize::try_from(row.varno).ok()?.checked_sub(1)?)?;
        let kinds = [pg_sys::RELKIND_RELATION, pg_sys::RELKIND_MATVIEW, pg_sys::RELKIND_PARTITIONED_TABLE];
        if table.rtekind != pg_sys::RTEKind::RTE_RELATION || !kinds.contains(&(table.relkind as u8)) {
            return None;
        }
        // The planner finds an index on health_score(document, row) only by the expression as it is written.
        if pg_sys::exprType(model) == pg_sys::JSONBOID && has_computed_index(table.relid) {
            return None;
        }
        let columns = columns_of(row)?;
        let function = columns_function(call.funcid, pg_sys::exprType(model))?;
        // The executor checks rights on the function in the plan, and a plan outlives a change of role. If everybody
        // may execute both functions, there is nothing to check.
        if !may_execute(None, call.funcid) || !may_execute(None, function) {
            return None;
        }
        let names: Vec<String> = columns.iter().map(|column| column.0.clone()).collect();
        let text_array = pg_sys::makeConst(
            pg_sys::TEXTARRAYOID,
            -1,
            pg_sys::DEFAULT_COLLATION_OID,
            -1,
            names.into_datum()?,
            false,
            false,
        );
        let called = pg_sys::makeConst(
            pg_sys::OIDOID,
            -1,
            pg_sys::InvalidOid,
            size_of::<pg_sys::Oid>() as i32,
            call.funcid.into_datum()?,
            false,
            true,
        );
        let mut list = std::ptr::null_mut();
        for node in [model, text_array.cast(), as_of, segment, called.cast()] {
            list = pg_sys::lappend(list, node.cast());
        }
        for (_, column) in columns {
            list = pg_sys::lappend(list, column.cast());
        }
        let new = pg_sys::makeFuncExpr(
            function,
            call.funcresulttype,
            list,
            call.funccollid,
            call.inputcollid,
            pg_sys::CoercionForm::COERCE_EXPLICIT_CALL,
        );
        (*new).location = call.location;
        Some(new.cast())
    }
}

/// The pointers of a list, none for the empty one.
///
/// # Safety
/// A valid list of pointers to `T`.
unsafe fn pointers<T>(list: *const pg_sys::List) -> Vec<*mut T> {
    // SAFETY: by this function's contract; a list has `length` elements.
    unsafe {
        match list.as_ref() {
            None => Vec::new(),
            Some(list) => (0..list.length as usize).map(|at| (*list.elements.add(at)).ptr_value.cast()).collect(),
        }
    }
}

/// Name and variable of each column that the row shows, or none if there are too many.
///
/// # Safety
/// A whole-row variable of a table.
unsafe fn columns_of(row: &pg_sys::Var) -> Option<Vec<(String, *mut pg_sys::Var)>> {
    // SAFETY: by this function's contract; the descriptor is our own copy.
    unsafe {
        let descriptor = pg_sys::lookup_rowtype_tupdesc_copy(row.vartype, -1);
        let described = pgrx::PgTupleDesc::from_pg_unchecked(descriptor);
        let columns: Vec<_> = described
            .iter()
            .enumerate()
            .filter(|(_, attribute)| !attribute.attisdropped)
            .map(|(at, attribute)| {
                let number = at as pg_sys::AttrNumber + 1;
                let (type_id, typmod) = (attribute.atttypid, attribute.atttypmod);
                let column = pg_sys::makeVar(row.varno, number, type_id, typmod, attribute.attcollation, 0);
                (attribute.name().to_owned(), column)
            })
            .collect();
        (1..=MOST_COLUMNS).contains(&columns.len()).then_some(columns)
    }
}

/// Whether an index of the table has an expression or a condition.
///
/// # Safety
/// The query has locked the table.
unsafe fn has_computed_index(table: pg_sys::Oid) -> bool {
    // SAFETY: by this function's contract; what is opened is closed, and the tuples are released.
    unsafe {
        let relation = pg_sys::relation_open(table, pg_sys::NoLock as pg_sys::LOCKMODE);
        let indexes = pg_sys::RelationGetIndexList(relation);
        let count = indexes.as_ref().map_or(0, |list| list.length as usize);
        let computed = (0..count).any(|at| is_computed((*(*indexes).elements.add(at)).oid_value));
        pg_sys::relation_close(relation, pg_sys::NoLock as pg_sys::LOCKMODE);
        computed
    }
}

/// # Safety
/// Inside a transaction.
unsafe fn is_computed(index: pg_sys::Oid) -> bool {
    // SAFETY: by this function's contract; the tuple is released.
    unsafe {
        let cache = pg_sys::SysCacheIdentifier::INDEXRELID as i32;
        let tuple = pg_sys::SearchSysCache1(cache, pg_sys::Datum::from(index));
        if tuple.is_null() {
            return true;
        }
        let has = |column: u32| !pg_sys::heap_attisnull(tuple, column as i32, std::ptr::null_mut());
        let computed = has(pg_sys::Anum_pg_index_indexprs) || has(pg_sys::Anum_pg_index_indpred);
        pg_sys::ReleaseSysCache(tuple);
        computed
    }
}
