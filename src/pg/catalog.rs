//! The extension's own objects in the system catalogs. They are found by the extension that they belong to, or beside
//! each other; no search_path is read here.

use std::ffi::{CStr, CString};

use pgrx::pg_sys;

/// The schema of the functions that users do not call. The other objects are in the schema that CREATE EXTENSION chose.
const INTERNAL_SCHEMA: &CStr = c"health_score_internal";

/// The extension that a function belongs to.
fn extension_of_function(function: pg_sys::Oid) -> Option<pg_sys::Oid> {
    // SAFETY: a catalog look-up inside a transaction.
    valid(unsafe { pg_sys::getExtensionOfObject(pg_sys::ProcedureRelationId, function) })
}

fn valid(oid: pg_sys::Oid) -> Option<pg_sys::Oid> {
    (oid != pg_sys::InvalidOid).then_some(oid)
}

/// Whether two functions belong to the same extension.
pub fn same_extension(function: pg_sys::Oid, other: pg_sys::Oid) -> bool {
    let extension = extension_of_function(function);
    extension.is_some() && extension == extension_of_function(other)
}

/// The schema of the extension that `function` belongs to.
fn extension_schema(function: pg_sys::Oid) -> Option<pg_sys::Oid> {
    let extension = extension_of_function(function)?;
    // SAFETY: a catalog scan inside a transaction; what is opened is closed, and the tuple is read before that.
    unsafe {
        let lock = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
        let catalog = pg_sys::table_open(pg_sys::ExtensionRelationId, lock);
        let mut key = pg_sys::ScanKeyData::default();
        pg_sys::ScanKeyInit(
            &mut key,
            pg_sys::Anum_pg_extension_oid as pg_sys::AttrNumber,
            pg_sys::BTEqualStrategyNumber as pg_sys::StrategyNumber,
            pg_sys::F_OIDEQ.into(),
            pg_sys::Datum::from(extension),
        );
        let index = pg_sys::ExtensionOidIndexId.into();
        let scan = pg_sys::systable_beginscan(catalog, index, true, std::ptr::null_mut(), 1, &mut key);
        let tuple = pg_sys::systable_getnext(scan);
        let row = (!tuple.is_null()).then(|| pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_extension>());
        let schema = row.map(|row| (*row).extnamespace);
        pg_sys::systable_endscan(scan);
        pg_sys::table_close(catalog, lock);
        schema
    }
}

/// A table of the extension that `function` belongs to, with its schema. The function's own schema comes first: it is
/// the extension's, unless the function is internal.
pub fn table_of(function: pg_sys::Oid, name: &CStr) -> Option<(pg_sys::Oid, pg_sys::Oid)> {
    // SAFETY: catalog look-ups inside a transaction.
    let table_in = |schema| valid(unsafe { pg_sys::get_relname_relid(name.as_ptr(), schema) });
    // SAFETY: the same.
    let own = unsafe { pg_sys::get_func_namespace(function) };
    if let Some(table) = table_in(own) {
        return Some((own, table));
    }
    let schema = extension_schema(function)?;
    table_in(schema).map(|table| (schema, table))
}

/// The function whose name is that of `function` and an ending, by its argument types: among the internal functions,
/// else in the schema of `function`. It belongs to the same extension, so that nobody can put another one in its place.
/// The caller's rights on the schema do not matter: the query has passed them, or need not (a view's owner has).
pub fn companion(function: pg_sys::Oid, ending: &str, types: &[pg_sys::Oid]) -> Option<pg_sys::Oid> {
    let extension = extension_of_function(function);
    // SAFETY: catalog look-ups inside a transaction; names are C strings in the call's memory.
    unsafe {
        let name = pg_sys::get_func_name(function);
        if name.is_null() {
            return None;
        }
        let name = CString::new(format!("{}{ending}", CStr::from_ptr(name).to_str().ok()?)).ok()?;
        let internal = extension.and_then(|_| valid(pg_sys::get_namespace_oid(INTERNAL_SCHEMA.as_ptr(), true)));
        let found_in = |schema| {
            valid(pg_sys::GetSysCacheOid(
                pg_sys::SysCacheIdentifier::PROCNAMEARGSNSP as i32,
                pg_sys::Anum_pg_proc_oid as pg_sys::AttrNumber,
                pg_sys::Datum::from(name.as_ptr()),
                pg_sys::Datum::from(pg_sys::buildoidvector(types.as_ptr(), types.len() as i32)),
                pg_sys::Datum::from(schema),
                pg_sys::Datum::from(0),
            ))
        };
        let schemas = internal.into_iter().chain([pg_sys::get_func_namespace(function)]);
        schemas.filter_map(found_in).find(|found| extension_of_function(*found) == extension)
    }
}

/// Whether a role may execute the function; without a role, whether everybody may.
pub fn may_execute(role: Option<pg_sys::Oid>, function: pg_sys::Oid) -> bool {
    let role = role.unwrap_or(pg_sys::InvalidOid);
    let execute = pg_sys::ACL_EXECUTE as pg_sys::AclMode;
    // SAFETY: catalog look-ups inside a transaction.
    unsafe {
        #[cfg(feature = "pg15")]
        let result = pg_sys::pg_proc_aclcheck(function, role, execute);
        #[cfg(not(feature = "pg15"))]
        let result = pg_sys::object_aclcheck(pg_sys::ProcedureRelationId, function, role, execute);
        result == pg_sys::AclResult::ACLCHECK_OK
    }
}
